//! Where visitors are, and the law that holds there: from a file, from a proxy, or not known at all.

use std::fs;
use std::time::{Duration, Instant};

use samtykke::config::{Law, Serve};
use serde_json::{Value, json};

use crate::mmdb::maxmind;
use crate::region_files::{both, file};
use crate::server::{CONSENTS, Database, ORIGIN, SITE, Server, changed, consent, settings};

pub const NOTICE: &str = "/v1/sites/shop/notice";
pub const NORWEGIAN: &str = "2a02:cf40::1";
pub const CALIFORNIAN: &str = "214.78.120.1";

fn with_file(database: &Database, content: &[u8]) -> Serve {
    Serve { law: Law { region_db: Some(file(database, content)), jurisdictions: None }, ..settings() }
}

/// This machine is a proxy that is believed.
fn behind_a_proxy(settings: Serve) -> Serve {
    Serve { trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")], ..settings }
}

fn start(database: Database, site: &str, settings: impl FnOnce(&Database) -> Serve) -> Server {
    database.apply(site);
    let settings = settings(&database);
    Server::with(database, settings)
}

fn notice(server: &Server, headers: &[(&str, &str)]) -> Value {
    server.send("GET", NOTICE, headers, None).expect(200).json()
}

fn record(server: &Server, headers: &[(&str, &str)]) -> Value {
    let headers = [&[("origin", ORIGIN)], headers].concat();
    let answer = server.send("POST", CONSENTS, &headers, Some(consent().to_string().as_bytes()));
    answer.expect(201).json()["record"]["regime"].clone()
}

#[test]
fn the_law_of_a_visitor_s_place_is_shown_and_recorded() {
    both(|database| {
        let site = SITE.replace("[[services]]", "[[purposes]]\nid = \"preferences\"\n\n[[services]]");
        let server = start(database, &site, |database| behind_a_proxy(with_file(database, &maxmind())));
        let check = |address: &str, regime: &str, silence: &[&str], gpc: &str, found: &str| {
            let headers = [("x-forwarded-for", address)];
            let shown = notice(&server, &headers);
            let expected = json!([regime, silence, gpc]);
            assert_eq!(json!([shown["regime"], shown["silence"], shown["gpc"]]), expected, "{address}");
            let whole = json!({ "preferences": "denied", "analytics": "denied", "advertising": "denied" });
            let sent = changed(&consent(), "choice", whole).to_string();
            let headers = [("origin", ORIGIN), headers[0]];
            let answer = server.send("POST", CONSENTS, &headers, Some(sent.as_bytes())).expect(201).json();
            assert_eq!(answer["record"]["regime"], json!({ "found": found, "model": regime }), "{address}");
        };
        let all = ["analytics", "advertising", "preferences"];
        check(NORWEGIAN, "opt-in", &[], "voluntary", "database");
        check("89.160.20.112", "opt-in", &[], "voluntary", "database");
        check("::ffff:89.160.20.112", "opt-in", &[], "voluntary", "database");
        check("81.2.69.160", "opt-in", &["analytics"], "voluntary", "database");
        check(CALIFORNIAN, "opt-out", &all, "binding", "database");
        check("50.114.0.1", "opt-out", &all, "binding", "database");
        check("216.160.83.56", "opt-out", &all, "voluntary", "database");
        check("24.48.0.1", "opt-in", &[], "voluntary", "database");
        check("24.52.0.1", "opt-out", &all, "voluntary", "database");
        check("2001:218::1", "opt-out", &["analytics", "preferences"], "none", "database");
        check("1.40.0.1", "notice", &all, "voluntary", "database");
        for unknown in ["2a02:d500::1", "203.0.113.9", "127.0.0.1", "junk", ""] {
            check(unknown, "opt-in", &[], "binding", "assumed");
        }
    });
}

#[test]
fn the_notice_says_all_that_the_law_wants_of_the_page() {
    both(|database| {
        let short = SITE.replacen("[[purposes]]", "remember_days = 200\ndnt = false\n\n[[purposes]]", 1);
        let server = start(database, &short, |database| behind_a_proxy(with_file(database, &maxmind())));
        let of = |address: &str| {
            let shown = notice(&server, &[("x-forwarded-for", address)]);
            let keys = ["yes_days", "no_days", "honoured", "dnt", "cookieless", "silence"];
            keys.map(|key| shown[key].clone())
        };
        let silent = json!([]);
        assert_eq!(of(NORWEGIAN), [json!(200), json!(200), json!(false), json!(false), json!(false), silent.clone()]);
        assert_eq!(
            of("2a02:cfc0::1"),
            [json!(183), json!(183), json!(false), json!(false), json!(true), silent.clone()]
        );
        let all = json!(["analytics", "advertising"]);
        assert_eq!(of(CALIFORNIAN), [json!(200), json!(200), json!(true), json!(false), json!(true), all]);
        assert_eq!(of("203.0.113.9"), [json!(183), json!(183), json!(true), json!(false), json!(false), silent]);
        // Without a word in the site file the table alone decides.
        server.database.apply(SITE);
        let deadline = Instant::now() + Duration::from_secs(10);
        while notice(&server, &[])["notice"] != 2 {
            assert!(Instant::now() < deadline, "a running server picks the new notice up");
        }
        let [yes, no, _, dnt, ..] = of(CALIFORNIAN);
        assert_eq!([yes, no, dnt], [json!(365), json!(366), json!(true)]);
    });
}

#[test]
fn a_body_is_kept_for_each_law_and_the_script_is_the_same_for_all() {
    let server = start(Database::sqlite(), SITE, |database| behind_a_proxy(with_file(database, &maxmind())));
    let get = |path: &str, address: &str, tag: &str| {
        let headers = [("x-forwarded-for", address), ("accept-encoding", "br"), ("if-none-match", tag)];
        server.send("GET", path, &headers, None)
    };
    let norway = get(NOTICE, NORWEGIAN, "").expect(200);
    let sweden = get(NOTICE, "89.160.20.112", "").expect(200);
    let california = get(NOTICE, CALIFORNIAN, "").expect(200);
    assert_eq!(norway.header("etag"), sweden.header("etag"), "another country under the same law");
    assert_ne!(norway.header("etag"), california.header("etag"));
    assert_eq!(california.header("cache-control"), "private, no-cache");
    get(NOTICE, CALIFORNIAN, california.header("etag")).expect(304);
    get(NOTICE, CALIFORNIAN, norway.header("etag")).expect(200);
    let script = |address: &str| get("/v1/sites/shop/banner.js", address, "").expect(200);
    assert_eq!(script(NORWEGIAN).body, script(CALIFORNIAN).body);
    let plain = server.get("/v1/sites/shop/banner.js").expect(200);
    assert!(plain.text().contains("days:183"), "the shortest that an answer holds anywhere");
}

#[test]
fn the_cookie_that_the_service_sets_holds_as_long_as_the_law_says() {
    both(|database| {
        let server = start(database, SITE, |database| behind_a_proxy(with_file(database, &maxmind())));
        let check = |address: &str, analytics: &str, days: u32| {
            let choice = json!({ "analytics": analytics, "advertising": "denied" });
            let sent = changed(&consent(), "choice", choice).to_string();
            let headers = [("origin", ORIGIN), ("host", "consent.example.no"), ("x-forwarded-for", address)];
            let answer = server.send("POST", CONSENTS, &headers, Some(sent.as_bytes())).expect(201);
            let cookie = answer.header("set-cookie").to_owned();
            let (_, value) = cookie.split_once('=').expect("a name");
            assert_eq!(value.split('.').nth(5), Some(days.to_string().as_str()), "{address}: {cookie}");
        };
        check(NORWEGIAN, "granted", 365);
        check(CALIFORNIAN, "granted", 365);
        check(CALIFORNIAN, "denied", 366);
        check("203.0.113.9", "denied", 183);
    });
}

#[test]
fn nobody_moves_by_a_header_that_they_write_themselves() {
    both(|database| {
        let server = start(database, SITE, |database| Serve {
            region_header: Some("CF-IPCountry".into()),
            trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")],
            ..with_file(database, &maxmind())
        });
        let texas = json!({ "found": "database", "model": "opt-out" });
        for forged in [("x-forwarded-for", NORWEGIAN), ("cf-ipcountry", "NO"), ("forwarded", "for=89.160.20.112")] {
            assert_eq!(record(&server, &[forged]), texas, "{forged:?}");
            assert_eq!(notice(&server, &[forged])["gpc"], "binding");
        }
        let database = server.stop();
        // Behind a proxy the nearest address counts, whatever a visitor put before it.
        let server = start(database, SITE, |database| behind_a_proxy(with_file(database, &maxmind())));
        let forwarded = format!("{CALIFORNIAN}, {NORWEGIAN}");
        assert_eq!(
            record(&server, &[("x-forwarded-for", &forwarded)]),
            json!({ "found": "database", "model": "opt-in" })
        );
        // A proxy that does not say whom it speaks for is not taken for the visitor.
        assert_eq!(record(&server, &[]), json!({ "found": "assumed", "model": "opt-in" }));
    });
}

#[test]
fn a_trusted_proxy_may_say_the_place_and_has_the_last_word() {
    both(|database| {
        let server = start(database, SITE, |database| {
            let header = Some("CF-IPCountry".into());
            behind_a_proxy(Serve { region_header: header, ..with_file(database, &maxmind()) })
        });
        let check = |said: &str, found: &str, model: &str| {
            let headers = [("cf-ipcountry", said), ("x-forwarded-for", CALIFORNIAN)];
            assert_eq!(record(&server, &headers), json!({ "found": found, "model": model }), "{said}");
        };
        check("NO", "header", "opt-in");
        check("AU", "header", "notice");
        check("US-VA", "header", "opt-out");
        check("CA", "header", "opt-in");
        for unknown in ["XX", "T1", "", "junk", "US, NO", "US-California"] {
            check(unknown, "assumed", "opt-in");
        }
        let twice = [("cf-ipcountry", "US"), ("cf-ipcountry", "NO")];
        assert_eq!(record(&server, &twice)["found"], "assumed");
        let silent = [("x-forwarded-for", CALIFORNIAN)];
        assert_eq!(record(&server, &silent)["found"], "database", "without the header the file is asked");
    });
}

#[test]
fn an_unknown_place_counts_as_norway_where_the_site_says_so() {
    both(|database| {
        let site = SITE.replacen("[[purposes]]", "unknown_place = \"NO\"\n\n[[purposes]]", 1);
        let server = start(database, &site, |database| behind_a_proxy(with_file(database, &maxmind())));
        let unknown = [("x-forwarded-for", "203.0.113.9")];
        assert_eq!(record(&server, &unknown), json!({ "found": "site", "model": "opt-in" }));
        assert_eq!(notice(&server, &unknown)["yes_days"], 365);
        let known = [("x-forwarded-for", CALIFORNIAN)];
        assert_eq!(record(&server, &known), json!({ "found": "database", "model": "opt-out" }));
        // Where another table lets something run in Norway, the site's word is not enough.
        let database = server.stop();
        let table = fs::read_to_string(crate::server::root().join("server/jurisdictions.toml")).expect("the table");
        let path = database.folder.path().join("jurisdictions.toml");
        let at = table.find("name = \"Norway\"").expect("Norway");
        let looser = table[at..].replacen("silence = []", "silence = [\"analytics\"]\nexemption = \"x\"", 1);
        fs::write(&path, format!("{}{looser}", &table[..at])).expect("a file");
        let law = Law { region_db: None, jurisdictions: Some(path) };
        let server = Server::with(database, Serve { law, ..settings() });
        assert_eq!(record(&server, &[]), json!({ "found": "assumed", "model": "opt-in" }));
        assert_eq!(notice(&server, &[])["silence"], json!([]));
    });
}

#[test]
fn a_signal_is_a_refusal_of_everything() {
    both(|database| {
        let server = start(database, SITE, |_| settings());
        let sent = changed(&changed(&consent(), "method", json!("signal")), "language", Value::Null);
        assert_eq!(server.post(&sent).problem(422, "invalid")["field"], "choice");
        let denied = changed(&sent, "choice", json!({ "analytics": "denied", "advertising": "denied" }));
        let headers = [("origin", ORIGIN), ("sec-gpc", "1")];
        let answer = server.send("POST", CONSENTS, &headers, Some(denied.to_string().as_bytes())).expect(201).json();
        let record = &answer["record"];
        assert_eq!(
            json!([record["action"], record["method"], record["signals"]]),
            json!(["refused", "signal", ["gpc"]])
        );
    });
}
