//! What the service does while its PostgreSQL is away: it answers that it cannot store, soon and to everybody, and goes on by
//! itself when the PostgreSQL is back.

use crate::clients::{each_is_stored_once, nothing_is_lost, only_stored_or_later, post_while, until, verify};
use crate::cluster::Cluster;
use crate::program::Process;
use crate::server::{Database, SITE};

#[test]
fn a_postgres_that_stops_and_starts_under_load_is_told_and_lived_through() {
    let mut cluster = Cluster::start();
    let database = Database::at(cluster.url().to_owned());
    database.apply(SITE);
    let process = Process::start(&database);
    let sent = post_while(&process, 16, |seen| {
        for _ in 0..3 {
            seen.wait_for(50, 201);
            assert_eq!(process.ready(), 200);
            cluster.stop();
            seen.wait_for(50, 503);
            assert_eq!(process.ready(), 503);
            cluster.start_again();
            seen.wait_for(50, 201);
            until(200, || process.ready());
        }
    });
    only_stored_or_later(&sent);
    nothing_is_lost(&process, &sent);
    each_is_stored_once(&database, &sent);
    verify(&database);
}
