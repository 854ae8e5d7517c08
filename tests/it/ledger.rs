//! The ledger as anybody sees it, and that sealing passes nothing over, whoever writes or seals beside it.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use samtykke::config::Serve;
use samtykke::db::Conn;
use samtykke::ledger::{self, note, seal, tree};
use serde_json::Value;

use crate::server::{Database, SITE, Server, consent, on_both, settings};

/// Every receipt of these visitors, with its leaf.
fn receipts(server: &Server, capabilities: &[String]) -> Vec<Value> {
    let history =
        |capability: &String| server.with_capability("GET", capability).expect(200).json()["consents"].clone();
    capabilities.iter().flat_map(|capability| history(capability).as_array().expect("a list").clone()).collect()
}

fn post(server: &Server, count: usize) -> Vec<String> {
    (0..count)
        .map(|_| server.post(&consent()).expect(201).json()["capability"].as_str().expect("text").to_owned())
        .collect()
}

on_both!(a_consent_has_its_place_in_the_ledger_within_moments, |server| {
    let sent = post(server, 20);
    let checkpoint = server.sealed(20);
    let keys: Vec<Vec<u8>> =
        samtykke::jwks::public_keys(&mut server.conn()).expect("keys").into_iter().map(|(_, public)| public).collect();
    let read = note::verify(&checkpoint, keys.iter().map(Vec::as_slice)).expect("a signed checkpoint");
    assert_eq!(read.size, 20);
    let mut leaves = BTreeSet::new();
    for receipt in receipts(server, &sent) {
        let leaf = receipt["leaf"].as_u64().expect("a leaf");
        leaves.insert(leaf);
        let proof = server.get(&format!("/ledger/proof/{leaf}")).expect(200);
        assert_eq!(proof.header("access-control-allow-origin"), "*");
        let record = serde_json_canonicalizer::to_string(&receipt["record"]).expect("canonical JSON");
        let proven = note::check_proof(proof.text(), &record, keys.iter().map(Vec::as_slice));
        assert_eq!(proven.expect("it holds").0, leaf);
        let other = record.replace("denied", "granted");
        assert!(
            note::check_proof(proof.text(), &other, keys.iter().map(Vec::as_slice)).is_err(),
            "for no other record"
        );
    }
    assert_eq!(leaves, (0..20).collect(), "each has one of its own");
    let key = server.get("/ledger/key").expect(200);
    assert!(key.text().starts_with(&format!("{}+", read.origin)), "{}", key.text());
});

on_both!(the_tiles_hold_what_the_checkpoint_says, |server| {
    post(server, 300);
    let checkpoint = server.sealed(300);
    let root = checkpoint.lines().nth(2).expect("a root");
    let hashes = [server.get("/ledger/tile/0/000").expect(200), server.get("/ledger/tile/0/001.p/44").expect(200)];
    let entries =
        [server.get("/ledger/tile/entries/000").expect(200), server.get("/ledger/tile/entries/001.p/44").expect(200)];
    assert!(hashes[0].header("cache-control").contains("immutable"));
    let hashes = hashes.map(|answer| answer.body).concat();
    let entries = entries.map(|answer| answer.body).concat();
    assert_eq!((hashes.len(), entries.len()), (300 * 32, 300 * 34));
    for (hash, entry) in hashes.chunks(32).zip(entries.chunks(34)) {
        assert_eq!(entry[..2], [0, 32]);
        assert_eq!(hash, tlog_tiles::record_hash(&entry[2..]).0);
    }
    let mut edge = tree::Edge::empty();
    for entry in entries.chunks(34) {
        edge.push(entry[2..].try_into().expect("32 bytes"));
    }
    assert_eq!(STANDARD.encode(edge.root().expect("a root").0), root);
    assert_eq!(server.get("/ledger/tile/1/000.p/1").expect(200).body.len(), 32);
    for wrong in ["0/001", "0/001.p/45", "1/000.p/2", "2/000.p/1", "0/000.p/0", "64/000", "entries/001", "x", ""] {
        server.get(&format!("/ledger/tile/{wrong}")).problem(404, "not-found");
    }
});

on_both!(a_later_checkpoint_goes_on_from_an_earlier_one, |server| {
    post(server, 3);
    let old = server.sealed(3);
    post(server, 5);
    let new = server.sealed(8);
    let proof = server.get("/ledger/consistency?from=3&to=8").expect(200).json();
    let proof = proof["proof"].as_array().expect("hashes").iter();
    let hash = |text: &str| tlog_tiles::Hash(STANDARD.decode(text).expect("base64").try_into().expect("32 bytes"));
    let proof: Vec<_> = proof.map(|text| hash(text.as_str().expect("text"))).collect();
    let root = |note: &str| hash(note.lines().nth(2).expect("a root"));
    tlog_tiles::check_tree(&proof, 8, root(&new), 3, root(&old)).expect("it holds");
    assert_eq!(server.get("/ledger/consistency?from=1&to=8000").problem(422, "invalid")["field"], "to");
    assert_eq!(server.get("/ledger/consistency?from=0&to=8").problem(422, "invalid")["field"], "from");
    assert_eq!(server.get("/ledger/consistency?from=9&to=8").problem(422, "invalid")["field"], "from");
    assert_eq!(server.get("/ledger/consistency?from=x&to=8").problem(400, "malformed")["field"], "query");
    let missing = server.get("/ledger/consistency?to=8").problem(400, "malformed");
    assert_eq!(missing["detail"], "`query`: missing field `from`");
    server.get("/ledger/proof/8").problem(404, "not-found");
    server.get("/ledger/proof/-1").problem(404, "not-found");
    server.get("/ledger/proof/x").problem(404, "not-found");
});

