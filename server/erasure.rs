//! Forgetting: the rows go, with their salts, and the ledger keeps leaves that mean nothing any more. That it was done is an event of
//! its own, without personal data, so that a row which is missing without one has been taken away.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ledger::{self, Kind};
use crate::once;
use crate::person::PersonId;
use crate::person::standing::State;
use crate::schema::{consents, erasures, ledger as head_table, people};
use crate::webhook::delivery;

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
    pub reason: String,
    /// JSON: `[[first, last], …]`, the leaves whose records are gone.
    leaves: String,
    pub created_at: i64,
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

/// Deletes every answer of a visitor on a site, with what the API answered about them, and says how many there were. Call it inside a
/// transaction. Of a person nothing goes: they are no visitor.
pub fn visitor(conn: &mut Conn, site_id: i32, visitor: Uuid, now: i64) -> QueryResult<usize> {
    take_head(conn)?;
    let own =
        consents::table.filter(consents::visitor.eq(visitor.as_bytes().to_vec())).filter(consents::site_id.eq(site_id));
    let own = own.filter(consents::topic.is_null());
    once::forget(conn, site_id, visitor.as_bytes())?;
    let rows: Vec<i64> = own.select(consents::seq).order(consents::seq.asc()).load(conn)?;
    rows_of(conn, site_id, &rows, Reason::Request, now)
}

/// Deletes every event of a person on a site, and what stood after them. Call it inside a transaction.
pub fn person(conn: &mut Conn, site_id: i32, person: PersonId, now: i64) -> QueryResult<usize> {
    take_head(conn)?;
    // An event that is being written right now is waited for, so that none is left over.
    let own = people::table.filter(people::site_id.eq(site_id)).filter(people::person.eq(person.0.to_vec()));
    diesel::update(own).set(people::sequence.eq(people::sequence)).execute(conn)?;
    let events = consents::table.filter(consents::visitor.eq(person.0.to_vec())).filter(consents::site_id.eq(site_id));
    let rows: Vec<i64> = events.select(consents::seq).order(consents::seq.asc()).load(conn)?;
    let erased = rows_of(conn, site_id, &rows, Reason::Request, now)?;
    let own = people::table.filter(people::site_id.eq(site_id)).filter(people::person.eq(person.0.to_vec()));
    diesel::delete(own).execute(conn)?;
    delivery::forget(conn, site_id, &person.0)?;
    once::forget(conn, site_id, &person.0)?;
    Ok(erased)
}

/// Deletes these rows of a site, and says how many there were. What they said of a person does not stand any more, and a person of whom
/// nothing is left goes too. Call it inside a transaction.
pub fn rows(conn: &mut Conn, site_id: i32, rows: &[i64], reason: Reason, now: i64) -> QueryResult<usize> {
    take_head(conn)?;
    let of_people = consents::table.filter(consents::seq.eq_any(rows)).filter(consents::topic.is_not_null());
    let mut events: BTreeMap<Vec<u8>, Vec<Uuid>> = BTreeMap::new();
    for (person, event) in of_people.select((consents::visitor, consents::id)).load::<(Vec<u8>, Vec<u8>)>(conn)? {
        events.entry(person).or_default().extend(Uuid::from_slice(&event).ok());
    }
    for (person, events) in &events {
        unsay(conn, site_id, person, events)?;
    }
    let gone = rows_of(conn, site_id, rows, reason, now)?;
    for person in events.keys() {
        let left = consents::table.filter(consents::visitor.eq(person)).filter(consents::site_id.eq(site_id));
        if left.count().get_result::<i64>(conn)? == 0 {
            let own = people::table.filter(people::site_id.eq(site_id)).filter(people::person.eq(person));
            diesel::delete(own).execute(conn)?;
        }
    }
    Ok(gone)
}

/// Takes what these events said out of what stands for a person, whose row stays locked until the end of the transaction.
fn unsay(conn: &mut Conn, site_id: i32, person: &[u8], events: &[Uuid]) -> QueryResult<()> {
    let own = people::table.filter(people::site_id.eq(site_id)).filter(people::person.eq(person));
    diesel::update(own).set(people::sequence.eq(people::sequence)).execute(conn)?;
    let own = people::table.filter(people::site_id.eq(site_id)).filter(people::person.eq(person));
    let Some((row, state)) = own.select((people::id, people::state)).first::<(i64, String)>(conn).optional()? else {
        return Ok(());
    };
    let failed = |e: Error| diesel::result::Error::DeserializationError(Box::new(e));
    let mut state = State::parse(&state).map_err(failed)?;
    state.forget(events);
    let text = state.text().map_err(failed)?;
    diesel::update(people::table.find(row)).set(people::state.eq(text)).execute(conn).map(drop)
}

/// Takes turns with whoever seals or erases: after this, a row either has its leaf or will not get one. Whoever takes it takes it first.
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
