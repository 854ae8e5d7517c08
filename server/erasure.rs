//! Forgetting: the rows go, with their salts, and the ledger keeps leaves that mean nothing any more. That it was done is an event of
//! its own, without personal data, so that a row which is missing without one has been taken away.

use diesel::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ledger::{self, Kind};
use crate::person::PersonId;
use crate::schema::{consents, erasures, ledger as head_table, people};

/// Why rows go.
#[derive(Clone, Copy, Debug)]
pub enum Reason {
    /// The visitor, or somebody for them, asked for it.
    Request,
    /// They were kept as long as they are needed.
    Retention,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Retention => "retention",
        }
    }
}

/// An erasure as it is kept.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = erasures)]
pub struct Erasure {
    pub site_id: i32,
    reason: String,
    /// JSON: `[[first, last], …]`, the leaves whose records are gone.
    leaves: String,
    created_at: i64,
}

#[derive(Serialize)]
struct Record<'a> {
    created_at: i64,
    leaves: &'a RawValue,
    reason: &'a str,
    site: &'a str,
}

impl Erasure {
    /// Canonical JSON (RFC 8785), as the ledger commits to it.
    pub fn record(&self, site: &str) -> Result<String> {
        let internal = |e: serde_json::Error| Error::Internal(e.to_string());
        let leaves = serde_json::from_str(&self.leaves).map_err(internal)?;
        let record = Record { created_at: self.created_at, leaves, reason: &self.reason, site };
        serde_json::to_string(&record).map_err(internal)
    }

    /// The leaves that it says are forgotten.
    pub fn leaves(&self) -> Result<Vec<(i64, i64)>> {
        serde_json::from_str(&self.leaves).map_err(|e| Error::Internal(format!("an erasure: {e}")))
    }
}

/// Deletes every answer of a visitor on a site, and says how many there were. Call it inside a transaction.
pub fn visitor(conn: &mut Conn, site_id: i32, visitor: Uuid, now: i64) -> QueryResult<usize> {
    take_head(conn)?;
    let own =
        consents::table.filter(consents::visitor.eq(visitor.as_bytes().to_vec())).filter(consents::site_id.eq(site_id));
    let rows: Vec<i64> = own.select(consents::seq).order(consents::seq.asc()).load(conn)?;
    rows_of(conn, site_id, &rows, Reason::Request, now)
}

/// Deletes every event of a person on a site, and what stood after them. Call it inside a transaction.
pub fn person(conn: &mut Conn, site_id: i32, person: PersonId, now: i64) -> QueryResult<usize> {
    // An event that is being written right now is waited for, so that none is left over.
    let own = people::table.filter(people::site_id.eq(site_id)).filter(people::person.eq(person.0.to_vec()));
    diesel::update(own).set(people::sequence.eq(people::sequence)).execute(conn)?;
    let erased = visitor(conn, site_id, Uuid::from_bytes(person.0), now)?;
    let own = people::table.filter(people::site_id.eq(site_id)).filter(people::person.eq(person.0.to_vec()));
    diesel::delete(own).execute(conn)?;
    Ok(erased)
}

/// Deletes these rows of a site, and says how many there were. Call it inside a transaction.
pub fn rows(conn: &mut Conn, site_id: i32, rows: &[i64], reason: Reason, now: i64) -> QueryResult<usize> {
    take_head(conn)?;
    rows_of(conn, site_id, rows, reason, now)
}

/// Takes turns with whoever seals: after this, a row either has its leaf or will not get one.
fn take_head(conn: &mut Conn) -> QueryResult<()> {
    diesel::update(head_table::table.find(1)).set(head_table::size.eq(head_table::size)).execute(conn).map(drop)
}

fn rows_of(conn: &mut Conn, site_id: i32, rows: &[i64], reason: Reason, now: i64) -> QueryResult<usize> {
    let mut gone = 0;
    let mut leaves: Vec<i64> = Vec::new();
    for seq in rows {
        if diesel::delete(consents::table.find(seq)).execute(conn)? > 0 {
            gone += 1;
            leaves.extend(ledger::leaf_of(conn, Kind::Consent, *seq)?);
        }
    }
    if gone > 0 {
        let erasure = Erasure { site_id, reason: reason.as_str().into(), leaves: ranges(&mut leaves), created_at: now };
        diesel::insert_into(erasures::table).values(&erasure).execute(conn)?;
    }
    Ok(gone)
}

/// `[[3,3],[17,20]]`
fn ranges(leaves: &mut [i64]) -> String {
    leaves.sort_unstable();
    let runs = leaves.chunk_by(|a, b| a + 1 == *b).map(|run| format!("[{},{}]", run[0], run[run.len() - 1]));
    format!("[{}]", runs.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_that_follow_each_other_are_one_range() {
        assert_eq!(ranges(&mut []), "[]");
        assert_eq!(ranges(&mut [7]), "[[7,7]]");
        assert_eq!(ranges(&mut [3, 1, 2, 9, 5]), "[[1,3],[5,5],[9,9]]");
    }
}
