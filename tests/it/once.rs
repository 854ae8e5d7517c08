//! A write that is sent again under its Idempotency-Key is done once, and what is kept for that tells nobody anything.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use samtykke::once::{self, About, Claim, Hold, KEPT_MS, Named, PATIENCE_MS};
use samtykke::schema::{consents, kept_answers};
use samtykke::token;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Answer, Database, SITE, Server, changed, on_both, settings};

const ALL: &str = "people:read people:write erase";
const YES: &str = "/v1/sites/shop/people/kari@example.no/consents";

fn email(answer: &str) -> Value {
    json!({ "channel": "email", "answer": answer, "source": "kasse" })
}

fn send(server: &Server, method: &str, path: &str, token: &str, key: &str, body: Option<&Value>) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
    server.send(method, path, &headers, body.map(|body| body.to_string().into_bytes()).as_deref())
}

fn post(server: &Server, token: &str, key: &str, body: &Value) -> Answer {
    send(server, "POST", YES, token, key, Some(body))
}

/// The same answer as before, which says so.
fn again(answer: &Answer, first: &Answer) {
    assert_eq!((answer.status, answer.text()), (first.status, first.text()));
    assert_eq!(answer.header("content-type"), first.header("content-type"));
    assert_eq!((first.header("idempotent-replayed"), answer.header("idempotent-replayed")), ("", "true"));
    assert_eq!(answer.header("cache-control"), "no-store");
}

fn events(server: &Server) -> i64 {
    consents::table.count().get_result(&mut server.conn()).expect("a count")
}

fn rows(server: &Server) -> i64 {
    kept_answers::table.count().get_result(&mut server.conn()).expect("a count")
}

on_both!(what_is_sent_again_is_done_once_and_answered_as_before, |server| {
    let token = server.token(ALL);
    let first = post(server, &token, "\"a-1\"", &email("granted")).expect(201);
    again(&post(server, &token, "a-1", &email("granted")), &first);
    // Also when something else stands by then.
    post(server, &token, "a-2", &email("denied")).expect(201);
    again(&post(server, &token, "\"a-1\"", &email("granted")), &first);
    assert_eq!(events(server), 2);
    // What was wrong is as wrong as before.
    let wrong = post(server, &token, "a-3", &email("perhaps"));
    wrong.problem(400, "malformed");
    again(&post(server, &token, "a-3", &email("perhaps")), &wrong);
    // Without a key every request is another one.
    server.call("POST", YES, &token, Some(&email("granted"))).expect(201);
    server.call("POST", YES, &token, Some(&email("granted"))).expect(201);
    assert_eq!(events(server), 4);
});

on_both!(what_a_client_said_is_compared_and_not_what_it_left_to_us, |server| {
    let token = server.token(ALL);
    let k1 = |noun: &str| format!("/v1/sites/shop/people/k1/{noun}");
    let looked = json!({ "checked_at": samtykke::serve::now() - 1000, "reserved": false, "source": "register" });
    let choice = json!({ "analytics": "granted", "advertising": "denied" });
    let chosen = json!({ "choice": choice, "notice": 1, "language": "nb", "source": "konto" });
    let given = changed(&email("granted"), "given_at", json!(samtykke::serve::now() - 1000));
    let sent = [
        ("consents", email("granted")),
        ("consents", given),
        ("adult", json!({ "adult": true, "source": "skjema" })),
        ("reservation", looked),
        ("choice", chosen),
    ];
    let sent = sent.map(|(noun, body)| (noun, changed(&body, "id", json!(Uuid::now_v7()))));
    let written =
        sent.each_ref().map(|(noun, body)| server.call("POST", &k1(noun), &token, Some(body)).expect(201).json());
    server.database.apply(&SITE.replace("[contact]", "[texts.nb]\ntitle = \"Kaker\"\n\n[contact]"));
    crate::clients::until(true, || server.get("/v1/sites/shop/notice").json()["notice"] == 2);
    let sites = ["shop".to_owned()];
    let scopes = samtykke::scope::Scope::parse_list(ALL).expect("scopes");
    let grant = token::Grant { subject: "x", client: "token:other", scopes: &scopes, sites: &sites, seconds: 900 };
    let other = token::issue(&server.keys(), &grant, samtykke::serve::now()).expect("a token").0;
    for ((noun, body), first) in sent.iter().zip(&written) {
        for who in [&token, &other] {
            let again = server.call("POST", &k1(noun), who, Some(body)).expect(200).json();
            assert_eq!(again["receipt"], first["receipt"], "{noun}: with the notice and the actor of before");
        }
        let with = |field: &str, value: Value| {
            let body = changed(body, field, value);
            server.call("POST", &k1(noun), &token, Some(&body)).problem(409, "conflict");
        };
        with("source", json!("butikk"));
        match *noun {
            "consents" => {
                with("notice", json!(2));
                with("given_at", json!(1_795_651_306_615_i64));
                with("language", json!("nb"));
            }
            "adult" => with("adult", json!(false)),
            "reservation" => with("checked_at", json!(1_795_651_306_615_i64)),
            _ => with("notice", json!(2)),
        }
    }
    let (noun, body) = &sent[0];
    let named = changed(body, "notice", json!(1));
    server.call("POST", &k1(noun), &token, Some(&named)).expect(200);
});

