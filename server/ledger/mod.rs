//! The ledger: an append-only Merkle log (RFC 6962) in which every consent and every erasure has a leaf, so that nobody, the operator
//! included, can add, drop or change one unseen. A leaf is the hash of a record that holds 128 random bits: alone it tells nothing,
//! and once the record is gone it means nothing.
//!
//! A consent is written without it; about a second later [`seal`] gives it the next leaf, [`publish`] signs the new head as a
//! checkpoint ([`note`], C2SP), and [`tree`] proves what is asked from the tiles. [`verify`] does all of it again from the rows.

pub mod note;
pub mod publish;
pub mod seal;
pub mod tree;
pub mod verify;

use diesel::prelude::*;
use tlog_tiles::{EMPTY_HASH, Hash};

use crate::db::{Conn, on};
use crate::error::{Error, Result};
use crate::schema::{consents, erasures, ledger, ledger_runs};

/// What a leaf commits to: the SHA-256 of a record.
pub type Entry = [u8; 32];

/// Which table the rows of a run are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Consent,
    Erasure,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Consent, Self::Erasure];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Erasure => "erasure",
        }
    }

    /// The rows of this kind that are still there, from `first` to `last`.
    pub fn count(self, conn: &mut Conn, first: i64, last: i64) -> QueryResult<i64> {
        match self {
            Self::Consent => consents::table.filter(consents::seq.between(first, last)).count().get_result(conn),
            Self::Erasure => erasures::table.filter(erasures::seq.between(first, last)).count().get_result(conn),
        }
    }
}

/// What stands for good, as far as it is sealed.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = ledger)]
pub struct Head {
    /// The log's name in checkpoints and keys.
    pub origin: String,
    pub size: i64,
    pub root: Vec<u8>,
    /// Every row up to here has its leaf, or never will have one.
    pub consents_to: i64,
    pub erasures_to: i64,
}

impl Head {
    pub const fn to(&self, kind: Kind) -> i64 {
        match kind {
            Kind::Consent => self.consents_to,
            Kind::Erasure => self.erasures_to,
        }
    }

    pub fn leaves(&self) -> u64 {
        self.size.unsigned_abs()
    }

    pub fn root(&self) -> Result<Hash> {
        let root = self.root.as_slice().try_into();
        root.map(Hash).map_err(|_| Error::Internal("the root of the ledger is no hash".into()))
    }
}

/// Leaves that follow each other and stand for rows that follow each other.
#[derive(Clone, Debug, PartialEq, Insertable, Queryable, Selectable)]
#[diesel(table_name = ledger_runs)]
pub struct Run {
    pub leaf: i64,
    pub kind: String,
    pub seq: i64,
    pub length: i64,
}

/// Begins the ledger of a database that has none yet. A log's name is for life: another one is an error, a sentence.
pub fn open(conn: &mut Conn, origin: Option<&str>) -> Result<Head, String> {
    let told = |e: diesel::result::Error| format!("the ledger cannot be opened: {e}");
    if let Some(origin) = origin {
        check_origin(origin)?;
    }
    let named = origin.map_or_else(|| format!("samtykke/{}", uuid::Uuid::now_v7()), str::to_owned);
    let row = (
        ledger::id.eq(1),
        ledger::origin.eq(&named),
        ledger::size.eq(0),
        ledger::root.eq(EMPTY_HASH.0.to_vec()),
        ledger::consents_to.eq(0),
        ledger::erasures_to.eq(0),
    );
    on!(conn, |c| diesel::insert_into(ledger::table).values(row).on_conflict_do_nothing().execute(c)).map_err(told)?;
    let head = head(conn).map_err(told)?;
    match origin {
        Some(origin) if origin != head.origin => Err(format!(
            "the ledger in this database is called {}; samtykke ledger rename would make {origin} another log",
            head.origin
        )),
        _ => Ok(head),
    }
}

/// Gives the log another name, under which it goes on from where the database stands. Who knew it by the old one sees another log.
pub fn rename(conn: &mut Conn, origin: &str) -> Result<(), String> {
    check_origin(origin)?;
    let renamed = diesel::update(ledger::table.find(1)).set(ledger::origin.eq(origin)).execute(conn);
    match renamed {
        Ok(1) => Ok(()),
        Ok(_) => Err("this database has no ledger yet".into()),
        Err(e) => Err(format!("the ledger cannot be renamed: {e}")),
    }
}

/// C2SP signed-note: a key name holds neither white space nor a plus sign.
fn check_origin(origin: &str) -> Result<(), String> {
    let good = !origin.is_empty() && origin.len() <= 200 && origin.bytes().all(|b| b.is_ascii_graphic() && b != b'+');
    if good {
        Ok(())
    } else {
        Err("a ledger is called something like example.no/consents, without spaces and +".into())
    }
}

pub fn head(conn: &mut Conn) -> QueryResult<Head> {
    ledger::table.find(1).select(Head::as_select()).first(conn)
}

/// The leaf of a row, when it is sealed.
pub fn leaf_of(conn: &mut Conn, kind: Kind, seq: i64) -> QueryResult<Option<i64>> {
    let run: Option<Run> = ledger_runs::table
        .filter(ledger_runs::kind.eq(kind.as_str()))
        .filter(ledger_runs::seq.le(seq))
        .order(ledger_runs::seq.desc())
        .select(Run::as_select())
        .first(conn)
        .optional()?;
    Ok(run.filter(|run| seq < run.seq + run.length).map(|run| run.leaf + seq - run.seq))
}
