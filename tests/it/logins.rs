//! Somebody is logged in: what their account chose holds on every page where they are, and no page's device is touched by it.

use std::sync::atomic::{AtomicI64, Ordering};

use jsonwebtoken::{Algorithm, Header};
use samtykke::day::DAY_MS;
use samtykke::visitor;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::login_tokens::{KEY, claims, keys, token};
use crate::server::{Answer, Database, ORIGIN, SITE, Server, changed, consent, on_both, settings};

pub const LOGINS: &str = "/v1/sites/shop/logins";
const ANSWERS: &str = "/v1/sites/shop/logins/consents";
pub const ALL: &str = "people:read people:write consents:read erase";
pub const KARI: &str = "kari@example.no";

fn people(rest: &str) -> String {
    format!("/v1/sites/shop/people/{rest}")
}

pub fn together() -> String {
    SITE.replace("[contact]", &format!("[people]\n{}\n\n[contact]", keys()))
}

pub fn on_each(check: impl Fn(&Server)) {
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(&together());
        check(&Server::with(database, settings()));
    }
}

pub fn post(server: &Server, path: &str, origin: &str, body: &Value) -> Answer {
    server.send("POST", path, &[("origin", origin)], Some(body.to_string().as_bytes()))
}

/// What a page of somebody who is logged in is told.
fn enter(server: &Server, named: &str) -> Value {
    let body = json!({ "token": token(named, samtykke::serve::now()), "language": "nb" });
    post(server, LOGINS, ORIGIN, &body).expect(200).json()
}

/// An answer on that page.
pub fn said(page: &Value, analytics: &str, advertising: &str) -> Value {
    json!({
        "session": page["session"],
        "id": Uuid::now_v7(),
        "notice": 1,
        "language": "nb",
        "method": "save",
        "choice": { "analytics": analytics, "advertising": advertising },
        "page": "/min-side",
    })
}

pub fn answer(server: &Server, body: &Value) -> Answer {
    post(server, ANSWERS, ORIGIN, body)
}

fn person(server: &Server, named: &str) -> Value {
    server.call("GET", &people(named), &server.token(ALL), None).expect(200).json()
}

/// Why a text does not open, as the problem says it.
pub fn refused(answer: &Answer, why: &str) {
    let problem = answer.problem(403, "login");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(why)), "{problem}");
}

/// How far the clock of these tests is ahead, in ms.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn jumping() -> i64 {
    samtykke::serve::now() + AHEAD.load(Ordering::SeqCst)
}

#[test]
fn an_answer_holds_wherever_they_log_in() {
    on_each(|server| {
        let page = enter(server, KARI);
        assert!(page.get("choice").is_none() && page["entered"] == false, "{page}");
        assert_eq!(
            page["texts"]["scope"],
            "Du er innlogget: Valget ditt gjelder på alle enheter der du logger inn her."
        );
        let sent = said(&page, "granted", "denied");
        let receipt = answer(server, &sent).expect(201);
        assert_eq!(receipt.header("access-control-allow-origin"), ORIGIN);
        let receipt = receipt.json();
        let record = &receipt["record"];
        assert!(record.get("visitor").is_none() && receipt.get("capability").is_none(), "{receipt}");
        for (field, expected) in [
            ("id", sent["id"].clone()),
            ("action", json!("partial")),
            ("method", json!("save")),
            ("topic", json!("choice")),
            ("language", json!("nb")),
            ("page", json!("/min-side")),
            ("choice", sent["choice"].clone()),
            ("details", json!({ "actor": "person", "sequence": 1, "source": "banner" })),
            ("regime", json!({ "found": "assumed", "model": "opt-in" })),
        ] {
            assert_eq!(record[field], expected, "{record}");
        }
        // Any other device of theirs.
        let carried = json!({
            "notice": 1,
            "id": sent["id"],
            "choice": sent["choice"],
            "days": 183,
            "at": record["created_at"],
            "gpc": false,
        });
        for _ in 0..2 {
            assert_eq!(enter(server, KARI)["choice"], carried);
        }
        let found = person(server, KARI);
        assert_eq!(found["purposes"]["analytics"]["allowed"], true);
        assert_eq!(found["purposes"]["analytics"]["receipt"], sent["id"]);
        assert_eq!(found["purposes"]["advertising"]["reason"], "denied");
        assert_eq!((&found["person"], &found["sequence"]), (&record["person"], &json!(1)));
        // Nobody else is meant.
        assert!(enter(server, "ola@example.no").get("choice").is_none());
        // Taken back on one device, it is taken back on all.
        let back = answer(server, &said(&page, "denied", "denied")).expect(201).json();
        assert_eq!(back["record"]["action"], "withdrawn");
        let carried = enter(server, KARI);
        assert_eq!(carried["choice"]["choice"], json!({ "advertising": "denied", "analytics": "denied" }));
        assert_eq!(person(server, KARI)["purposes"]["analytics"]["reason"], "denied");
        // The ledger has both, and the feed tells of them.
        server.sealed(2);
        let changes = server.call("GET", "/v1/sites/shop/changes", &server.token(ALL), None).expect(200).json();
        let told: Vec<&Value> = changes["events"].as_array().expect("events").iter().collect();
        assert_eq!(told.len(), 2, "{changes}");
        assert!(
            changes.to_string().contains(sent["id"].as_str().expect("an id")) && !changes.to_string().contains(KARI)
        );
    });
}