/// A database with a site and an open ledger, and rows written as the server writes them, but without a server that seals.
fn unserved(database: &Database, count: usize) -> Conn {
    database.apply(SITE);
    let mut never = settings();
    never.seal_ms = 3_600_000;
    // Dropped at once: what it recorded stays.
    let server = Server::with(Database::at(database.url()), never);
    post(&server, count);
    server.conn()
}

fn two_that_seal_publish_one_history(database: &Database) {
    let mut one = unserved(database, 10);
    let mut other = database.parsed().connect().expect("a connection");
    let plan = |conn: &mut Conn| seal::plan(conn, &mut seal::Memory::default()).expect("a plan").expect("something");
    // Both read the same head, and both believe that it is theirs to go on from.
    let (first, second) = (plan(&mut one), plan(&mut other));
    assert!(first.commit(&mut one).expect("committed"));
    let head = ledger::head(&mut one).expect("a head");
    assert!(!second.commit(&mut other).expect("no error"), "the head that it read is no more");
    assert_eq!(ledger::head(&mut other).expect("a head"), head, "it wrote nothing");
    assert!(!first.commit(&mut one).expect("no error"), "nor does the first write twice");
    assert!(seal::plan(&mut one, &mut seal::Memory::default()).expect("a plan").is_none());
    let report = ledger::verify::verify(&mut one, &[], &mut |_, _| {}).expect("verified");
    assert_eq!((report.leaves, report.consents, report.fault_count), (10, 10, 0), "{report:?}");
}

#[test]
fn two_that_seal_at_once_publish_one_history_on_sqlite() {
    two_that_seal_publish_one_history(&Database::sqlite());
}

#[test]
fn two_that_seal_at_once_publish_one_history_on_postgres() {
    two_that_seal_publish_one_history(&Database::postgres());
}

fn what_is_erased_while_it_is_sealed_is_not_mistaken_for_what_comes_after(database: Database) {
    database.apply(SITE);
    let server = Server::with(database, Serve { seal_ms: 3_600_000, ..settings() });
    post(&server, 3);
    let last = post(&server, 1);
    let mut conn = server.conn();
    let seal = seal::plan(&mut conn, &mut seal::Memory::default()).expect("a plan").expect("something");
    server.with_capability("DELETE", &last[0]).expect(200);
    post(&server, 1);
    assert!(!seal.commit(&mut conn).expect("no error"), "one of its rows is no more");
    assert_eq!(seal_all(&mut conn, &mut seal::Memory::default()), 5, "three, the one that came after, and the erasure");
    let report = ledger::verify::verify(&mut conn, &[], &mut |_, _| {}).expect("verified");
    assert_eq!((report.consents, report.erasures, report.fault_count), (4, 1, 0), "{report:?}");
}

#[test]
fn what_is_erased_while_it_is_sealed_is_not_mistaken_for_what_comes_after_on_sqlite() {
    what_is_erased_while_it_is_sealed_is_not_mistaken_for_what_comes_after(Database::sqlite());
}

#[test]
fn what_is_erased_while_it_is_sealed_is_not_mistaken_for_what_comes_after_on_postgres() {
    what_is_erased_while_it_is_sealed_is_not_mistaken_for_what_comes_after(Database::postgres());
}

