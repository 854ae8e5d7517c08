//! Imports: many events at once over the wire and from a file, all of a request or nothing.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::program::{run, samtykke};
use crate::server::{Answer, Database, SITE, Server, on_both, settings};

const IMPORT: &str = "/v1/sites/shop/people/import";
const ALL: &str = "people:read people:write";

fn import(server: &Server, body: &str) -> Answer {
    let bearer = format!("Bearer {}", server.token(ALL));
    server.send("POST", IMPORT, &[("authorization", bearer.as_str())], Some(body.as_bytes()))
}

fn person(server: &Server, named: &str) -> Answer {
    server.call("GET", &format!("/v1/sites/shop/people/{named}"), &server.token(ALL), None)
}

fn yes(named: &str) -> Value {
    json!({ "ref": named, "id": Uuid::now_v7(), "channel": "email", "answer": "granted", "source": "arkiv" })
}

fn several() -> [Value; 6] {
    let at = 1_790_000_000_000_i64;
    let choice = json!({ "analytics": "granted", "advertising": "denied" });
    [
        yes("k1"),
        json!({ "ref": "+4791234567", "channel": "phone", "answer": "granted", "source": "arkiv", "given_at": at }),
        json!({ "ref": "+4791234567", "checked_at": at, "reserved": false, "source": "register" }),
        json!({ "ref": "k1", "adult": true, "source": "arkiv", "given_at": at }),
        json!({ "ref": "k1", "choice": choice, "notice": 1, "source": "arkiv", "given_at": at }),
        json!({ "ref": "k1", "id": Uuid::now_v7(), "channel": "email", "answer": "denied", "source": "brev" }),
    ]
}

on_both!(what_another_system_kept_is_written_once_however_often_it_is_sent, |server| {
    let sent = several();
    let first = import(server, &json!(sent).to_string()).expect(201).json();
    assert_eq!(first["written"], 6);
    let events = first["events"].as_array().expect("a list");
    for (event, sent) in events.iter().zip(&sent) {
        assert!(event["again"] == false && (sent["id"].is_null() || sent["id"] == event["id"]), "{event}");
    }
    assert_eq!(events[1]["person"], events[2]["person"]);
    let k1 = person(server, "k1").expect(200).json();
    // In the order in which they were sent: the last word is the no.
    assert_eq!((&k1["channels"]["email"]["reason"], &k1["sequence"]), (&json!("withdrawn"), &json!(4)));
    assert_eq!(k1["channels"]["email"]["receipt"], sent[5]["id"]);
    assert_eq!(k1["adult"]["at"], 1_790_000_000_000_i64);
    assert_eq!(k1["purposes"]["analytics"]["receipt"], events[4]["id"]);
    assert_eq!(k1["person"], events[0]["person"]);
    // Line by line, in another order of fields: what has an id, or says when it was, is known again.
    let lines = sent.each_ref().map(|event| format!("{event:#}\n")).concat();
    let second = import(server, &lines).expect(200).json();
    assert_eq!(second["written"], 0);
    for (event, before) in second["events"].as_array().expect("a list").iter().zip(events) {
        assert!(event["again"] == true && event["id"] == before["id"], "{event}");
    }
    assert_eq!(person(server, "k1").json(), k1);
});

on_both!(one_bad_event_names_its_field_and_nothing_is_written, |server| {
    let there = yes("there");
    import(server, &json!([there]).to_string()).expect(201);
    let check = |changes: Value, status: u16, code: &str, field: &str| {
        let mut bad = yes("k2");
        for (name, value) in changes.as_object().expect("fields") {
            bad[name] = value.clone();
        }
        bad.as_object_mut().expect("fields").retain(|_, value| !value.is_null());
        let problem = import(server, &json!([yes("k1"), bad]).to_string()).problem(status, code);
        assert_eq!(problem["field"], format!("events.1{field}"), "{problem}");
        person(server, "k1").problem(404, "unknown-person");
    };
    check(json!({ "channel": "fax" }), 400, "malformed", ".channel");
    check(json!({ "answer": null }), 400, "malformed", "");
    check(json!({ "adult": true }), 400, "malformed", ".adult");
    check(json!({ "channel": null, "answer": null }), 422, "invalid", "");
    check(json!({ "ref": null }), 422, "invalid", ".ref");
    check(json!({ "ref": 7 }), 400, "malformed", ".ref");
    check(json!({ "ref": "a b" }), 422, "invalid", ".ref");
    check(json!({ "source": "kari@example.no" }), 422, "invalid", ".source");
    check(json!({ "given_at": 9_999_999_999_999_i64 }), 422, "invalid", ".given_at");
    check(json!({ "language": "de" }), 422, "invalid", ".language");
    check(json!({ "notice": 2 }), 422, "unknown-notice", ".notice");
    check(json!({ "id": Uuid::new_v8([7; 16]) }), 422, "invalid", ".id");
    check(
        json!({ "ref": format!("~{}", "0".repeat(12) + "8000" + "8" + &"0".repeat(15)) }),
        404,
        "unknown-person",
        ".ref",
    );
    // What can be seen only while it is written: the id is another event's.
    check(json!({ "id": there["id"] }), 409, "conflict", ".id");
    import(server, "[]").problem(422, "invalid");
    import(server, "[1]").problem(400, "malformed");
    import(server, "{").problem(400, "malformed");
    import(server, &format!("[{}{}]", "{},".repeat(1000), "{}")).problem(422, "invalid");
    let twice = r#"[{"ref":"k1","ref":"k2","adult":true,"source":"x"}]"#;
    assert_eq!(import(server, twice).problem(400, "malformed")["field"], "events.0");
    let reader = server.token("people:read");
    server.call("POST", IMPORT, &reader, Some(&json!([yes("k1")]))).problem(403, "insufficient-scope");
    server.send("POST", IMPORT, &[], Some(b"[]")).problem(401, "token");
});

