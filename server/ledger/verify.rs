//! All of the ledger again from the rows: every leaf, every signature, every tile, and the checkpoints that somebody kept. It says
//! which record was changed, added or removed, and needs nothing that the database alone could have made up.

use std::collections::{BTreeMap, HashMap};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use diesel::prelude::*;
use uuid::Uuid;

use crate::consent::Consent;
use crate::db::Conn;
use crate::erasure::Erasure;
use crate::error::{Error, Result};
use crate::ledger::note::Checkpoint;
use crate::ledger::seal::{Places, entry};
use crate::ledger::tree::{self, Edge};
use crate::ledger::{self, Entry, Head, Kind, Run};
use crate::receipt;
use crate::schema::{consents, erasures, ledger_runs, signing_keys};

/// Leaves that are read at once.
const STEP: i64 = 4096;
/// What is wrong is listed up to here; beyond, it is counted.
const MOST_FAULTS: usize = 100;

/// What a verification found.
#[derive(Debug, Default)]
pub struct Report {
    pub leaves: i64,
    pub consents: i64,
    pub erasures: i64,
    /// Leaves whose record was erased, and which an erasure names.
    pub forgotten: i64,
    /// Rows that are too new to have a leaf.
    pub unsealed: i64,
    /// Sentences, at most a hundred.
    pub faults: Vec<String>,
    /// All of them.
    pub fault_count: usize,
}

impl Report {
    fn fault(&mut self, sentence: String) {
        self.fault_count += 1;
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(sentence);
        }
    }
}

/// Verifies in one reading of the database as it is now. `progress` hears how many leaves are done, and of how many.
pub fn verify(conn: &mut Conn, kept: &[Checkpoint], progress: &mut dyn FnMut(i64, i64)) -> Result<Report> {
    conn.transaction(|conn| {
        if let Conn::Postgres(conn) = conn {
            diesel::sql_query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(conn)?;
        }
        let mut walk = Walk::begin(conn, kept)?;
        walk.leaves(conn, progress)?;
        walk.rows_without_leaf(conn)?;
        walk.end(conn)
    })
}

struct Walk<'a> {
    head: Head,
    kept: &'a [Checkpoint],
    places: Places,
    keys: HashMap<i32, (String, Vec<u8>)>,
    forgotten: Vec<(i64, i64)>,
    edge: Edge,
    report: Report,
    /// Leaf → the entry that stands there, and leaf → the entry of the row that should: of those that differ.
    standing: BTreeMap<i64, Entry>,
    found: BTreeMap<i64, (Entry, String)>,
}

impl<'a> Walk<'a> {
    fn begin(conn: &mut Conn, kept: &'a [Checkpoint]) -> Result<Self> {
        let head = ledger::head(conn)?;
        let rows: Vec<(i32, String, Vec<u8>)> =
            signing_keys::table.select((signing_keys::id, signing_keys::kid, signing_keys::public_key)).load(conn)?;
        let keys = rows.into_iter().map(|(id, kid, public)| (id, (kid, public))).collect();
        let mut forgotten = Vec::new();
        for erasure in erasures::table.select(Erasure::as_select()).load::<Erasure>(conn)? {
            forgotten.extend(erasure.leaves()?);
        }
        forgotten.sort_unstable();
        Ok(Self {
            report: Report { leaves: head.size, ..Report::default() },
            head,
            kept,
            places: Places::default(),
            keys,
            forgotten,
            edge: Edge::empty(),
            standing: BTreeMap::new(),
            found: BTreeMap::new(),
        })
    }

    fn leaves(&mut self, conn: &mut Conn, progress: &mut dyn FnMut(i64, i64)) -> Result<()> {
        let runs: Vec<Run> = ledger_runs::table.order(ledger_runs::leaf.asc()).select(Run::as_select()).load(conn)?;
        let mut next = 0;
        for run in &runs {
            if run.leaf != next {
                self.report
                    .fault(format!("leaf {next}: the list of which rows the leaves stand for does not go on here"));
            }
            next = run.leaf + run.length;
            let mut done = 0;
            while done < run.length {
                let length = STEP.min(run.length - done);
                let piece = Run { leaf: run.leaf + done, kind: run.kind.clone(), seq: run.seq + done, length };
                self.piece(conn, &piece)?;
                done += length;
                progress(piece.leaf + length, self.head.size);
            }
        }
        if next != self.head.size {
            self.report.fault(format!("the head counts {} leaves, and rows are known for {next}", self.head.size));
        }
        Ok(())
    }

