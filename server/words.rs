//! Words that depend on numbers, countries and the language, for the pages that the service makes itself. What
//! `banner/src/texts/words.ts` says in each language, the banner's build has written down.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::banner::Built;
use crate::day::{self, Day};
use crate::texts;

/// The words of one language.
#[derive(Deserialize)]
pub struct Words {
    /// What the language calls itself.
    pub language: String,
    /// From one day on.
    days: Vec<String>,
    /// From two months on.
    months: Vec<String>,
    /// From one year on.
    years: Vec<String>,
    /// A day of each month, with places for the day and the year.
    dates: Vec<String>,
    /// Between two of many, before the last of many, and between two alone.
    list: [String; 3],
    /// ISO 3166-1 code → name.
    countries: BTreeMap<String, String>,
}

/// The words of a language that is built in.
pub fn of(language: &str) -> Option<&'static Words> {
    static ALL: OnceLock<BTreeMap<String, Words>> = OnceLock::new();
    let read = |language: String| {
        let file = Built::get(&format!("words/{language}.json"))?;
        Some((language, serde_json::from_slice(&file.data).ok()?))
    };
    ALL.get_or_init(|| texts::languages().into_iter().filter_map(read).collect()).get(language)
}

impl Words {
    /// `2 years`, `6 months`, `30 days`: the rule of `words.ts`. Nothing is said to last longer than a hundred years.
    pub fn duration(&self, days: u32) -> &str {
        let days = usize::try_from(days).unwrap_or(usize::MAX);
        let (words, at) = if days >= 365 && (days.is_multiple_of(365) || days > 1826) {
            (&self.years, (days + 182) / 365 - 1)
        } else if days >= 60 {
            (&self.months, (days * 100 + 1522) / 3044 - 2)
        } else {
            (&self.days, days.saturating_sub(1))
        };
        words.get(at).or(words.last()).map_or("", String::as_str)
    }

    /// `1 February 2027`.
    pub fn date(&self, day: Day) -> String {
        let (year, month, day) = day::civil(day.0.into());
        let place = usize::try_from(month - 1).unwrap_or_default();
        let pattern = self.dates.get(place).map_or("", String::as_str);
        texts::fill(pattern, &[("day", &day.to_string()), ("year", &year.to_string())])
    }

    /// `a, b and c`.
    pub fn list(&self, names: &[&str]) -> String {
        let [between, before_last, pair] = &self.list;
        match names {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [one, other] => format!("{one}{pair}{other}"),
            [many @ .., last] => format!("{}{before_last}{last}", many.join(between)),
        }
    }

    /// The name of a country; what is no code stays as it is.
    pub fn country<'a>(&'a self, code: &'a str) -> &'a str {
        self.countries.get(code).map_or(code, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_lifetime_is_told_as_the_panel_tells_it() {
        let table: Vec<BTreeMap<String, Value>> =
            serde_json::from_str(include_str!("../banner/src/texts/durations.json")).expect("a table");
        assert!(table.len() >= 20);
        for row in table {
            let days = row["days"].as_u64().and_then(|days| u32::try_from(days).ok()).expect("days");
            for (language, told) in row.iter().filter(|(key, _)| *key != "days") {
                assert_eq!(of(language).expect("it is built in").duration(days), told, "{days} days in {language}");
            }
        }
    }

    #[test]
    fn every_lifetime_is_told_in_every_language() {
        for language in texts::languages() {
            let words = of(&language).unwrap_or_else(|| panic!("{language} has no words"));
            assert_eq!((words.days.len(), words.months.len(), words.years.len()), (59, 59, 100), "{language}");
            for days in (0..=40_000).chain([u32::MAX]) {
                assert_ne!(words.duration(days), "", "{days} days in {language}");
            }
            assert!(!words.language.is_empty() && words.country("NO") != "NO", "{language}");
        }
        let english = of("en").expect("it is built in");
        assert_eq!(english.duration(u32::MAX), "100 years");
        assert_eq!((english.country("NO"), english.country("QQ")), ("Norway", "QQ"));
        let bokmal = of("nb").expect("it is built in");
        assert_eq!(bokmal.language, "norsk bokmål");
        let day = "2027-02-01".parse().expect("a day");
        assert_eq!((bokmal.date(day).as_str(), english.date(day).as_str()), ("1. februar 2027", "February 1, 2027"));
        assert_eq!(of("ja").expect("it is built in").date(day), "2027年2月1日");
    }

    #[test]
    fn names_are_listed_as_the_language_does() {
        let english = of("en").expect("it is built in");
        assert_eq!(
            [&[][..], &["a"], &["a", "b"], &["a", "b", "c"]].map(|names| english.list(names)),
            ["", "a", "a and b", "a, b, and c"]
        );
        assert_eq!(of("nb").expect("it is built in").list(&["a", "b", "c", "d"]), "a, b, c og d");
    }
}
