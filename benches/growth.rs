//! What ten million stored consents change: writing, finding a visitor's answer, and the disk that one consent takes.
#![allow(clippy::cast_precision_loss, reason = "counts, for printing")]

#[allow(dead_code, reason = "each bench needs a part of it")]
mod load;

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use load::rows::{self, Rows};
use load::server::Database;
use load::{ENGINES, Engine, ids, verdict};
use samtykke::db::{Conn, DatabaseUrl};
use samtykke::visitor;

const SIZES: [u64; 3] = [10_000, 1_000_000, 10_000_000];
/// Rows in a transaction: while the table is filled, and while writing is measured.
const FILLING: usize = 5_000;
const BATCH: usize = 64;
const WRITING: Duration = Duration::from_secs(3);
const VISITORS: u64 = 2_000;

/// One line of the table.
struct Line {
    rows_per_second: f64,
    mean_us: f64,
    bytes: f64,
}

fn main() {
    let largest = std::env::var("BENCH_ROWS").map_or(SIZES[2], |text| text.parse().expect("BENCH_ROWS is a number"));
    let mut sizes: Vec<u64> = SIZES.into_iter().filter(|size| *size < largest).collect();
    sizes.push(largest);
    println!("Growth: latest is the newest answer of one visitor, of {VISITORS} at random; {BATCH} rows a transaction");
    println!("               consents    rows/s  latest mean µs  latest p99 µs    bytes/consent");
    for engine in &ENGINES {
        measure(engine, &sizes);
    }
}

fn measure(engine: &Engine, sizes: &[u64]) {
    let database = (engine.database)();
    let mut conns: Vec<_> = (0..engine.writers).map(|_| database.parsed().connect().expect("a connection")).collect();
    let mut made = Rows::over(&database, &mut conns[0]);
    let lines: Vec<Line> = sizes.iter().map(|size| at(engine, &database, &mut conns, &mut made, *size)).collect();
    let (first, last) = (&lines[0], &lines[lines.len() - 1]);
    let worse = [first.rows_per_second / last.rows_per_second, last.mean_us / first.mean_us, last.bytes / first.bytes];
    let [writing, finding, disk] = worse;
    println!(
        "{:<11}largest to smallest, times worse: writing {writing:.2}, latest {finding:.2}, disk {disk:.2}; goal 1.5 {}",
        engine.name,
        verdict(worse.iter().all(|times| *times <= 1.5)),
    );
}

/// Fills the table up to a size and measures there. What writing adds is there at the next size.
fn at(engine: &Engine, database: &Database, conns: &mut [Conn], made: &mut Rows, size: u64) -> Line {
    while made.made < size {
        let missing = usize::try_from(size - made.made).expect("it fits");
        let chunk = made.take(missing.min(20 * FILLING));
        rows::commit(conns, &chunk, FILLING);
    }
    let filled = made.made;
    settle(&mut conns[0]);
    let bytes = bytes(database, &mut conns[0]) as f64 / filled as f64;
    let mut waits = latest(&mut conns[0], made);
    waits.sort_unstable();
    let us = |wait: Duration| wait.as_secs_f64() * 1e6;
    let mean_us = us(waits.iter().sum()) / waits.len() as f64;
    let p99_us = us(waits[waits.len() * 99 / 100]);
    let rows_per_second = rows::per_second(conns, made, BATCH, WRITING);
    rows::check_stored(database, made.made);
    println!("{:<11}{filled:>12}{rows_per_second:>10.0}{mean_us:>16.0}{p99_us:>15.0}{bytes:>17.0}", engine.name);
    Line { rows_per_second, mean_us, bytes }
}

/// What either engine does in time: what was written goes into the table, and the planner hears how large it is.
fn settle(conn: &mut Conn) {
    let sql = match conn {
        Conn::Sqlite(_) => "PRAGMA wal_checkpoint(TRUNCATE)",
        Conn::Postgres(_) => "VACUUM ANALYZE consents; CHECKPOINT",
    };
    for statement in sql.split("; ") {
        conn.batch_execute(statement).expect(statement);
    }
}

/// What the consents take on disk with their indexes.
fn bytes(database: &Database, conn: &mut Conn) -> u64 {
    match (database.parsed(), conn) {
        (DatabaseUrl::Sqlite(path), _) => std::fs::metadata(path).expect("a file").len(),
        (_, Conn::Postgres(conn)) => {
            let size = diesel::select(sql::<BigInt>("pg_total_relation_size('consents')")).get_result::<i64>(conn);
            size.expect("a size").unsigned_abs()
        }
        (_, Conn::Sqlite(_)) => unreachable!("its address says SQLite"),
    }
}

/// How long each of the visitors' latest answers took to find.
fn latest(conn: &mut Conn, made: &Rows) -> Vec<Duration> {
    let picked = (0..VISITORS).map(|n| {
        let row = ids::scattered(n) % u128::from(made.made);
        Rows::visitor(u64::try_from(row).expect("it is less than a u64"))
    });
    picked
        .map(|visitor| {
            let began = Instant::now();
            let found = visitor::latest(conn, made.site.id, visitor).expect("a query");
            let took = began.elapsed();
            assert!(found.is_some(), "a visitor is missing");
            took
        })
        .collect()
}
