//! What the benches stand on: clients that load a server, the server as a process, and its parts alone.

pub mod answer;
pub mod bare;
pub mod clients;
pub mod ids;
pub mod outcome;
pub mod overload;
pub mod parts;
pub mod process;
pub mod request;
pub mod rows;

#[path = "../../tests/it/server.rs"]
#[allow(unused_macros, unused_imports, reason = "the benches need a part of what the tests stand on")]
pub mod server;

use std::time::Duration;

use server::Database;

/// Clients at which the goals are set.
pub const CLIENTS: usize = 64;

/// One of the two databases.
pub struct Engine {
    pub name: &'static str,
    pub database: fn() -> Database,
    /// As many connections write as the server opens for writing.
    pub writers: usize,
}

pub const ENGINES: [Engine; 2] = [
    Engine { name: "SQLite", database: Database::sqlite, writers: 1 },
    Engine { name: "PostgreSQL", database: Database::postgres, writers: 2 },
];

/// How long each figure is measured: `BENCH_SECONDS`, or 6.
pub fn measured() -> Duration {
    let seconds = std::env::var("BENCH_SECONDS").map_or(6.0, |text| text.parse().expect("BENCH_SECONDS is a number"));
    Duration::from_secs_f64(seconds)
}

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What is said of a goal. Missing one is printed; it never fails the run.
pub const fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