    fn piece(&mut self, conn: &mut Conn, run: &Run) -> Result<()> {
        let standing = entries(conn, run.leaf, run.length)?;
        let rows =
            if run.kind == Kind::Consent.as_str() { self.consents(conn, run)? } else { self.erasures(conn, run)? };
        for i in 0..run.length {
            let (leaf, seq) = (run.leaf + i, run.seq + i);
            let stands = standing.get(usize::try_from(i).unwrap_or_default()).copied();
            let Some(stands) = stands else {
                self.report.fault(format!("leaf {leaf}: the ledger holds nothing for it"));
                continue;
            };
            self.push(conn, &stands)?;
            match rows.get(&seq) {
                Some((entry, _)) if *entry == stands => {}
                Some((entry, name)) => {
                    self.standing.insert(leaf, stands);
                    self.found.insert(leaf, (*entry, name.clone()));
                }
                None if self.is_forgotten(leaf) => self.report.forgotten += 1,
                None => self.report.fault(format!("leaf {leaf}: its {} (row {seq}) was removed", run.kind)),
            }
        }
        Ok(())
    }

    /// Adds a leaf to the tree, and holds it against the tiles and the checkpoints as it grows.
    fn push(&mut self, conn: &mut Conn, entry: &Entry) -> Result<()> {
        self.edge.push(entry);
        for tile in self.edge.take_finished() {
            if !tile.stands(conn)? {
                self.report.fault(format!("{} was changed", tile.name()));
            }
        }
        let size = self.edge.size();
        for checkpoint in self.kept.iter().filter(|checkpoint| checkpoint.size == size) {
            if self.edge.root()? != checkpoint.root {
                self.report.fault(format!("the first {size} leaves are not those that a checkpoint was signed for"));
            }
        }
        Ok(())
    }

    fn is_forgotten(&self, leaf: i64) -> bool {
        let at = self.forgotten.partition_point(|(first, _)| *first <= leaf);
        // Erasures do not overlap, so the last that begins before the leaf is the one that could hold it.
        at > 0 && self.forgotten[at - 1].1 >= leaf
    }

    fn consents(&mut self, conn: &mut Conn, run: &Run) -> Result<HashMap<i64, (Entry, String)>> {
        let rows: Vec<(i64, Consent)> = consents::table
            .filter(consents::seq.ge(run.seq).and(consents::seq.lt(run.seq + run.length)))
            .select((consents::seq, Consent::as_select()))
            .load(conn)?;
        self.report.consents += i64::try_from(rows.len()).unwrap_or_default();
        let mut found = HashMap::with_capacity(rows.len());
        for (seq, consent) in rows {
            let name = format!("consent {}", Uuid::from_slice(&consent.id).unwrap_or_default());
            match self.places.record(conn, &consent) {
                Ok(record) => {
                    if !self.is_signed(&consent, &record) {
                        self.report.fault(format!("row {seq}: the signature of {name} does not hold"));
                    }
                    found.insert(seq, (entry(&record), name));
                }
                Err(Error::Internal(e)) => {
                    // No record can be made of it, so that it is not the one that was sealed.
                    self.report.fault(format!("row {seq}: {name} cannot be read: {e}"));
                    found.insert(seq, (Entry::default(), name));
                }
                Err(e) => return Err(e),
            }
        }
        Ok(found)
    }

    fn is_signed(&self, consent: &Consent, record: &str) -> bool {
        let Some((kid, public)) = self.keys.get(&consent.key_id) else { return false };
        let input = receipt::signing_input(kid, record);
        UnparsedPublicKey::new(&ED25519, public).verify(input.as_bytes(), &consent.signature).is_ok()
    }

    fn erasures(&mut self, conn: &mut Conn, run: &Run) -> Result<HashMap<i64, (Entry, String)>> {
        let rows: Vec<(i64, Erasure)> = erasures::table
            .filter(erasures::seq.ge(run.seq).and(erasures::seq.lt(run.seq + run.length)))
            .select((erasures::seq, Erasure::as_select()))
            .load(conn)?;
        self.report.erasures += i64::try_from(rows.len()).unwrap_or_default();
        let mut found = HashMap::with_capacity(rows.len());
        for (seq, erasure) in rows {
            let record = erasure.record(self.places.site(conn, erasure.site_id)?)?;
            found.insert(seq, (entry(&record), format!("erasure {seq}")));
        }
        Ok(found)
    }

