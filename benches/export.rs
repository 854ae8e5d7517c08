//! What a million answers and a million people cost whoever reads them all: rows a second, and the memory that it takes, from the command
//! line and from the server.
#![allow(clippy::cast_precision_loss, reason = "counts, for printing")]

#[allow(dead_code, reason = "each bench needs a part of it")]
mod load;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use load::process::{Process, memory_mb};
use load::rows::{self, Rows};
use load::server::Database;
use load::{ENGINES, ids, verdict};
use samtykke::db::Conn;
use samtykke::keys::Keys;
use samtykke::person::standing::{Said, Standing, State};
use samtykke::person::{Channel, Ref};
use samtykke::schema::people;
use samtykke::scope::Scope;
use samtykke::serve::now;
use samtykke::token::{self, Grant};

/// Rows in a statement: SQLite takes 32,766 values.
const FILLING: u64 = 4_000;
/// Goal, in MB.
const MOST: f64 = 100.0;

fn main() {
    let count = std::env::var("BENCH_ROWS").map_or(1_000_000, |text| text.parse().expect("BENCH_ROWS is a number"));
    println!("Exports of {count} rows; goal at most {MOST} MB resident");
    println!("           list      form    from            rows/s     MB/s  peak MB");
    for engine in &ENGINES {
        let database = (engine.database)();
        let mut conn = database.parsed().connect().expect("a connection");
        let mut made = Rows::over(&database, &mut conn);
        while made.made < count {
            let chunk = made.take(usize::try_from((count - made.made).min(20 * FILLING)).expect("it fits"));
            rows::commit(std::slice::from_mut(&mut conn), &chunk, 5_000);
        }
        let keys = Keys::open(&database.folder.path().join("data")).expect("keys");
        fill(&mut conn, &keys, made.site.id, count);
        settle(&mut conn);
        drop(conn);
        for list in ["consents", "people"] {
            for form in ["ndjson", "csv"] {
                tell(engine.name, list, form, "command line", &exported(&database, list, form, count));
                tell(engine.name, list, form, "server", &served(&database, &keys, list, form, count));
            }
        }
    }
}

/// What one reading took.
struct Reading {
    rows: u64,
    bytes: u64,
    seconds: f64,
    peak_mb: f64,
}

fn tell(engine: &str, list: &str, form: &str, from: &str, read: &Reading) {
    println!(
        "{engine:<11}{list:<10}{form:<8}{from:<14}{:>8.0}{:>9.1}{:>9.1}  {}",
        read.rows as f64 / read.seconds,
        read.bytes as f64 / 1e6 / read.seconds,
        read.peak_mb,
        verdict(read.peak_mb < MOST),
    );
}

/// Everybody has said something of e-mail, two of three a yes.
fn fill(conn: &mut Conn, keys: &Keys, site_id: i32, count: u64) {
    let at = now() - 86_400_000;
    for from in (0..count).step_by(usize::try_from(FILLING).expect("it fits")) {
        let rows: Vec<_> = (from..(from + FILLING).min(count))
            .map(|n| {
                let (name, said) = (format!("kunde-{n}"), if n % 3 == 0 { Said::Withdrawn } else { Said::Granted });
                let id = Ref::parse(&name).expect("a name").person(keys, "shop");
                let standing = Standing { said, at, since: at, consent: ids::id(at.unsigned_abs(), n), notice: 1 };
                let state = State { channels: [(Channel::Email, standing)].into(), ..State::default() };
                (
                    people::site_id.eq(site_id),
                    people::person.eq(id.0.to_vec()),
                    people::kind.eq("id"),
                    people::reference.eq(Some(name)),
                    people::state.eq(state.text().expect("text")),
                    people::sequence.eq(1_i64),
                    people::updated_at.eq(at),
                )
            })
            .collect();
        let insert = diesel::insert_into(people::table).values(&rows);
        match conn {
            Conn::Sqlite(c) => insert.execute(c),
            Conn::Postgres(c) => insert.execute(c),
        }
        .expect("the rows");
    }
}

/// What either engine does in time.
fn settle(conn: &mut Conn) {
    let statements: &[&str] = match conn {
        Conn::Sqlite(_) => &["PRAGMA wal_checkpoint(TRUNCATE)"],
        Conn::Postgres(_) => &["VACUUM ANALYZE consents", "VACUUM ANALYZE people", "CHECKPOINT"],
    };
    for statement in statements {
        conn.batch_execute(statement).expect(statement);
    }
}

/// `samtykke export`, read as fast as it writes.
fn exported(database: &Database, list: &str, form: &str, count: u64) -> Reading {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_samtykke"))
        .env_clear()
        .env("SAMTYKKE_DATA_DIR", database.folder.path().join("data"))
        .env("DATABASE_URL", database.url())
        .args(["export", list, "shop", "--format", form])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    let pid = child.id();
    // Its memory is asked for while it writes: afterwards there is none.
    let mut peak_mb = 0.0;
    let mut stream = child.stdout.take().expect("its output");
    let (rows, bytes) = counted(&mut stream, || peak_mb = memory_mb(pid).1.max(peak_mb));
    assert!(child.wait().expect("an end").success(), "the export went wrong");
    finished(list, form, (rows, bytes), count, began, peak_mb)
}

/// The same by HTTP from a server that does nothing else.
fn served(database: &Database, keys: &Keys, list: &str, form: &str, count: u64) -> Reading {
    let process = Process::samtykke(database, &[]);
    let scopes = [Scope::ConsentsRead, Scope::PeopleRead, Scope::Export];
    let sites = ["shop".to_owned()];
    let grant = Grant { subject: "bench", client: "token:bench", scopes: &scopes, sites: &sites, seconds: 3_600 };
    let token = token::issue(keys, &grant, now()).expect("a token").0;
    let began = Instant::now();
    let mut stream = TcpStream::connect(process.address).expect("a connection");
    let path = format!("/v1/sites/shop/{list}?format={form}");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n")
        .expect("sent");
    let (lines, bytes) = counted(&mut stream, || {});
    // Each chunk ends with a line, and so does its length; what is counted here is what has a comma.
    finished(list, form, (lines, bytes), count, began, process.memory_mb().1)
}

/// Lines that are rows, and all bytes. `meanwhile` is done now and then.
fn counted(stream: &mut impl Read, mut meanwhile: impl FnMut()) -> (u64, u64) {
    let (mut rows, mut bytes, mut buffer) = (0, 0_u64, vec![0; 256 * 1024]);
    let (mut comma, mut turns) = (false, 0_u64);
    loop {
        if turns.is_multiple_of(64) {
            meanwhile();
        }
        turns += 1;
        let read = stream.read(&mut buffer).expect("bytes");
        if read == 0 {
            return (rows, bytes);
        }
        bytes += read as u64;
        for byte in &buffer[..read] {
            match byte {
                b',' => comma = true,
                b'\n' => {
                    rows += u64::from(comma);
                    comma = false;
                }
                _ => {}
            }
        }
    }
}

fn finished(list: &str, form: &str, (rows, bytes): (u64, u64), count: u64, began: Instant, peak_mb: f64) -> Reading {
    let seconds = began.elapsed().as_secs_f64();
    let expected = count + u64::from(form == "csv");
    // The head of an answer has a line with a comma now and then.
    assert!((expected..expected + 4).contains(&rows), "{list} {form}: {rows} of {expected} rows");
    Reading { rows: count, bytes, seconds, peak_mb }
}
