//! Report mode: what pages tell of tags that run without a yes.

use serde_json::{Value, json};

use crate::program::{Process, samtykke};
use crate::server::{Answer, Database, ORIGIN, SITE, Server, consent, on_both, settings};

const REPORTS: &str = "/v1/sites/shop/reports";

fn reporting() -> String {
    SITE.replace("languages = [", "report = true\nlanguages = [")
}

fn serving(database: Database) -> Server {
    database.apply(&reporting());
    Server::with(database, settings())
}

fn send(server: &Server, body: &Value) -> Answer {
    server.send("POST", REPORTS, &[("origin", ORIGIN)], Some(body.to_string().as_bytes()))
}

#[test]
fn a_report_is_counted() {
    for database in [Database::sqlite(), Database::postgres()] {
        let server = serving(database);
        for found in ["request", "cookie", "request"] {
            let answer = send(&server, &json!({ "service": "ga4", "found": found })).expect(204);
            assert_eq!((answer.text(), answer.header("access-control-allow-origin")), ("", ORIGIN));
        }
        let figures = server.get("/metrics").expect(200);
        for (found, count) in [("request", 2), ("cookie", 1)] {
            let line =
                format!("samtykke_unmarked_tags_total{{site=\"shop\",service=\"ga4\",found=\"{found}\"}} {count}\n");
            assert!(figures.text().contains(&line), "{}", figures.text());
        }
    }
}

#[test]
fn a_report_says_nothing_else() {
    let server = serving(Database::sqlite());
    let check = |body: &Value, status: u16, code: &str, field: &str| {
        let problem = send(&server, body).problem(status, code);
        assert_eq!(problem["field"].as_str().unwrap_or_default(), field, "{problem}");
    };
    check(&json!({ "service": "nobody", "found": "request" }), 422, "invalid", "service");
    check(&json!({ "service": "GA4", "found": "request" }), 422, "invalid", "service");
    check(&json!({ "service": "a".repeat(10_000), "found": "request" }), 422, "invalid", "service");
    check(&json!({ "service": "ga4", "found": "seen" }), 400, "malformed", "found");
    check(&json!({ "service": 4, "found": "cookie" }), 400, "malformed", "service");
    check(&json!({ "service": "ga4", "found": "cookie", "url": "/sok?navn=ola" }), 400, "malformed", "url");
    check(&json!({ "service": "ga4", "found": "cookie", "visitor": "x" }), 400, "malformed", "visitor");
    check(&json!({ "service": "ga4" }), 400, "malformed", "");
    check(&json!(null), 400, "malformed", "");
    check(&json!({ "service": "a".repeat(20_000), "found": "cookie" }), 413, "too-large", "");
    assert!(!server.get("/metrics").text().contains("samtykke_unmarked_tags_total{"), "nothing was counted");
}

#[test]
fn only_a_page_of_the_site_reports() {
    let server = serving(Database::sqlite());
    let body = json!({ "service": "ga4", "found": "cookie" }).to_string();
    for headers in [vec![], vec![("origin", "https://evil.example")], vec![("origin", ORIGIN), ("origin", ORIGIN)]] {
        server.send("POST", REPORTS, &headers, Some(body.as_bytes())).problem(403, "foreign-origin");
    }
    let ask = |origin: &str| server.send("OPTIONS", REPORTS, &[("origin", origin)], None).expect(204);
    assert_eq!(ask(ORIGIN).header("access-control-allow-origin"), ORIGIN);
    assert_eq!(ask("https://evil.example").header("access-control-allow-origin"), "");
}

on_both!(a_site_that_is_not_in_report_mode_says_so, |server| {
    let refused = send(server, &json!({ "service": "ga4", "found": "request" }));
    refused.problem(409, "reports-off");
    assert_eq!(refused.header("access-control-allow-origin"), ORIGIN);
    assert!(!server.get("/v1/sites/shop/banner.js").text().contains(&samtykke::banner::modules()["report"].hash));
});

#[test]
fn a_page_in_report_mode_is_told_what_to_load() {
    let server = serving(Database::sqlite());
    let script = server.get("/v1/sites/shop/banner.js").expect(200);
    let report = &samtykke::banner::modules()["report"];
    assert!(script.text().contains(&format!(r#"{{"hash":"{}","services":{{"ga4":["ga"]"#, report.hash)));
    let answer = server.get(&format!("/v1/report.{}.js", report.hash)).expect(200);
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(answer.body, report.plain);
    server.get(&format!("/v1/report.{}.js", "0".repeat(16))).problem(404, "not-found");
}

#[test]
fn a_sender_of_many_reports_is_stopped() {
    let database = Database::sqlite();
    database.apply(&reporting());
    let server = Server::with(database, samtykke::config::Serve { rate_per_minute: 2, ..settings() });
    let report = json!({ "service": "ga4", "found": "request" });
    send(&server, &report).expect(204);
    send(&server, &report).expect(204);
    send(&server, &report).problem(429, "too-many");
    assert_eq!(server.post(&consent()).status, 429, "whatever it is that comes from there");
}

#[test]
fn the_log_says_it_once() {
    let database = Database::sqlite();
    database.apply(&reporting());
    let process = Process::of(&mut samtykke(&database));
    let send = |service: &str| {
        let body = json!({ "service": service, "found": "cookie" }).to_string();
        let request = process.agent.post(format!("{}{REPORTS}", process.base)).header("origin", ORIGIN);
        assert_eq!(request.send(body).expect("an answer").status(), 204);
    };
    for service in ["ga4", "matomo", "ga4", "ga4"] {
        send(service);
    }
    process.signal("TERM");
    let (status, log) = process.end();
    assert!(status.success(), "{log}");
    let said = "site shop: ga4 is at work on a page without a yes (cookie): its tag is not marked";
    assert_eq!((log.matches(said).count(), log.matches("without a yes").count()), (1, 2), "{log}");
}
