//! Keeping no longer than needed: answers that ended long enough ago are erased, every night, in small batches that other writes take
//! turns with. An answer ends when the visitor gives another one, or when it is not remembered any more.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::choice::Action;
use crate::day::{DAY_MS, Day};
use crate::db::Conn;
use crate::error::Result;
use crate::notice::Notice;
use crate::schema::{consents, counts, notices};

/// How many days counts are kept: two years and some, so that a month can be held beside the same one of the year before.
const KEEP_COUNTS_DAYS: i64 = 800;
/// Rows that are looked at together.
const STEP: i64 = 1000;
/// Rows that one transaction erases.
const BATCH: usize = 200;

/// How many days an answer is kept after it ended.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Keep {
    /// Days that a consent is kept as proof after it ended, its withdrawal included
    #[arg(long, env = "SAMTYKKE_KEEP_CONSENTS_DAYS", default_value_t = 1826, value_parser = clap::value_parser!(u32).range(..=36_500))]
    pub keep_consents_days: u32,

    /// Days that a refusal is kept after it ended
    #[arg(long, env = "SAMTYKKE_KEEP_REFUSALS_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(..=36_500))]
    pub keep_refusals_days: u32,
}

impl Keep {
    fn ms(self, action: &str) -> i64 {
        let refused = action == Action::Refused.as_str();
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
    let mut remembered = BTreeMap::new();
    let mut after = 0;
    loop {
        let rows: Vec<Row> = consents::table
            .filter(consents::seq.gt(after))
            .order(consents::seq.asc())
            .limit(STEP)
            .select((
                consents::seq,
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
            if is_due(conn, &mut remembered, &row, keep, now)? {
                let count = if row.action == Action::Refused.as_str() { &mut due.refusals } else { &mut due.consents };
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

fn is_due(conn: &mut Conn, remembered: &mut BTreeMap<i32, i64>, row: &Row, keep: Keep, now: i64) -> Result<bool> {
    let keep_ms = keep.ms(&row.action);
    if row.created_at + keep_ms >= now {
        return Ok(false);
    }
    // What a person said stands until they, or the site's rules, say otherwise; only what came after it on the same topic ended it.
    let remembered_ms = if row.topic.is_some() {
        i64::MAX
    } else if let Some(ms) = remembered.get(&row.notice_id) {
        *ms
    } else {
        let notice: Notice = notices::table.find(row.notice_id).first(conn)?;
        let ms = i64::from(notice.content()?.remember_days) * DAY_MS;
        remembered.insert(row.notice_id, ms);
        ms
    };
    if row.created_at.saturating_add(remembered_ms).saturating_add(keep_ms) < now {
        return Ok(true);
    }
    let later = consents::table
        .filter(consents::visitor.eq(&row.visitor))
        .filter(consents::site_id.eq(row.site_id).and(consents::seq.gt(row.seq)))
        .order(consents::seq.asc())
        .select(consents::created_at);
    let next: Option<i64> = match &row.topic {
        Some(topic) => later.filter(consents::topic.eq(topic)).first(conn).optional()?,
        None => later.first(conn).optional()?,
    };
    Ok(next.is_some_and(|next| next + keep_ms < now))
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