on_both!(imports_of_the_same_people_at_once_do_not_wait_for_each_other, |server| {
    let sent = |turn: usize| -> Vec<Value> {
        let mut events: Vec<Value> = (0..100).map(|n| yes(&format!("k{n}"))).collect();
        if turn.is_multiple_of(2) {
            events.reverse();
        }
        events
    };
    std::thread::scope(|scope| {
        for turn in 0..6 {
            scope.spawn(move || {
                assert_eq!(import(server, &json!(sent(turn)).to_string()).expect(201).json()["written"], 100);
            });
        }
    });
    assert_eq!(person(server, "k50").expect(200).json()["sequence"], 6);
});

/// What the command says of a file with this text.
fn command(database: &Database, name: &str, text: &str, words: &[&str]) -> (bool, String, String) {
    let file = database.folder.path().join(name);
    std::fs::write(&file, text).expect("a file");
    run(samtykke(database).args(["people", "import", "shop"]).arg(file).args(words))
}

fn from_files(database: Database) {
    database.apply(SITE);
    let table = "ref,channel,answer,adult,checked_at,reserved,choice.analytics,choice.advertising,notice,source,given_at\n\
                 kari@example.no,email,granted,,,,,,,\"arkiv, 2\",1790000000000\n\
                 +4791234567,,,,1790000000000,false,,,,register,\n\
                 +4791234567,phone,granted,,,,,,,arkiv,1790000000000\n\
                 k1,,,true,,,,,,skjema,1790000000000\n\
                 k1,,,,,,granted,denied,1,konto,1790000000000\n";
    let (well, said, _) = command(&database, "a.csv", table, &["--check"]);
    assert!(well && said.contains("5 events, and nothing is wrong"), "{said}");
    let lines = |count: usize| -> String {
        let event =
            |n| json!({ "ref": format!("n{n}"), "adult": true, "source": "fil", "given_at": 1_790_000_000_000_i64 });
        (0..count).map(|n| event(n).to_string() + "\n").collect()
    };
    let bad = lines(3)
        + "{\"ref\":\"x\",\"adult\":1,\"source\":\"fil\"}\n\n{\"ref\":\"x\",\"adult\":true,\"source\":\"fil\"}\n";
    let (well, said, complaint) = command(&database, "b.ndjson", &bad, &[]);
    assert!(!well && said.is_empty(), "{said}");
    assert!(complaint.contains("line 4: `adult`") && complaint.contains("line 6: expected `given_at`"), "{complaint}");
    let (well, _, complaint) = command(&database, "c.csv", "ref,adult,source\nk1,perhaps,x\n", &[]);
    assert!(!well && complaint.contains("line 2: `adult`: expected true or false"), "{complaint}");
    let (well, said, complaint) = command(&database, "a.csv", table, &[]);
    assert!(well && said.contains("5 events written, 0 were there"), "{said}{complaint}");
    let (well, said, complaint) = command(&database, "d.ndjson", &lines(1500), &[]);
    assert!(well && said.contains("1500 events written, 0 were there"), "{said}{complaint}");
    let (well, said, _) = command(&database, "d.ndjson", &lines(1501), &[]);
    assert!(well && said.contains("1 events written, 1500 were there"), "{said}");
    let server = Server::with(database, settings());
    server.sealed(1506);
    let kari = person(&server, "kari@example.no").expect(200).json();
    assert_eq!(kari["channels"]["email"]["since"], 1_790_000_000_000_i64);
    assert_eq!(person(&server, "n7").expect(200).json()["sequence"], 1, "nothing of the bad file, and the rest once");
    // SQLite's rows are numbered by the server alone, once it serves; a file can be checked all the same.
    let sqlite = server.database.url().starts_with("sqlite");
    let (well, _, complaint) = command(&server.database, "a.csv", table, &[]);
    assert_eq!(well, !sqlite, "{complaint}");
    assert!(!sqlite || complaint.contains("people/import"), "{complaint}");
    assert!(command(&server.database, "a.csv", table, &["--check"]).0);
}

#[test]
fn a_file_is_checked_whole_and_imported_once_on_sqlite() {
    from_files(Database::sqlite());
}

#[test]
fn a_file_is_checked_whole_and_imported_once_on_postgres() {
    from_files(Database::postgres());
}
