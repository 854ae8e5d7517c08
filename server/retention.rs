//! Keeping no longer than needed: answers that ended long enough ago are erased, every night, in small batches that other writes take
//! turns with. An answer ends when the visitor gives another one, or when it is not remembered any more; a person's yes, when it has to
//! be given again. A person's no does not end by itself: who is not to be reached has to be known.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use diesel::prelude::*;
use uuid::Uuid;

use crate::choice::Action;
use crate::day::{DAY_MS, Day};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::notice::Notice;
use crate::person::{self, Rules};
use crate::schema::{consents, counts, notices};
use crate::site;

/// How many days counts are kept: two years and some, so that a month can be held beside the same one of the year before.
const KEEP_COUNTS_DAYS: i64 = 800;
/// Rows that are looked at together.
const STEP: i64 = 1000;
/// Rows that one transaction erases.
const BATCH: usize = 200;

/// How many days things are kept: an answer after it ended, a use of a token after it.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Keep {
    /// Days that a consent is kept as proof after it ended, its withdrawal included
    #[arg(long, env = "SAMTYKKE_KEEP_CONSENTS_DAYS", default_value_t = 1826, value_parser = clap::value_parser!(u32).range(..=36_500))]
    pub keep_consents_days: u32,

    /// Days that a refusal is kept after it ended
    #[arg(long, env = "SAMTYKKE_KEEP_REFUSALS_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(..=36_500))]
    pub keep_refusals_days: u32,

    /// Days that the audit log keeps a use of a token
    #[arg(long, env = "SAMTYKKE_KEEP_AUDIT_DAYS", default_value_t = 400, value_parser = clap::value_parser!(u32).range(..=36_500))]
    pub keep_audit_days: u32,
}

impl Keep {
    fn ms(self, refused: bool) -> i64 {
        DAY_MS * i64::from(if refused { self.keep_refusals_days } else { self.keep_consents_days })
    }

    fn shortest_ms(self) -> i64 {
        DAY_MS * i64::from(self.keep_refusals_days.min(self.keep_consents_days))
    }
}

/// How many answers were due.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Due {
    pub consents: usize,
    pub refusals: usize,
}

#[derive(Queryable)]
struct Row {
    seq: i64,
    id: Vec<u8>,
    site_id: i32,
    notice_id: i32,
    visitor: Vec<u8>,
    action: String,
    created_at: i64,
    topic: Option<String>,
}

/// Finds all that is due at `now`, unix ms, and hands it to `erase`: a site and at most 200 of its rows at a time.
pub fn run(
    conn: &mut Conn,
    keep: Keep,
    now: i64,
    mut erase: impl FnMut(&mut Conn, i32, Vec<i64>) -> Result<()>,
) -> Result<Due> {
    let mut due = Due::default();
    let mut laid_down = LaidDown::default();
    let mut after = 0;
    loop {
        let rows: Vec<Row> = consents::table
            .filter(consents::seq.gt(after))
            .order(consents::seq.asc())
            .limit(STEP)
            .select((
                consents::seq,
                consents::id,
                consents::site_id,
                consents::notice_id,
                consents::visitor,
                consents::action,
                consents::created_at,
                consents::topic,
            ))
            .load(conn)?;
        let Some(last) = rows.last() else { return Ok(due) };
        after = last.seq;
        // Rows stand in the order of their time but for a clock that was put back, so that the rest is newer still.
        if rows.iter().all(|row| row.created_at + keep.shortest_ms() >= now) {
            return Ok(due);
        }
        let mut going: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
        for row in rows {
            let refused = is_refusal(conn, &row)?;
            if is_due(conn, &mut laid_down, &row, refused, keep, now)? {
                let count = if refused { &mut due.refusals } else { &mut due.consents };
                *count += 1;
                going.entry(row.site_id).or_default().push(row.seq);
            }
        }
        for (site, rows) in going {
            for batch in rows.chunks(BATCH) {
                erase(conn, site, batch.to_vec())?;
            }
        }
    }
}

/// What the notices and the sites of the rows say, each read once.
#[derive(Default)]
struct LaidDown {
    remember_ms: BTreeMap<i32, i64>,
    rules: BTreeMap<i32, Rules>,
}

