//! What pages load: the script, the panel and the notice, with their caching, encodings and languages.

use std::io::Read;

use serde_json::json;

use crate::server::{ORIGIN, on_both};

const SCRIPT: &str = "/v1/sites/shop/banner.js";
const NOTICE: &str = "/v1/sites/shop/notice";

on_both!(the_script_carries_its_site_in_every_encoding, |server| {
    let plain = server.send("GET", SCRIPT, &[("accept-encoding", "identity")], None).expect(200);
    assert!(plain.text().contains("\"G-TEST000001\""));
    assert!(!plain.text().contains("__SAMTYKKE_CONFIG__"));
    assert_eq!(plain.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(plain.header("access-control-allow-origin"), "*");
    assert_eq!(plain.header("cross-origin-resource-policy"), "cross-origin");
    assert!(plain.header("cache-control").contains("max-age=300"));

    let brotli = server.send("GET", SCRIPT, &[("accept-encoding", "gzip, br")], None).expect(200);
    assert_eq!(brotli.header("content-encoding"), "br");
    let mut unpacked = Vec::new();
    brotli::Decompressor::new(brotli.body.as_slice(), 4096).read_to_end(&mut unpacked).expect("brotli");
    assert_eq!(unpacked, plain.body);

    let gzip = server.send("GET", SCRIPT, &[("accept-encoding", "gzip, br;q=0")], None).expect(200);
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert!(gzip.header("etag").ends_with("-gzip\""));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(gzip.body.as_slice()).read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain.body);
    assert_eq!(gzip.header("vary"), "Accept-Encoding");
});

on_both!(a_browser_that_has_the_script_gets_no_body, |server| {
    let encoded = [("accept-encoding", "br")];
    let first = server.send("GET", SCRIPT, &encoded, None).expect(200);
    let tag = first.header("etag");
    assert!(tag.starts_with('"'), "a strong tag: {tag}");
    let ask = |tag: &str| server.send("GET", SCRIPT, &[encoded[0], ("if-none-match", tag)], None);
    for known in [tag, &format!("\"x\", {tag}"), &format!("W/{tag}"), "*"] {
        let again = ask(known).expect(304);
        assert!(again.body.is_empty());
        assert_eq!(again.header("etag"), tag);
    }
    ask("\"x\"").expect(200);
});

on_both!(head_says_what_get_would, |server| {
    for path in [SCRIPT, NOTICE, "/healthz", "/openapi.json", "/problems/busy"] {
        let get = server.send("GET", path, &[("accept-encoding", "identity")], None).expect(200);
        let head = server.send("HEAD", path, &[("accept-encoding", "identity")], None).expect(200);
        assert!(head.body.is_empty(), "{path}");
        for name in ["content-type", "etag", "cache-control", "content-length"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
    server.send("HEAD", "/v1/sites/none/banner.js", &[], None).expect(404);
});

on_both!(the_script_of_an_unknown_site_is_a_problem_that_no_browser_runs, |server| {
    for site in ["none", "%F0%9F%92%A5", "..%2F..%2Fshop", "a%00b", "SHOP"] {
        let answer = server.get(&format!("/v1/sites/{site}/banner.js"));
        answer.problem(404, "unknown-site");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
});

on_both!(the_panel_is_named_by_its_content_and_kept_for_ever, |server| {
    let hash = samtykke::banner::modules()["panel"].hash.clone();
    let panel = server.get(&format!("/v1/panel.{hash}.js")).expect(200);
    assert!(panel.header("cache-control").contains("immutable"));
    assert_eq!(panel.header("access-control-allow-origin"), "*");
    assert!(server.get(SCRIPT).text().contains(&hash), "the script knows it");
    server.get("/v1/panel.0000.js").problem(404, "not-found");
});

on_both!(the_notice_speaks_the_visitor_s_language, |server| {
    let check = |query: &str, accepted: &str, language: &str| {
        let answer =
            server.send("GET", &format!("{NOTICE}{query}"), &[("accept-language", accepted)], None).expect(200);
        assert_eq!(answer.json()["language"], language, "{query} {accepted}");
        assert_eq!(answer.header("content-language"), language);
    };
    check("?lang=en", "nb", "en");
    check("?lang=en-GB", "", "en");
    check("?lang=fr", "en;q=0.5, nb;q=0.4", "en");
    check("?lang=no", "en", "nb");
    check("", "en-US,en;q=0.9", "en");
    check("", "fr", "nb");
    check("?lang=", "", "nb");
    check("?lang=%F0%9F%92%A5", "\"", "nb");
});

on_both!(the_notice_holds_all_that_is_shown, |server| {
    let answer = server.send("GET", NOTICE, &[("origin", ORIGIN)], None).expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    for name in ["Accept-Language", "Accept-Encoding", "Origin"] {
        assert!(answer.all("vary").contains(name), "{}", answer.all("vary"));
    }
    let notice = answer.json();
    assert_eq!(notice["notice"], 1);
    assert_eq!(notice["regime"], "opt-in");
    let purposes = notice["purposes"].as_array().expect("purposes");
    let ids: Vec<_> = purposes.iter().map(|purpose| purpose["id"].clone()).collect();
    assert_eq!(ids, [json!("necessary"), json!("analytics"), json!("advertising")]);
    assert_eq!(purposes[1]["services"][0]["vendor"], "Google Ireland Ltd");
    assert_eq!(purposes[1]["services"][0]["cookies"][0], json!({ "name": "_ga", "days": 730, "lifetime": "2 år" }));
    assert!(notice["texts"]["accept_all"].as_str().is_some_and(|text| !text.is_empty()));
    server.get("/v1/sites/none/notice").problem(404, "unknown-site");
    server.get("/v1/sites/shop/notice?lang=nb&lang=en").problem(400, "malformed");
});
