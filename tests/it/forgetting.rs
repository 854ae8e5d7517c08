//! Forgetting on request and in time: what is gone is gone from the files as well, and the ledger still holds.

use std::collections::HashSet;
use std::fs;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::RunQueryDsl;
use samtykke::db::DatabaseUrl;
use samtykke::erasure::{self, Reason};
use samtykke::ledger::verify::verify;
use samtykke::retention::{self, Due, Keep};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Database, SITE, Server, changed, consent, on_both, settings};

on_both!(the_ledger_holds_after_an_erasure_and_says_what_is_forgotten, |server| {
    let sent: Vec<Value> = (0..6).map(|_| consent()).collect();
    let receipts: Vec<Value> = sent.iter().map(|sent| server.post(sent).expect(201).json()).collect();
    let again = changed(&consent(), "visitor", sent[2]["visitor"].clone());
    server.post(&again).expect(201);
    let before = server.sealed(7);
    let capability = receipts[2]["capability"].as_str().expect("text");
    assert_eq!(server.with_capability("DELETE", capability).expect(200).json(), json!({ "erased": 2 }));
    server.sealed(8);
    let report = verify(&mut server.conn(), &[], &mut |_, _| {}).expect("verified");
    assert_eq!(
        (report.leaves, report.consents, report.erasures, report.forgotten, report.fault_count),
        (8, 5, 1, 2, 0),
        "{report:?}"
    );
    assert!(before.contains("\n7\n"));
    server.get("/ledger/consistency?from=7&to=8").expect(200);
    // One that is taken away beside it is still found.
    diesel::sql_query("DELETE FROM consents WHERE seq = 1").execute(&mut server.conn()).expect("removed");
    let report = verify(&mut server.conn(), &[], &mut |_, _| {}).expect("verified");
    assert_eq!(report.faults, ["leaf 0: its consent (row 1) was removed"]);
    // And an erasure cannot be made to cover it afterwards.
    diesel::sql_query("UPDATE erasures SET leaves = '[[0,0],[2,2],[6,6]]'")
        .execute(&mut server.conn())
        .expect("changed");
    let report = verify(&mut server.conn(), &[], &mut |_, _| {}).expect("verified");
    assert_eq!(report.faults, ["leaf 7: erasure 1 was changed"]);
});

on_both!(what_is_erased_at_once_never_gets_a_leaf_or_has_one_that_is_forgotten, |server| {
    let mut erased = 0;
    for _ in 0..60 {
        let receipt = server.post(&consent()).expect(201).json();
        erased += server.with_capability("DELETE", receipt["capability"].as_str().expect("text")).expect(200).json()
            ["erased"]
            .as_u64()
            .expect("a number");
    }
    assert_eq!(erased, 60);
    server.post(&consent()).expect(201);
    let deadline = Instant::now() + Duration::from_secs(20);
    let report = loop {
        let report = verify(&mut server.conn(), &[], &mut |_, _| {}).expect("verified");
        if report.unsealed == 0 {
            break report;
        }
        assert!(Instant::now() < deadline, "{report:?}");
    };
    assert_eq!(report.fault_count, 0, "{report:?}");
    assert_eq!((report.consents, report.erasures), (1, 60));
    assert_eq!(report.leaves, 61 + report.forgotten);
});

/// Every byte that the database's files hold.
fn files(server: &Server) -> Vec<u8> {
    let folder = server.database.folder.path();
    ["samtykke.db", "samtykke.db-wal"].iter().flat_map(|name| fs::read(folder.join(name)).unwrap_or_default()).collect()
}

/// The first 16 bytes of whatever is looked for.
type Needle = [u8; 16];

/// Those of the needles that stand somewhere in the bytes.
fn found(bytes: &[u8], needles: &HashSet<Needle>) -> HashSet<Needle> {
    bytes.windows(16).filter_map(|window| needles.get(window)).copied().collect()
}

/// What only this answer holds: ids, salt, signature and page.
fn needles(sent: &Value, receipt: &Value) -> [Needle; 5] {
    let uuid = |field: &str| Uuid::parse_str(sent[field].as_str().expect("text")).expect("a UUID").into_bytes();
    let decoded = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64url");
        Needle::try_from(&bytes[..16]).expect("16 bytes")
    };
    let salt = receipt["record"]["salt"].as_str().expect("a salt");
    let signature = receipt["jws"].as_str().expect("a JWS").rsplit('.').next().expect("a signature");
    let page = sent["page"].as_str().expect("text").as_bytes();
    [uuid("id"), uuid("visitor"), decoded(salt), decoded(signature), page[..16].try_into().expect("16 bytes")]
}