#[test]
fn the_choice_of_the_device_is_neither_read_nor_changed() {
    on_each(|server| {
        let device = consent();
        server.post(&device).expect(201);
        let visitor = device["visitor"].as_str().and_then(|id| Uuid::parse_str(id).ok()).expect("a visitor");
        let told = || server.call("GET", &format!("/v1/sites/shop/visitors/{visitor}"), &server.token(ALL), None);
        server.sealed(1);
        let before = told().expect(200).json();
        let page = enter(server, KARI);
        assert!(page.get("choice").is_none(), "what the device said is not the account's");
        answer(server, &said(&page, "denied", "denied")).expect(201);
        assert_eq!(told().expect(200).json(), before);
        assert_eq!(visitor::history(&mut server.conn(), 1, visitor).expect("rows").len(), 1);
        // Nor does an answer on the device change the account's.
        let next =
            changed(&changed(&consent(), "visitor", device["visitor"].clone()), "previous", device["id"].clone());
        server.post(&next).expect(201);
        assert_eq!(person(server, KARI)["sequence"], 1);
    });
}

#[test]
fn what_the_sites_systems_wrote_holds_on_the_page_too() {
    on_each(|server| {
        let choice = json!({ "analytics": "denied", "advertising": "granted" });
        let body = json!({ "choice": choice, "notice": 1, "source": "min side" });
        let written =
            server.call("POST", &people("kunde-1/choice"), &server.token(ALL), Some(&body)).expect(201).json();
        assert_eq!(enter(server, "kunde-1")["choice"]["choice"], choice);
        // By the name that every answer gives of them.
        let hashed = format!("~{}", written["person"].as_str().expect("a person"));
        assert_eq!(enter(server, &hashed)["choice"]["choice"], choice);
        let entered = changed(&claims(&hashed, samtykke::serve::now()), "entered", json!(true));
        let made = KEY.sign(&Header::new(Algorithm::EdDSA), &entered);
        let page = post(server, LOGINS, ORIGIN, &json!({ "token": made })).expect(200).json();
        assert_eq!(page["entered"], true);
        answer(server, &said(&page, "granted", "denied")).expect(201);
        assert_eq!(person(server, "kunde-1")["purposes"]["analytics"]["allowed"], true);
        server.call("DELETE", &people("kunde-1"), &server.token(ALL), None).expect(200);
        // A name that is not known any more is nobody's.
        let page = enter(server, &hashed);
        assert!(page.get("choice").is_none(), "{page}");
        answer(server, &said(&page, "granted", "denied")).problem(404, "unknown-person");
    });
}

#[test]
fn the_same_answer_is_written_once() {
    on_each(|server| {
        let page = enter(server, KARI);
        let sent = said(&page, "granted", "granted");
        let first = answer(server, &sent).expect(201).json();
        assert_eq!(answer(server, &sent).expect(200).json(), first);
        // Another page of theirs has another session.
        let session = enter(server, KARI)["session"].clone();
        assert_ne!(session, sent["session"]);
        assert_eq!(answer(server, &changed(&sent, "session", session)).expect(200).json(), first);
        let other = changed(&sent, "choice", json!({ "analytics": "denied", "advertising": "denied" }));
        answer(server, &other).problem(409, "conflict");
        let ola = enter(server, "ola@example.no")["session"].clone();
        answer(server, &changed(&sent, "session", ola)).problem(409, "conflict");
        assert_eq!(person(server, KARI)["sequence"], 1);
    });
}

