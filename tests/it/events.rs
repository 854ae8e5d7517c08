//! Events in their one form, read in the order of the leaves, whatever that order and however many of them are somebody else's.

use std::fmt::Write;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use samtykke::db::Conn;
use samtykke::event::{self, Event};
use samtykke::schema::sites;
use serde_json::{Value, json};

use crate::server::{SITE, Server, consent, on_both};

/// All events of a site, read a few at a time.
fn all(conn: &mut Conn, site: Option<i32>, limit: usize) -> Vec<Event> {
    let (mut events, mut from) = (Vec::new(), 0);
    loop {
        let page = event::page(conn, site, from, limit).expect("a page");
        assert!(page.events.len() <= limit && page.next <= page.size, "{page:?}");
        assert!(page.events.iter().all(|e| e.leaf.is_some_and(|leaf| leaf >= from && leaf < page.next)), "{page:?}");
        let more = page.has_more();
        assert!(page.next > from || !more, "it goes on");
        from = page.next;
        events.extend(page.events);
        if !more {
            return events;
        }
    }
}

fn site_id(conn: &mut Conn, key: &str) -> i32 {
    sites::table.filter(sites::key.eq(key)).select(sites::id).first(conn).expect("a site")
}

on_both!(an_event_says_what_was_recorded_and_no_address, |server| {
    let token = server.token("people:write erase");
    let sent = consent();
    let receipt = server.post(&sent).expect(201).json();
    server.sealed(1);
    let yes = json!({ "channel": "email", "answer": "granted", "source": "kasse", "language": "nb", "given_at": 1000 });
    let write = |named: &str, what: &str, body: &Value| {
        let path = format!("/v1/sites/shop/people/{named}/{what}");
        server.call("POST", &path, &token, Some(body)).expect(201).json()
    };
    let known = write("k1", "consents", &yes);
    server.sealed(2);
    let addressed = write("kari@example.no", "adult", &json!({ "adult": true, "source": "kasse" }));
    server.sealed(3);
    let capability = receipt["capability"].as_str().expect("text");
    server.with_capability("DELETE", capability).expect(200);
    server.sealed(4);
    let mut conn = server.conn();
    let shop = site_id(&mut conn, "shop");
    let found: Vec<Value> = all(&mut conn, Some(shop), 10).iter().map(|event| json!(event)).collect();
    let record = |written: &Value, field: &str| written["receipt"]["record"][field].clone();
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(
        found[0],
        json!({ "id": record(&known, "id"), "type": "person.email", "site": "shop", "leaf": 1, "at": record(&known, "created_at"),
            "person": known["person"], "ref": "k1", "sequence": 1, "source": "kasse", "actor": "token:test", "given_at": 1000,
            "choice": { "email": "granted" }, "action": "granted", "notice": 1, "language": "nb", "method": "api",
            "regulation": "opt-in" })
    );
    assert_eq!(found[1]["type"], "person.adult");
    assert_eq!((&found[1]["person"], found[1].get("ref")), (&addressed["person"], None));
    let at = found[2]["at"].clone();
    assert_eq!(
        found[2],
        json!({ "id": "1", "type": "erased", "site": "shop", "leaf": 3, "at": at, "reason": "request", "leaves": [[0, 0]] })
    );
    assert!(!json!(found).to_string().contains("kari"));
    let again = server.post(&consent()).expect(201).json();
    server.sealed(5);
    let last = event::page(&mut conn, None, 4, 10).expect("a page");
    assert_eq!((last.next, last.size), (5, 5));
    let said = json!(last.events);
    assert_eq!(said[0]["visitor"], again["record"]["visitor"]);
    assert_eq!(
        (&said[0]["type"], &said[0]["regulation"]),
        (&json!("visitor.choice"), &again["record"]["regime"]["model"])
    );
    assert_eq!(event::page(&mut conn, Some(shop + 1), 0, 10).expect("a page").events, []);
});

/// Copies of the only consent there is, of a site.
fn copies(conn: &mut Conn, site: i32, number: i32) {
    let id = match conn {
        Conn::Postgres(_) => "sha256((i || '-' || random())::bytea)",
        Conn::Sqlite(_) => "randomblob(32)",
    };
    // An id has 16 bytes.
    let id = format!("substr({id}, 1, 16)");
    let kept =
        "choice, action, method, language, page, regime, regime_found, signals, created_at, key_id, signature, salt";
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}), \
         one AS (SELECT notice_id, {kept} FROM consents ORDER BY seq LIMIT 1) \
         INSERT INTO consents (id, visitor, site_id, notice_id, {kept}) SELECT {id}, {id}, {site}, \
         (SELECT max(id) FROM notices WHERE site_id = {site}), {kept} FROM n, one"
    );
    diesel::sql_query(sql).execute(conn).expect("rows");
}

fn plan(conn: &mut Conn, query: &str) -> String {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
        line: String,
    }
    #[derive(QueryableByName)]
    struct Detail {
        #[diesel(sql_type = Text)]
        detail: String,
    }
    let lines: Vec<String> = match conn {
        Conn::Postgres(_) => {
            let lines: Vec<Line> = diesel::sql_query(format!("EXPLAIN {query}")).load(conn).expect("a plan");
            lines.into_iter().map(|line| line.line).collect()
        }
        Conn::Sqlite(_) => {
            let lines: Vec<Detail> =
                diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load(conn).expect("a plan");
            lines.into_iter().map(|line| line.detail).collect()
        }
    };
    lines.join("\n")
}

