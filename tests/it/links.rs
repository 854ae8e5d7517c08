//! A choice that is carried from one domain of a site to another.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Answer, Database, ORIGIN, SITE, Server, changed, consent, on_both, settings};

const LINKS: &str = "/v1/sites/shop/links";
const REDEEM: &str = "/v1/sites/shop/links/redeem";
const ELSEWHERE: &str = "https://www.example.se";

fn linked() -> String {
    SITE.replace(
        "\"https://example.no\"]",
        "\"https://example.no\", \"https://www.example.se\", \"https://www.example.dk\"]",
    )
    .replace(
        "languages = [",
        "links = [\"https://www.example.no\", \"https://www.example.se\", \"https://www.example.dk\"]\nlanguages = [",
    )
}

fn post(server: &Server, path: &str, origin: &str, body: &Value) -> Answer {
    server.send("POST", path, &[("origin", origin)], Some(body.to_string().as_bytes()))
}

fn link(server: &Server, sent: &Value, to: &str) -> Answer {
    post(server, LINKS, ORIGIN, &json!({ "visitor": sent["visitor"], "consent": sent["id"], "to": to }))
}

fn token(server: &Server, sent: &Value) -> Value {
    let link = link(server, sent, ELSEWHERE).expect(201).json();
    assert_eq!(link["expires_in"], 60);
    json!({ "token": link["token"] })
}

/// Why a token does not open, as the problem says it.
fn refused(answer: &Answer, why: &str) {
    let problem = answer.problem(403, "link");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(why)), "{problem}");
}

/// How far the clock of these tests is ahead, in ms.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn jumping() -> i64 {
    samtykke::serve::now() + AHEAD.load(Ordering::SeqCst)
}

fn on_each(check: impl Fn(&Server)) {
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(&linked());
        check(&Server::with(database, settings()));
    }
}

#[test]
fn a_choice_is_carried_to_another_domain() {
    on_each(|server| {
        let choice = json!({ "analytics": "granted", "advertising": "denied", "ga": "denied" });
        let sent = changed(&consent(), "choice", choice.clone());
        let receipt = server.post(&sent).expect(201).json();
        let made = token(server, &sent);
        let text = made["token"].as_str().expect("text");
        assert!(text.len() < 120 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{text}");
        for _ in 0..2 {
            let answer = post(server, REDEEM, ELSEWHERE, &made).expect(200);
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("access-control-allow-origin"), ELSEWHERE);
            let expected = json!({
                "notice": 1,
                "visitor": sent["visitor"],
                "id": sent["id"],
                "choice": choice,
                "days": 183,
                "at": receipt["record"]["created_at"],
            });
            assert_eq!(answer.json(), expected);
        }
        let script = server.get("/v1/sites/shop/banner.js");
        let told = "(g,[\"https://www.example.no\",\"https://www.example.se\",\"https://www.example.dk\"])";
        assert!(script.text().contains(told));
    });
}

#[test]
fn a_newer_answer_ends_it() {
    on_each(|server| {
        let sent = consent();
        server.post(&sent).expect(201);
        let made = token(server, &sent);
        let next = changed(&changed(&consent(), "visitor", sent["visitor"].clone()), "previous", sent["id"].clone());
        let receipt = server.post(&next).expect(201).json();
        refused(&post(server, REDEEM, ELSEWHERE, &made), "has given another answer since");
        let problem = link(server, &sent, ELSEWHERE).problem(422, "invalid");
        assert_eq!(problem["field"], "consent");
        let made = token(server, &next);
        server.with_capability("DELETE", receipt["capability"].as_str().expect("text")).expect(200);
        refused(&post(server, REDEEM, ELSEWHERE, &made), "is not kept any more");
    });
}

