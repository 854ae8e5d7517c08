//! The counts of a site as a table, grouped as somebody asks; what of it may be shown stands in `withhold`.

use std::collections::BTreeMap;

use clap::ValueEnum;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use serde::Serialize;

use crate::choice::Action;
use crate::day::Day;
use crate::db::Conn;
use crate::error::{Error, Result};

use super::SHOWN;
use super::withhold::withhold;

/// Rows of one group: what was shown, the five answers, and what later versions may count.
const EVENTS: i64 = 8;

/// What a table can be grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Column {
    Day,
    Notice,
    Language,
    Country,
    Layout,
    Variant,
}

impl Column {
    pub const ALL: [Self; 6] = [Self::Day, Self::Notice, Self::Language, Self::Country, Self::Layout, Self::Variant];

    /// In the same order, without those that come again.
    pub fn each_once(columns: &[Self]) -> Vec<Self> {
        let again = |i: &usize| columns[..*i].contains(&columns[*i]);
        (0..columns.len()).filter(|i| !again(i)).map(|i| columns[i]).collect()
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Notice => "notice",
            Self::Language => "language",
            Self::Country => "country",
            Self::Layout => "layout",
            Self::Variant => "variant",
        }
    }
}

/// Which days, both ends among them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Range {
    pub from: Option<Day>,
    pub to: Option<Day>,
}

/// What a row stands for; a column that was not asked for is not there. Unknown is an empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Group {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Group {
    pub fn text(&self, column: Column) -> String {
        let text = match column {
            Column::Day => self.day.clone(),
            Column::Notice => self.notice.map(|notice| notice.to_string()),
            Column::Language => self.language.clone(),
            Column::Country => self.country.clone(),
            Column::Layout => self.layout.clone(),
            Column::Variant => self.variant.clone(),
        };
        text.unwrap_or_default()
    }

    /// The group of a coarser table that this one is part of.
    pub(super) fn within(&self, columns: &[Column]) -> Self {
        let has = |column| columns.contains(&column);
        Self {
            day: self.day.clone().filter(|_| has(Column::Day)),
            notice: self.notice.filter(|_| has(Column::Notice)),
            language: self.language.clone().filter(|_| has(Column::Language)),
            country: self.country.clone().filter(|_| has(Column::Country)),
            layout: self.layout.clone().filter(|_| has(Column::Layout)),
            variant: self.variant.clone().filter(|_| has(Column::Variant)),
        }
    }
}

/// How often each event was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    pub shown: i64,
    pub granted: i64,
    pub partial: i64,
    pub refused: i64,
    pub withdrawn: i64,
    pub renewed: i64,
}

impl Figures {
    fn add(&mut self, event: &str, n: i64) {
        let figure = match event {
            SHOWN => &mut self.shown,
            event if event == Action::Granted.as_str() => &mut self.granted,
            event if event == Action::Partial.as_str() => &mut self.partial,
            event if event == Action::Refused.as_str() => &mut self.refused,
            event if event == Action::Withdrawn.as_str() => &mut self.withdrawn,
            event if event == Action::Renewed.as_str() => &mut self.renewed,
            // Of a later version.
            _ => return,
        };
        *figure += n;
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        self.shown += other.shown;
        self.granted += other.granted;
        self.partial += other.partial;
        self.refused += other.refused;
        self.withdrawn += other.withdrawn;
        self.renewed += other.renewed;
    }

    fn answers(&self) -> i64 {
        self.granted + self.partial + self.refused + self.withdrawn + self.renewed
    }

    /// How many were shown the question or answered it. Most did both, so that this is the least they can be.
    pub(super) fn people(&self) -> i64 {
        self.shown.max(self.answers())
    }

    /// The share of the answers that granted something, in thousandths; nothing where there are none.
    pub fn share(&self) -> Option<i64> {
        let given = self.granted + self.partial + self.renewed;
        (given * 2000 + self.answers()).checked_div(2 * self.answers())
    }
}

/// What is not shown by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    Nothing,
    /// Too few even together, so that not even their sum is told.
    Few,
    Sum(Figures),
}

/// A table as it may be shown: nothing in it, and nothing in it beside a row of a coarser one of the same days, tells of a few. Of
/// tables of different days, or of several laid beside each other, that cannot be said.
#[derive(Debug)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<(Group, Figures)>,
    pub withheld: Withheld,
}

/// Events of a group, in the database's own sum. A column that was not asked for is not there.
#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = Nullable<Integer>)]
    day: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    notice: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    language: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    country: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    layout: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    variant: Option<String>,
    #[diesel(sql_type = Text)]
    event: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Counts the events of a site's days in groups, of which there may be so many.
pub fn table(conn: &mut Conn, site_id: i32, range: Range, columns: &[Column], most: usize) -> Result<Table> {
    let (from, to) = (range.from.map_or(i32::MIN, |day| day.0), range.to.map_or(i32::MAX, |day| day.0));
    let selected = Column::ALL.map(|column| match column {
        column if columns.contains(&column) => column.as_str().to_owned(),
        Column::Day | Column::Notice => format!("CAST(NULL AS INTEGER) AS {}", column.as_str()),
        _ => format!("CAST(NULL AS TEXT) AS {}", column.as_str()),
    });
    let grouped: Vec<&str> = columns.iter().map(|column| column.as_str()).chain(["event"]).collect();
    // Nothing in it but names and numbers of our own.
    let sums: Vec<Sum> = diesel::sql_query(format!(
        "SELECT {}, event, CAST(sum(n) AS BIGINT) AS n FROM counts \
         WHERE site_id = {site_id} AND day BETWEEN {from} AND {to} GROUP BY {} LIMIT {}",
        selected.join(", "),
        grouped.join(", "),
        i64::try_from(most).unwrap_or(i64::MAX).saturating_mul(EVENTS).saturating_add(1)
    ))
    .load(conn)?;
    let mut groups: BTreeMap<Group, Figures> = BTreeMap::new();
    for Sum { day, notice, language, country, layout, variant, event, n } in sums {
        let group = Group { day: day.map(|day| Day(day).to_string()), notice, language, country, layout, variant };
        groups.entry(group).or_default().add(&event, n);
    }
    if groups.len() > most {
        return Err(Error::invalid("by", format!("comes to more than {most} rows: ask for fewer columns, or days")));
    }
    Ok(withhold(columns, groups))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_of_those_who_answered() {
        let figures = Figures { shown: 900, granted: 3, partial: 2, refused: 2, withdrawn: 1, renewed: 1 };
        assert_eq!(figures.share(), Some(667));
        assert_eq!(Figures { shown: 9, ..Figures::default() }.share(), None);
    }
}
