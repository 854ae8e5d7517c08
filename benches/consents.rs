//! Durable consents a second over TCP on both databases; beside them what the parts could give alone, and what happens in overload.
//! Clients, server and database share the machine: the figures are a floor, and the ratios are what to compare.
#![allow(clippy::cast_precision_loss, reason = "counts, for printing")]

#[allow(dead_code, reason = "each bench needs a part of it")]
mod load;

use std::time::Duration;

use load::outcome::Outcome;
use load::process::Process;
use load::request::Request;
use load::server::SITE;
use load::{CLIENTS, ENGINES, Engine, bare, clients, cores, overload, parts, rows, verdict};

/// What is kept of a line of the table.
struct Line {
    outcome: Outcome,
    peak_mb: f64,
    rows_per_transaction: Option<f64>,
}

/// What a figure should be, the figure, and whether it is.
type Goal = (&'static str, f64, bool);

fn main() {
    if bare::asked() {
        return bare::serve();
    }
    let seconds = load::measured();
    println!("Consents: every 201 is fsynced and counted in the database; {seconds:?} each, {} cores", cores());
    println!("cpu: seconds of the server per 1,000 consents, without PostgreSQL's own; load: the same of the clients");
    println!("behind: consents that had no leaf in the ledger yet when the last answer came");
    println!(
        "            clients  consents/s   p50 ms   p99 ms  worst ms     cpu    load  RSS MB  peak MB  rows/tx     stored   behind"
    );
    let lines = ENGINES.each_ref().map(|engine| [1, 16, CLIENTS, 256].map(|clients| line(engine, clients, seconds)));

    let receipt = parts::receipt();
    let (requests, signatures) = (parts::requests(&receipt, seconds), parts::signatures(&receipt, seconds));
    println!("\nThe parts, each alone on the machine; ceiling = 1/(1/H + 1/E + 1/S)");
    println!("H, requests/s of a bare handler with {CLIENTS} clients: {requests:.0}; S, signatures/s: {signatures:.0}");
    println!("              rows/tx     E rows/s    E1 rows/s     ceiling");
    let mut goals = Vec::new();
    for (engine, [one, _, many, _]) in ENGINES.iter().zip(&lines) {
        goals.push(against_the_parts(engine, one, many, 1.0 / (1.0 / requests + 1.0 / signatures), seconds));
    }

    println!("\nGoals at {CLIENTS} clients                                SQLite            PostgreSQL");
    for (first, second) in goals[0].iter().zip(&goals[1]) {
        let shown = |(_, figure, met): &Goal| format!("{figure:>15.2} {:<6}", verdict(*met));
        println!("{:<40}{}{}", first.0, shown(first), shown(second).trim_end());
    }

    overload::head();
    for engine in &ENGINES {
        overload::measure(engine, seconds);
    }
}

/// Loads a new server over a new database, and prints what came of it.
fn line(engine: &Engine, clients: usize, seconds: Duration) -> Line {
    let database = (engine.database)();
    database.apply(SITE);
    let server = Process::samtykke(&database, &[]);
    let outcome = clients::run(&server, clients, seconds, &mut Request::consent(server.address));
    outcome.expect(&[201]);
    let behind = outcome.total(201) as f64 - server.metric("samtykke_ledger_leaves");
    rows::check_stored(&database, outcome.total(201));
    let (now_mb, peak_mb) = server.memory_mb();
    let rows_per_transaction = server.rows_per_transaction();
    let waits = outcome.waits(201);
    let thousands = outcome.per_second(201) * outcome.seconds / 1000.0;
    println!(
        "{:<11}{clients:>8}{:>12.0}{:>9.2}{:>9.2}{:>10.2}{:>8.3}{:>8.3}{now_mb:>8.1}{peak_mb:>9.1}{:>9}{:>11}{behind:>9.0}",
        engine.name,
        outcome.per_second(201),
        waits.ms(500),
        waits.ms(990),
        waits.ms(1000),
        outcome.server_cpu / thousands,
        outcome.clients_cpu / thousands,
        rows_per_transaction.map_or("?".to_owned(), |rows| format!("{rows:.1}")),
        outcome.total(201),
    );
    Line { outcome, peak_mb, rows_per_transaction }
}

/// Measures what the engine alone writes, and sets the served lines of 1 and of 64 clients beside it. `answers` is what the parts
/// without the engine leave.
fn against_the_parts(engine: &Engine, one: &Line, many: &Line, answers: f64, seconds: Duration) -> [Goal; 4] {
    let batch = many.rows_per_transaction.map_or(64, whole);
    let inserts = parts::inserts(engine, engine.writers, batch, seconds);
    let single = parts::inserts(engine, 1, 1, seconds);
    let ceiling = 1.0 / (1.0 / answers + 1.0 / inserts);
    println!("{:<11}{batch:>10}{inserts:>13.0}{single:>13.0}{ceiling:>12.0}", engine.name);
    let ratio = many.outcome.per_second(201) / ceiling;
    let p99 = many.outcome.waits(201).ms(990);
    let commits = one.outcome.waits(201).mean_ms() * single / 1000.0;
    [
        ("consents/s ÷ ceiling ≥ 0.6", ratio, ratio >= 0.6),
        ("p99 < 50 ms", p99, p99 < 50.0),
        ("peak < 100 MB", many.peak_mb, many.peak_mb < 100.0),
        ("1 client: mean wait ÷ (1/E1) ≤ 2", commits, commits <= 2.0),
    ]
}

/// The nearest number of rows that a transaction can have.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred at most")]
fn whole(rows: f64) -> usize {
    (rows.round() as usize).max(1)
}
