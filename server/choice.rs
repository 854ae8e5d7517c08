//! A choice: for every purpose that a notice asks about, granted or denied. There is no third answer and no gap. It may name
//! services besides, where somebody wants one of them otherwise than its purpose.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    Granted,
    Denied,
}

/// Purpose or service → answer. Ordered, so that equal choices have equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Choice(BTreeMap<String, Answer>);

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

/// Reads the pairs one by one: one that is named twice is refused, since no one can tell which answer was meant.
struct Pairs;

impl<'de> serde::de::Visitor<'de> for Pairs {
    type Value = Choice;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object that gives every purpose, and services that differ, \"granted\" or \"denied\"")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Choice, A::Error> {
        let mut answers = BTreeMap::new();
        while let Some((key, answer)) = map.next_entry::<String, Answer>()? {
            if answers.insert(key, answer).is_some() {
                return Err(serde::de::Error::custom("a purpose or service is named twice"));
            }
        }
        Ok(Choice(answers))
    }
}

/// What a choice amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Granted,
    Partial,
    Refused,
    /// Nothing is granted any more, and something was.
    Withdrawn,
    /// The same as before, and something is granted.
    Renewed,
    /// A yes that counts once it is confirmed.
    Pending,
}

impl Choice {
    /// Complete and known: every purpose that was asked about, and of services only those that run under one. Errors name what is
    /// missing or unknown.
    pub fn check(&self, purposes: &[String], services: &[String]) -> Result<(), Error> {
        if let Some(missing) = purposes.iter().find(|purpose| !self.0.contains_key(*purpose)) {
            return Err(Error::invalid(
                format!("choice.{missing}"),
                "is missing: a choice names every purpose that was asked about",
            ));
        }
        if let Some(unknown) = self.0.keys().find(|key| !purposes.contains(key) && !services.contains(key)) {
            let asked = purposes.iter().chain(services).map(String::as_str).collect::<Vec<_>>().join(", ");
            let shown: String = unknown.chars().take(40).collect();
            return Err(Error::invalid(
                "choice",
                format!("{shown:?} was not asked about; the notice asks about {asked}"),
            ));
        }
        Ok(())
    }

    /// Every key, and whether it is granted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, bool)> {
        self.0.iter().map(|(key, answer)| (key.as_str(), *answer == Answer::Granted))
    }

    /// Whether anything at all is granted.
    pub fn grants(&self) -> bool {
        self.iter().any(|(_, granted)| granted)
    }

    /// All of it counts, so that one service that is answered otherwise than its purpose makes it partial.
    pub fn action(&self) -> Action {
        let granted = self.0.values().filter(|answer| **answer == Answer::Granted).count();
        match granted {
            0 => Action::Refused,
            all if all == self.0.len() => Action::Granted,
            _ => Action::Partial,
        }
    }

    /// What it amounts to for somebody who answered before.
    pub fn action_after(&self, before: &Self) -> Action {
        let (now, then) = (self.action(), before.action());
        match (now, then) {
            (Action::Refused, Action::Granted | Action::Partial) => Action::Withdrawn,
            (Action::Granted | Action::Partial, _) if self == before => Action::Renewed,
            _ => now,
        }
    }
}

impl Action {
    pub const ALL: [Self; 5] = [Self::Granted, Self::Partial, Self::Refused, Self::Withdrawn, Self::Renewed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Partial => "partial",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Renewed => "renewed",
            Self::Pending => "pending",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(json: &str) -> Choice {
        serde_json::from_str(json).expect("a choice")
    }

    #[test]
    fn a_choice_is_complete_and_known_or_it_is_no_choice() {
        let asked: Vec<String> = ["analytics", "advertising"].map(str::to_owned).into();
        let services: Vec<String> = ["ga", "youtube"].map(str::to_owned).into();
        let check = |json: &str, expected: Option<&str>| {
            let found = choice(json).check(&asked, &services).err().map(|e| e.to_string());
            assert_eq!(found.is_some(), expected.is_some(), "{json}: {found:?}");
            assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()), "{json}");
        };
        check(r#"{"analytics":"granted","advertising":"denied"}"#, None);
        check(r#"{"analytics":"granted"}"#, Some("`choice.advertising`"));
        check(
            r#"{"analytics":"granted","advertising":"denied","chat":"granted"}"#,
            Some("\"chat\" was not asked about"),
        );
        check("{}", Some("is missing"));
        check(r#"{"analytics":"granted","advertising":"denied","youtube":"granted"}"#, None);
        check(r#"{"advertising":"denied","ga":"granted"}"#, Some("`choice.analytics`"));
        check(
            r#"{"analytics":"granted","advertising":"denied","session":"granted"}"#,
            Some("\"session\" was not asked about; the notice asks about analytics, advertising, ga, youtube"),
        );
    }

    #[test]
    fn the_action_follows_from_the_answers() {
        assert_eq!(choice(r#"{"a":"granted","b":"granted"}"#).action(), Action::Granted);
        assert_eq!(choice(r#"{"a":"granted","b":"denied"}"#).action(), Action::Partial);
        assert_eq!(choice(r#"{"a":"denied","b":"denied"}"#).action(), Action::Refused);
        let (a_service_less, a_service_more) =
            (r#"{"a":"granted","b":"granted","ga":"denied"}"#, r#"{"a":"denied","b":"denied","ga":"granted"}"#);
        assert_eq!(choice(a_service_less).action(), Action::Partial);
        assert_eq!(choice(a_service_more).action(), Action::Partial);
    }

    #[test]
    fn what_was_answered_before_decides_what_an_answer_amounts_to() {
        let both = choice(r#"{"a":"granted","b":"granted"}"#);
        let one = choice(r#"{"a":"granted","b":"denied"}"#);
        let none = choice(r#"{"a":"denied","b":"denied"}"#);
        let check = |now: &Choice, before: &Choice, expected| assert_eq!(now.action_after(before), expected);
        check(&none, &both, Action::Withdrawn);
        check(&none, &one, Action::Withdrawn);
        check(&none, &none, Action::Refused);
        check(&both, &both, Action::Renewed);
        check(&one, &one, Action::Renewed);
        check(&one, &both, Action::Partial);
        check(&both, &none, Action::Granted);
        let service = choice(r#"{"a":"denied","b":"denied","ga":"granted"}"#);
        check(&none, &service, Action::Withdrawn);
        check(&service, &none, Action::Partial);
        check(&service, &service, Action::Renewed);
    }
}
