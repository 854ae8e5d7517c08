//! How often the question is shown and how it is answered, in figures that are about nobody: no id of any kind goes in. They are counted
//! in memory and added to the table every few seconds, so that no visitor waits for it; what a crash takes along are those seconds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::append::Appender;
use crate::consent::Consent;
use crate::day::Day;
use crate::db::{Conn, on};
use crate::error::Result;
use crate::place::Place;
use crate::schema::counts;
use crate::site::Site;

mod table;
pub mod told;
mod withhold;

pub use table::{Column, Figures, Group, Range, Table, Withheld, table};
pub use withhold::FEWEST;

/// The event that is no answer.
pub const SHOWN: &str = "shown";

/// How many different cells are held in memory. There are as many as places and languages meet within a few seconds, unless the
/// database takes nothing for long.
const MOST: usize = 10_000;

/// What is counted apart from what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Insertable)]
#[diesel(table_name = counts)]
pub struct Cell {
    pub site_id: i32,
    /// Days since 1970-01-01.
    pub day: i32,
    pub notice: i32,
    pub language: String,
    pub country: String,
    pub layout: String,
    pub variant: String,
    /// `shown`, or the action of an answer.
    pub event: String,
}

impl Cell {
    /// A question that was shown. `variant` is empty where there are none.
    pub fn shown(site: &Site, variant: &str, language: &str, place: Option<&Place>, now: i64) -> Self {
        let layout = site.notices.get(&site.current).and_then(|asked| asked.forms.get(variant));
        Self {
            site_id: site.id,
            day: Day::of(now).0,
            notice: site.current,
            language: language.to_owned(),
            country: country(place),
            layout: layout.cloned().unwrap_or_default(),
            variant: variant.to_owned(),
            event: SHOWN.to_owned(),
        }
    }

    /// An answer that was recorded.
    pub fn answered(site: &Site, consent: &Consent, place: Option<&Place>) -> Self {
        let (notice, asked) = site.asked(consent.notice_id).unzip();
        let variant = consent.variant.clone().unwrap_or_default();
        Self {
            site_id: consent.site_id,
            day: Day::of(consent.created_at).0,
            notice: notice.unwrap_or_default(),
            language: consent.language.clone().unwrap_or_default(),
            country: country(place),
            layout: asked.and_then(|asked| asked.forms.get(&variant)).cloned().unwrap_or_default(),
            variant,
            event: consent.action.clone(),
        }
    }
}

fn country(place: Option<&Place>) -> String {
    place.map_or_else(String::new, |place| place.country().to_owned())
}

/// What was counted and is not in the table yet. In the order of the table, so that servers which add to it at once do not wait for
/// each other crosswise.
#[derive(Default)]
pub struct Counts {
    cells: Mutex<BTreeMap<Cell, i64>>,
    full: AtomicBool,
}

impl Counts {
    pub fn add(&self, cell: Cell) {
        self.put([(cell, 1)]);
    }

    fn put(&self, more: impl IntoIterator<Item = (Cell, i64)>) {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        for (cell, n) in more {
            if cells.len() < MOST || cells.contains_key(&cell) {
                *cells.entry(cell).or_default() += n;
            } else if !self.full.swap(true, Ordering::Relaxed) {
                tracing::warn!("{MOST} figures wait for the database, and no other can be counted until it takes them");
            }
        }
    }

    /// Adds what has been counted to the table, all of it or nothing. What could not be added waits for the next time.
    pub fn flush(&self, conn: &mut Conn) -> QueryResult<()> {
        let cells = std::mem::take(&mut *self.cells.lock().unwrap_or_else(PoisonError::into_inner));
        if let Err(e) = conn.transaction(|conn| cells.iter().try_for_each(|(cell, n)| add_to(conn, cell, *n))) {
            self.put(cells);
            return Err(e);
        }
        self.full.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// The same in turn with the other writes, for a thread that may wait. A database that refuses it is told of in the log by whoever
    /// writes.
    pub fn flush_by(self: &Arc<Self>, appender: &Appender) -> Result<()> {
        if self.cells.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return Ok(());
        }
        let counts = Arc::clone(self);
        appender.write_blocking(move |conn| counts.flush(conn))
    }
}

fn add_to(conn: &mut Conn, cell: &Cell, n: i64) -> QueryResult<()> {
    on!(conn, |c| diesel::insert_into(counts::table)
        .values((cell, counts::n.eq(n)))
        .on_conflict((
            counts::site_id,
            counts::day,
            counts::notice,
            counts::language,
            counts::country,
            counts::layout,
            counts::variant,
            counts::event,
        ))
        .do_update()
        .set(counts::n.eq(counts::n + excluded(counts::n)))
        .execute(c))
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_never_grows_without_end() {
        let counts = Counts::default();
        let cell = |day| Cell {
            site_id: 1,
            day,
            notice: 1,
            language: "nb".into(),
            country: String::new(),
            layout: "bar".into(),
            variant: String::new(),
            event: SHOWN.into(),
        };
        for day in 0..20_000 {
            counts.add(cell(day));
        }
        counts.add(cell(7));
        let cells = counts.cells.lock().expect("cells");
        assert_eq!((cells.len(), cells[&cell(7)]), (MOST, 2));
    }
}
