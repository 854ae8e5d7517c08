//! Site files: what applying one does, and what is said of one that is wrong.

use std::time::{Duration, Instant};

use samtykke::site_file::parse;

use serde_json::json;

use crate::server::{Database, SITE, Server, changed, consent, on_both, root, settings};

fn on_each(check: impl Fn(&Database)) {
    check(&Database::sqlite());
    check(&Database::postgres());
}

#[test]
fn a_changed_file_publishes_the_next_notice_and_an_unchanged_one_nothing() {
    on_each(|database| {
        assert_eq!(database.apply(SITE), "Published { notice: 1 }");
        assert_eq!(database.apply(SITE), "Unchanged { notice: 1 }");
        assert_eq!(database.apply(&format!("# a remark\n{SITE}")), "Unchanged { notice: 1 }");
        let moved = SITE.replace("https://example.no", "https://butikk.example.no");
        assert_eq!(database.apply(&moved), "Settings { notice: 1 }", "nobody is shown the origins");
        let elsewhere = SITE.replace("Storgata 1", "Storgata 2");
        assert_eq!(database.apply(&elsewhere), "Settings { notice: 1 }", "nor the contact");
        let renamed = SITE.replace("Butikken AS", "Nettbutikken AS");
        assert_eq!(database.apply(&renamed), "Published { notice: 2 }");
        assert_eq!(database.apply(SITE), "Published { notice: 3 }", "a notice that returns is a new one");
        let switched = SITE.replacen("[[purposes]]", "service_switches = true\n\n[[purposes]]", 1);
        assert_eq!(database.apply(&switched), "Unchanged { notice: 3 }", "as it is when nothing is said");
        let unswitched = switched.replace("= true", "= false");
        assert_eq!(database.apply(&unswitched), "Published { notice: 4 }");
    });
}

#[test]
fn a_notice_that_says_nothing_new_keeps_its_hash() {
    let content = parse(SITE).expect("a good file").content;
    let text = serde_json::to_string(&content).expect("JSON");
    for member in ["service_switches", "announcement", "variants"] {
        assert!(!text.contains(&format!("\"{member}\"")), "{member} is left out");
    }
    assert_eq!(serde_json::from_str::<samtykke::notice::Content>(&text).expect("read back"), content);
}

on_both!(a_running_server_picks_a_new_notice_up, |server| {
    let text = SITE.replace("G-TEST000001", "G-TEST000002");
    let parsed = parse(&text).expect("a good file");
    let mut conn = server.database.parsed().connect().expect("a connection");
    samtykke::change::apply(&mut conn, &parsed, samtykke::serve::now()).expect("applied");
    let deadline = Instant::now() + Duration::from_secs(10);
    while !server.get("/v1/sites/shop/banner.js").text().contains("G-TEST000002") {
        assert!(Instant::now() < deadline, "it should, within seconds");
    }
    assert_eq!(server.get("/v1/sites/shop/notice").json()["notice"], 2);
});

#[test]
fn a_notice_that_another_server_has_just_published_is_answered_here_too() {
    let database = Database::postgres();
    database.apply(SITE);
    let here = Server::with(database, samtykke::config::Serve { refresh_ms: 3_600_000, ..settings() });
    here.database.apply(&SITE.replace("Butikken AS", "Nettbutikken AS"));
    let receipt = here.post(&changed(&consent(), "notice", json!(2))).expect(201).json();
    assert_eq!(receipt["record"]["notice"]["number"], 2);
    here.post(&changed(&consent(), "notice", json!(3))).problem(422, "unknown-notice");
}

/// What `banner.js` says of the oldest notice whose answers still stand.
fn asks_since(server: &Server) -> String {
    let script = server.get("/v1/sites/shop/banner.js");
    let after = script.text().split("asksSince:").nth(1).expect("it is there").to_owned();
    after.split(',').next().expect("a number").to_owned()
}

