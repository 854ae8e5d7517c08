//! Sealing: what was committed gets its leaf, in an order that is safe to read on from, and nothing is ever passed over.
//!
//! Rows get their number before they are committed, so on PostgreSQL a lower number may appear after a higher one. A number that is
//! missing below one that was seen is therefore remembered, and looked for again until every transaction that could still bring it
//! has ended. Two servers that seal at once read the same head; who commits second finds it replaced, and writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::consent::Consent;
use crate::db::Conn;
use crate::erasure::Erasure;
use crate::error::{Error, Result};
use crate::hash::{hex, sha256};
use crate::ledger::tree::{Edge, Stored};
use crate::ledger::{self, Entry, Head, Kind, Run};
use crate::record::{self, Place};
use crate::schema::{consents, erasures, ledger as head_table, ledger_runs, notices, sites};

/// The most leaves of one seal, so that its memory and its transaction stay small.
const MOST: i64 = 4096;

/// What is to be added to the ledger of `before`; see `commit`.
pub struct Seal {
    before: Head,
    after: Head,
    runs: Vec<Run>,
    tiles: Vec<Stored>,
}

/// What whoever seals remembers between two times.
#[derive(Default)]
pub struct Memory {
    missing: Vec<Missing>,
    places: Places,
}

/// Numbers below one that was seen, and the transactions that might still bring them.
struct Missing {
    kind: Kind,
    gap: Range<i64>,
    suspects: BTreeSet<String>,
}

impl Missing {
    fn holds(&self, gap: &Range<i64>) -> bool {
        self.gap.start <= gap.start && gap.end <= self.gap.end
    }
}

/// The next seal, or nothing when all is sealed. It only reads.
pub fn plan(conn: &mut Conn, memory: &mut Memory) -> Result<Option<Seal>> {
    let before = ledger::head(conn)?;
    let mut after = before.clone();
    let mut edge = Edge::load(conn, &before)?;
    let mut runs: Vec<Run> = Vec::new();
    for kind in Kind::ALL {
        let found = unsealed(conn, memory, &before, kind)?;
        for (seq, entry) in &found.rows {
            let leaf = i64::try_from(edge.size()).unwrap_or(i64::MAX);
            match runs.last_mut() {
                Some(run) if run.kind == kind.as_str() && run.seq + run.length == *seq => run.length += 1,
                _ => runs.push(Run { leaf, kind: kind.as_str().into(), seq: *seq, length: 1 }),
            }
            edge.push(entry);
        }
        match kind {
            Kind::Consent => after.consents_to = found.to,
            Kind::Erasure => after.erasures_to = found.to,
        }
    }
    after.size = i64::try_from(edge.size()).unwrap_or(i64::MAX);
    after.root = edge.root()?.0.to_vec();
    Ok((after != before).then(|| Seal { before, after, runs, tiles: edge.into_changed() }))
}

impl Seal {
    /// Writes all of it, or nothing: `false` when another server has sealed meanwhile, or a row was erased. Call it in no
    /// transaction.
    pub fn commit(&self, conn: &mut Conn) -> QueryResult<bool> {
        conn.transaction(|conn| {
            let (before, after) = (&self.before, &self.after);
            // The head is taken first: an erasure takes it too, so that it sees a row's leaf or the row is not sealed any more.
            let replaced = diesel::update(head_table::table.find(1))
                .filter(head_table::size.eq(before.size).and(head_table::root.eq(&before.root)))
                .set((
                    head_table::size.eq(after.size),
                    head_table::root.eq(&after.root),
                    head_table::consents_to.eq(after.consents_to),
                    head_table::erasures_to.eq(after.erasures_to),
                ))
                .execute(conn)?;
            if replaced == 0 || !self.rows_stand(conn)? {
                return Err(diesel::result::Error::RollbackTransaction);
            }
            for tile in &self.tiles {
                tile.write(conn)?;
            }
            for run in &self.runs {
                write_run(conn, run)?;
            }
            Ok(true)
        })
        .or_else(|e| if e == diesel::result::Error::RollbackTransaction { Ok(false) } else { Err(e) })
    }