on_both!(a_key_belongs_to_one_request_of_one_client_on_one_site, |server| {
    let token = server.token(ALL);
    let first = post(server, &token, "a-1", &email("granted")).expect(201);
    post(server, &token, "a-1", &email("denied")).problem(422, "key-reused");
    let other = send(server, "POST", &YES.replace("kari", "ola"), &token, "a-1", Some(&email("granted")));
    other.problem(422, "key-reused");
    send(server, "DELETE", "/v1/sites/shop/people/kari@example.no", &token, "a-1", None).problem(422, "key-reused");
    let grant = token::Grant {
        subject: "erp",
        client: "token:erp",
        scopes: &samtykke::scope::Scope::ALL,
        sites: &["*".to_owned()],
        seconds: 900,
    };
    let erp = token::issue(&server.keys(), &grant, samtykke::serve::now()).expect("a token").0;
    let own = post(server, &erp, "a-1", &email("granted")).expect(201);
    assert_ne!(own.json()["receipt"]["record"]["id"], first.json()["receipt"]["record"]["id"]);
    server.database.apply(&SITE.replace("\"shop\"", "\"other\""));
    crate::clients::until(200, || server.get("/v1/sites/other/banner.js").status.as_u16());
    let there = send(server, "POST", &YES.replace("shop", "other"), &erp, "a-1", Some(&email("granted"))).expect(201);
    assert_eq!(there.header("idempotent-replayed"), "");
    for wrong in ["", "\"\"", "a b", "\"a", "a\"b", &"x".repeat(256)] {
        let problem = post(server, &token, wrong, &email("granted")).problem(400, "malformed");
        assert_eq!(problem["field"], "Idempotency-Key", "{wrong}");
    }
    post(server, &token, &"x".repeat(255), &email("granted")).expect(201);
    let bearer = format!("Bearer {token}");
    let twice = [("authorization", bearer.as_str()), ("idempotency-key", "a"), ("idempotency-key", "b")];
    server.send("POST", YES, &twice, Some(b"{}")).problem(400, "malformed");
});

on_both!(a_secret_is_shown_once_and_its_webhook_made_once, |server| {
    let token = server.token("webhooks");
    let path = "/v1/sites/shop/webhooks";
    let new = json!({ "url": "https://crm.example.no/samtykke" });
    let twice = |path: &str, body: Option<&Value>| {
        let first = send(server, "POST", path, &token, path, body).json();
        assert!(first["secret"].is_string(), "{first}");
        let again = send(server, "POST", path, &token, path, body);
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.json(), changed(&first, "secret", Value::Null));
    };
    twice(path, Some(&new));
    twice(&format!("{path}/1/rotate"), None);
    assert_eq!(server.call("GET", path, &token, None).json()["webhooks"].as_array().map(Vec::len), Some(1));
});