#[test]
fn visitors_are_asked_again_only_when_more_is_asked_for() {
    let check = |change: &dyn Fn(&str) -> String, expected: &str| {
        let database = Database::sqlite();
        database.apply(SITE);
        database.apply(&change(SITE));
        assert_eq!(asks_since(&Server::with(database, settings())), expected);
    };
    check(&|site| site.replace("Butikken AS", "Nettbutikken AS"), "1");
    check(&|site| site.split("[[services]]").next().expect("a part").to_owned(), "1");
    check(&|site| site.replace("[[services]]", "[[purposes]]\nid = \"preferences\"\n\n[[services]]"), "2");
    check(&|site| site.replace("kind = \"ga4\"", "kind = \"ga4\"\nmode = \"advanced\""), "1");
    check(&|site| site.replace("kind = \"ga4\"", "kind = \"ga4\"\nstorage = [\"ga\"]"), "1");
    let pixel = "\n[[services]]\nid = \"p\"\nkind = \"pixel\"\npurpose = \"advertising\"\nurl = \"https://ads.example/p.gif\"\n";
    check(&|site| format!("{site}{pixel}"), "2");
}

#[test]
fn a_wrong_file_names_line_key_and_what_was_expected() {
    let check = |from: &str, to: &str, expected: &str| {
        let text = SITE.replacen(from, to, 1);
        assert_ne!(text, SITE, "{from} is there");
        let told = parse(&text).err().unwrap_or_else(|| panic!("{to} is wrong")).to_string();
        assert!(told.contains(expected), "{to}:\n{told}\nshould say: {expected}");
    };
    check("id = \"shop\"", "id = \"Shop 1\"", "line 2: id: expected 1 to 40 of a-z, 0-9 and -");
    check("name = \"Butikken\"\n", "", "missing field `name`");
    check("name = \"Butikken\"", "nome = \"Butikken\"", "line 3: unknown field `nome`");
    check("name = \"Butikken\"", "name = 7", "line 3: invalid type: integer `7`, expected a string");
    check("name = \"Butikken\"", "name = \"Butikken", "line 3:");
    check(
        "https://www.example.no\",",
        "https://www.example.no/\",",
        "line 5: origins.0: expected scheme, host and port",
    );
    check("\"https://www.example.no\", \"https://example.no\"", "", "line 5: origins: expected at least one");
    check(
        "languages = [",
        "links = [\"https://example.no\", \"https://example.se\"]\nlanguages = [",
        "line 6: links.1: expected one of the site's origins; found \"https://example.se\"",
    );
    check(
        "languages = [",
        "cookie_domains = [\"example.no\", \"no\"]\nlanguages = [",
        "line 6: cookie_domains.1: expected a domain in small letters",
    );
    check(
        "languages = [",
        "cookie_domains = [\"example.se\"]\nlanguages = [",
        "none of the site's origins lies under it",
    );
    check("[\"nb\", \"en\"]", "[\"nb\", \"xx\"]", "line 6: languages.1: expected one of ar, bg, ca,");
    check("default_language = \"nb\"", "default_language = \"de\"", "line 7: default_language");
    check("https://www.example.no/personvern", "javascript:alert(1)", "line 8: policy_url: expected https://");
    check(
        "id = \"advertising\"",
        "id = \"chat\"",
        "line 13: purposes.1.name: a purpose of your own needs its name in every language",
    );
    check("id = \"advertising\"", "id = \"analytics\"", "line 14: purposes.1.id: is there twice");
    check("id = \"advertising\"", "id = \"necessary\"", "necessary is always there");
    check(
        "purpose = \"analytics\"",
        "purpose = \"analytic\"",
        "line 19: services.0.purpose: expected one of advertising, analytics, necessary; found \"analytic\"",
    );
    check("G-TEST000001", "UA-1-1", "line 20: services.0.key: ga4 needs an id such as \"G-XXXXXXXX\"");
    check("kind = \"ga4\"", "kind = \"ga5\"", "line 18: services.0.kind: expected one of clarity, embed, ga4,");
    check(
        "kind = \"ga4\"",
        "kind = \"ga4\"\nmode = \"full\"",
        "line 19: services.0.mode: expected one of basic, advanced",
    );
    check("kind = \"ga4\"", "kind = \"ga4\"\nstorage = [\"*\"]", "services.0.storage.0: expected the name of a key");
    let cookie = "kind = \"ga4\"\ncookies = [{ name = \"a\", days = 1, domain = \"A/\" }]";
    check("kind = \"ga4\"", cookie, "services.0.cookies.0.domain: expected the vendor's domain");
    check("kind = \"ga4\"", "kind = \"matomo\"", "services.0.site_id: matomo needs the site_id");
    check("kind = \"ga4\"", "kind = \"ga4\"\nurl = \"//cdn.example/x.js\"", "services.0.url");
    check("[[services]]", "[look]\naccent = \"red\"\n\n[[services]]", "look.accent: expected a colour such as");
    check("[[services]]", "[texts.nb]\ntitel = \"x\"\n\n[[services]]", "texts.nb.titel: expected one of");
    let announcement = "[announcement]\ndate = \"2027-02-30\"\ntext.nb = \"Nytt.\"\n\n[[services]]";
    check("[[services]]", announcement, "announcement.date: expected a day such as 2027-02-01; found \"2027-02-30\"");
    check("[[services]]", announcement, "announcement.text: expected one for every language; en is missing");
    let answers = "[[variants]]\nid = \"b\"\nshare = 50\ntexts.nb.reject_all = \"Nei\"\n\n[[services]]";
    check("[[services]]", answers, "variants.0.texts.nb.reject_all: no variant may change this");
    let shares = "[[variants]]\nid = \"b\"\nshare = 99\n[[variants]]\nid = \"c\"\nshare = 1\n\n[[services]]";
    check("[[services]]", shares, "variants: their shares come to more than 99");
    let everything = SITE.replace("shop", "Ø").replace("\"https://www.example.no\"", "\"x\"");
    let told = parse(&everything).err().expect("wrong").to_string();
    assert_eq!(told.lines().count(), 2, "all of them at once:\n{told}");
}

