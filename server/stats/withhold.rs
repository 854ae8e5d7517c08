//! What of a table is not shown. A group of few may be about one person: it is not shown by itself, nor can it be found by taking the others
//! from what a coarser table of the same days says.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{Column, Figures, Group, Table, Withheld};

/// A group of fewer is withheld.
pub const FEWEST: i64 = 10;

/// Takes the small groups out of the rows, and as many others as hide them: wherever a coarser table has a row, what is withheld of it is
/// nothing, or two groups or more that are together not small. What a coarser table withholds is withheld in its parts too, so that
/// the two cannot be taken from each other.
pub(super) fn withhold(columns: &[Column], groups: BTreeMap<Group, Figures>) -> Table {
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
}
