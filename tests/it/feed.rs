//! What changed on a site: every event once, in an order that is safe to read on from, to nobody else, and at once to who waits.

use std::time::{Duration, Instant};

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::program::{Process, samtykke};
use crate::server::{Answer, Database, SITE, Server, changed, consent, on_both, settings};

const CHANGES: &str = "/v1/sites/shop/changes";
const EVERYTHING: &str = "consents:read people:read people:write erase";

fn ask(server: &Server, token: &str, query: &str) -> Answer {
    server.call("GET", &format!("{CHANGES}?{query}"), token, None)
}

/// What came after a cursor, read in pages of `limit`, and the cursor after it.
fn read(server: &Server, token: &str, after: &str, limit: usize) -> (Vec<Value>, String) {
    let (mut events, mut after) = (Vec::new(), after.to_owned());
    loop {
        let cursor = if after.is_empty() { String::new() } else { format!("&after={after}") };
        let page = ask(server, token, &format!("limit={limit}{cursor}")).expect(200).json();
        let found = page["events"].as_array().expect("a list");
        assert!(found.len() <= limit);
        events.extend(found.iter().cloned());
        page["next"].as_str().expect("a cursor").clone_into(&mut after);
        if page["more"] == false {
            return (events, after);
        }
    }
}

fn ids(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["id"].as_str().expect("an id")).collect()
}

fn id(consent: &Value) -> &str {
    consent["id"].as_str().expect("an id")
}

fn write(server: &Server, token: &str, named: &str) -> Value {
    let yes = json!({ "channel": "email", "answer": "granted", "source": "kasse" });
    server.call("POST", &format!("/v1/sites/shop/people/{named}/consents"), token, Some(&yes)).expect(201).json()
}

on_both!(every_event_is_told_once_in_the_order_of_the_ledger, |server| {
    let token = server.token(EVERYTHING);
    let (none, start) = read(server, &token, "", 10);
    assert!(none.is_empty());
    let sent: Vec<Value> = (0..7).map(|_| consent()).collect();
    for (i, sent) in sent.iter().enumerate() {
        server.post(sent).expect(201);
        server.sealed(i + 1);
    }
    let all: Vec<&str> = sent.iter().map(id).collect();
    for limit in [1, 3, 7, 1000] {
        for after in ["", &start] {
            let (found, end) = read(server, &token, after, limit);
            assert_eq!(ids(&found), all);
            assert_eq!(read(server, &token, &end, limit), (vec![], end.clone()), "and nothing twice");
            assert_eq!(read(server, &token, after, limit).1, end, "the same place has the same name");
        }
    }
    let head = server.call("HEAD", CHANGES, &token, None).expect(200);
    assert_eq!(head.header("cache-control"), "private, no-cache");
    server.database.apply(&SITE.replace("\"shop\"", "\"other\""));
    crate::clients::until(200, || server.get("/v1/sites/other/banner.js").status.as_u16());
    let elsewhere = server.keys();
    let scopes = samtykke::scope::Scope::parse_list(EVERYTHING).expect("scopes");
    let sites = ["other".to_owned()];
    let grant = samtykke::token::Grant { subject: "x", client: "x", scopes: &scopes, sites: &sites, seconds: 900 };
    let other = samtykke::token::issue(&elsewhere, &grant, samtykke::serve::now()).expect("a token").0;
    ask(server, &other, "").problem(403, "wrong-site");
    let path = "/v1/sites/other/changes";
    let theirs = server.call("GET", path, &other, None).expect(200).json();
    assert_eq!((&theirs["events"], &theirs["more"]), (&json!([]), &json!(false)), "nothing of another site");
    let foreign = server.call("GET", &format!("{path}?after={start}"), &other, None);
    assert_eq!(foreign.problem(422, "invalid")["field"], "after", "a cursor is its site's own");
});