    /// Rows that no leaf stands for, though they are old enough.
    fn rows_without_leaf(&mut self, conn: &mut Conn) -> Result<()> {
        for kind in Kind::ALL {
            let runs: Vec<Run> = ledger_runs::table
                .filter(ledger_runs::kind.eq(kind.as_str()))
                .order(ledger_runs::seq.asc())
                .select(Run::as_select())
                .load(conn)?;
            let to = self.head.to(kind);
            let mut next = i64::MIN;
            let ends = runs.iter().map(|run| (run.seq, run.seq + run.length)).chain([(to + 1, to + 1)]);
            for (first, after) in ends {
                if next < first {
                    for (seq, name) in names(conn, kind, next, first.min(to + 1))? {
                        self.report.fault(format!("row {seq}: {name} was added"));
                    }
                }
                next = next.max(after);
            }
            self.report.unsealed += kind.count(conn, next.max(to + 1), i64::MAX)?;
        }
        Ok(())
    }

    fn end(mut self, conn: &mut Conn) -> Result<Report> {
        // A row that stands at another's leaf was moved; any other that differs was changed.
        let sealed_at: HashMap<Entry, i64> = self.standing.iter().map(|(leaf, entry)| (*entry, *leaf)).collect();
        for (leaf, (entry, name)) in std::mem::take(&mut self.found) {
            self.report.fault(match sealed_at.get(&entry) {
                Some(there) => format!("leaf {leaf}: {name} was moved here from leaf {there}"),
                None => format!("leaf {leaf}: {name} was changed"),
            });
        }
        if self.edge.root()? != self.head.root()? {
            self.report.fault("the leaves do not give the root of the head".into());
        }
        for tile in self.edge.into_changed() {
            if !tile.stands(conn)? {
                self.report.fault(format!("{} was changed", tile.name()));
            }
        }
        for checkpoint in self.kept {
            if checkpoint.size > self.head.leaves() {
                self.report.fault(format!(
                    "a checkpoint was signed for {} leaves, and there are {}: an older state was put back, or the end was cut off",
                    checkpoint.size, self.head.size
                ));
            }
        }
        Ok(self.report)
    }
}

/// The entries of these leaves, as far as they are there.
fn entries(conn: &mut Conn, leaf: i64, length: i64) -> Result<Vec<Entry>> {
    let mut all = Vec::new();
    for number in leaf / 256..=(leaf + length - 1) / 256 {
        let first = if number == leaf / 256 { leaf % 256 } else { 0 };
        let end = (leaf + length - number * 256).min(256);
        let bundle = match tree::entries(conn, number, usize::try_from(end).unwrap_or_default()) {
            Ok(bundle) => bundle,
            Err(Error::Internal(_)) => break,
            Err(e) => return Err(e),
        };
        let entries = bundle.chunks_exact(32).skip(usize::try_from(first).unwrap_or_default());
        all.extend(entries.filter_map(|entry| Entry::try_from(entry).ok()));
    }
    Ok(all)
}

/// Rows from `first` up to `end`, without it, with what they are called.
fn names(conn: &mut Conn, kind: Kind, first: i64, end: i64) -> QueryResult<Vec<(i64, String)>> {
    let most = i64::try_from(MOST_FAULTS).unwrap_or(i64::MAX);
    match kind {
        Kind::Consent => {
            let rows: Vec<(i64, Vec<u8>)> = consents::table
                .filter(consents::seq.ge(first).and(consents::seq.lt(end)))
                .order(consents::seq.asc())
                .limit(most)
                .select((consents::seq, consents::id))
                .load(conn)?;
            let name = |id: &[u8]| format!("consent {}", Uuid::from_slice(id).unwrap_or_default());
            Ok(rows.into_iter().map(|(seq, id)| (seq, name(&id))).collect())
        }
        Kind::Erasure => {
            let rows: Vec<i64> = erasures::table
                .filter(erasures::seq.ge(first).and(erasures::seq.lt(end)))
                .limit(most)
                .select(erasures::seq)
                .load(conn)?;
            Ok(rows.into_iter().map(|seq| (seq, format!("erasure {seq}"))).collect())
        }
    }
}