#[test]
fn two_that_seal_in_the_very_same_moment_publish_one_history() {
    let database = Database::postgres();
    let mut conn = unserved(&database, 10);
    let seals: Vec<_> = (0..4)
        .map(|_| seal::plan(&mut conn, &mut seal::Memory::default()).expect("a plan").expect("something"))
        .collect();
    let committed = std::thread::scope(|scope| {
        let threads: Vec<_> = seals
            .iter()
            .map(|seal| {
                scope.spawn(|| seal.commit(&mut database.parsed().connect().expect("a connection")).expect("no error"))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).filter(|won| *won).count()
    });
    assert_eq!(committed, 1);
    let report = ledger::verify::verify(&mut conn, &[], &mut |_, _| {}).expect("verified");
    assert_eq!((report.leaves, report.fault_count), (10, 0), "{report:?}");
}

/// Inserts a copy of the first consent under a new id, as another server's writer would.
const COPY: &str = "INSERT INTO consents (id, site_id, notice_id, visitor, previous, choice, action, method, language, page, regime, \
     regime_found, signals, created_at, key_id, signature, salt) \
     SELECT decode(md5(random()::text), 'hex'), site_id, notice_id, visitor, previous, choice, action, method, language, page, \
     regime, regime_found, signals, created_at, key_id, signature, salt FROM consents ORDER BY seq LIMIT 1";

/// Seals until nothing is left, and says how many leaves there are.
fn seal_all(conn: &mut Conn, memory: &mut seal::Memory) -> i64 {
    while let Some(seal) = seal::plan(conn, memory).expect("a plan") {
        assert!(seal.commit(conn).expect("committed"), "nobody else seals here");
    }
    ledger::head(conn).expect("a head").size
}

#[test]
fn a_transaction_that_takes_long_holds_up_nobody_and_is_not_passed_over() {
    let database = Database::postgres();
    let mut sealer = unserved(&database, 1);
    let mut memory = seal::Memory::default();
    let mut long = database.parsed().connect().expect("a connection");
    let mut quick = database.parsed().connect().expect("a connection");
    let mut never = database.parsed().connect().expect("a connection");

    // Three rows take their numbers in this order, and the first two are not committed.
    long.batch_execute(&format!("BEGIN; {COPY}")).expect("a row");
    never.batch_execute(&format!("BEGIN; {COPY}")).expect("a row");
    quick.batch_execute(COPY).expect("a row");
    assert_eq!(seal_all(&mut sealer, &mut memory), 2, "the long ones are not waited for");
    never.batch_execute("ROLLBACK").expect("taken back");
    quick.batch_execute(COPY).expect("a row");
    assert_eq!(seal_all(&mut sealer, &mut memory), 3);
    assert_eq!(seal_all(&mut sealer, &mut memory), 3, "looked for again, and not there yet");
    let open = ledger::head(&mut sealer).expect("a head").consents_to;
    assert_eq!(open, 1, "nothing beyond a number that may still come is decided");

    long.batch_execute("COMMIT").expect("committed");
    assert_eq!(seal_all(&mut sealer, &mut memory), 4, "it came late, and has its leaf");
    for _ in 0..3 {
        seal_all(&mut sealer, &mut memory);
    }
    assert_eq!(
        ledger::head(&mut sealer).expect("a head").consents_to,
        5,
        "the row that was taken back is waited for no more"
    );
    // Another server takes over, and knows nothing of all this.
    quick.batch_execute(COPY).expect("a row");
    assert_eq!(seal_all(&mut sealer, &mut seal::Memory::default()), 5);
    let runs = "SELECT count(*) AS n FROM consents c WHERE NOT EXISTS (SELECT 1 FROM ledger_runs r WHERE r.kind = 'consent' \
                AND c.seq >= r.seq AND c.seq < r.seq + r.length)";
    assert_eq!(number(&mut sealer, runs), 0, "every row has its leaf");
}

fn number(conn: &mut Conn, sql: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Number {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    diesel::sql_query(sql).get_result::<Number>(conn).expect(sql).n
}

#[test]
fn writers_on_several_servers_have_every_row_sealed_once() {
    let database = Database::postgres();
    database.apply(SITE);
    let servers: Vec<Server> = (0..2).map(|_| Server::with(Database::at(database.url()), settings())).collect();
    std::thread::scope(|scope| {
        for server in &servers {
            for _ in 0..4 {
                scope.spawn(move || post(server, 60));
            }
        }
        // A writer that takes numbers and gives them back, and one that commits late.
        scope.spawn(|| {
            let mut conn = database.parsed().connect().expect("a connection");
            for _ in 0..20 {
                while conn.batch_execute(&format!("BEGIN; {COPY}; SELECT pg_sleep(0.02); ROLLBACK")).is_err() {}
            }
        });
    });
    for server in &servers {
        server.sealed(480);
    }
    let report = ledger::verify::verify(&mut servers[0].conn(), &[], &mut |_, _| {}).expect("verified");
    assert_eq!((report.leaves, report.consents, report.unsealed), (480, 480, 0), "{report:?}");
    // The two have a signing key each here, and both are published: every signature holds.
    assert_eq!(report.fault_count, 0, "{report:?}");
}

on_both!(a_ledger_keeps_its_name, |server| {
    let mut conn = server.conn();
    let head = ledger::open(&mut conn, None).expect("open");
    assert!(head.origin.starts_with("samtykke/"), "{}", head.origin);
    let refused = ledger::open(&mut conn, Some("example.no/consents")).expect_err("another name");
    assert!(refused.contains(&head.origin) && refused.contains("ledger rename"), "{refused}");
    for wrong in ["", "with space", "a+b", "line\nfeed", "æ"] {
        assert!(ledger::rename(&mut conn, wrong).is_err(), "{wrong}");
    }
    ledger::rename(&mut conn, "example.no/consents").expect("renamed");
    assert_eq!(ledger::open(&mut conn, Some("example.no/consents")).expect("open").origin, "example.no/consents");
});
