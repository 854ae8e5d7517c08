//! A visitor's own history, with the capability from the receipt and with nothing else; and what their site is told of them.

use std::sync::atomic::{AtomicI64, Ordering};

use samtykke::day::DAY_MS;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Answer, Database, ORIGIN, SITE, Server, changed, consent, on_both, settings, without_leaves};

on_both!(a_visitor_sees_their_own_history_with_its_receipts, |server| {
    let first = consent();
    let receipt = server.post(&first).expect(201).json();
    let second = changed(&consent(), "visitor", first["visitor"].clone());
    let second = changed(&second, "previous", first["id"].clone());
    let later = server.post(&second).expect(201).json();
    server.post(&consent()).expect(201);
    assert_eq!(later["record"]["previous"], first["id"]);
    assert_eq!(later["capability"], receipt["capability"], "one capability a visitor");

    let capability = receipt["capability"].as_str().expect("text");
    let history = server.with_capability("GET", capability).expect(200);
    let shown = without_leaves(history.json());
    assert_eq!(shown, json!({ "consents": [receipt, later] }), "as they were, and no one else's");
    assert_eq!(history.header("cache-control"), "no-store");
});

on_both!(a_visitor_is_forgotten_on_their_word, |server| {
    let receipt = server.post(&consent()).expect(201).json();
    let other = server.post(&consent()).expect(201).json();
    let capability = receipt["capability"].as_str().expect("text");
    assert_eq!(server.with_capability("DELETE", capability).expect(200).json(), json!({ "erased": 1 }));
    assert_eq!(server.with_capability("GET", capability).expect(200).json(), json!({ "consents": [] }));
    assert_eq!(server.with_capability("DELETE", capability).expect(200).json(), json!({ "erased": 0 }));
    let other = other["capability"].as_str().expect("text");
    assert_eq!(server.with_capability("GET", other).json()["consents"].as_array().map(Vec::len), Some(1));
});

