//! The counts of a site as a table, grouped as somebody asks. A group of few is not shown by itself, since it may be about one person,
//! nor can it be found by taking the others from what a coarser table of the same days says.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::choice::Action;
use crate::day::Day;
use crate::db::Conn;
use crate::schema::counts;

use super::SHOWN;

/// A group of fewer is withheld.
pub const FEWEST: i64 = 10;

/// What a table can be grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Column {
    Day,
    Notice,
    Language,
    Country,
    Layout,
    Variant,
}

impl Column {
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
    fn within(&self, columns: &[Column]) -> Self {
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

    fn add_all(&mut self, other: &Self) {
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
    fn people(&self) -> i64 {
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

/// Counts the events of a site's days in groups.
pub fn table(conn: &mut Conn, site_id: i32, range: Range, columns: &[Column]) -> QueryResult<Table> {
    let mut groups: BTreeMap<Group, Figures> = BTreeMap::new();
    let (from, to) = (range.from.map_or(i32::MIN, |day| day.0), range.to.map_or(i32::MAX, |day| day.0));
    let own = counts::table.filter(counts::site_id.eq(site_id));
    let days: Vec<i32> = own.select(counts::day).filter(counts::day.between(from, to)).distinct().load(conn)?;
    // A day at a time, so that no more than the groups is in memory.
    for day in days {
        type Row = (i32, i32, i32, String, String, String, String, String, i64);
        let rows: Vec<Row> = own.filter(counts::day.eq(day)).load(conn)?;
        for (_, _, notice, language, country, layout, variant, event, n) in rows {
            let group = Group {
                day: Some(Day(day).to_string()),
                notice: Some(notice),
                language: Some(language),
                country: Some(country),
                layout: Some(layout),
                variant: Some(variant),
            };
            groups.entry(group.within(columns)).or_default().add(&event, n);
        }
    }
    Ok(withhold(columns, groups))
}

/// Takes the small groups out of the rows, and as many others as hide them: wherever a coarser table has a row, what is withheld of it is
/// nothing, or two groups or more that are together not small. What a coarser table withholds is withheld in its parts too, so that
/// the two cannot be taken from each other.
fn withhold(columns: &[Column], groups: BTreeMap<Group, Figures>) -> Table {
    // In whatever order they are asked for, the same is withheld.
    let asked = columns;
    let mut columns = asked.to_vec();
    columns.sort_by_key(|column| *column as u8);
    let columns = columns.as_slice();
    let all = (1 << columns.len()) - 1;
    let mut masks: Vec<usize> = (0..all).collect();
    masks.sort_by_key(|mask| mask.count_ones());
    let mut withheld: BTreeMap<usize, BTreeSet<Group>> = BTreeMap::new();
    for mask in masks {
        let mut sums: BTreeMap<Group, Figures> = BTreeMap::new();
        for (group, figures) in &groups {
            sums.entry(group.within(&chosen(columns, mask))).or_default().add_all(figures);
        }
        let hidden = hidden(columns, mask, sums, &withheld).into_iter();
        withheld.insert(mask, hidden.filter(|(.., hidden)| *hidden).map(|(group, ..)| group).collect());
    }
    let groups = hidden(columns, all, groups, &withheld);
    let mut sum = Figures::default();
    let mut rows = Vec::new();
    for (group, figures, withheld) in groups.iter().cloned() {
        if withheld {
            sum.add_all(&figures);
        } else {
            rows.push((group, figures));
        }
    }
    let withheld = match groups.len() - rows.len() {
        0 => Withheld::Nothing,
        _ if sum.people() < FEWEST => Withheld::Few,
        _ => Withheld::Sum(sum),
    };
    Table { columns: asked.to_vec(), rows, withheld }
}

/// The groups of the table with the columns of this mask, and whether each is withheld. `coarser` has what every coarser table
/// withholds.
fn hidden(
    columns: &[Column],
    mask: usize,
    groups: BTreeMap<Group, Figures>,
    coarser: &BTreeMap<usize, BTreeSet<Group>>,
) -> Vec<(Group, Figures, bool)> {
    let parents: Vec<usize> =
        coarser.keys().copied().filter(|parent| parent & mask == *parent && *parent != mask).collect();
    let within = |group: &Group, parent: usize| group.within(&chosen(columns, parent));
    let is_part = |group: &Group| parents.iter().any(|parent| coarser[parent].contains(&within(group, *parent)));
    let mut groups: Vec<(Group, Figures, bool)> = groups
        .into_iter()
        .map(|(group, figures)| {
            let withheld = figures.people() < FEWEST || is_part(&group);
            (group, figures, withheld)
        })
        .collect();
    let mut again = groups.iter().any(|(.., withheld)| *withheld);
    while again {
        again = false;
        for parent in &parents {
            let mut sums: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
            for (i, (group, ..)) in groups.iter().enumerate() {
                sums.entry(within(group, *parent)).or_default().push(i);
            }
            for parts in sums.values() {
                again |= hide(&mut groups, parts);
            }
        }
    }
    groups
}

/// Withholds the smallest of these groups until those which are withheld hide each other. Says whether any was.
fn hide(groups: &mut [(Group, Figures, bool)], parts: &[usize]) -> bool {
    let mut hidden: Vec<i64> = parts.iter().filter(|i| groups[**i].2).map(|i| groups[*i].1.people()).collect();
    let mut open: Vec<usize> = parts.iter().copied().filter(|i| !groups[*i].2).collect();
    open.sort_by_key(|i| std::cmp::Reverse(groups[*i].1.people()));
    let before = open.len();
    while !hidden.is_empty() && (hidden.len() < 2 || hidden.iter().sum::<i64>() < FEWEST) {
        let Some(smallest) = open.pop() else { break };
        groups[smallest].2 = true;
        hidden.push(groups[smallest].1.people());
    }
    open.len() < before
}

/// The columns that a mask stands for.
fn chosen(columns: &[Column], mask: usize) -> Vec<Column> {
    columns.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, column)| *column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(sizes: &[(&str, &str, i64)]) -> BTreeMap<Group, Figures> {
        let group = |(language, country, shown): &(&str, &str, i64)| {
            let group = Group {
                language: Some((*language).to_owned()),
                country: Some((*country).to_owned()).filter(|country| !country.is_empty()),
                ..Group::default()
            };
            (group, Figures { shown: *shown, ..Figures::default() })
        };
        sizes.iter().map(group).collect()
    }

    fn shown(columns: &[Column], sizes: &[(&str, &str, i64)]) -> (Vec<i64>, Withheld) {
        let table = withhold(columns, groups(sizes));
        (table.rows.iter().map(|(_, figures)| figures.shown).collect(), table.withheld)
    }

    const fn sum(shown: i64) -> Withheld {
        Withheld::Sum(Figures { shown, granted: 0, partial: 0, refused: 0, withdrawn: 0, renewed: 0 })
    }

    #[test]
    fn a_small_group_is_withheld_with_others_that_hide_it() {
        let check = |sizes: &[(&str, &str, i64)], rows: &[i64], withheld: Withheld| {
            assert_eq!(shown(&[Column::Language], sizes), (rows.to_vec(), withheld), "{sizes:?}");
        };
        check(&[("en", "", 10), ("nb", "", 99)], &[10, 99], Withheld::Nothing);
        check(&[("en", "", 9), ("nb", "", 99), ("sv", "", 20)], &[99], sum(29));
        check(&[("da", "", 4), ("en", "", 7), ("nb", "", 99)], &[99], sum(11));
        check(&[("da", "", 4), ("en", "", 3), ("nb", "", 99), ("sv", "", 50)], &[99], sum(57));
        check(&[("en", "", 9), ("nb", "", 99)], &[], sum(108));
        check(&[("en", "", 4), ("nb", "", 5)], &[], Withheld::Few);
        check(&[("nb", "", 3)], &[], Withheld::Few);
        check(&[], &[], Withheld::Nothing);
    }

    #[test]
    fn what_a_coarser_table_withholds_is_withheld_in_its_parts() {
        let sizes = [("en", "NO", 1), ("sv", "SE", 30), ("sv", "NO", 22), ("nb", "NO", 190), ("nb", "DK", 10)];
        let finer = withhold(&[Column::Language, Column::Country], groups(&sizes));
        let mut languages = BTreeMap::new();
        for (group, figures) in groups(&sizes) {
            let language = group.within(&[Column::Language]);
            languages.entry(language).or_insert_with(Figures::default).add_all(&figures);
        }
        let coarser = withhold(&[Column::Language], languages);
        assert_eq!(coarser.withheld, sum(53));
        for (group, _) in &finer.rows {
            let language = group.within(&[Column::Language]);
            assert!(coarser.rows.iter().any(|(shown, _)| *shown == language), "{group:?} is part of what is withheld");
        }
    }

    #[test]
    fn a_small_group_is_not_found_from_a_coarser_table() {
        let columns = [Column::Language, Column::Country];
        // What all of NO comes to is told elsewhere, so nb in NO would tell en in NO; and all of en would.
        let sizes = [
            ("nb", "NO", 900),
            ("en", "NO", 3),
            ("nb", "SE", 40),
            ("en", "SE", 30),
            ("nb", "DK", 70),
            ("en", "DK", 60),
        ];
        let table = withhold(&columns, groups(&sizes));
        for language in [Some("nb"), Some("en"), None] {
            for country in [Some("NO"), Some("SE"), Some("DK"), None] {
                let within = |group: &Group| {
                    language.is_none_or(|it| group.language.as_deref() == Some(it))
                        && country.is_none_or(|it| group.country.as_deref() == Some(it))
                };
                if language.is_some() && country.is_some() {
                    continue;
                }
                let all: i64 = sizes
                    .iter()
                    .filter(|(l, c, _)| language.is_none_or(|it| it == *l) && country.is_none_or(|it| it == *c))
                    .map(|(.., n)| n)
                    .sum();
                let told: i64 = table.rows.iter().filter(|(group, _)| within(group)).map(|(_, f)| f.shown).sum();
                assert!(all - told == 0 || all - told >= FEWEST, "{language:?} {country:?}: {all} and {told}");
            }
        }
        assert_eq!(table.rows.len(), 2, "those of DK, whom it needs nobody of: {table:?}");
    }

    #[test]
    fn the_share_is_of_those_who_answered() {
        let figures = Figures { shown: 900, granted: 3, partial: 2, refused: 2, withdrawn: 1, renewed: 1 };
        assert_eq!(figures.share(), Some(667));
        assert_eq!(Figures { shown: 9, ..Figures::default() }.share(), None);
    }
}
