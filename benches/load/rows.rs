//! Rows without a server: made in memory, then committed the way the server commits, with only the commits timed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use samtykke::consent::{Consent, NewConsent};
use samtykke::db::Conn;
use samtykke::jurisdiction::Jurisdictions;
use samtykke::keys::Keys;
use samtykke::regime::{Found, Regime};
use samtykke::schema::consents;
use samtykke::serve::{data_folder, now};
use samtykke::site::Site;
use samtykke::sites::Sites;
use samtykke::{insert, jwks, receipt};
use uuid::Uuid;

use super::ids;
use super::server::{Database, SITE, consent};

/// The time of the first row; each after it is a millisecond later.
const BEGINNING: u64 = 1_700_000_000_000;

/// As it is without a region database.
const LAW: (Regime, Found) = (Regime::OptIn, Found::Assumed);

/// Consents of as many visitors, in order of time.
pub struct Rows {
    pub site: Arc<Site>,
    new: NewConsent,
    /// A row of which the signature is the server's.
    signed: Consent,
    pub made: u64,
}

impl Rows {
    /// For a new database: applies the site and registers a key.
    pub fn over(database: &Database, conn: &mut Conn) -> Self {
        database.apply(SITE);
        let sites = Sites::new(Jurisdictions::built_in().expect("the table"));
        sites.refresh(conn, now()).expect("the sites");
        let site = sites.find("shop").expect("the site");
        let folder = database.folder.path().join("data");
        data_folder(&folder).expect("a folder");
        let mut keys = Keys::open(&folder).expect("keys");
        jwks::register(&mut keys, conn, now()).expect("a registered key");
        let new: NewConsent = serde_json::from_value(consent()).expect("a consent");
        let mut signed = Consent::new(&new, &site, LAW, &[], None, now(), [0; 16]).expect("a good consent");
        receipt::sign(&mut signed, &site, &keys).expect("a signature");
        Self { site, new, signed, made: 0 }
    }

    /// The visitor of the nth row.
    pub fn visitor(n: u64) -> Uuid {
        ids::visitor(BEGINNING + n, n)
    }

    /// So many new rows. Their signatures have the right length and are noise: a database cannot tell.
    pub fn take(&mut self, count: usize) -> Vec<Consent> {
        (0..count).map(|_| self.next()).collect()
    }

    fn next(&mut self) -> Consent {
        let (n, ms) = (self.made, BEGINNING + self.made);
        self.made += 1;
        self.new.id = ids::id(ms, n);
        self.new.visitor = Self::visitor(n);
        let salt = ids::scattered(n).to_be_bytes();
        let mut row =
            Consent::new(&self.new, &self.site, LAW, &[], None, ms.cast_signed(), salt).expect("a good consent");
        row.key_id = self.signed.key_id;
        row.signature.clone_from(&self.signed.signature);
        for (place, chunk) in (4 * n..).zip(row.signature.chunks_mut(16)) {
            chunk.copy_from_slice(&ids::scattered(place).to_be_bytes()[..chunk.len()]);
        }
        row
    }
}

/// Rows a second in transactions of so many, for about this long.
pub fn per_second(conns: &mut [Conn], rows: &mut Rows, batch: usize, measured: Duration) -> f64 {
    let (mut written, mut took, mut transactions) = (0, Duration::ZERO, 16);
    while took < measured {
        let round = rows.take(transactions * batch);
        let spent = commit(conns, &round, batch);
        written += round.len();
        took += spent;
        if spent < measured / 8 {
            transactions *= 2;
        }
    }
    written as f64 / took.as_secs_f64()
}

/// Commits rows in transactions of so many over these connections, each on a thread, and says how long that took.
pub fn commit(conns: &mut [Conn], rows: &[Consent], batch: usize) -> Duration {
    let batches: Vec<Vec<&Consent>> = rows.chunks(batch).map(|rows| rows.iter().collect()).collect();
    let (batches, next) = (&batches, &AtomicUsize::new(0));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for conn in conns {
            scope.spawn(move || {
                let mut above = 0;
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(e) = insert::commit(conn, batch, &mut above) {
                        panic!("the rows were not written: {e}");
                    }
                }
            });
        }
    });
    began.elapsed()
}

/// Stops the run unless exactly so many consents are in the database, seen over a connection of its own.
pub fn check_stored(database: &Database, acknowledged: u64) {
    let mut conn = database.parsed().connect().expect("a connection");
    let stored: i64 = consents::table.count().get_result(&mut conn).expect("a count");
    assert_eq!(
        stored.unsigned_abs(),
        acknowledged,
        "the database holds {stored} consents, and the server acknowledged {acknowledged} with 201"
    );
}