on_both!(nothing_else_opens_a_history, |server| {
    let sent = consent();
    let receipt = server.post(&sent).expect(201).json();
    let path = "/v1/sites/shop/visitors/me";
    let capability = receipt["capability"].as_str().expect("text");
    let visitor = sent["visitor"].as_str().expect("text");
    for method in ["GET", "DELETE"] {
        for wrong in [visitor, "", "x", &capability[1..], &format!("{capability}A")] {
            let answer = server.with_capability(method, wrong);
            answer.problem(401, "no-capability");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        server.send(method, path, &[], None).problem(401, "no-capability");
        server
            .send(method, path, &[("authorization", &format!("Basic {capability}"))], None)
            .problem(401, "no-capability");
        let unknown = "/v1/sites/none/visitors/me";
        server.send(method, unknown, &[], None).problem(404, "unknown-site");
    }
    assert_eq!(server.with_capability("GET", capability).json()["consents"].as_array().map(Vec::len), Some(1));
});

on_both!(a_page_of_the_site_may_ask_and_no_other, |server| {
    let receipt = server.post(&consent()).expect(201).json();
    let bearer = format!("Bearer {}", receipt["capability"].as_str().expect("text"));
    let ask = |origin: &str| {
        let headers = [("origin", origin), ("authorization", bearer.as_str())];
        server.send("GET", "/v1/sites/shop/visitors/me", &headers, None).expect(200)
    };
    assert_eq!(ask(ORIGIN).header("access-control-allow-origin"), ORIGIN);
    assert_eq!(ask("https://evil.example").header("access-control-allow-origin"), "");
});

fn known(server: &Server, scopes: &str, method: &str, id: &Value) -> Answer {
    let path = format!("/v1/sites/shop/visitors/{}", id.as_str().expect("an id"));
    server.call(method, &path, &server.token(scopes), None)
}

on_both!(the_sites_own_systems_see_what_stands_and_the_history, |server| {
    let first = consent();
    server.post(&first).expect(201);
    server.post(&consent()).expect(201);
    server.sealed(2);
    let second = changed(&consent(), "visitor", first["visitor"].clone());
    let second = changed(&second, "previous", first["id"].clone());
    let second = changed(&second, "choice", json!({ "analytics": "denied", "advertising": "denied" }));
    server.post(&second).expect(201);
    server.sealed(3);
    let told = known(server, "consents:read", "GET", &first["visitor"]).expect(200).json();
    let at = told["current"]["at"].as_i64().expect("a time");
    assert_eq!(told["visitor"], first["visitor"]);
    assert_eq!(
        told["current"],
        json!({ "receipt": second["id"], "choice": second["choice"], "at": at, "notice": 1, "until": at + 183 * DAY_MS, "stands": true })
    );
    let history = told["history"].as_array().expect("a list");
    assert_eq!(history.len(), 2);
    assert_eq!((&history[0]["id"], &history[1]["id"]), (&first["id"], &second["id"]), "oldest first");
    assert_eq!((&history[0]["leaf"], &history[1]["leaf"]), (&json!(0), &json!(2)));
    assert_eq!((&history[1]["action"], &history[1]["previous"]), (&json!("withdrawn"), &first["id"]));
    // What the feed tells.
    let feed = server.call("GET", "/v1/sites/shop/changes?limit=1", &server.token("consents:read"), None).json();
    assert_eq!(history[0], feed["events"][0]);
    known(server, "consents:read", "HEAD", &first["visitor"]).expect(200);
    let capability = server.post(&first).expect(200).json()["capability"].clone();
    server.with_capability("GET", capability.as_str().expect("text")).expect(200);
});

on_both!(a_visitor_is_known_to_their_site_alone_and_by_what_they_are, |server| {
    let sent = consent();
    server.post(&sent).expect(201);
    let scopes = "consents:read people:read people:write erase";
    known(server, scopes, "GET", &json!(Uuid::now_v7())).problem(404, "unknown-visitor");
    known(server, scopes, "GET", &json!("x")).problem(404, "not-found");
    known(server, scopes, "GET", &json!("me")).problem(401, "no-capability");
    known(server, scopes, "DELETE", &json!("me")).problem(401, "no-capability");
    known(server, "people:read erase", "GET", &sent["visitor"]).problem(403, "insufficient-scope");
    known(server, "people:read consents:read", "DELETE", &sent["visitor"]).problem(403, "insufficient-scope");
    let path = format!("/v1/sites/shop/visitors/{}", sent["visitor"].as_str().expect("text"));
    server.get(&path).problem(401, "token");
    server.database.apply(&SITE.replace("\"shop\"", "\"other\""));
    crate::clients::until(200, || server.get("/v1/sites/other/banner.js").status.as_u16());
    let elsewhere = path.replace("shop", "other");
    server.call("GET", &elsewhere, &server.token(scopes), None).problem(403, "wrong-site");
    server.call("DELETE", &elsewhere, &server.token(scopes), None).problem(403, "wrong-site");
    let everywhere = ["*".to_owned()];
    let grant = samtykke::token::Grant {
        subject: "x",
        client: "x",
        scopes: &samtykke::scope::Scope::ALL,
        sites: &everywhere,
        seconds: 900,
    };
    let everywhere = samtykke::token::issue(&server.keys(), &grant, samtykke::serve::now()).expect("a token").0;
    server.call("GET", &elsewhere, &everywhere, None).problem(404, "unknown-visitor");
    let none = server.call("DELETE", &elsewhere, &everywhere, None).expect(200).json();
    assert_eq!(none, json!({ "erased": 0 }));
    // Who is known by name is no visitor, whatever they are called.
    let yes = json!({ "channel": "email", "answer": "granted", "source": "kasse" });
    let people = "/v1/sites/shop/people/k1";
    let written =
        server.call("POST", &format!("{people}/consents"), &server.token(scopes), Some(&yes)).expect(201).json();
    known(server, scopes, "GET", &written["person"]).problem(404, "unknown-visitor");
    assert_eq!(known(server, scopes, "DELETE", &written["person"]).expect(200).json(), json!({ "erased": 0 }));
    let still = server.call("GET", people, &server.token(scopes), None).expect(200).json();
    assert_eq!(still["channels"]["email"]["allowed"], true);
});

on_both!(the_site_forgets_a_visitor_who_asked_it_to, |server| {
    let (sent, other) = (consent(), consent());
    server.post(&sent).expect(201);
    server.post(&changed(&consent(), "visitor", sent["visitor"].clone())).expect(201);
    server.post(&other).expect(201);
    server.sealed(3);
    assert_eq!(known(server, "erase", "DELETE", &sent["visitor"]).expect(200).json(), json!({ "erased": 2 }));
    known(server, "consents:read", "GET", &sent["visitor"]).problem(404, "unknown-visitor");
    known(server, "consents:read", "GET", &other["visitor"]).expect(200);
    assert_eq!(known(server, "erase", "DELETE", &sent["visitor"]).expect(200).json(), json!({ "erased": 0 }));
    server.sealed(4);
});

/// How far the clock of the test below is ahead, in ms.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn jumping() -> i64 {
    samtykke::serve::now() + AHEAD.load(Ordering::SeqCst)
}

#[test]
fn an_answer_stands_until_its_time_is_over_or_more_is_asked_for() {
    for database in [Database::sqlite(), Database::postgres()] {
        AHEAD.store(0, Ordering::SeqCst);
        database.apply(SITE);
        let server = Server::with_clock(database, settings(), jumping);
        let sent = consent();
        server.post(&sent).expect(201);
        let current = || known(&server, "consents:read", "GET", &sent["visitor"]).expect(200).json()["current"].clone();
        // The shortest yes of an opt-in: nobody knows here whether it was France.
        let until = current()["at"].as_i64().expect("a time") + 183 * DAY_MS;
        assert_eq!((&current()["stands"], &current()["until"]), (&json!(true), &json!(until)));
        AHEAD.store(182 * DAY_MS, Ordering::SeqCst);
        assert_eq!(current()["stands"], true);
        AHEAD.store(183 * DAY_MS, Ordering::SeqCst);
        assert_eq!((&current()["stands"], &current()["reason"]), (&json!(false), &json!("expired")));
        AHEAD.store(0, Ordering::SeqCst);
        assert_eq!((&current()["stands"], current().get("reason")), (&json!(true), None));
        let more = "[[purposes]]\nid = \"preferences\"\n\n[[services]]";
        server.database.apply(&SITE.replacen("[[services]]", more, 1));
        crate::clients::until(false, || current()["stands"] == true);
        assert_eq!(current()["reason"], "notice_changed");
    }
}