on_both!(of_people_is_told_only_who_may_read_of_them, |server| {
    let token = server.token(EVERYTHING);
    let sent = [consent(), consent()];
    server.post(&sent[0]).expect(201);
    server.sealed(1);
    write(server, &token, "k1");
    server.sealed(2);
    server.post(&sent[1]).expect(201);
    server.sealed(3);
    server.call("DELETE", "/v1/sites/shop/people/k1", &token, None).expect(200);
    write(server, &token, "kari@example.no");
    server.sealed(5);
    let types = |scopes: &str| -> Vec<String> {
        let (found, _) = read(server, &server.token(scopes), "", 1);
        assert!(!json!(found).to_string().contains("kari"));
        found.iter().map(|event| event["type"].as_str().expect("a type").to_owned()).collect()
    };
    let mut all = types("consents:read people:read");
    all.sort();
    assert_eq!(all, ["erased", "person.email", "visitor.choice", "visitor.choice"]);
    assert_eq!(types("consents:read"), ["visitor.choice", "visitor.choice", "erased"]);
    let refused = ask(server, &server.token("people:read"), "");
    refused.problem(403, "insufficient-scope");
    assert!(refused.header("www-authenticate").contains("scope=\"consents:read\""));
    server.get(CHANGES).problem(401, "token");
    ask(server, "x", "").problem(401, "token");
    server.call("GET", "/v1/sites/none/changes", &token, None).problem(404, "unknown-site");
});

on_both!(a_cursor_that_is_none_is_refused_by_its_name, |server| {
    let token = server.token(EVERYTHING);
    server.post(&consent()).expect(201);
    server.sealed(1);
    let (_, end) = read(server, &token, "", 10);
    let check = |query: &str, field: &str| {
        assert_eq!(ask(server, &token, query).problem(422, "invalid")["field"], field, "{query}");
    };
    let ahead = format!("AAAAAAAAAAI{}", &end[11..]);
    let other = if end.ends_with('A') { format!("{}Q", &end[..21]) } else { format!("{}A", &end[..21]) };
    for wrong in ["", "x", "0", &end[1..], &format!("{end}AA"), &ahead, &other, "__________________________8", "%00"] {
        check(&format!("after={wrong}"), "after");
    }
    let elsewhere = Server::start(Database::sqlite());
    elsewhere.post(&consent()).expect(201);
    elsewhere.sealed(1);
    let (_, foreign) = read(&elsewhere, &elsewhere.token(EVERYTHING), "", 10);
    check(&format!("after={foreign}"), "after");
    for (query, field) in [("limit=0", "limit"), ("limit=1001", "limit"), ("wait=26", "wait")] {
        check(query, field);
    }
    for query in ["limit=-1", "limit=x", "wait=1.5", "before=1", "after=&after="] {
        ask(server, &token, query).problem(400, "malformed");
    }
});

/// A request that waits, on a thread of its own; it is known to wait once this returns, where only one may. It gives the status, the answer
/// and how long that took.
fn waiting(server: &Server, token: &str, after: &str) -> std::thread::JoinHandle<(u16, Value, Duration)> {
    let (url, bearer) = (format!("{}{CHANGES}?wait=25&after={after}", server.base), format!("Bearer {token}"));
    let thread = std::thread::spawn(move || {
        let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
        loop {
            let began = Instant::now();
            let mut answer = agent.get(&url).header("authorization", &bearer).call().expect("an answer");
            let status = answer.status().as_u16();
            // Whoever looks whether this one waits was there first.
            if status != 503 {
                return (status, answer.body_mut().read_json().expect("JSON"), began.elapsed());
            }
        }
    });
    crate::clients::until(503, || ask(server, token, &format!("wait=1&after={after}")).status.as_u16());
    thread
}

/// A server at which one request may wait.
fn for_one(database: Database) -> Server {
    database.apply(SITE);
    let mut settings = settings();
    settings.waiting = 1;
    Server::with(database, settings)
}