#[test]
fn a_session_opens_answers_of_its_site_and_nothing_else() {
    on_each(|server| {
        let made = token(KARI, samtykke::serve::now());
        let page = enter(server, KARI);
        let session = page["session"].as_str().expect("text");
        let sent = said(&page, "granted", "denied");
        let first = if session.starts_with('A') { 'B' } else { 'A' };
        for wrong in ["", "x", "💥", &format!("{first}{}", &session[1..]), &session[..40], &made] {
            refused(&answer(server, &changed(&sent, "session", json!(wrong))), "was not made here");
        }
        // Only for pages of the site.
        for origin in ["https://evil.example", "null"] {
            post(server, LOGINS, origin, &json!({ "token": made })).problem(403, "foreign-origin");
            post(server, ANSWERS, origin, &sent).problem(403, "foreign-origin");
        }
        server
            .send("POST", LOGINS, &[], Some(json!({ "token": made }).to_string().as_bytes()))
            .problem(403, "foreign-origin");
        for path in [LOGINS, ANSWERS] {
            let ask = |origin: &str| server.send("OPTIONS", path, &[("origin", origin)], None).expect(204);
            assert_eq!(ask(ORIGIN).header("access-control-allow-origin"), ORIGIN);
            assert_eq!(ask("https://evil.example").header("access-control-allow-origin"), "");
        }
        // Another site, of the same keys.
        server.database.apply(&together().replace("\"shop\"", "\"other\""));
        crate::clients::until(true, || server.get("/v1/sites/other/notice").status == 200);
        let other = |path: &str| path.replace("shop", "other");
        refused(&post(server, &other(LOGINS), ORIGIN, &json!({ "token": made })), "its aud");
        refused(&post(server, &other(ANSWERS), ORIGIN, &sent), "not for this site");
        server.call("GET", &people(KARI), &server.token(ALL), None).problem(404, "unknown-person");
        // All the while it opens what it is for.
        answer(server, &sent).expect(201);
    });
}

#[test]
fn a_token_opens_for_two_minutes_and_a_session_for_a_day() {
    for database in [Database::sqlite(), Database::postgres()] {
        AHEAD.store(0, Ordering::SeqCst);
        database.apply(&together());
        let server = Server::with_clock(database, settings(), jumping);
        let made = json!({ "token": token(KARI, jumping()) });
        let page = post(&server, LOGINS, ORIGIN, &made).expect(200).json();
        AHEAD.store(118_000, Ordering::SeqCst);
        post(&server, LOGINS, ORIGIN, &made).expect(200);
        AHEAD.store(120_000, Ordering::SeqCst);
        refused(&post(&server, LOGINS, ORIGIN, &made), "it has ended");
        AHEAD.store(DAY_MS - 60_000, Ordering::SeqCst);
        answer(&server, &said(&page, "granted", "denied")).expect(201);
        AHEAD.store(DAY_MS, Ordering::SeqCst);
        refused(&answer(&server, &said(&page, "denied", "denied")), "it has ended");
        // The answer itself holds for as long as any.
        let analytics = |server: &Server| person(server, KARI)["purposes"]["analytics"].clone();
        AHEAD.store(183 * DAY_MS - 120_000, Ordering::SeqCst);
        assert_eq!(analytics(&server)["allowed"], true);
        AHEAD.store(184 * DAY_MS, Ordering::SeqCst);
        let found = analytics(&server);
        assert_eq!((&found["allowed"], &found["reason"]), (&json!(false), &json!("expired")));
        let (since, until) = (found["since"].as_i64().expect("since"), found["until"].as_i64().expect("until"));
        assert_eq!(until - since, 183 * DAY_MS);
    }
}

on_both!(a_site_that_does_not_say_so_logs_nobody_in, |server| {
    post(server, LOGINS, ORIGIN, &json!({ "token": "x" })).problem(409, "logins-off");
    answer(server, &said(&json!({ "session": "x" }), "granted", "denied")).problem(409, "logins-off");
    let script = server.get("/v1/sites/shop/banner.js");
    assert!(!script.text().contains("data-samtykke-login"), "a page that nobody logs in to is not made to wait");
});