#[test]
fn a_token_opens_where_it_was_made_for_and_nowhere_else() {
    on_each(|server| {
        let sent = consent();
        server.post(&sent).expect(201);
        let made = token(server, &sent);
        for origin in [ORIGIN, "https://www.example.dk"] {
            refused(&post(server, REDEEM, origin, &made), "was made for another origin");
        }
        for origin in ["https://example.no", "https://evil.example", "null"] {
            post(server, REDEEM, origin, &made).problem(403, "foreign-origin");
        }
        server.send("POST", REDEEM, &[], Some(made.to_string().as_bytes())).problem(403, "foreign-origin");
        let text = made["token"].as_str().expect("text");
        let (payload, tag) = text.split_once('.').expect("two parts");
        let receipt = server.post(&sent).expect(200).json();
        let capability = receipt["capability"].as_str().expect("text");
        let swapped = format!("{tag}.{payload}");
        for wrong in ["", "x", payload, &format!("{payload}."), &swapped, &format!("B{}", &text[1..]), capability] {
            refused(&post(server, REDEEM, ELSEWHERE, &json!({ "token": wrong })), "was not made here");
        }
        server.database.apply(&linked().replace("\"shop\"", "\"other\""));
        let other = REDEEM.replace("shop", "other");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while server.get("/v1/sites/other/notice").status != 200 {
            assert!(std::time::Instant::now() < deadline, "the other site is served");
        }
        refused(&post(server, &other, ELSEWHERE, &made), "was not made here, or not for this site");
        post(server, REDEEM, ELSEWHERE, &made).expect(200);
    });
}

#[test]
fn a_token_opens_for_one_minute() {
    for database in [Database::sqlite(), Database::postgres()] {
        AHEAD.store(0, Ordering::SeqCst);
        database.apply(&linked());
        let server = Server::with_clock(database, settings(), jumping);
        let sent = consent();
        server.post(&sent).expect(201);
        let made = token(&server, &sent);
        post(&server, REDEEM, ELSEWHERE, &made).expect(200);
        AHEAD.store(60_000, Ordering::SeqCst);
        refused(&post(&server, REDEEM, ELSEWHERE, &made), "has expired");
    }
}

#[test]
fn only_the_latest_answer_goes_and_only_to_another_link() {
    on_each(|server| {
        let sent = consent();
        server.post(&sent).expect(201);
        let check = |field: &str, value: Value, status: u16, code: &str, named: &str| {
            let body = json!({ "visitor": sent["visitor"], "consent": sent["id"], "to": ELSEWHERE });
            let problem = post(server, LINKS, ORIGIN, &changed(&body, field, value)).problem(status, code);
            assert_eq!(problem["field"].as_str().unwrap_or_default(), named, "{problem}");
        };
        check("visitor", json!(Uuid::now_v7()), 422, "invalid", "consent");
        check("consent", json!(Uuid::now_v7()), 422, "invalid", "consent");
        check("to", json!(ORIGIN), 422, "invalid", "to");
        check("to", json!("https://example.no"), 422, "invalid", "to");
        check("to", json!("https://evil.example"), 422, "invalid", "to");
        check("visitor", json!("x"), 400, "malformed", "visitor");
        check("to", Value::Null, 400, "malformed", "");
        check("page", json!("/"), 400, "malformed", "page");
        let body = json!({ "visitor": sent["visitor"], "consent": sent["id"], "to": ELSEWHERE });
        for origin in ["https://example.no", "https://evil.example"] {
            post(server, LINKS, origin, &body).problem(403, "foreign-origin");
        }
        for path in [LINKS, REDEEM] {
            let ask = |origin: &str| server.send("OPTIONS", path, &[("origin", origin)], None).expect(204);
            assert_eq!(ask(ELSEWHERE).header("access-control-allow-origin"), ELSEWHERE);
            assert_eq!(ask("https://evil.example").header("access-control-allow-origin"), "");
        }
    });
}

on_both!(a_site_without_links_carries_nothing, |server| {
    let sent = consent();
    server.post(&sent).expect(201);
    link(server, &sent, "https://example.no").problem(409, "links-off");
    post(server, REDEEM, ORIGIN, &json!({ "token": "x" })).problem(409, "links-off");
    assert!(!server.get("/v1/sites/shop/banner.js").text().contains("\"links\":"));
});

#[test]
fn whoever_guesses_tokens_is_stopped() {
    let database = Database::sqlite();
    database.apply(&linked());
    let server = Server::with(database, samtykke::config::Serve { rate_per_minute: 2, ..settings() });
    for _ in 0..2 {
        refused(&post(&server, REDEEM, ELSEWHERE, &json!({ "token": "x" })), "was not made here");
    }
    post(&server, REDEEM, ELSEWHERE, &json!({ "token": "x" })).problem(429, "too-many");
    link(&server, &consent(), ELSEWHERE).problem(429, "too-many");
}