on_both!(of_many_at_once_one_is_done, |server| {
    let token = server.token(ALL);
    for round in 0..5 {
        let key = format!("round-{round}");
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let sent: Vec<_> = (0..8).map(|_| scope.spawn(|| post(server, &token, &key, &email("granted")))).collect();
            sent.into_iter().map(|sent| sent.join().expect("no panic")).collect()
        });
        let (done, waiting): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!(done.iter().filter(|answer| answer.header("idempotent-replayed").is_empty()).count(), 1);
        assert!(done.iter().all(|answer| answer.text() == done[0].text()));
        for answer in waiting {
            answer.problem(409, "key-in-use");
            assert_eq!(answer.header("retry-after"), "1");
        }
        assert_eq!(events(server), round + 1);
    }
});

on_both!(whoever_hangs_up_and_asks_again_finds_it_done, |server| {
    let (token, body) = (server.token(ALL), email("granted").to_string());
    let address = server.base.trim_start_matches("http://");
    let request = format!(
        "POST {YES} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nidempotency-key: a-1\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(address).expect("a connection");
    std::io::Write::write_all(&mut stream, request.as_bytes()).expect("sent");
    crate::clients::until(1, || rows(server));
    drop(stream);
    let mut answer = post(server, &token, "a-1", &email("granted"));
    while answer.status == 409 {
        answer = post(server, &token, "a-1", &email("granted"));
    }
    assert_eq!((answer.status.as_u16(), answer.header("idempotent-replayed")), (201, "true"));
    assert_eq!(events(server), 1);
});

on_both!(a_refusal_is_no_answer_to_keep_and_whoever_may_no_more_gets_none, |server| {
    let (writer, reader) = (server.token(ALL), server.token("people:read"));
    post(server, &reader, "a-1", &email("granted")).problem(403, "insufficient-scope");
    let revoked = server.token(ALL);
    let claims = token::read(&server.keys(), &revoked, samtykke::serve::now()).expect("claims");
    token::revoke(&mut server.conn(), &claims, samtykke::serve::now()).expect("revoked");
    post(server, &revoked, "a-1", &email("granted")).problem(401, "token");
    assert_eq!(rows(server), 0);
    let first = post(server, &writer, "a-1", &email("granted")).expect(201);
    post(server, &reader, "a-1", &email("granted")).problem(403, "insufficient-scope");
    post(server, &revoked, "a-1", &email("granted")).problem(401, "token");
    post(server, "x.y.z", "a-1", &email("granted")).problem(401, "token");
    again(&post(server, &writer, "a-1", &email("granted")), &first);
    // What only asks is asked anew, and a page has no keys.
    let lookup = json!({ "refs": ["kari@example.no"] });
    for _ in 0..2 {
        let asked = send(server, "POST", "/v1/sites/shop/people/lookup", &writer, "b-1", Some(&lookup)).expect(200);
        assert_eq!(asked.header("idempotent-replayed"), "");
    }
    let headers = [("origin", crate::server::ORIGIN), ("idempotency-key", "c-1")];
    for _ in 0..2 {
        let body = crate::server::consent().to_string();
        server.send("POST", crate::server::CONSENTS, &headers, Some(body.as_bytes())).expect(201);
    }
    let capability = server.post(&crate::server::consent()).expect(201).json()["capability"].clone();
    let bearer = format!("Bearer {}", capability.as_str().expect("text"));
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "a-1")];
    server.send("DELETE", "/v1/sites/shop/visitors/me", &headers, None).expect(200);
    assert_eq!(rows(server), 1);
});

on_both!(what_failed_here_is_done_when_it_comes_again, |server| {
    let token = server.token(ALL);
    let run = |sql: &str| diesel::sql_query(sql).execute(&mut server.conn()).expect(sql);
    run("ALTER TABLE consents RENAME TO elsewhere");
    post(server, &token, "a-1", &email("granted")).problem(503, "unavailable");
    run("ALTER TABLE elsewhere RENAME TO consents");
    let done = post(server, &token, "a-1", &email("granted")).expect(201);
    again(&post(server, &token, "a-1", &email("granted")), &done);
});

fn named(server: &Server, body: &[u8]) -> Named {
    let person = samtykke::person::Ref::parse("kari@example.no").expect("a name").person(&server.keys(), "shop");
    let parts: [&[u8]; 3] = [b"POST", YES.as_bytes(), body];
    Named::new(&server.keys(), (1, "shop"), "token:test", "a-1", parts, About::Person(person))
}