#[test]
fn a_signal_of_the_browser_is_heard_there_too() {
    on_each(|server| {
        let page = enter(server, KARI);
        let send = |body: &Value| {
            let headers = [("origin", ORIGIN), ("sec-gpc", "1")];
            server.send("POST", ANSWERS, &headers, Some(body.to_string().as_bytes()))
        };
        let receipt = send(&said(&page, "granted", "denied")).expect(201).json();
        assert_eq!(receipt["record"]["signals"], json!(["gpc"]));
        // Whoever said yes all the same is not overruled by it on the next page.
        assert_eq!(enter(server, KARI)["choice"]["gpc"], true);
        let by_signal = changed(&said(&page, "granted", "denied"), "method", json!("signal"));
        assert_eq!(send(&by_signal).problem(422, "invalid")["field"], "choice");
    });
}

#[test]
fn an_answer_to_a_notice_that_asked_for_less_is_carried_as_what_it_is() {
    on_each(|server| {
        let page = enter(server, KARI);
        answer(server, &said(&page, "granted", "granted")).expect(201);
        let more = "[[services]]\nid = \"p\"\nkind = \"pixel\"\npurpose = \"advertising\"\nurl = \"https://ads.example/p.gif\"\n\
                    vendor = \"Ads AS\"\n\n[contact]";
        server.database.apply(&together().replace("[contact]", more));
        crate::clients::until(Some(2), || server.get("/v1/sites/shop/notice").json()["notice"].as_i64());
        // The page sees by the number that it is to be asked for again.
        assert_eq!(enter(server, KARI)["choice"]["notice"], 1);
        assert_eq!(person(server, KARI)["purposes"]["analytics"]["reason"], "notice_changed");
        // A page that was open when the notice changed still has its answer taken, as one to what it showed.
        answer(server, &said(&page, "granted", "denied")).expect(201);
        answer(server, &changed(&said(&page, "granted", "denied"), "notice", json!(2))).expect(201);
        assert_eq!(enter(server, KARI)["choice"]["notice"], 2);
        assert_eq!(person(server, KARI)["purposes"]["analytics"]["allowed"], true);
    });
}

#[test]
fn bad_input_is_told_by_its_field() {
    on_each(|server| {
        let page = enter(server, KARI);
        let check = |field: &str, value: Value, status: u16, code: &str, named: &str| {
            let problem =
                answer(server, &changed(&said(&page, "granted", "denied"), field, value)).problem(status, code);
            assert_eq!(problem["field"].as_str().unwrap_or_default(), named, "{problem}");
        };
        check("session", Value::Null, 400, "malformed", "");
        check("session", json!(1), 400, "malformed", "session");
        check("id", json!("x"), 400, "malformed", "id");
        check("id", json!(Uuid::new_v8([7; 16])), 422, "invalid", "id");
        check("notice", json!(1.5), 400, "malformed", "notice");
        check("notice", json!(7), 422, "unknown-notice", "notice");
        check("method", json!("shout"), 400, "malformed", "method");
        check("language", json!("de"), 422, "invalid", "language");
        check("variant", json!("x"), 422, "invalid", "variant");
        check("page", json!("/a?b"), 422, "invalid", "page");
        check("choice", json!({ "analytics": "granted" }), 422, "invalid", "choice.advertising");
        check(
            "choice",
            json!({ "analytics": "perhaps", "advertising": "denied" }),
            400,
            "malformed",
            "choice.analytics",
        );
        check("visitor", json!(Uuid::now_v7()), 400, "malformed", "visitor");
        post(server, LOGINS, ORIGIN, &json!([token(KARI, samtykke::serve::now()), null])).problem(400, "malformed");
        post(server, LOGINS, ORIGIN, &json!({})).problem(400, "malformed");
    });
}

#[test]
fn whoever_guesses_is_stopped_and_nobody_who_shares_an_address_with_them() {
    let database = Database::sqlite();
    database.apply(&together());
    let server = Server::with(database, samtykke::config::Serve { rate_per_minute: 3, ..settings() });
    let guess = || post(&server, LOGINS, ORIGIN, &json!({ "token": "x" }));
    for _ in 0..3 {
        refused(&guess(), "cannot be read");
    }
    guess().problem(429, "too-many");
    answer(&server, &said(&json!({ "session": "x" }), "granted", "denied")).problem(429, "too-many");
    let pages = [enter(&server, KARI), enter(&server, KARI)];
    answer(&server, &said(&pages[0], "granted", "denied")).expect(201);
    let problem = answer(&server, &said(&pages[1], "denied", "denied")).problem(429, "too-many");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("person")), "{problem}");
    enter(&server, "ola@example.no");
}
