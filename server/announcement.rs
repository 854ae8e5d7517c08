//! An announcement: a line that the question carries until a day has come, such as that the privacy policy changes then.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::day::Day;

pub mod kept;

/// How many days ahead a material change is announced, at the least.
pub const LEAST_DAYS: i32 = 30;

/// The `[announcement]` table of a site file.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// The day on which it happens, as `2027-02-01`.
    pub date: String,
    /// Language → what happens.
    pub text: BTreeMap<String, String>,
    /// Whether people have to be told long before. What is left out is found out where the change is known, and is a yes elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<bool>,
}

impl Announcement {
    pub fn day(&self) -> Option<Day> {
        self.date.parse().ok()
    }

    /// Whether its day, in UTC, is still to come. `now` is unix ms.
    pub fn is_ahead(&self, now: i64) -> bool {
        self.day().is_some_and(|day| Day::of(now) < day)
    }

    /// What is wrong, each with its key.
    pub fn check(&self, languages: &[String]) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        if let Err(reason) = self.date.parse::<Day>() {
            wrong.push(("announcement.date".to_owned(), reason));
        }
        if let Some(language) = languages.iter().find(|language| !self.text.contains_key(*language)) {
            let reason = format!("expected one for every language; {language} is missing");
            wrong.push(("announcement.text".to_owned(), reason));
        }
        for (language, text) in &self.text {
            let key = format!("announcement.text.{language}");
            if !languages.contains(language) {
                wrong.push((key, "is not one of the site's languages".to_owned()));
            } else if text.trim().is_empty() || text.chars().count() > 500 {
                wrong.push((key, "expected 1 to 500 characters".to_owned()));
            }
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_is_over_when_its_day_has_come() {
        let announcement = Announcement { date: "1970-01-03".into(), text: BTreeMap::new(), material: None };
        let day = crate::day::DAY_MS;
        assert!(announcement.is_ahead(0) && announcement.is_ahead(2 * day - 1));
        assert!(!announcement.is_ahead(2 * day) && !announcement.is_ahead(9 * day));
    }
}
