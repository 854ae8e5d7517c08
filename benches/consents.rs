//! Consents a second with 64 clients that each wait for their receipt, on both databases, in one run.
//! Clients and server share the machine: the figures are a floor, and their ratio is what to compare.

#[path = "../tests/it/server.rs"]
#[allow(dead_code, unused_macros, unused_imports, reason = "the bench needs a part of what the tests stand on")]
mod server;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use server::{CONSENTS, Database, ORIGIN, SITE, Server, consent, settings};

const CLIENTS: usize = 64;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(8);

fn main() {
    println!("{CLIENTS} clients, {} s each, full durability (every 201 is fsynced)", MEASURED.as_secs());
    println!("{:<12}{:>12}{:>10}{:>10}{:>10}", "", "consents/s", "p50 ms", "p99 ms", "max ms");
    let sqlite = measure("SQLite", Database::sqlite());
    let postgres = measure("PostgreSQL", Database::postgres());
    println!("PostgreSQL / SQLite: {:.2}", postgres / sqlite);
}

fn measure(name: &str, database: Database) -> f64 {
    database.apply(SITE);
    let server = Server::with(database, settings());
    let address = server.base.trim_start_matches("http://").to_owned();
    let start = Barrier::new(CLIENTS);
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| client(&address, &start))).collect();
        clients.into_iter().flat_map(|client| client.join().expect("no panic")).collect()
    });
    waits.sort_unstable();
    let at = |part: f64| {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = ((waits.len() - 1) as f64 * part) as usize;
        waits[index].as_secs_f64() * 1000.0
    };
    #[allow(clippy::cast_precision_loss, reason = "a few hundred thousand")]
    let rate = waits.len() as f64 / MEASURED.as_secs_f64();
    println!("{name:<12}{rate:>12.0}{:>10.2}{:>10.2}{:>10.2}", at(0.5), at(0.99), at(1.0));
    rate
}

/// How long each receipt took that came in the measured time, over one connection.
fn client(address: &str, start: &Barrier) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut waits = Vec::new();
    start.wait();
    let began = Instant::now();
    while began.elapsed() < WARM_UP + MEASURED {
        let body = consent().to_string();
        let sent = Instant::now();
        write!(
            stream,
            "POST {CONSENTS} HTTP/1.1\r\nhost: {address}\r\norigin: {ORIGIN}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        assert_eq!(status(&mut reader), 201);
        if (WARM_UP..WARM_UP + MEASURED).contains(&began.elapsed()) {
            waits.push(sent.elapsed());
        }
    }
    waits
}

/// Reads one answer whole and gives its status.
fn status(reader: &mut BufReader<TcpStream>) -> u16 {
    let (mut line, mut status, mut length) = (String::new(), 0, 0);
    loop {
        line.clear();
        reader.read_line(&mut line).expect("a line");
        if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
            status = rest[..3].parse().expect("a status");
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if line == "\r\n" {
            reader.read_exact(&mut vec![0; length]).expect("a body");
            return status;
        }
    }
}
