//! What an answer is made of, each part alone on the whole machine: the ceiling is what is left when they take turns.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use serde_json::Value;

use super::process::Process;
use super::request::Request;
use super::rows::{self, Rows};
use super::server::{Database, SITE};
use super::{CLIENTS, Engine, clients, cores};

/// A real receipt, to take the size of an answer and the signed bytes from.
pub fn receipt() -> String {
    let database = Database::sqlite();
    database.apply(SITE);
    Process::samtykke(&database, &[]).receipt()
}

/// H: requests a second of the bare server that answers as many bytes as a receipt has.
pub fn requests(receipt: &str, measured: Duration) -> f64 {
    let bare = Process::bare(201, "application/json", receipt.as_bytes());
    let outcome = clients::run(&bare, CLIENTS, measured, &mut Request::consent(bare.address));
    outcome.expect(&[201]);
    outcome.per_second(201)
}

/// S: signatures a second over what a receipt signs, on all cores.
pub fn signatures(receipt: &str, measured: Duration) -> f64 {
    let receipt: Value = serde_json::from_str(receipt).expect("a receipt");
    // The signing input of a JWS is all of it before the last dot (RFC 7515, 5.1).
    let (input, _) = receipt["jws"].as_str().and_then(|jws| jws.rsplit_once('.')).expect("a JWS");
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let pair = &Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a key");
    let per_core = || {
        let began = Instant::now();
        let mut signed = 0_u64;
        while began.elapsed() < measured {
            black_box(pair.sign(black_box(input.as_bytes())));
            signed += 1;
        }
        signed as f64 / began.elapsed().as_secs_f64()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(per_core)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    })
}

/// E: rows a second that the engine makes durable in transactions of so many.
pub fn inserts(engine: &Engine, connections: usize, batch: usize, measured: Duration) -> f64 {
    let database = (engine.database)();
    let mut conns: Vec<_> = (0..connections).map(|_| database.parsed().connect().expect("a connection")).collect();
    let mut made = Rows::over(&database, &mut conns[0]);
    let rate = rows::per_second(&mut conns, &mut made, batch, measured);
    drop(conns);
    rows::check_stored(&database, made.made);
    rate
}