impl LaidDown {
    /// How long an answer to a notice is remembered.
    fn remember_ms(&mut self, conn: &mut Conn, notice_id: i32) -> Result<i64> {
        if let Some(ms) = self.remember_ms.get(&notice_id) {
            return Ok(*ms);
        }
        let notice: Notice = notices::table.find(notice_id).first(conn)?;
        let ms = i64::from(notice.content()?.remember_days) * DAY_MS;
        self.remember_ms.insert(notice_id, ms);
        Ok(ms)
    }

    fn rules(&mut self, conn: &mut Conn, site_id: i32) -> Result<&Rules> {
        if let Entry::Vacant(entry) = self.rules.entry(site_id) {
            entry.insert(site::people_rules(conn, site_id)?);
        }
        Ok(&self.rules[&site_id])
    }
}

/// Whether nothing was allowed by it: a yes that waited is one with its confirmation, and nothing without.
fn is_refusal(conn: &mut Conn, row: &Row) -> Result<bool> {
    if row.action != Action::Pending.as_str() {
        return Ok(row.action == Action::Refused.as_str());
    }
    let confirmed = consents::table
        .filter(consents::visitor.eq(&row.visitor))
        .filter(consents::site_id.eq(row.site_id))
        .filter(consents::previous.eq(&row.id))
        .filter(consents::action.eq(Action::Granted.as_str()));
    Ok(confirmed.count().get_result::<i64>(conn)? == 0)
}

fn is_due(conn: &mut Conn, laid_down: &mut LaidDown, row: &Row, refused: bool, keep: Keep, now: i64) -> Result<bool> {
    let keep_ms = keep.ms(refused);
    if row.created_at + keep_ms >= now {
        return Ok(false);
    }
    let remember_ms = laid_down.remember_ms(conn, row.notice_id)?;
    let end = if row.topic.is_some() {
        let rules = laid_down.rules(conn, row.site_id)?;
        end_of_event(conn, row, rules, remember_ms)?
    } else if row.created_at + remember_ms + keep_ms < now {
        Some(row.created_at + remember_ms)
    } else {
        next_after(conn, row)?
    };
    Ok(end.is_some_and(|end| end + keep_ms < now))
}

/// When a person's event ended. One that does not stand ended with the next on its topic, or, where it never stood, as an old answer that
/// came in late, when it was written.
fn end_of_event(conn: &mut Conn, row: &Row, rules: &Rules, remember_ms: i64) -> Result<Option<i64>> {
    let event = Uuid::from_slice(&row.id).map_err(|e| Error::Internal(format!("a stored id: {e}")))?;
    let person = person::find(conn, row.site_id, row.visitor.as_slice().try_into()?)?;
    match person.filter(|person| person.state.stands(event)) {
        Some(person) => Ok(person.state.ends(event, rules, remember_ms)),
        None => Ok(Some(next_after(conn, row)?.unwrap_or(row.created_at))),
    }
}

/// When the visitor answered next, or the person on the same topic.
fn next_after(conn: &mut Conn, row: &Row) -> QueryResult<Option<i64>> {
    let later = consents::table
        .filter(consents::visitor.eq(&row.visitor))
        .filter(consents::site_id.eq(row.site_id).and(consents::seq.gt(row.seq)))
        .order(consents::seq.asc())
        .select(consents::created_at);
    match &row.topic {
        Some(topic) => later.filter(consents::topic.eq(topic)).first(conn).optional(),
        None => later.first(conn).optional(),
    }
}

/// Deletes the counts that were kept long enough at `now`, unix ms.
pub fn old_counts(conn: &mut Conn, now: i64) -> QueryResult<usize> {
    let oldest = Day::of(now - KEEP_COUNTS_DAYS * DAY_MS);
    diesel::delete(counts::table.filter(counts::day.lt(oldest.0))).execute(conn)
}

/// Counts the nights: they begin at three in the morning, UTC.
pub const fn night(now: i64) -> i64 {
    (now - 3 * 3_600_000).div_euclid(DAY_MS)
}