#[test]
fn an_erased_visitor_is_gone_from_every_page_and_log_of_sqlite() {
    let server = Server::start(Database::sqlite());
    // Out of order, so that pages are split and moved about between them.
    let answers: Vec<(Value, Value)> = (0..1500_u128)
        .map(|i| {
            let visitor = Uuid::from_u128(Uuid::now_v7().as_u128() ^ ((i * 7919 % 1500) << 80));
            let sent = changed(&consent(), "visitor", json!(visitor));
            let sent = changed(&sent, "page", json!(format!("/side-{i:05}-slutt")));
            let receipt = server.post(&sent).expect(201).json();
            (sent, receipt)
        })
        .collect();
    server.sealed(1500);
    let of = |erased: bool| -> HashSet<Needle> {
        let picked = answers.iter().enumerate().filter(|(i, _)| (i % 10 == 3) == erased);
        picked.flat_map(|(_, (sent, receipt))| needles(sent, receipt)).collect()
    };
    let (going, staying) = (of(true), of(false));
    assert_eq!(found(&files(&server), &going), going, "it is all there at first");
    for (_, receipt) in answers.iter().skip(3).step_by(10) {
        server.with_capability("DELETE", receipt["capability"].as_str().expect("text")).expect(200);
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while !found(&files(&server), &going).is_empty() {
        assert!(Instant::now() < deadline, "{} are left", found(&files(&server), &going).len());
    }
    assert_eq!(found(&files(&server), &staying), staying, "and nobody else");
}

const DAY_MS: i64 = 86_400_000;

on_both!(answers_go_when_they_were_kept_long_enough_after_they_ended, |server| {
    let choice = |answer: &str| json!({ "analytics": answer, "advertising": answer });
    let post = |consent: &Value| server.post(consent).expect(201);
    // In the order of their rows: a consent that was replaced, its successor, a refusal, and a new consent.
    let first = consent();
    post(&first);
    post(&changed(&changed(&consent(), "visitor", first["visitor"].clone()), "previous", first["id"].clone()));
    post(&changed(&consent(), "choice", choice("denied")));
    post(&consent());
    server.sealed(4);
    // Signatures do not hold for a time that was put back, but the ages are what counts here.
    let now = samtykke::serve::now();
    let age = |seq: i64, days: i64| {
        let sql = format!("UPDATE consents SET created_at = {} WHERE seq = {seq}", now - days * DAY_MS);
        diesel::sql_query(sql).execute(&mut server.conn()).expect("aged");
    };
    for (seq, days) in [(1, 1000), (2, 900), (3, 433), (4, 1)] {
        age(seq, days);
    }
    let due = |consents: u32, refusals: u32| {
        let keep = Keep { keep_consents_days: consents, keep_refusals_days: refusals, keep_audit_days: 400 };
        let mut rows = Vec::new();
        let due = retention::run(&mut server.conn(), keep, now, |_, _, some| {
            rows.extend(some);
            Ok(())
        });
        (due.expect("counted"), rows)
    };
    // The first ended after 100 days, when the second was given; the second after the 366 days for which it was remembered.
    assert_eq!(due(901, 68).1, Vec::<i64>::new());
    assert_eq!(due(899, 68).1, [1]);
    assert_eq!(due(533, 68), (Due { consents: 2, refusals: 0 }, vec![1, 2]));
    assert_eq!(due(534, 68).1, [1]);
    assert_eq!(due(36_500, 66), (Due { consents: 0, refusals: 1 }, vec![3]));
    assert_eq!(due(0, 0).1, [1, 2, 3], "what still counts is never due");

    let keep = Keep { keep_consents_days: 533, keep_refusals_days: 66, keep_audit_days: 400 };
    let mut conn = server.conn();
    retention::run(&mut conn, keep, now, |conn, site, rows| {
        diesel::Connection::transaction(conn, |conn| erasure::rows(conn, site, &rows, Reason::Retention, now))?;
        Ok(())
    })
    .expect("erased");
    server.sealed(5);
    let report = verify(&mut conn, &[], &mut |_, _| {}).expect("verified");
    assert_eq!((report.consents, report.erasures, report.forgotten), (1, 1, 3), "{report:?}");
});

/// How far the clock of the test below is ahead, in ms.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn jumping() -> i64 {
    samtykke::serve::now() + AHEAD.load(Ordering::SeqCst)
}

#[test]
fn a_running_server_forgets_by_itself_at_night() {
    for database in [Database::sqlite(), Database::postgres()] {
        AHEAD.store(0, Ordering::SeqCst);
        database.apply(SITE);
        let server = Server::with_clock(database, settings(), jumping);
        let refused = json!({ "analytics": "denied", "advertising": "denied" });
        for i in 0..450 {
            let sent = consent();
            server.post(&if i % 2 == 0 { changed(&sent, "choice", refused.clone()) } else { sent }).expect(201);
        }
        server.sealed(450);
        let old = "INSERT INTO counts (site_id, day, notice, language, country, layout, variant, event, n) \
                   VALUES (1, 19000, 1, 'nb', '', 'bar', '', 'shown', 7)";
        diesel::sql_query(old).execute(&mut server.conn()).expect("a figure of 2022");
        // The refusals ended after the 366 days of their notice, and were kept for 30 more.
        AHEAD.store(398 * DAY_MS, Ordering::SeqCst);
        server.post(&consent()).expect(201);
        // Two batches, each an erasure with a leaf of its own.
        server.sealed(453);
        let report = verify(&mut server.conn(), &[], &mut |_, _| {}).expect("verified");
        assert_eq!((report.consents, report.erasures, report.forgotten), (226, 2, 225), "{report:?}");
        let deadline = Instant::now() + Duration::from_secs(20);
        while diesel::sql_query("UPDATE counts SET n = n WHERE day = 19000").execute(&mut server.conn()) != Ok(0) {
            assert!(Instant::now() < deadline, "old figures go as well");
        }
        assert_eq!(report.fault_count, 0, "{report:?}");
    }
}

#[test]
fn nights_begin_at_three_and_are_counted_once() {
    let three = 20_000 * DAY_MS + 3 * 3_600_000;
    assert_eq!(retention::night(three), retention::night(three - 1) + 1);
    assert_eq!(retention::night(three + DAY_MS - 1), retention::night(three));
}

#[test]
fn only_an_embedded_database_is_copied_by_us() {
    let url: DatabaseUrl = "postgres://127.0.0.1:1/x".parse().expect("a URL");
    let refused = samtykke::backup::write(&url, std::path::Path::new("x.db")).expect_err("not ours");
    assert!(refused.contains("pg_dump"), "{refused}");
}
