//! An event as it is told to a site's systems, in the feed and by webhooks alike: what visitors and people said, and what was forgotten.
//! Events are read in the order of the ledger's leaves. A row without a leaf is not there yet, so that whoever reads on from a leaf
//! never passes one over; a row that was erased is not there any more, and its erasure comes later.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::consent::Consent;
use crate::db::Conn;
use crate::erasure::Erasure;
use crate::error::{Error, Result};
use crate::ledger::{self, Kind, Run};
use crate::person::PersonId;
use crate::schema::{consents, erasures, ledger_runs, notices, people, sites};

/// Rows that several runs reach over and are looked through together.
const SPAN: i64 = 4096;
/// Runs that are looked at together.
const RUNS: i64 = 512;
/// How often one call looks, whether it finds something or not.
const LOOKS: usize = 32;
/// Rows that are read at once.
const PIECE: usize = 500;

/// What does not apply is absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// The receipt's; of an erasure its number.
    pub id: String,
    /// `visitor.choice`, `erased`, or `person.` and the topic.
    #[serde(rename = "type")]
    pub kind: String,
    /// The site's key.
    pub site: String,
    /// Its place in the ledger, where it has one yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<i64>,
    /// When it was recorded, in unix ms.
    pub at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visitor: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The site's own id of the person, and never an address.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Of a person's event: `sequence`, `source`, `actor`, `given_at` and what else stands in its record.
    #[serde(flatten)]
    pub details: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The number of the notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The regime that held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regulation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Uuid>,
    /// Why it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The leaves whose records are gone, each piece from its first to its last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaves: Option<Vec<(i64, i64)>>,
}

impl Event {
    /// Whether it is about a person, so that it is told to nobody who may not read of people.
    pub const fn is_of_person(&self) -> bool {
        self.person.is_some()
    }

    /// A recorded answer. `reference` is the site's own id of the person.
    pub fn of(consent: Consent, site: &str, notice: i32, reference: Option<String>, leaf: Option<i64>) -> Result<Self> {
        let who = uuid(&consent.visitor)?;
        let is_person = consent.topic.is_some();
        let details = consent.details.as_deref().map(parse::<Map<String, Value>>).transpose()?;
        Ok(Self {
            id: uuid(&consent.id)?.to_string(),
            kind: consent.topic.map_or_else(|| "visitor.choice".into(), |topic| format!("person.{topic}")),
            site: site.to_owned(),
            leaf,
            at: consent.created_at,
            visitor: (!is_person).then_some(who),
            person: is_person.then(|| PersonId(who.into_bytes())),
            reference,
            details: details.unwrap_or_default(),
            choice: Some(parse(&consent.choice)?),
            action: Some(consent.action),
            notice: Some(notice),
            language: consent.language,
            method: Some(consent.method),
            regulation: Some(consent.regime),
            previous: consent.previous.as_deref().map(uuid).transpose()?,
            reason: None,
            leaves: None,
        })
    }

    fn erased(seq: i64, erasure: Erasure, site: String, leaf: i64) -> Result<Self> {
        Ok(Self {
            id: seq.to_string(),
            kind: "erased".into(),
            site,
            leaf: Some(leaf),
            at: erasure.created_at,
            visitor: None,
            person: None,
            reference: None,
            details: Map::new(),
            choice: None,
            action: None,
            notice: None,
            language: None,
            method: None,
            regulation: None,
            previous: None,
            leaves: Some(erasure.leaves()?),
            reason: Some(erasure.reason),
        })
    }
}

fn uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|e| Error::Internal(format!("a stored id: {e}")))
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::Internal(format!("a stored record: {e}")))
}

/// Some events, in the order of their leaves.
#[derive(Debug)]
pub struct Page {
    pub events: Vec<Event>,
    /// The first leaf that was not looked at: what the next page is read from.
    pub next: i64,
    /// How many leaves there were.
    pub size: i64,
}

impl Page {
    /// Whether there are leaves that were not looked at. There may be no event among them.
    pub const fn has_more(&self) -> bool {
        self.next < self.size
    }
}

/// At most `limit` events of a site, or of all, from the leaf `from` on. One call looks only so far, so that a page may be short, and
/// even empty, while there is more.
pub fn page(conn: &mut Conn, site: Option<i32>, from: i64, limit: usize) -> Result<Page> {
    let leaves = ledger::head(conn)?.size;
    let (mut next, mut found) = (from.max(0), Vec::new());
    for _ in 0..LOOKS {
        let left = limit.saturating_sub(found.len());
        if left == 0 || next >= leaves {
            break;
        }
        let look = Look::at(conn, next, leaves)?;
        let mut rows = look.rows(conn, site, left)?;
        rows.truncate(left);
        next = rows.last().filter(|_| rows.len() == left).map_or(look.end, |(leaf, ..)| leaf + 1);
        found.append(&mut rows);
    }
    Ok(Page { events: read(conn, &found)?, next, size: leaves })
}

/// Where an event is: its leaf, its table and its row.
type Place = (i64, Kind, i64);

/// Runs that follow each other, few enough or near enough to each other that their rows are looked through at once.
struct Look {
    runs: Vec<Run>,
    /// The first leaf behind them.
    end: i64,
}