#[test]
fn a_dead_product_is_gated_with_a_warning() {
    let text = SITE.replace("ga4", "ua").replace("G-TEST000001", "UA-12345-6");
    let parsed = parse(&text).expect("it is not wrong");
    assert!(parsed.warnings.join(" ").contains("Universal Analytics is dead"), "{:?}", parsed.warnings);
    assert!(parse(SITE).expect("a good file").warnings.is_empty());
}

#[test]
fn the_annotated_example_is_a_good_file_and_names_every_key() {
    let text = std::fs::read_to_string(root().join("server/demo/site.toml")).expect("the example");
    let parsed = parse(&text).unwrap_or_else(|e| panic!("{e}"));
    assert!(parsed.warnings.is_empty());
    for key in [
        "id",
        "name",
        "controller",
        "origins",
        "cookie_domains",
        "report =",
        "links =",
        "languages",
        "default_language",
        "policy_url",
        "remember_days",
        "dnt",
        "currency",
        "unknown_place",
        "service_switches",
        "announce_days",
        "[announcement]",
        "date",
        "material",
        "[[variants]]",
        "share",
        "[look]",
        "layout",
        "theme",
        "accent",
        "[[purposes]]",
        "description",
        "[[services]]",
        "kind",
        "purpose",
        "key",
        "url",
        "site_id",
        "script_url",
        "vendor",
        "country",
        "mode",
        "cookies",
        "domain",
        "storage",
        "reload_on_withdrawal",
        "[texts.",
        "[contact]",
        "address",
        "email",
        "phone",
        "authority",
        "authority_url",
        "storage",
    ] {
        assert!(text.contains(key), "{key} is explained");
    }
    for kind in samtykke::service::kinds().keys() {
        assert!(text.contains(&format!("kind = \"{kind}\"")), "{kind} is explained");
    }
}