fn ours(claim: Claim) -> Hold {
    let Claim::Ours(hold) = claim else { panic!("{claim:?}") };
    hold
}

on_both!(what_was_written_by_a_server_that_died_is_found_and_not_written_twice, |server| {
    let token = server.token(ALL);
    let body = email("granted");
    let before = samtykke::serve::now() - PATIENCE_MS;
    let request = named(server, body.to_string().as_bytes());
    let hold = ours(once::claim(&mut server.conn(), &request, [1; 16], before).expect("claimed"));
    let written = changed(&body, "id", json!(hold.id()));
    let written = server.call("POST", YES, &token, Some(&written)).expect(201).json();
    let found = post(server, &token, "a-1", &body).expect(200);
    assert_eq!(found.json()["receipt"], written["receipt"]);
    assert_eq!(events(server), 1);
    again(&post(server, &token, "a-1", &body), &found);
});

on_both!(a_request_is_taken_over_after_a_minute_and_forgotten_after_a_day, |server| {
    let mut conn = server.conn();
    let now = 1_800_000_000_000;
    let (request, other) = (named(server, b"x"), named(server, b"y"));
    let mut claim = |request: &Named, random: u8, now: i64| {
        conn.transaction::<_, diesel::result::Error, _>(|conn| once::claim(conn, request, [random; 16], now))
            .expect("asked")
    };
    let first = ours(claim(&request, 1, now));
    assert!(matches!(claim(&request, 2, now), Claim::UnderWay));
    assert!(matches!(claim(&request, 2, now + PATIENCE_MS - 1), Claim::UnderWay));
    assert!(matches!(claim(&other, 2, now + PATIENCE_MS), Claim::Other));
    let second = ours(claim(&request, 2, now + PATIENCE_MS));
    assert_eq!((second.id(), second.id().get_version_num()), (first.id(), 7), "it writes the same event");
    assert!(matches!(claim(&request, 3, now + PATIENCE_MS), Claim::UnderWay));
    let mut own = server.conn();
    assert_eq!(once::keep(&mut own, &first, b"late".to_vec()), Ok(0), "whoever comes back finds it taken");
    assert_eq!(once::release(&mut own, &first, false), Ok(0));
    assert_eq!(once::release(&mut own, &second, true), Ok(1));
    let third = ours(claim(&request, 3, now + PATIENCE_MS + 1));
    assert_eq!(third.id(), first.id());
    assert_eq!(once::keep(&mut own, &third, b"sealed".to_vec()), Ok(1));
    assert!(matches!(claim(&request, 4, now + KEPT_MS - 1), Claim::Answered(kept) if kept == b"sealed"));
    assert!(matches!(claim(&other, 4, now + KEPT_MS - 1), Claim::Other));
    assert_ne!(ours(claim(&other, 4, now + KEPT_MS)).id(), first.id());
    assert_eq!(once::old(&mut own, now + 2 * KEPT_MS - 1), Ok(0));
    assert_eq!(once::old(&mut own, now + 2 * KEPT_MS), Ok(1));
});

on_both!(what_is_kept_tells_nothing_and_goes_with_the_person, |server| {
    let token = server.token(ALL);
    let ola = YES.replace("kari", "ola");
    post(server, &token, "kari@example.no", &email("granted")).expect(201);
    let other = send(server, "POST", &ola, &token, "b-1", Some(&email("granted"))).expect(201);
    let unclear = Named::new(&server.keys(), (1, "shop"), "token:x", "z", [b"POST", b"/import", b""], About::Anybody);
    ours(once::claim(&mut server.conn(), &unclear, [9; 16], samtykke::serve::now()).expect("claimed"));
    let columns = kept_answers::table.select((kept_answers::key, kept_answers::fingerprint, kept_answers::answer));
    let held = columns.load::<(Vec<u8>, Vec<u8>, Option<Vec<u8>>)>(&mut server.conn()).expect("rows");
    assert_eq!(held.len(), 3);
    for (key, fingerprint, answer) in &held {
        let bytes = [&key[..], fingerprint, answer.as_deref().unwrap_or_default()].concat();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("kari") && !text.contains("receipt") && !text.contains("token:"), "{text}");
    }
    let path = "/v1/sites/shop/people/kari@example.no";
    let erased = send(server, "DELETE", path, &token, "c-1", None).expect(200);
    assert_eq!(erased.json(), json!({ "erased": 1 }));
    assert_eq!(rows(server), 2, "that of the other person, and that of the erasure, which is about nobody");
    again(&send(server, "DELETE", path, &token, "c-1", None), &erased);
    again(&send(server, "POST", &ola, &token, "b-1", Some(&email("granted"))), &other);
    // Sent again after that, it is another request, and nothing of before comes back.
    let anew = post(server, &token, "kari@example.no", &email("granted")).expect(201);
    assert_eq!((anew.header("idempotent-replayed"), &anew.json()["sequence"]), ("", &json!(1)));
});

