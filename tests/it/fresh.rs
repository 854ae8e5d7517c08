//! What a client may keep of what it read: an ETag, how it may be kept, and 304 where nothing changed.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use crate::server::{Answer, Database, SITE, Server, on_both, settings};

const KARI: &str = "/v1/sites/shop/people/kari@example.no";
const API: [&str; 2] = [KARI, "/v1/sites/shop/announcements"];
const PUBLIC: [&str; 6] = [
    "/v1/sites/shop/notices",
    "/v1/sites/shop/notices/1",
    "/.well-known/jwks.json",
    "/.well-known/gpc.json",
    "/problems",
    "/ledger/key",
];
/// What stands in a 304 as it would in the whole answer (RFC 9110, 15.4.5).
const SAME: [&str; 5] = ["etag", "cache-control", "vary", "access-control-allow-origin", "content-security-policy"];

fn asked(server: &Server, method: &str, path: &str, token: &str, tag: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("if-none-match", tag)];
    if !token.is_empty() {
        headers.push(("authorization", bearer.as_str()));
    }
    server.send(method, path, &headers, None)
}

fn say(server: &Server, token: &str, answer: &str) {
    let body = json!({ "channel": "email", "answer": answer, "source": "kasse" });
    server.call("POST", &format!("{KARI}/consents"), token, Some(&body)).expect(201);
}

on_both!(a_read_that_did_not_change_is_304_with_what_the_whole_would_say, |server| {
    let token = server.token("people:read people:write");
    say(server, &token, "granted");
    server.sealed(1);
    let all = API.map(|path| (path, token.as_str())).into_iter().chain(PUBLIC.map(|path| (path, "")));
    for (path, token) in all {
        let whole = asked(server, "GET", path, token, "\"other\"").expect(200);
        let tag = whole.header("etag").to_owned();
        assert_eq!(tag, format!("\"{}\"", samtykke::hash::hex(&samtykke::hash::sha256(&whole.body))), "{path}");
        let head = asked(server, "HEAD", path, token, "").expect(200);
        for name in ["content-type", "content-length"].into_iter().chain(SAME) {
            assert_eq!(head.all(name), whole.all(name), "{path}: {name}");
        }
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            for method in ["GET", "HEAD"] {
                let same = asked(server, method, path, token, &known).expect(304);
                assert!(same.body.is_empty() && same.header("content-type").is_empty(), "{path}");
                for name in SAME {
                    assert_eq!(same.all(name), whole.all(name), "{path}: {name}");
                }
            }
        }
    }
});

on_both!(personal_data_is_kept_by_whoever_asked_alone_and_asked_for_again_each_time, |server| {
    let token = server.token("people:read people:write erase");
    say(server, &token, "granted");
    let yes = asked(server, "GET", KARI, &token, "").expect(200);
    assert_eq!(yes.header("cache-control"), "private, no-cache");
    assert!(yes.all("vary").contains("Authorization"));
    say(server, &token, "denied");
    let no = asked(server, "GET", KARI, &token, yes.header("etag")).expect(200);
    assert_eq!(no.json()["channels"]["email"]["allowed"], false, "a withdrawal counts at once");
    // Who may not ask is not told that nothing changed.
    asked(server, "GET", KARI, &server.token("erase"), no.header("etag")).problem(403, "insufficient-scope");
    asked(server, "GET", KARI, "x.y.z", no.header("etag")).problem(401, "token");
    let lookup = json!({ "refs": ["kari@example.no"] });
    let looked = server.call("POST", "/v1/sites/shop/people/lookup", &token, Some(&lookup)).expect(200);
    assert_eq!((looked.header("cache-control"), looked.header("etag")), ("no-store", ""));
    server.call("DELETE", KARI, &token, None).expect(200);
    let gone = asked(server, "GET", KARI, &token, no.header("etag"));
    gone.problem(404, "unknown-person");
    assert_eq!((gone.header("cache-control"), gone.header("etag")), ("no-store", ""));
    let capability = server.post(&crate::server::consent()).expect(201).json()["capability"].clone();
    let own = server.with_capability("GET", capability.as_str().expect("text")).expect(200);
    assert_eq!((own.header("cache-control"), own.header("etag")), ("no-store", ""));
    assert_eq!(server.get("/metrics").header("etag"), "");
});

/// How far the clock of the test below is ahead, in ms.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn jumping() -> i64 {
    samtykke::serve::now() + AHEAD.load(Ordering::SeqCst)
}

#[test]
fn whom_to_tell_is_counted_once_a_minute_however_often_it_is_asked_for() {
    for database in [Database::sqlite(), Database::postgres()] {
        AHEAD.store(0, Ordering::SeqCst);
        database.apply(SITE);
        let server = Server::with_clock(database, settings(), jumping);
        let token = server.token("people:read people:write");
        let list = || server.call("GET", API[1], &token, None);
        let run = |sql: &str| diesel::RunQueryDsl::execute(diesel::sql_query(sql), &mut server.conn()).expect(sql);
        say(&server, &token, "granted");
        assert_eq!(list().expect(200).json()["people"]["email"], 1);
        say(&server, &token, "denied");
        run("ALTER TABLE people RENAME TO elsewhere");
        assert_eq!(list().expect(200).json()["people"]["email"], 1, "nobody is looked at");
        AHEAD.store(61_000, Ordering::SeqCst);
        list().problem(503, "unavailable");
        run("ALTER TABLE elsewhere RENAME TO people");
        assert_eq!(list().expect(200).json()["people"]["email"], 0, "what failed is tried again at once");
        say(&server, &token, "granted");
        assert_eq!(list().expect(200).json()["people"]["email"], 0);
        // Other rules are another question.
        server.database.apply(&format!("{SITE}\n[people]\nvalid_days = 700\n"));
        crate::clients::until(true, || list().expect(200).json()["people"]["email"] == 1);
    }
}

#[test]
fn every_read_of_the_api_says_that_it_can_be_asked_whether_it_still_holds() {
    let described = samtykke::http::openapi::document();
    let fresh = json!({ "$ref": "#/components/parameters/fresh" });
    for (path, verbs) in described["paths"].as_object().expect("paths") {
        let Some(told) = verbs.get("get") else { continue };
        let api = told["security"].as_array().into_iter().flatten().any(|way| way.get("token").is_some());
        let headers = &told["responses"]["200"]["headers"];
        if api || headers["Cache-Control"].is_object() {
            let parameters = told["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
            assert_eq!(parameters.iter().filter(|one| **one == fresh).count(), 1, "{path}");
            assert!(told["responses"]["304"].is_object() && headers["ETag"].is_object(), "{path}");
        }
        let told: &Value = &told["responses"]["304"]["headers"]["RateLimit"];
        assert_eq!(told.is_object(), api, "{path}");
    }
}