#[test]
fn what_the_annotated_example_leaves_out_is_good_too() {
    let text = std::fs::read_to_string(root().join("server/demo/site.toml")).expect("the example");
    let mut within = false;
    let all = text.lines().map(|line| {
        let table = ["# [[services]]", "# [announcement]", "# [[variants]]"].contains(&line);
        within = (within || table) && !line.is_empty();
        if within { line.trim_start_matches("# ") } else { line }
    });
    let parsed = parse(&all.collect::<Vec<_>>().join("\n")).unwrap_or_else(|e| panic!("{e}"));
    assert!(parsed.content.announcement.is_some() && parsed.content.variants.len() == 1);
    let known = samtykke::service::kinds().keys();
    assert!(known.clone().all(|kind| parsed.content.services.iter().any(|service| service.kind == *kind)));
    assert!(parsed.warnings.join(" ").contains("Universal Analytics is dead"), "{:?}", parsed.warnings);
}

/// `banner.js` of a site with these services.
fn script_with(services: &str) -> String {
    let database = Database::sqlite();
    let text = SITE.replace("[[services]]", &format!("{services}\n[[services]]"));
    database.apply(&text);
    Server::with(database, settings()).get("/v1/sites/shop/banner.js").text().to_owned()
}

#[test]
fn a_page_gets_the_code_of_its_services_and_of_no_others() {
    let plain = script_with("");
    assert!(plain.contains(r#"{id:"ga",purpose:"analytics",by:"google",key:"G-TEST000001"}"#), "{plain}");
    assert!(plain.contains("starts:{\"google\":("), "{plain}");
    assert!(plain.contains("www.googletagmanager.com") && !plain.contains("connect.facebook.net"));

    let more = script_with(
        r#"
[[services]]
id = "stats"
kind = "matomo"
purpose = "analytics"
url = "/matomo/"
site_id = 1
mode = "cookieless"

[[services]]
id = "meta"
kind = "meta"
purpose = "advertising"
key = "123456789012345"

[[services]]
id = "film"
kind = "youtube"
purpose = "analytics"

[[services]]
id = "odd"
kind = "script"
purpose = "analytics"
url = "/odd.js?a=1"
"#,
    );
    assert!(more.contains(r#"by:"matomo",url:"/matomo/matomo.js",siteId:1,mode:"cookieless""#), "{more}");
    assert!(more.contains(r#"{id:"film",purpose:"analytics"}"#), "nothing to start, and nothing to delete");
    assert!(more.contains(r#"by:"generic",kind:"script",url:"/odd.js?a="#));
    for code in ["generic", "google", "matomo", "meta"] {
        assert_eq!(more.matches(&format!("\"{code}\":(")).count(), 1, "{code}");
    }
    assert!(!more.contains("bat.bing.com"));
    assert!(more.contains(r#"(g,"_fb|_ga|_pk_"#) || more.contains(r#"(g,"_fbc|_fbp|_ga|_pk_cvar"#), "{more}");
}

#[test]
fn what_a_service_keeps_in_the_browser_is_shown() {
    let database = Database::sqlite();
    database.apply(&SITE.replace("kind = \"ga4\"", "kind = \"ga4\"\nstorage = [\"ga:*\"]"));
    let server = Server::with(database, settings());
    let notice = server.get("/v1/sites/shop/notice").json();
    assert_eq!(notice["purposes"][1]["services"][0]["storage"], json!(["ga:*"]));
}

#[test]
fn no_text_makes_the_parser_panic() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = (0..SITE.len(), "\\PC{0,12}", 0..40_usize);
    let outcome = runner.run(&strategy, |(at, noise, cut)| {
        let at = (at..SITE.len()).find(|at| SITE.is_char_boundary(*at)).unwrap_or(0);
        let rest: String = SITE[at..].chars().skip(cut).collect();
        let _ = parse(&format!("{}{noise}{rest}", &SITE[..at]));
        Ok(())
    });
    assert_eq!(outcome, Ok(()));
}