    /// How many leaves there are when it is committed.
    pub const fn size(&self) -> i64 {
        self.after.size
    }

    fn rows_stand(&self, conn: &mut Conn) -> QueryResult<bool> {
        for run in &self.runs {
            let kind = if run.kind == Kind::Consent.as_str() { Kind::Consent } else { Kind::Erasure };
            if kind.count(conn, run.seq, run.seq + run.length - 1)? != run.length {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Makes the run before it longer where both rows and leaves go on, so that there are few of them.
fn write_run(conn: &mut Conn, run: &Run) -> QueryResult<()> {
    let before = ledger_runs::table
        .filter(ledger_runs::leaf.lt(run.leaf))
        .order(ledger_runs::leaf.desc())
        .select(Run::as_select())
        .first(conn)
        .optional()?;
    match before {
        Some(before) if before.kind == run.kind && before.seq + before.length == run.seq => {
            diesel::update(ledger_runs::table.find(before.leaf))
                .set(ledger_runs::length.eq(before.length + run.length))
                .execute(conn)?
        }
        _ => diesel::insert_into(ledger_runs::table).values(run).execute(conn)?,
    };
    Ok(())
}

struct Found {
    /// In the order of their leaves.
    rows: Vec<(i64, Entry)>,
    /// Every number up to here is sealed now, or never comes.
    to: i64,
}

fn unsealed(conn: &mut Conn, memory: &mut Memory, head: &Head, kind: Kind) -> Result<Found> {
    // Who is writing is asked before the rows are read: whoever is gone by then has left its rows to be seen.
    let writing = writing(conn, kind)?;
    let sealed = sealed_beyond(conn, head, kind)?;
    let mut rows = Vec::new();
    let mut next = head.to(kind) + 1;
    let ends = sealed.iter().map(|run| run.seq).chain([i64::MAX]);
    let follows = sealed.iter().map(|run| run.seq + run.length).chain([i64::MAX]);
    for (end, follow) in ends.zip(follows) {
        let left = MOST - i64::try_from(rows.len()).unwrap_or(MOST);
        rows.extend(read(conn, &mut memory.places, kind, next, end, left)?);
        next = follow;
    }
    let full = i64::try_from(rows.len()).unwrap_or(MOST) >= MOST;
    let mut missing = Vec::new();
    let mut last = head.to(kind);
    for (first, end) in covered(&rows, &sealed) {
        if first > last + 1 {
            let gap = last + 1..first;
            // A full seal did not look everywhere, so that a gap says nothing yet.
            let known = memory.missing.iter().find(|m| !full && m.kind == kind && m.holds(&gap));
            let suspects = match known {
                Some(known) if known.suspects.is_disjoint(&writing) => None,
                Some(known) => Some(known.suspects.clone()),
                // Asked after the gap was seen: whoever has its numbers is among them, or has ended.
                None => Some(self::writing(conn, kind)?),
            };
            missing.extend(suspects.map(|suspects| Missing { kind, gap, suspects }));
        }
        last = last.max(end);
    }
    let to = missing.first().map_or(last, |missing| missing.gap.start - 1);
    memory.missing.retain(|missing| missing.kind != kind);
    memory.missing.append(&mut missing);
    Ok(Found { rows, to })
}

/// The numbers that are sealed or are now, as pieces from first to last, in order.
fn covered(rows: &[(i64, Entry)], sealed: &[Run]) -> Vec<(i64, i64)> {
    let mut pieces: Vec<(i64, i64)> = sealed.iter().map(|run| (run.seq, run.seq + run.length - 1)).collect();
    pieces.extend(rows.iter().map(|(seq, _)| (*seq, *seq)));
    pieces.sort_unstable();
    pieces
}

/// The transactions that may hold a number of this table which nobody sees yet. SQLite has one writer: none.
fn writing(conn: &mut Conn, kind: Kind) -> QueryResult<BTreeSet<String>> {
    #[derive(QueryableByName)]
    struct Holder {
        #[diesel(sql_type = Text)]
        holder: String,
    }
    let Conn::Postgres(conn) = conn else { return Ok(BTreeSet::new()) };
    let table = match kind {
        Kind::Consent => "consents",
        Kind::Erasure => "erasures",
    };
    // An INSERT locks its table before it takes its first number, and until after its end is seen by others.
    let holders: Vec<Holder> = diesel::sql_query(format!(
        "SELECT DISTINCT virtualtransaction AS holder FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation = '{table}'::regclass"
    ))
    .load(conn)?;
    Ok(holders.into_iter().map(|row| row.holder).collect())
}

/// The runs that reach beyond the number up to which all is decided.
fn sealed_beyond(conn: &mut Conn, head: &Head, kind: Kind) -> QueryResult<Vec<Run>> {
    let to = head.to(kind);
    let first: Option<i64> = ledger_runs::table
        .filter(ledger_runs::kind.eq(kind.as_str()).and(ledger_runs::seq.le(to + 1)))
        .select(max(ledger_runs::seq))
        .first(conn)?;
    let runs: Vec<Run> = ledger_runs::table
        .filter(ledger_runs::kind.eq(kind.as_str()).and(ledger_runs::seq.ge(first.unwrap_or(0))))
        .order(ledger_runs::seq.asc())
        .select(Run::as_select())
        .load(conn)?;
    Ok(runs.into_iter().filter(|run| run.seq + run.length > to + 1).collect())
}

/// Rows from `next` up to `end`, without it, as the entries that their leaves commit to.
fn read(conn: &mut Conn, places: &mut Places, kind: Kind, next: i64, end: i64, most: i64) -> Result<Vec<(i64, Entry)>> {
    if next >= end || most <= 0 {
        return Ok(Vec::new());
    }
    match kind {
        Kind::Consent => {
            let rows: Vec<(i64, Consent)> = consents::table
                .filter(consents::seq.ge(next).and(consents::seq.lt(end)))
                .order(consents::seq.asc())
                .limit(most)
                .select((consents::seq, Consent::as_select()))
                .load(conn)?;
            rows.into_iter().map(|(seq, consent)| Ok((seq, entry(&places.record(conn, &consent)?)))).collect()
        }
        Kind::Erasure => {
            let rows: Vec<(i64, Erasure)> = erasures::table
                .filter(erasures::seq.ge(next).and(erasures::seq.lt(end)))
                .order(erasures::seq.asc())
                .limit(most)
                .select((erasures::seq, Erasure::as_select()))
                .load(conn)?;
            rows.into_iter()
                .map(|(seq, erasure)| Ok((seq, entry(&erasure.record(places.site(conn, erasure.site_id)?)?))))
                .collect()
        }
    }
}

/// What a leaf commits to.
pub fn entry(record: &str) -> Entry {
    sha256(record.as_bytes())
}

/// Sites and notices by their row ids, read once: neither ever changes what it is called here.
#[derive(Default)]
pub struct Places {
    notices: BTreeMap<i32, (String, i32, String)>,
    sites: BTreeMap<i32, String>,
}

impl Places {
    /// The record of a consent, made from its row.
    pub fn record(&mut self, conn: &mut Conn, consent: &Consent) -> Result<String> {
        if !self.notices.contains_key(&consent.notice_id) {
            let rows: Vec<(i32, String, i32, Vec<u8>)> = notices::table
                .inner_join(sites::table)
                .select((notices::id, sites::key, notices::number, notices::hash))
                .load(conn)?;
            self.notices = rows.into_iter().map(|(id, site, number, hash)| (id, (site, number, hex(&hash)))).collect();
        }
        let (site, notice, hash) = self
            .notices
            .get(&consent.notice_id)
            .ok_or_else(|| Error::Internal("a consent to a notice that is not there".into()))?;
        record::of(consent, &Place { site, notice: *notice, hash })
    }

    pub fn site(&mut self, conn: &mut Conn, id: i32) -> Result<&str> {
        if !self.sites.contains_key(&id) {
            self.sites =
                sites::table.select((sites::id, sites::key)).load::<(i32, String)>(conn)?.into_iter().collect();
        }
        self.sites.get(&id).map(String::as_str).ok_or_else(|| Error::Internal("a site that is not there".into()))
    }
}
