//! More clients than may wait: what is refused, how soon, and whether the server is as fast afterwards.

use std::time::Duration;

use super::process::Process;
use super::request::Request;
use super::server::SITE;
use super::{CLIENTS, Engine, clients, rows, verdict};

const CROWD: usize = 1000;

pub fn head() {
    println!("\nOverload: {CROWD} clients that come back at once, over a queue that is too short for them");
    println!("            queue        201        503  201 p99 ms  503 p99 ms   peak MB     201/s before, after");
}

/// With a queue of 64, and with shorter ones until something overflows.
pub fn measure(engine: &Engine, measured: Duration) {
    for queue in [64, 8, 1] {
        if crowd(engine, queue, measured) > 0 {
            return;
        }
        println!("{:<11}{:>6} no 503: the writers keep up with {CROWD} clients over this queue", "", queue);
    }
}

/// Says how many were refused.
fn crowd(engine: &Engine, queue: usize, measured: Duration) -> u64 {
    let database = (engine.database)();
    database.apply(SITE);
    let server = Process::samtykke(&database, &["--queue", &queue.to_string()]);
    // Fewer than the queue holds, so that before and after nothing is refused: sealing takes a place in it now and then.
    let few = CLIENTS.min(queue - queue / 4);
    let mut load = Request::consent(server.address);
    let before = clients::run(&server, few, measured, &mut load);
    let crowded = clients::run(&server, CROWD, measured, &mut load);
    let after = clients::run(&server, few, measured, &mut load);
    before.expect(&[201]);
    crowded.expect(&[201, 503]);
    after.expect(&[201]);
    rows::check_stored(&database, before.total(201) + crowded.total(201) + after.total(201));
    let (_, peak) = server.memory_mb();
    let (slow, again) = (before.per_second(201), after.per_second(201));
    println!(
        "{:<11}{queue:>6}{:>11}{:>11}{:>12.2}{:>12.2}{peak:>10.1}{slow:>14.0}{again:>10.0} ({few} clients, {:.2})",
        engine.name,
        crowded.total(201),
        crowded.total(503),
        crowded.waits(201).ms(990),
        crowded.waits(503).ms(990),
        again / slow,
    );
    if crowded.total(503) > 0 {
        let without = crowded.without_retry_after;
        println!("{:<17}503 without Retry-After: {without}, goal 0 {}", "", verdict(without == 0));
    }
    crowded.total(503)
}
