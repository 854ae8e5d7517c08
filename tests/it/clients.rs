//! Many clients at once, what they were answered, and what has to be true afterwards: nothing acknowledged is lost, and nothing
//! stands twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::Value;

use crate::program::{Process, run, samtykke};
use crate::server::{Database, consent};

/// How long a state is waited for before the test has failed.
const PATIENCE: Duration = Duration::from_secs(40);

/// One consent and what came back: a status and a body, or nothing when the connection broke.
pub struct Sent {
    pub consent: Value,
    pub answer: Option<(u16, Value)>,
    pub took: Duration,
}

impl Sent {
    pub fn status(&self) -> Option<u16> {
        self.answer.as_ref().map(|(status, _)| *status)
    }
}

/// How often each status has been answered so far.
#[derive(Default)]
pub struct Seen {
    statuses: Mutex<BTreeMap<u16, usize>>,
    changed: Condvar,
}

impl Seen {
    fn note(&self, status: u16) {
        *self.statuses.lock().expect("no panic").entry(status).or_default() += 1;
        self.changed.notify_all();
    }

    /// Waits until this status has been answered so many times more.
    pub fn wait_for(&self, more: usize, status: u16) {
        let count = |statuses: &BTreeMap<u16, usize>| statuses.get(&status).copied().unwrap_or_default();
        let statuses = self.statuses.lock().expect("no panic");
        let wanted = count(&statuses) + more;
        let outcome = self.changed.wait_timeout_while(statuses, PATIENCE, |statuses| count(statuses) < wanted);
        let (statuses, end) = outcome.expect("no panic");
        // Let go first: the clients still count while this one fails.
        let so_far = statuses.clone();
        drop(statuses);
        assert!(!end.timed_out(), "waited for {more} more answers {status}; so far {so_far:?}");
    }
}

/// Lets so many clients post, each one consent after the other, for as long as `during` takes, and gives back all that was
/// sent. A client ends when its connection breaks, and takes a breath when it is told to come again later.
pub fn post_while(process: &Process, clients: usize, during: impl FnOnce(&Seen)) -> Vec<Sent> {
    /// Ends the clients also when `during` panics.
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let (seen, over) = (Seen::default(), AtomicBool::new(false));
    let client = || {
        let mut all = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let (consent, started) = (consent(), Instant::now());
            let answer = process.answer(&consent);
            let sent = Sent { consent, answer, took: started.elapsed() };
            let status = sent.status();
            all.push(sent);
            let Some(status) = status else { break };
            seen.note(status);
            if status == 503 {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        all
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        let over = Over(&over);
        during(&seen);
        drop(over);
        clients.into_iter().flat_map(|client| client.join().expect("no panic")).collect()
    })
}

/// Whoever posted was told that it is stored, or to come again later, and was told soon.
pub fn only_stored_or_later(sent: &[Sent]) {
    for one in sent {
        let well = matches!(one.status(), Some(201 | 503));
        assert!(well, "{} was answered {:?} after {:?}", one.consent, one.answer, one.took);
        assert!(one.took < Duration::from_secs(12), "{:?} after {:?}", one.answer, one.took);
    }
}

/// Sent again, what was acknowledged is known already, with the receipt that was given.
pub fn nothing_is_lost(process: &Process, sent: &[Sent]) {
    for one in sent.iter().filter(|one| one.status() == Some(201)) {
        let (_, receipt) = one.answer.as_ref().expect("acknowledged");
        let again = process.answer(&one.consent);
        assert_eq!(again, Some((200, receipt.clone())), "acknowledged before, so it is there: {}", one.consent);
    }
}

#[derive(QueryableByName)]
struct Rows {
    #[diesel(sql_type = BigInt)]
    stored: i64,
    #[diesel(sql_type = BigInt)]
    different: i64,
}

/// As many rows as were acknowledged, or more by those that got no answer or were told to come again; none twice.
pub fn each_is_stored_once(database: &Database, sent: &[Sent]) {
    let mut conn = database.parsed().connect().expect("a connection");
    let sql = "SELECT count(*) AS stored, count(DISTINCT id) AS different FROM consents";
    let Rows { stored, different } = diesel::sql_query(sql).get_result(&mut conn).expect("a count");
    assert_eq!(stored, different, "no id stands twice");
    let acknowledged = sent.iter().filter(|one| matches!(one.status(), Some(200 | 201))).count();
    let stored = usize::try_from(stored).expect("a count");
    assert!((acknowledged..=sent.len()).contains(&stored), "{acknowledged} <= {stored} <= {}", sent.len());
}

/// The ledger holds what the database holds.
pub fn verify(database: &Database) {
    let (well, told, wrong) = run(samtykke(database).args(["ledger", "verify"]));
    assert!(well, "{told}{wrong}");
}

/// Asks until the answer is the one that is wanted.
pub fn until<T: Copy + PartialEq + std::fmt::Debug>(wanted: T, ask: impl Fn() -> T) {
    let started = Instant::now();
    let mut last = ask();
    while last != wanted {
        assert!(started.elapsed() < PATIENCE, "still {last:?} and not {wanted:?}");
        std::thread::sleep(Duration::from_millis(20));
        last = ask();
    }
}