#[test]
fn an_answer_that_was_kept_is_gone_from_sqlite_with_the_person() {
    let server = Server::start(Database::sqlite());
    let token = server.token(ALL);
    let mut sealed = Vec::new();
    for i in 0..60 {
        let path = YES.replace("kari", &format!("k{i}"));
        send(&server, "POST", &path, &token, &format!("key-{}", i * 7919 % 60), Some(&email("granted"))).expect(201);
    }
    for row in
        kept_answers::table.select(kept_answers::answer).load::<Option<Vec<u8>>>(&mut server.conn()).expect("rows")
    {
        sealed.push(row.expect("an answer")[..16].to_vec());
    }
    let folder = server.database.folder.path().to_owned();
    let left = || {
        let files = ["samtykke.db", "samtykke.db-wal"].map(|name| std::fs::read(folder.join(name)).unwrap_or_default());
        let bytes = files.concat();
        sealed.iter().filter(|sealed| bytes.windows(16).any(|window| window == sealed.as_slice())).count()
    };
    assert_eq!(left(), 60);
    for i in 0..60 {
        let path = format!("/v1/sites/shop/people/k{i}@example.no");
        server.call("DELETE", &path, &token, None).expect(200);
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while left() > 0 {
        assert!(Instant::now() < deadline, "{} are left", left());
    }
}

/// How far the clock of the test below is ahead, in ms.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn jumping() -> i64 {
    samtykke::serve::now() + AHEAD.load(Ordering::SeqCst)
}

#[test]
fn a_running_server_forgets_what_was_answered_the_night_after_a_day() {
    for database in [Database::sqlite(), Database::postgres()] {
        AHEAD.store(0, Ordering::SeqCst);
        database.apply(SITE);
        let server = Server::with_clock(database, settings(), jumping);
        let first = post(&server, &server.token(ALL), "a-1", &email("granted")).expect(201);
        again(&post(&server, &server.token(ALL), "a-1", &email("granted")), &first);
        AHEAD.store(2 * KEPT_MS, Ordering::SeqCst);
        crate::clients::until(0, || rows(&server));
        let anew = post(&server, &server.token(ALL), "a-1", &email("granted")).expect(201);
        assert_eq!(anew.header("idempotent-replayed"), "");
    }
}

#[test]
fn every_write_of_the_api_takes_a_key_and_nothing_else_does() {
    let described = samtykke::http::openapi::document();
    let key = json!({ "$ref": "#/components/parameters/once" });
    let mut writes = 0;
    for (path, verbs) in described["paths"].as_object().expect("paths") {
        for (verb, told) in verbs.as_object().expect("verbs") {
            let scopes = told["security"].as_array().into_iter().flatten().filter_map(|way| way["token"].as_array());
            let scopes: Vec<&str> = scopes.flatten().filter_map(Value::as_str).collect();
            let write = scopes.iter().any(|scope| ["people:write", "erase", "webhooks"].contains(scope));
            let takes = told["parameters"].as_array().is_some_and(|parameters| parameters.contains(&key));
            assert_eq!(takes, write, "{verb} {path}");
            writes += usize::from(write);
            for (status, code) in [("409", "key-in-use"), ("422", "key-reused"), ("400", "malformed")] {
                let said = &told["responses"][status]["content"]["application/problem+json"]["examples"][code];
                assert!(!write || said.is_object(), "{verb} {path}: {code}");
            }
        }
    }
    assert!(writes >= 5);
}