impl Look {
    fn at(conn: &mut Conn, from: i64, size: i64) -> QueryResult<Self> {
        let runs = ledger_runs::table.select(Run::as_select());
        let first: Option<Run> =
            runs.filter(ledger_runs::leaf.le(from)).order(ledger_runs::leaf.desc()).first(conn).optional()?;
        let after = ledger_runs::leaf.gt(from).and(ledger_runs::leaf.lt(size));
        let others: Vec<Run> = runs.filter(after).order(ledger_runs::leaf.asc()).limit(RUNS).load(conn)?;
        let mut look = Self { runs: Vec::new(), end: from };
        for mut run in first.into_iter().chain(others) {
            let done = (from - run.leaf).max(0);
            run.leaf += done;
            run.seq += done;
            run.length = (run.length - done).min(size - run.leaf);
            if run.length <= 0 {
                continue;
            }
            let end = run.leaf + run.length;
            look.runs.push(run);
            let reach: i64 = Kind::ALL.iter().filter_map(|kind| look.reach(*kind)).map(|(a, b)| b - a + 1).sum();
            if look.runs.len() > 1 && reach > SPAN {
                look.runs.pop();
                break;
            }
            look.end = end;
        }
        if look.runs.is_empty() {
            // Nothing is known of these leaves, which `ledger verify` tells of. Whoever reads is not held up by it for ever.
            look.end = size;
        }
        Ok(look)
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.kind == kind.as_str())
    }

    /// The first and the last row of this kind.
    fn reach(&self, kind: Kind) -> Option<(i64, i64)> {
        let first = self.of(kind).map(|run| run.seq).min()?;
        let last = self.of(kind).map(|run| run.seq + run.length - 1).max()?;
        Some((first, last))
    }

    /// The rows that are there, in the order of their leaves. At least `most` of them, if there are so many.
    fn rows(&self, conn: &mut Conn, site: Option<i32>, most: usize) -> QueryResult<Vec<Place>> {
        // Within one run the rows have the order of the leaves; among several only all of them can be put into it.
        let most = if self.runs.len() == 1 { i64::try_from(most).unwrap_or(i64::MAX) } else { SPAN };
        let mut places = Vec::new();
        for kind in Kind::ALL {
            let Some(reach) = self.reach(kind) else { continue };
            let runs: BTreeMap<i64, &Run> = self.of(kind).map(|run| (run.seq, run)).collect();
            for seq in rows(conn, kind, site, reach, most)? {
                let run = runs.range(..=seq).next_back().map(|(_, run)| run);
                places.extend(
                    run.filter(|run| seq < run.seq + run.length).map(|run| (run.leaf + seq - run.seq, kind, seq)),
                );
            }
        }
        places.sort_unstable_by_key(|(leaf, ..)| *leaf);
        Ok(places)
    }
}

/// The numbers of the rows of a site, or of all, from first to last.
fn rows(conn: &mut Conn, kind: Kind, site: Option<i32>, reach: (i64, i64), most: i64) -> QueryResult<Vec<i64>> {
    let (first, last) = reach;
    match kind {
        Kind::Consent => {
            let all = consents::table.filter(consents::seq.between(first, last));
            let all = all.order(consents::seq.asc()).limit(most).select(consents::seq);
            match site {
                // As the index says it.
                Some(site) => {
                    all.filter(consents::site_id.eq(site)).filter(sql::<Bool>("consents.site_id > 0")).load(conn)
                }
                None => all.load(conn),
            }
        }
        Kind::Erasure => {
            let all = erasures::table.filter(erasures::seq.between(first, last));
            let all = all.order(erasures::seq.asc()).limit(most).select(erasures::seq);
            match site {
                Some(site) => all.filter(erasures::site_id.eq(site)).load(conn),
                None => all.load(conn),
            }
        }
    }
}

/// The events of these rows that are still there, in the same order.
fn read(conn: &mut Conn, places: &[Place]) -> Result<Vec<Event>> {
    let mut events = Vec::with_capacity(places.len());
    for kind in Kind::ALL {
        let leaves: BTreeMap<i64, i64> =
            places.iter().filter(|(_, of, _)| *of == kind).map(|(leaf, _, seq)| (*seq, *leaf)).collect();
        let seqs: Vec<i64> = leaves.keys().copied().collect();
        for piece in seqs.chunks(PIECE) {
            match kind {
                Kind::Consent => events.extend(answers(conn, piece, &leaves)?),
                Kind::Erasure => events.extend(forgotten(conn, piece, &leaves)?),
            }
        }
    }
    events.sort_unstable_by_key(|event: &Event| event.leaf);
    Ok(events)
}

fn answers(conn: &mut Conn, piece: &[i64], leaves: &BTreeMap<i64, i64>) -> Result<Vec<Event>> {
    let own = people::site_id.eq(consents::site_id).and(people::person.eq(consents::visitor));
    let rows: Vec<(i64, Consent, String, i32, Option<String>)> = consents::table
        .inner_join(notices::table.inner_join(sites::table))
        .left_join(people::table.on(own))
        .filter(consents::seq.eq_any(piece.to_vec()))
        .select((consents::seq, Consent::as_select(), sites::key, notices::number, people::reference.nullable()))
        .load(conn)?;
    let events = rows.into_iter().map(|(seq, consent, site, notice, reference)| {
        Event::of(consent, &site, notice, reference, leaves.get(&seq).copied())
    });
    events.collect()
}

fn forgotten(conn: &mut Conn, piece: &[i64], leaves: &BTreeMap<i64, i64>) -> Result<Vec<Event>> {
    let rows: Vec<(i64, Erasure, String)> = erasures::table
        .inner_join(sites::table)
        .filter(erasures::seq.eq_any(piece.to_vec()))
        .select((erasures::seq, Erasure::as_select(), sites::key))
        .load(conn)?;
    let events = rows
        .into_iter()
        .map(|(seq, erasure, site)| Event::erased(seq, erasure, site, leaves.get(&seq).copied().unwrap_or_default()));
    events.collect()
}
