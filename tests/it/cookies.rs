//! One choice for the hosts of one domain: what the script is told, and the cookie that the service sets where it may.

use serde_json::{Value, json};

use crate::server::{Answer, CONSENTS, Database, ORIGIN, SITE, Server, changed, consent, on_both, settings};

/// Posts as a page does, to the service under this host.
fn post(server: &Server, sent: &Value, origin: &str, host: &str, cookie: Option<&str>) -> Answer {
    let mut headers = vec![("origin", origin), ("host", host)];
    headers.extend(cookie.map(|cookie| ("cookie", cookie)));
    server.send("POST", CONSENTS, &headers, Some(sent.to_string().as_bytes()))
}

/// The name and value of a cookie, and its attributes.
fn parts(answer: &Answer) -> (String, Vec<String>) {
    let all = answer.all("set-cookie");
    let mut parts = all.split("; ").map(str::to_owned);
    (parts.next().unwrap_or_default(), parts.collect())
}

fn serving(from: &str, to: &str) -> Server {
    let text = SITE.replace(from, to);
    assert_ne!(text, SITE);
    let database = Database::sqlite();
    database.apply(&text);
    Server::with(database, settings())
}

on_both!(the_service_sets_the_cookie_where_it_shares_the_domain, |server| {
    let choice = json!({ "analytics": "granted", "advertising": "denied", "ga": "denied" });
    let sent = changed(&consent(), "choice", choice);
    for status in [201, 200] {
        let answer = post(server, &sent, ORIGIN, "Consent.Example.NO:443", None).expect(status);
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        let (pair, attributes) = parts(&answer);
        let at = answer.json()["record"]["created_at"].as_i64().expect("unix ms");
        let value: Vec<&str> = pair.strip_prefix("samtykke_shop.=").expect("its name").split('.').collect();
        assert_eq!(value[0..2], ["2", "1"]);
        assert_eq!((json!(value[2]), json!(value[3])), (sent["visitor"].clone(), sent["id"].clone()));
        assert_eq!(i64::from_str_radix(value[4], 36), Ok(at));
        assert_eq!(value[5..], ["183", "advertising:0|analytics:1|ga:0", ""], "nothing is pending");
        assert_eq!(attributes[0..2], ["Path=/", "SameSite=Lax"]);
        let age = attributes[2].strip_prefix("Max-Age=").and_then(|age| age.parse::<i64>().ok()).expect("seconds");
        assert!((183 * 86_400 - 60..=183 * 86_400).contains(&age), "{age}");
        assert_eq!(attributes[3..], ["Domain=example.no", "Secure"]);
        assert_eq!(answer.json().as_object().map(serde_json::Map::len), Some(3), "the receipt is what it was");
    }
});

on_both!(elsewhere_no_cookie_is_set, |server| {
    for host in ["consent.example.com", "example.no.evil.example", "notexample.no", "127.0.0.1:8080", "no", "[::1]"] {
        let answer = post(server, &consent(), ORIGIN, host, None).expect(201);
        assert_eq!(answer.all("set-cookie"), "", "{host}");
        assert_eq!(answer.header("access-control-allow-credentials"), "", "{host}");
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    }
    let foreign = post(server, &consent(), "https://shop.example.no", "consent.example.no", None);
    foreign.problem(403, "foreign-origin");
    assert_eq!((foreign.all("set-cookie").as_str(), foreign.header("access-control-allow-credentials")), ("", ""));
});

on_both!(a_page_that_shares_the_domain_may_read_what_is_wrong, |server| {
    let host = "consent.example.no";
    let refused = post(server, &json!({}), ORIGIN, host, None);
    refused.problem(400, "malformed");
    assert_eq!((refused.all("set-cookie").as_str(), refused.header("access-control-allow-credentials")), ("", "true"));
    let ask = |path: &str| server.send("OPTIONS", path, &[("origin", ORIGIN), ("host", host)], None).expect(204);
    assert_eq!(ask(CONSENTS).header("access-control-allow-credentials"), "true");
    let history = ask("/v1/sites/shop/visitors/me");
    assert_eq!(history.header("access-control-allow-credentials"), "", "no other route has to do with the cookie");
});

on_both!(an_answer_that_comes_late_does_not_take_the_place_of_a_newer_one, |server| {
    let sent = consent();
    let held = "theme=dark; samtykke_shop=2.1.x.y.abc.183.analytics:0.save.nb../";
    for status in [201, 200] {
        let cookie = post(server, &sent, ORIGIN, "example.no", Some(held)).expect(status).all("set-cookie");
        assert!(cookie.starts_with("samtykke_shop.=2."), "the page's own keeps its name: {cookie}");
    }
    let (older, newer) = (consent(), consent());
    let id = |sent: &Value| sent["id"].as_str().expect("an id").to_owned();
    assert!(id(&older) < id(&newer));
    for name in ["samtykke_shop", "samtykke_shop."] {
        let held = format!("theme=dark; {name}=2.1.x.{}.abc.183.analytics:0.", id(&newer));
        let answered = |consent: &Value| post(server, consent, ORIGIN, "example.no", Some(&held)).all("set-cookie");
        assert_eq!(answered(&older), "", "{name}: a later answer is held");
        assert_ne!(answered(&newer), "", "{name}");
    }
});

#[test]
fn a_host_that_serves_its_own_pages_sets_a_cookie_of_its_own() {
    let server = serving("\"https://www.example.no\", \"https://example.no\"", "\"http://localhost:8080\"");
    let answer = post(&server, &consent(), "http://localhost:8080", "localhost:8090", None).expect(201);
    let (_, attributes) = parts(&answer);
    assert_eq!(attributes.len(), 3, "no Domain, and no Secure without TLS: {attributes:?}");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
}

#[test]
fn strangers_under_a_public_suffix_share_nothing() {
    let origins = "\"https://one.github.io\", \"https://two.github.io\"";
    let server = serving("\"https://www.example.no\", \"https://example.no\"", origins);
    assert!(!server.get("/v1/sites/shop/banner.js").text().contains("domains:"), "nor is the script told of any");
    let answer = post(&server, &consent(), "https://one.github.io", "two.github.io", None).expect(201);
    assert_eq!((answer.all("set-cookie").as_str(), answer.header("access-control-allow-credentials")), ("", ""));
}

#[test]
fn a_site_file_says_on_which_domains_the_choice_is_shared() {
    let check = |line: &str, told: Option<&str>, host: &str, domain: Option<&str>| {
        let server = serving("languages = [", &format!("{line}\nlanguages = ["));
        let script = server.get("/v1/sites/shop/banner.js");
        let found = script.text().split("domains:").nth(1).and_then(|rest| rest.split(']').next());
        assert_eq!(found, told, "{line}");
        let (_, attributes) = parts(&post(&server, &consent(), ORIGIN, host, None).expect(201));
        let found = attributes.iter().find_map(|attribute| attribute.strip_prefix("Domain="));
        assert_eq!((found, attributes.is_empty()), (domain, domain.is_none()), "{line}: {attributes:?}");
    };
    check("", Some("[\"example.no\""), "consent.example.no", Some("example.no"));
    check("cookie_domains = []", None, "consent.example.no", None);
    check("cookie_domains = [\"example.no\"]", Some("[\"example.no\""), "example.no", Some("example.no"));
    let own = Some("[\"www.example.no\"");
    check("cookie_domains = [\"www.example.no\"]", own, "consent.example.no", None);
    check("cookie_domains = [\"www.example.no\"]", own, "c.www.example.no", Some("www.example.no"));
}