on_both!(a_site_with_few_events_in_a_big_ledger_is_found_by_an_index, |server| {
    server.database.apply(&SITE.replace("\"shop\"", "\"other\""));
    server.post(&consent()).expect(201);
    server.sealed(1);
    let mut conn = server.conn();
    let (shop, other) = (site_id(&mut conn, "shop"), site_id(&mut conn, "other"));
    copies(&mut conn, shop, 10_000);
    copies(&mut conn, other, 3);
    copies(&mut conn, shop, 10_000);
    server.sealed(20_004);
    conn.batch_execute("ANALYZE").expect("figures for the planner");
    for table in ["consents", "erasures"] {
        // As it is asked.
        let said = if table == "consents" { "AND site_id > 0" } else { "" };
        let query = format!(
            "SELECT seq FROM {table} WHERE seq BETWEEN 1 AND 30000 AND site_id = {other} {said} ORDER BY seq LIMIT 4096"
        );
        if table == "erasures" {
            // Of an empty table the planner reads what it likes.
            if let Conn::Postgres(_) = conn {
                conn.batch_execute("SET enable_seqscan = off; SET enable_bitmapscan = off").expect("a setting");
            }
        }
        let plan = plan(&mut conn, &query);
        assert!(plan.contains(&format!("{table}_site")), "{plan}");
    }
    let page = event::page(&mut conn, Some(other), 0, 100).expect("a page");
    let leaves: Vec<i64> = page.events.iter().filter_map(|event| event.leaf).collect();
    assert_eq!((leaves, page.next), (vec![10_001, 10_002, 10_003], 20_004), "in one look");
    let first = event::page(&mut conn, Some(shop), 0, 7).expect("a page");
    assert_eq!((first.events.len(), first.next), (7, 7));
    assert_eq!(all(&mut conn, Some(shop), 1000).len(), 20_001);
});

/// A ledger in which the rows stand in no order: runs of all lengths, of both kinds and of two sites, with rows that are gone.
fn disorder(conn: &mut Conn, shop: i32, other: i32) -> Vec<(i64, bool)> {
    conn.batch_execute("DELETE FROM ledger_runs; DELETE FROM ledger_tiles").expect("an empty ledger");
    // The same every time: a linear congruential generator.
    let mut state = 7_u64;
    let mut chance = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut next = [1_i64, 1];
    let mut runs: Vec<(&str, i64, i64)> = Vec::new();
    for i in 0..1500 {
        let kind = usize::from(chance(4) == 0);
        let length = if i % 400 == 200 { 5000 } else { i64::try_from(chance(6)).expect("small") + 1 };
        runs.push((["consent", "erasure"][kind], next[kind], length));
        // A number that never came.
        next[kind] += length + i64::try_from(chance(2)).expect("small");
    }
    for i in 0..runs.len() {
        let near = i + usize::try_from(chance(9)).expect("small");
        runs.swap(i, near.min(1499));
    }
    runs.swap(3, 1400);
    let mut events = Vec::new();
    let (mut leaf, mut sql) = (0, String::new());
    for (kind, seq, length) in runs {
        write!(sql, "INSERT INTO ledger_runs VALUES ({leaf}, '{kind}', {seq}, {length});").expect("text");
        for i in 0..length {
            let own = (seq + i) % 3 != 0;
            if (seq + i) % 7 != 0 {
                events.push((leaf + i, own));
            }
        }
        leaf += length;
    }
    write!(sql, "UPDATE ledger SET size = {leaf}, consents_to = {}, erasures_to = {};", next[0], next[1])
        .expect("text");
    conn.batch_execute(&sql).expect("runs");
    let erasures = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) \
         INSERT INTO erasures (seq, site_id, reason, leaves, created_at) \
         SELECT i, CASE WHEN i % 3 = 0 THEN {other} ELSE {shop} END, 'request', '[]', 1 FROM n WHERE i % 7 <> 0",
        next[1]
    );
    diesel::sql_query(erasures).execute(conn).expect("erasures");
    copies(conn, shop, i32::try_from(next[0]).expect("few"));
    let moved =
        format!("DELETE FROM consents WHERE seq % 7 = 0; UPDATE consents SET site_id = {other} WHERE seq % 3 = 0;");
    conn.batch_execute(&moved).expect("rows");
    events
}

fn every_event_once(server: Server) {
    server.database.apply(&SITE.replace("\"shop\"", "\"other\""));
    server.post(&consent()).expect(201);
    server.sealed(1);
    // Nobody may seal what is made up here.
    let database = server.stop();
    let mut conn = database.parsed().connect().expect("a connection");
    let (shop, other) = (site_id(&mut conn, "shop"), site_id(&mut conn, "other"));
    let events = disorder(&mut conn, shop, other);
    for (site, own) in [(Some(shop), Some(true)), (Some(other), Some(false)), (None, None)] {
        let expected: Vec<i64> =
            events.iter().filter(|(_, is)| own.is_none_or(|own| own == *is)).map(|(leaf, _)| *leaf).collect();
        for limit in [1000, 37] {
            let found: Vec<i64> = all(&mut conn, site, limit).iter().filter_map(|event| event.leaf).collect();
            assert!(found == expected, "{site:?} {limit}: {} of {}", found.len(), expected.len());
        }
    }
}

#[test]
fn whatever_the_order_of_the_rows_every_event_is_read_once_on_sqlite() {
    every_event_once(Server::start(crate::server::Database::sqlite()));
}

#[test]
fn whatever_the_order_of_the_rows_every_event_is_read_once_on_postgres() {
    every_event_once(Server::start(crate::server::Database::postgres()));
}
