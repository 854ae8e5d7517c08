//! What ten million people change for whoever asks about a thousand of them: `POST people/lookup` over TCP, names picked at random.
#![allow(clippy::cast_precision_loss, reason = "counts, for printing")]

#[allow(dead_code, reason = "each bench needs a part of it")]
mod load;

use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use load::process::Process;
use load::request::Request;
use load::rows::Rows;
use load::server::Database;
use load::{ENGINES, Engine, clients, cores, ids, verdict};
use samtykke::db::Conn;
use samtykke::keys::Keys;
use samtykke::person::standing::{Chosen, Said, Standing, State};
use samtykke::person::{Channel, PersonId, Ref};
use samtykke::schema::people;
use samtykke::scope::Scope;
use samtykke::serve::now;
use samtykke::token::{self, Grant};

const SIZES: [u64; 2] = [10_000, 10_000_000];
/// Names in one request.
const NAMES: u64 = 1_000;
/// Requests that are made beforehand, each with names of its own.
const REQUESTS: u64 = 200;
const CLIENTS: [usize; 2] = [1, 4];
/// Rows in a statement: SQLite takes 32,766 values.
const FILLING: usize = 4_000;

fn main() {
    let seconds = load::measured();
    let largest = std::env::var("BENCH_ROWS").map_or(SIZES[1], |text| text.parse().expect("BENCH_ROWS is a number"));
    println!(
        "Lookups of {NAMES} names each, {seconds:?} a line, {} cores; goal p99 below 50 ms with 1 client",
        cores()
    );
    println!("                 people  clients  lookups/s  names/s   p50 ms   p99 ms  peak MB");
    for engine in &ENGINES {
        let database = (engine.database)();
        let mut conn = database.parsed().connect().expect("a connection");
        let made = Rows::over(&database, &mut conn);
        let keys = Keys::open(&database.folder.path().join("data")).expect("keys");
        let mut filled = 0;
        for size in [SIZES[0].min(largest), largest] {
            fill(&mut conn, &keys, made.site.id, filled, size);
            filled = size;
            measure(engine, &database, &keys, size);
        }
    }
}

fn name(n: u64) -> String {
    format!("kunde-{n}")
}

fn person(keys: &Keys, n: u64) -> PersonId {
    Ref::parse(&name(n)).expect("a name").person(keys, "shop")
}

/// Everybody has answered for e-mail and SMS, said their age and chosen their purposes.
fn state(n: u64, at: i64) -> String {
    let consent = |k: u64| ids::id(at.unsigned_abs(), 4 * n + k);
    let standing = |said, k| Standing { said, at, since: at, consent: consent(k), notice: 1 };
    let said = if n.is_multiple_of(3) { Said::Withdrawn } else { Said::Granted };
    let state = State {
        channels: [(Channel::Email, standing(said, 0)), (Channel::Sms, standing(Said::Denied, 1))].into(),
        adult: Some(standing(Said::Granted, 2)),
        reservation: None,
        chosen: Some(Chosen {
            choice: serde_json::from_str(r#"{"advertising":"denied","analytics":"granted"}"#).expect("a choice"),
            at,
            consent: consent(3),
            notice: 1,
            control: false,
        }),
    };
    state.text().expect("text")
}

/// Writes what stands for people, in the order of their keys: that is how an index is made large quickly, and lookups have none.
fn fill(conn: &mut Conn, keys: &Keys, site_id: i32, from: u64, to: u64) {
    let began = Instant::now();
    let at = now() - 86_400_000;
    let mut order: Vec<(PersonId, u64)> = (from..to).map(|n| (person(keys, n), n)).collect();
    order.sort_unstable();
    for some in order.chunks(FILLING) {
        let rows: Vec<_> = some
            .iter()
            .map(|(id, n)| {
                (
                    people::site_id.eq(site_id),
                    people::person.eq(id.0.to_vec()),
                    people::kind.eq("id"),
                    people::reference.eq(Some(name(*n))),
                    people::state.eq(state(*n, at)),
                    people::sequence.eq(4_i64),
                    people::updated_at.eq(at),
                )
            })
            .collect();
        let insert = diesel::insert_into(people::table).values(&rows);
        let outcome = match conn {
            Conn::Sqlite(c) => c.transaction(|c| insert.execute(c)),
            Conn::Postgres(c) => c.transaction(|c| insert.execute(c)),
        };
        assert_eq!(outcome.expect("the rows"), some.len());
    }
    for statement in match conn {
        Conn::Sqlite(_) => ["PRAGMA wal_checkpoint(TRUNCATE)", "ANALYZE people"],
        Conn::Postgres(_) => ["VACUUM ANALYZE people", "CHECKPOINT"],
    } {
        conn.batch_execute(statement).expect(statement);
    }
    eprintln!("filled to {to} in {:?}", began.elapsed());
}

fn measure(engine: &Engine, database: &Database, keys: &Keys, size: u64) {
    let process = Process::samtykke(database, &[]);
    let (scopes, sites) = ([Scope::PeopleRead], ["shop".to_owned()]);
    let grant = Grant { subject: "bench", client: "token:bench", scopes: &scopes, sites: &sites, seconds: 3_600 };
    let token = token::issue(keys, &grant, now()).expect("a token").0;
    let bodies = (0..REQUESTS).map(|request| {
        let picked = (0..NAMES).map(|n| ids::scattered(request * NAMES + n) % u128::from(size));
        let names: Vec<String> = picked.map(|n| name(u64::try_from(n).expect("it is less than a u64"))).collect();
        serde_json::json!({ "refs": names }).to_string()
    });
    let mut request = Request::posts(process.address, "/v1/sites/shop/people/lookup", &token, bodies);
    for clients in CLIENTS {
        let outcome = clients::run(&process, clients, load::measured(), &mut request);
        outcome.expect(&[200]);
        let (waits, rate) = (outcome.waits(200), outcome.per_second(200));
        let told = if clients == 1 { verdict(waits.ms(990) < 50.0) } else { "" };
        println!(
            "{:<11}{size:>12}{clients:>9}{rate:>11.0}{:>9.0}{:>9.1}{:>9.1}{:>9.0}  {told}",
            engine.name,
            rate * NAMES as f64,
            waits.ms(500),
            waits.ms(990),
            process.memory_mb().1,
        );
    }
}
