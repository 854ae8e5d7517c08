//! What the service does when the disk is full, read-only, or cannot keep what was written: it says so, loses nothing that it has
//! acknowledged, and goes on by itself once the disk does.

use std::process::Command;

use diesel::RunQueryDsl;
use samtykke::db::DatabaseUrl;

use crate::clients::{Seen, each_is_stored_once, nothing_is_lost, only_stored_or_later, post_while, until, verify};
use crate::cluster::Cluster;
use crate::disk::{FailingDisk, SmallDisk};
use crate::program::{Process, samtykke};
use crate::server::{Database, SITE};

/// Eight clients post; in the middle the disk fails until posts are refused and the service says that it is not ready, and then
/// is mended.
fn lives_through(database: &Database, command: &mut Command, fail: impl FnOnce(), mend: impl FnOnce(&Seen)) {
    database.apply(SITE);
    let process = Process::of(command);
    let sent = post_while(&process, 8, |seen| {
        seen.wait_for(100, 201);
        fail();
        seen.wait_for(50, 503);
        until(503, || process.ready());
        mend(seen);
        until(200, || process.ready());
        seen.wait_for(100, 201);
    });
    only_stored_or_later(&sent);
    nothing_is_lost(&process, &sent);
    each_is_stored_once(database, &sent);
    verify(database);
}

#[test]
fn a_full_disk_is_told_and_lived_through_on_sqlite() {
    let disk = SmallDisk::new(8);
    let database = Database::at(format!("sqlite:{}", disk.path().join("samtykke.db").display()));
    lives_through(&database, &mut samtykke(&database), || disk.fill(), |_| disk.clear());
}

/// The same on PostgreSQL, whose data lies on the disk that is filled. `then` is what happens to it besides.
fn a_full_postgres(then: impl FnOnce(&str)) {
    let disk = SmallDisk::new(64);
    let mut cluster = Cluster::on(disk.path());
    let url = cluster.url().to_owned();
    let database = Database::at(url.clone());
    let fail = || {
        disk.fill();
        then(&url);
    };
    let mend = |seen: &Seen| {
        // Still full: what is refused stays refused, however PostgreSQL itself gets along.
        seen.wait_for(50, 503);
        disk.clear();
        // It may have ended for good, as it does when there is no room for its log; whoever clears the disk starts it again.
        cluster.start_again();
    };
    lives_through(&database, &mut samtykke(&database), fail, mend);
}

#[test]
fn a_full_disk_is_told_and_lived_through_on_postgres() {
    a_full_postgres(|_| ());
}

#[test]
fn a_disk_without_room_for_its_log_ends_postgres_and_is_lived_through() {
    a_full_postgres(|url| {
        let mut conn = url.parse::<DatabaseUrl>().expect("a URL").connect().expect("a connection");
        // Uses up what room the log had put aside. PostgreSQL gives up then, and its connections break.
        let fill = "SELECT pg_logical_emit_message(false, 'filler', repeat('x', 30000000))";
        let ended = (0..20).any(|_| diesel::sql_query(fill).execute(&mut conn).is_err());
        let gone = diesel::sql_query("SELECT 1").execute(&mut conn).is_err();
        assert!(ended && gone, "it found room for its log");
    });
}

fn a_failing_disk(how: &str) {
    let disk = FailingDisk::new();
    let database = Database::at(format!("sqlite:{}", disk.path().join("samtykke.db").display()));
    lives_through(&database, &mut disk.samtykke(&database), || disk.fail(how), |_| disk.mend(how));
}

#[test]
fn a_disk_that_turns_read_only_is_told_and_lived_through() {
    a_failing_disk("read-only");
}

#[test]
fn a_disk_that_cannot_keep_what_was_written_is_told_and_lived_through() {
    a_failing_disk("sync");
}
