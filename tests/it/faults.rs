//! What the service does when it is killed, when its connections are cut, when one row cannot be written, and when the clock is
//! set back: nothing acknowledged is lost, nothing stands twice, and nobody pays for another's fault.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use diesel::connection::SimpleConnection;
use samtykke::config::Serve;
use samtykke::db::DatabaseUrl;
use samtykke::serve;
use serde_json::json;

use crate::clients::{each_is_stored_once, nothing_is_lost, only_stored_or_later, post_while, until, verify};
use crate::program::Process;
use crate::server::{Database, SITE, Server, admin, changed, consent, execute, settings, visitor, without_leaves};

/// Numbers from a seed that the test prints and TEST_SEED sets (splitmix64).
struct Random(u64);

impl Random {
    fn new() -> Self {
        let told = std::env::var("TEST_SEED").ok().map(|seed| seed.parse().expect("a number"));
        let seed = told.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
            u64::from(since.subsec_nanos())
        });
        println!("TEST_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Fifty times over one database: kills the server after a random number of acknowledgements while eight clients post, starts it
/// again, and asks it for everything that it had acknowledged.
fn killed_fifty_times(database: &Database) {
    let mut random = Random::new();
    database.apply(SITE);
    let mut all = Vec::new();
    let mut process = Process::start(database);
    for _ in 0..50 {
        let sent = post_while(&process, 8, |seen| {
            seen.wait_for(1 + usize::try_from(random.below(40)).expect("small"), 201);
            process.signal("KILL");
        });
        drop(process);
        process = Process::start(database);
        assert!(sent.iter().all(|one| matches!(one.status(), Some(201) | None)), "stored, or cut off");
        nothing_is_lost(&process, &sent);
        verify(database);
        all.extend(sent);
    }
    nothing_is_lost(&process, &all);
    each_is_stored_once(database, &all);
}

#[test]
fn killed_fifty_times_it_has_lost_nothing_that_it_acknowledged_on_sqlite() {
    killed_fifty_times(&Database::sqlite());
}

#[test]
fn killed_fifty_times_it_has_lost_nothing_that_it_acknowledged_on_postgres() {
    killed_fifty_times(&Database::postgres());
}

#[test]
fn connections_that_are_cut_in_the_middle_cost_no_record() {
    let database = Database::postgres();
    database.apply(SITE);
    let process = Process::start(&database);
    let name = database.url().rsplit('/').next().expect("a name").to_owned();
    let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    let sent = post_while(&process, 16, |seen| {
        for _ in 0..40 {
            seen.wait_for(10, 201);
            execute(&admin(), &cut);
        }
        seen.wait_for(50, 201);
    });
    only_stored_or_later(&sent);
    until(200, || process.ready());
    nothing_is_lost(&process, &sent);
    each_is_stored_once(&database, &sent);
    verify(&database);
}

/// How many writes wait, as the metrics say.
fn waiting(server: &Server) -> usize {
    let metrics = server.get("/metrics");
    let line = metrics.text().lines().find(|line| line.starts_with("samtykke_writes_waiting ")).expect("the gauge");
    line.rsplit(' ').next().and_then(|count| count.parse().ok()).expect("a number")
}

fn one_row_that_cannot_be_written_fails_alone(database: Database) {
    database.apply(SITE);
    // Nobody seals meanwhile, so that only what is posted here waits to be written.
    let server = &Server::with(database, Serve { seal_ms: 3_600_000, ..settings() });
    let sqlite = matches!(server.database.parsed(), DatabaseUrl::Sqlite(_));
    let (refuse, hold) = if sqlite {
        (
            "CREATE TRIGGER poison BEFORE INSERT ON consents WHEN NEW.page = '/poison' \
             BEGIN SELECT RAISE(ABORT, 'poison'); END",
            "BEGIN IMMEDIATE",
        )
    } else {
        (
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''poison''; END'; \
             CREATE TRIGGER poison BEFORE INSERT ON consents FOR EACH ROW WHEN (NEW.page = '/poison') \
             EXECUTE FUNCTION poison()",
            "BEGIN; LOCK TABLE consents IN EXCLUSIVE MODE",
        )
    };
    let mut other = server.database.parsed().connect().expect("a connection");
    other.batch_execute(refuse).expect("a trigger");
    for poisoned in [0, 13, 31] {
        // Another holds the table while these arrive, so that they are written together once it lets go. The first few keep
        // every writer busy until then.
        other.batch_execute(hold).expect("held");
        std::thread::scope(|scope| {
            let post = |page: &str| {
                let consent = changed(&consent(), "page", json!(page));
                scope.spawn(move || server.post(&consent).status.as_u16())
            };
            let first: Vec<_> = (0..8)
                .map(|before| {
                    until(before, || waiting(server));
                    post("/before")
                })
                .collect();
            until(8, || waiting(server));
            let pages = (0..32).map(|i| if i == poisoned { "/poison" } else { "/clean" });
            let clients: Vec<_> = pages.map(post).collect();
            until(40, || waiting(server));
            other.batch_execute("COMMIT").expect("let go");
            for client in first {
                assert_eq!(client.join().expect("no panic"), 201);
            }
            for (i, client) in clients.into_iter().enumerate() {
                let expected = if i == poisoned { 503 } else { 201 };
                assert_eq!(
                    client.join().expect("no panic"),
                    expected,
                    "number {i}, and {poisoned} is the poisoned one"
                );
            }
        });
    }
}

#[test]
fn one_row_that_cannot_be_written_fails_alone_on_sqlite() {
    one_row_that_cannot_be_written_fails_alone(Database::sqlite());
}

#[test]
fn one_row_that_cannot_be_written_fails_alone_on_postgres() {
    one_row_that_cannot_be_written_fails_alone(Database::postgres());
}

/// How far the clock of the test below is ahead, in ms.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn jumping() -> i64 {
    serve::now() + AHEAD.load(Ordering::SeqCst)
}

#[test]
fn a_clock_that_is_set_back_leaves_the_answers_in_the_order_in_which_they_came() {
    const HOUR: i64 = 3_600_000;
    for database in [Database::sqlite(), Database::postgres()] {
        AHEAD.store(0, Ordering::SeqCst);
        database.apply(SITE);
        let server = Server::with_clock(database, settings(), jumping);
        let visitor = json!(visitor());
        let mut sent = Vec::new();
        let mut receipts = Vec::new();
        for ahead in [0, -HOUR, -HOUR, HOUR, 0] {
            AHEAD.store(ahead, Ordering::SeqCst);
            let consent = changed(&consent(), "visitor", visitor.clone());
            receipts.push(server.post(&consent).expect(201).json());
            sent.push(consent);
        }
        for (consent, receipt) in sent.iter().zip(&receipts) {
            assert_eq!(server.post(consent).expect(200).json(), *receipt);
        }
        let capability = receipts[0]["capability"].as_str().expect("text");
        let history = without_leaves(server.with_capability("GET", capability).json());
        assert_eq!(history, json!({ "consents": receipts }));
        let at = |i: usize| receipts[i]["record"]["created_at"].as_i64().expect("a time");
        assert!(at(1) < at(0) && at(3) > at(4), "the clock was set back, and the records say so");
        server.get("/readyz").expect(200);
    }
}