#[test]
fn who_waits_is_told_at_once_and_so_many_wait_as_may() {
    for database in [Database::sqlite(), Database::postgres()] {
        let server = for_one(database);
        let token = server.token(EVERYTHING);
        let (_, start) = read(&server, &token, "", 10);
        let first = waiting(&server, &token, &start);
        let crowded = ask(&server, &token, &format!("wait=1&after={start}"));
        crowded.problem(503, "busy");
        assert_eq!(crowded.header("retry-after"), "2");
        ask(&server, &token, &format!("after={start}")).expect(200);
        let sent = consent();
        server.post(&sent).expect(201);
        let (_, told, took) = first.join().expect("no panic");
        assert_eq!(told["events"][0]["id"], sent["id"]);
        assert!(took < Duration::from_secs(20), "{took:?}");
        // The place is free again.
        let next = told["next"].as_str().expect("a cursor");
        let began = Instant::now();
        let nothing = ask(&server, &token, &format!("wait=1&after={next}")).expect(200).json();
        assert_eq!(nothing, json!({ "events": [], "next": next, "more": false }));
        assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    }
}

#[test]
fn who_waits_is_answered_when_the_service_stops() {
    for database in [Database::sqlite(), Database::postgres()] {
        let server = for_one(database);
        let token = server.token(EVERYTHING);
        let (_, start) = read(&server, &token, "", 10);
        let waits = waiting(&server, &token, &start);
        drop(server.stop());
        let (_, told, took) = waits.join().expect("no panic");
        assert_eq!(told, json!({ "events": [], "next": start, "more": false }));
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
}

#[test]
fn who_waits_for_visitors_goes_on_waiting_while_people_speak_and_not_with_a_revoked_token() {
    let server = for_one(Database::sqlite());
    let (token, visitors) = (server.token(EVERYTHING), server.token("consents:read"));
    let (_, start) = read(&server, &token, "", 10);
    let waits = waiting(&server, &visitors, &start);
    write(&server, &token, "k1");
    server.sealed(1);
    let sent = consent();
    server.post(&sent).expect(201);
    let (_, told, _) = waits.join().expect("no panic");
    assert_eq!(told["events"].as_array().map(Vec::len), Some(1));
    assert_eq!(told["events"][0]["id"], sent["id"]);
    let next = told["next"].as_str().expect("a cursor").to_owned();
    let waits = waiting(&server, &visitors, &next);
    let (well, _, wrong) = crate::program::run(samtykke(&server.database).args(["token", "revoke", &visitors]));
    assert!(well, "{wrong}");
    server.post(&consent()).expect(201);
    assert_eq!(waits.join().expect("no panic").0, 401);
}

#[test]
fn who_waits_at_one_server_hears_what_another_took() {
    let database = Database::postgres();
    let one = for_one(Database::at(database.url()));
    let other = Server::with(Database::at(database.url()), settings());
    let token = one.token(EVERYTHING);
    let (_, start) = read(&one, &token, "", 10);
    let waits = waiting(&one, &token, &start);
    let sent = consent();
    other.post(&sent).expect(201);
    let (_, told, took) = waits.join().expect("no panic");
    assert_eq!(told["events"][0]["id"], sent["id"]);
    assert!(took < Duration::from_secs(20), "{took:?}");
    drop((one, other));
    drop(database);
}

/// Two writers take numbers in one order and commit in the other.
#[test]
fn what_is_committed_late_is_not_passed_over() {
    let server = Server::start(Database::postgres());
    let token = server.token(EVERYTHING);
    let first = consent();
    server.post(&first).expect(201);
    server.sealed(1);
    let mut late = server.conn();
    late.batch_execute("BEGIN").expect("a transaction");
    let copy = "INSERT INTO consents (id, visitor, site_id, notice_id, choice, action, method, language, page, regime, regime_found, \
                signals, created_at, key_id, signature, salt) SELECT decode('019ac3f26b1e7c408d355f0a9e1b7c21', 'hex'), visitor, site_id, \
                notice_id, choice, action, method, language, page, regime, regime_found, signals, created_at, key_id, signature, salt \
                FROM consents";
    diesel::sql_query(copy).execute(&mut late).expect("a row that nobody else sees");
    let second = consent();
    server.post(&second).expect(201);
    server.sealed(2);
    let (found, after) = read(&server, &token, "", 1);
    assert_eq!(ids(&found), [id(&first), id(&second)]);
    late.batch_execute("COMMIT").expect("committed");
    server.sealed(3);
    let third = consent();
    server.post(&third).expect(201);
    server.sealed(4);
    let (found, _) = read(&server, &token, &after, 1);
    assert_eq!(ids(&found), ["019ac3f2-6b1e-7c40-8d35-5f0a9e1b7c21", id(&third)]);
    let (all, _) = read(&server, &token, "", 3);
    assert_eq!(all.len(), 4);
}

on_both!(who_comes_back_after_a_month_has_missed_nothing_but_what_was_forgotten, |server| {
    let token = server.token(EVERYTHING);
    let post = |sent: &Value, leaves: usize| {
        let receipt = server.post(sent).expect(201).json();
        server.sealed(leaves);
        receipt
    };
    let sent: Vec<Value> = (0..5).map(|_| consent()).collect();
    let known = post(&sent[0], 1);
    let (before, cursor) = read(server, &token, "", 10);
    assert_eq!(ids(&before), [id(&sent[0])]);
    // Meanwhile: one who stays, one who comes and is forgotten, one who was known and is forgotten, and one who changes their mind.
    post(&sent[1], 2);
    let gone = post(&sent[2], 3);
    let erase = |receipt: &Value, leaves: usize| {
        server.with_capability("DELETE", receipt["capability"].as_str().expect("text")).expect(200);
        server.sealed(leaves);
    };
    erase(&gone, 4);
    post(&sent[3], 5);
    erase(&known, 6);
    let again = changed(&sent[4], "visitor", sent[1]["visitor"].clone());
    post(&changed(&again, "previous", sent[1]["id"].clone()), 7);
    for limit in [1, 2, 100] {
        let (found, _) = read(server, &token, &cursor, limit);
        assert_eq!(ids(&found), [id(&sent[1]), "1", id(&sent[3]), "2", id(&sent[4])]);
        assert_eq!((&found[1]["type"], &found[1]["leaves"]), (&json!("erased"), &json!([[2, 2]])));
        assert_eq!((&found[3]["reason"], &found[3]["leaves"]), (&json!("request"), &json!([[0, 0]])));
        assert_eq!(found[4]["previous"], sent[1]["id"]);
    }
});

#[test]
fn what_was_answered_is_told_after_a_crash() {
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(SITE);
        let start = |database: &Database| Process::of(samtykke(database).env("SAMTYKKE_SEAL_MS", "20"));
        let process = start(&database);
        let args = ["token", "issue", "crm", "--site", "shop", "--scope", "consents:read", "--minutes", "60"];
        let token = crate::program::run(samtykke(&database).args(args)).1.trim().to_owned();
        let mut sent: Vec<String> = Vec::new();
        let mut found: Vec<String> = Vec::new();
        let mut after = String::new();
        let mut read = |process: &Process, until: usize| {
            let deadline = Instant::now() + Duration::from_secs(30);
            while found.len() < until {
                let url = format!("{}{CHANGES}?wait=5&limit=7{after}", process.base);
                let request = process.agent.get(url).header("authorization", format!("Bearer {token}"));
                let page: Value = request.call().expect("an answer").body_mut().read_json().expect("JSON");
                found.extend(ids(page["events"].as_array().expect("a list")).into_iter().map(str::to_owned));
                after = format!("&after={}", page["next"].as_str().expect("a cursor"));
                assert!(Instant::now() < deadline, "{} of {until}", found.len());
            }
            found.clone()
        };
        let mut post = |process: &Process| {
            for _ in 0..20 {
                let one = consent();
                assert_eq!(process.post(&one), Some(201));
                sent.push(id(&one).to_owned());
            }
            sent.len()
        };
        post(&process);
        read(&process, 5);
        let all = post(&process);
        process.signal("KILL");
        drop(process);
        let process = start(&database);
        let mut told = read(&process, all);
        told.sort();
        sent.sort();
        assert_eq!(told, sent, "all, and none twice");
    }
}
