//! The law as data: which place has which regime, what may run there in silence, and how long answers hold.
//! `jurisdictions.toml` is built in and explains itself; an operator may name another file.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::complaints::{Complaints, syntax};
use crate::error::Error;
use crate::place::Place;
use crate::regime::Regime;

const BUILT_IN: &str = include_str!("jurisdictions.toml");

/// Stands for the places that are not known, and for those that stand nowhere else.
const UNKNOWN: &str = "*";

/// The purposes that laws have an opinion about; a site's own never run in silence.
const STANDARD: [&str; 3] = ["preferences", "analytics", "advertising"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    jurisdictions: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    places: Vec<String>,
    regime: Regime,
    gpc: Gpc,
    silence: Vec<String>,
    cookieless: bool,
    exemption: Option<String>,
    yes_days: u32,
    no_days: u32,
    honoured: bool,
    source: String,
}

/// What Global Privacy Control is in a place. What is greater is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gpc {
    None,
    Voluntary,
    Binding,
}

/// What a page does about a visitor's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Law {
    pub regime: Regime,
    pub gpc: Gpc,
    /// The standard purposes that may run before an answer.
    pub silence: Vec<String>,
    /// Whether measurement that stores nothing may run before an answer.
    pub cookieless: bool,
    pub yes_days: u32,
    pub no_days: u32,
    /// Whether the visitor must be shown that their signal was honoured.
    pub honoured: bool,
}

impl Law {
    /// Whether it allows anything that the other does not. How long answers hold is no part of it.
    fn is_looser_than(&self, other: &Self) -> bool {
        self.regime < other.regime
            || self.gpc < other.gpc
            || (self.cookieless && !other.cookieless)
            || (other.honoured && !self.honoured)
            || self.silence.iter().any(|purpose| !other.silence.contains(purpose))
    }

    /// How many days an answer holds, of which the site allows this many at most.
    pub fn days(&self, grants: bool, most: u32) -> u32 {
        if grants { self.yes_days } else { self.no_days }.min(most)
    }

    /// Whether nothing at all may run before a yes.
    pub fn is_silent(&self) -> bool {
        self.regime == Regime::OptIn && self.silence.is_empty() && !self.cookieless
    }
}

/// The whole table, checked.
#[derive(Debug)]
pub struct Jurisdictions {
    /// Those that differ; several rows may come to the same.
    laws: Vec<Law>,
    /// Code → the name of its row, and which law that has.
    places: HashMap<String, (String, usize)>,
    unknown: (String, usize),
}

impl Jurisdictions {
    /// The file that the operator names, or else the table that is built in. Errors are sentences.
    pub fn load(file: Option<&Path>) -> Result<Self, String> {
        let Some(file) = file else { return Self::built_in() };
        let name = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|e| format!("the table of jurisdictions {name} cannot be read: {e}"))?;
        Self::parse(&text).map_err(|e| format!("the table of jurisdictions {name} is wrong: {e}"))
    }

    pub fn built_in() -> Result<Self, String> {
        Self::parse(BUILT_IN)
    }

    /// Reads and checks a table. Errors: a line for each complaint.
    fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|e| syntax(text, &e))?;
        let mut wrong = Complaints::of(text);
        let mut table = Self { laws: Vec::new(), places: HashMap::new(), unknown: (String::new(), 0) };
        let mut seen = BTreeSet::new();
        for (i, row) in file.jurisdictions.into_iter().enumerate() {
            row.check(i, &mut seen, &mut wrong);
            table.add(row);
        }
        if !seen.contains(UNKNOWN) {
            wrong.say("jurisdictions", "a row with places = [\"*\"] is missing: it is for places that are not known");
        }
        // Only of a table that is good otherwise can it be said which row a place falls to.
        if wrong.found.is_empty() {
            table.check_countries(&mut wrong);
        }
        if wrong.found.is_empty() { Ok(table) } else { Err(wrong.found.join("\n")) }
    }

    fn add(&mut self, row: Row) {
        let law = Law {
            regime: row.regime,
            gpc: row.gpc,
            silence: row.silence,
            cookieless: row.cookieless,
            yes_days: row.yes_days,
            no_days: row.no_days,
            honoured: row.honoured,
        };
        let known = self.laws.iter().position(|other| *other == law);
        let number = known.unwrap_or_else(|| {
            self.laws.push(law);
            self.laws.len() - 1
        });
        for place in row.places {
            if place == UNKNOWN {
                self.unknown = (row.name.clone(), number);
            } else {
                self.places.insert(place, (row.name.clone(), number));
            }
        }
    }

    /// Whoever's subdivision is not known must not get more than the strictest of them allows.
    fn check_countries(&self, wrong: &mut Complaints) {
        let mut subdivisions: Vec<Place> = self.places.keys().filter_map(|code| Place::parse(code)).collect();
        subdivisions.sort_by(|a, b| a.code().cmp(b.code()));
        for place in subdivisions {
            let (name, of_country) = self.row(Some(&place.of_country()));
            if self.law(of_country).is_looser_than(self.law(self.row(Some(&place)).1)) {
                let country = place.country();
                wrong.say(
                    "jurisdictions",
                    &format!(
                        "the row {name:?} allows more than that of {}, and somebody there whose place is only known as \
                         {country} gets it: {country} needs a row that is as strict",
                        place.code()
                    ),
                );
            }
        }
    }

    fn row(&self, place: Option<&Place>) -> (&str, usize) {
        let found = place.and_then(|place| self.places.get(place.code()).or_else(|| self.places.get(place.country())));
        let (name, number) = found.unwrap_or(&self.unknown);
        (name, *number)
    }

    /// The number of the law that holds in a place; of the strictest where it is not known.
    pub fn number_of(&self, place: Option<&Place>) -> usize {
        self.row(place).1
    }

    /// What the row is called that a place falls to.
    pub fn name_of(&self, place: Option<&Place>) -> &str {
        self.row(place).0
    }

    /// Whether the table has a row for the place itself or its country.
    pub fn knows(&self, place: &Place) -> bool {
        self.places.contains_key(place.code()) || self.places.contains_key(place.country())
    }

    /// A law by its number, which one of these methods gave.
    pub fn law(&self, number: usize) -> &Law {
        &self.laws[number]
    }

    /// The number of the first law in the table with that regime.
    pub fn number_with(&self, regime: Regime) -> Result<usize, Error> {
        let found = self.laws.iter().position(|law| law.regime == regime);
        found.ok_or_else(|| Error::invalid("regime", format!("no law in the table is {}", regime.as_str())))
    }

    /// How many laws differ.
    pub fn len(&self) -> usize {
        self.laws.len()
    }

    pub fn is_empty(&self) -> bool {
        self.laws.is_empty()
    }

    /// How many days an answer holds wherever under this regime it was given, of which the site allows this many at most. One that no law
    /// has any more counts as the shortest.
    pub fn days_under(&self, regime: &str, grants: bool, most: u32) -> u32 {
        let days = |under: bool| {
            let laws = self.laws.iter().filter(|law| !under || law.regime.as_str() == regime);
            laws.map(|law| law.days(grants, most)).min()
        };
        days(true).or_else(|| days(false)).unwrap_or_default()
    }

    /// The shortest time that a yes holds anywhere.
    pub fn shortest_yes(&self) -> u32 {
        self.laws.iter().map(|law| law.yes_days).min().unwrap_or_default()
    }
}

impl Row {
    fn check(&self, i: usize, seen: &mut BTreeSet<String>, wrong: &mut Complaints) {
        let at = |key: &str| format!("jurisdictions.{i}.{key}");
        for (key, text, most) in [("name", &self.name, 100), ("source", &self.source, 1000)] {
            if text.trim().is_empty() || text.chars().count() > most {
                wrong.say(&at(key), &format!("expected 1 to {most} characters"));
            }
        }
        if self.places.is_empty() {
            wrong.say(&at("places"), "expected at least one, such as \"NO\" or \"US-CA\"");
        }
        for (j, place) in self.places.iter().enumerate() {
            if place != UNKNOWN && Place::parse(place).is_none_or(|parsed| parsed.code() != place) {
                let expected = "expected an ISO 3166 code such as \"NO\" or \"US-CA\", or \"*\"";
                wrong.say(&at(&format!("places.{j}")), &format!("{expected}; found {place:?}"));
            }
            if !seen.insert(place.clone()) {
                wrong.say(&at(&format!("places.{j}")), &format!("{place:?} is there twice"));
            }
        }
        for (j, purpose) in self.silence.iter().enumerate() {
            if !STANDARD.contains(&purpose.as_str()) || self.silence[..j].contains(purpose) {
                let expected = STANDARD.join(", ");
                wrong
                    .say(&at(&format!("silence.{j}")), &format!("expected each of {expected} once; found {purpose:?}"));
            }
        }
        let runs = !self.silence.is_empty() || self.cookieless;
        if self.regime == Regime::OptIn {
            if runs && self.exemption.as_ref().is_none_or(|rule| rule.trim().is_empty()) {
                wrong.say(&at("exemption"), "is missing: where the regime is opt-in, something runs before an answer only by a rule that is named here");
            }
            if self.silence.iter().any(|purpose| purpose == "advertising") {
                wrong.say(&at("silence"), "no rule lets advertising run before an answer where the regime is opt-in");
            }
        }
        if self.places.iter().any(|place| place == UNKNOWN) && (self.regime != Regime::OptIn || runs) {
            wrong.say(&at("places"), "the row of \"*\" is opt-in, with silence = [] and cookieless = false: nothing is known of who falls to it");
        }
        if self.honoured && self.gpc == Gpc::None {
            wrong.say(&at("honoured"), "cannot be shown where gpc is \"none\"");
        }
        for (key, days) in [("yes_days", self.yes_days), ("no_days", self.no_days)] {
            if !(1..=390).contains(&days) {
                wrong.say(&at(key), "expected 1 to 390 days: a browser keeps no cookie longer than 400");
            }
        }
        if self.no_days < self.yes_days {
            wrong.say(
                &at("no_days"),
                "expected at least as many as yes_days: nobody is asked again sooner because they refused",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(code: &str) -> Place {
        Place::parse(code).expect(code)
    }

    fn law(table: &Jurisdictions, code: &str) -> Law {
        table.law(table.number_of(Some(&place(code)))).clone()
    }

    #[test]
    fn the_built_in_table_is_good_and_the_most_specific_row_wins() {
        let table = Jurisdictions::built_in().unwrap_or_else(|e| panic!("{e}"));
        let check = |code: &str, regime: Regime, gpc: Gpc, silence: usize, honoured: bool| {
            let law = law(&table, code);
            assert_eq!(
                (law.regime, law.gpc, law.silence.len(), law.honoured),
                (regime, gpc, silence, honoured),
                "{code}"
            );
        };
        check("NO", Regime::OptIn, Gpc::Voluntary, 0, false);
        check("NO-03", Regime::OptIn, Gpc::Voluntary, 0, false);
        check("GB", Regime::OptIn, Gpc::Voluntary, 1, false);
        check("US-CA", Regime::OptOut, Gpc::Binding, 3, true);
        check("US-TX", Regime::OptOut, Gpc::Binding, 3, false);
        check("US-VA", Regime::OptOut, Gpc::Voluntary, 3, false);
        check("US-WA", Regime::OptOut, Gpc::Voluntary, 3, false);
        check("US", Regime::OptOut, Gpc::Binding, 3, true);
        check("CA-QC", Regime::OptIn, Gpc::Voluntary, 0, false);
        check("CA-ON", Regime::OptOut, Gpc::Voluntary, 3, false);
        check("CA", Regime::OptIn, Gpc::Voluntary, 0, false);
        check("JP", Regime::OptOut, Gpc::None, 2, false);
        check("NZ", Regime::Notice, Gpc::Voluntary, 3, false);
        check("AQ", Regime::OptIn, Gpc::Binding, 0, true);
        assert_eq!(table.number_of(None), table.number_of(Some(&place("AQ"))), "what stands nowhere is not known");
        assert_eq!((table.name_of(None), table.name_of(Some(&place("SE")))), ("Unknown", "EU and EEA"));
        assert!(table.law(table.number_of(None)).is_silent() && !law(&table, "FR").is_silent());
        assert_eq!(table.shortest_yes(), 183);
    }

    #[test]
    fn the_table_has_a_row_for_every_state_that_it_should() {
        let table = Jurisdictions::built_in().unwrap_or_else(|e| panic!("{e}"));
        let europe = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK CH GB";
        let elsewhere = "BR KR ZA TH TR JP AU NZ IN US CA CA-QC";
        for code in europe.split(' ').chain(elsewhere.split(' ')) {
            assert!(table.places.contains_key(code), "{code}");
        }
        let states = table.places.keys().filter(|code| code.starts_with("US-")).count();
        assert_eq!(states, 51, "fifty, and the District of Columbia");
        for code in europe.split(' ') {
            assert_eq!(law(&table, code).regime, Regime::OptIn, "{code}");
        }
    }

    #[test]
    fn a_wrong_table_names_line_key_and_what_was_expected() {
        let row = |name: &str, places: &str| {
            format!(
                "[[jurisdictions]]\nname = \"{name}\"\nplaces = [{places}]\nregime = \"opt-in\"\ngpc = \"binding\"\nsilence = []\n\
                 cookieless = false\nyes_days = 100\nno_days = 100\nhonoured = true\nsource = \"x\"\n"
            )
        };
        let good = format!("{}{}", row("Unknown", "\"*\""), row("Norway", "\"NO\""));
        assert_eq!(Jurisdictions::parse(&good).map(|table| table.len()), Ok(1), "two rows and one law");
        let check = |from: &str, to: &str, expected: &str| {
            let at = good.rfind(from).unwrap_or_else(|| panic!("{from} is there"));
            let text = format!("{}{to}{}", &good[..at], &good[at + from.len()..]);
            let told = Jurisdictions::parse(&text).expect_err(to);
            assert!(told.contains(expected), "{to}:\n{told}\nshould say: {expected}");
        };
        check("\"NO\"", "\"no\"", "line 14: jurisdictions.1.places.0: expected an ISO 3166 code");
        check("\"NO\"", "\"NO\", \"NO\"", "line 14: jurisdictions.1.places.1: \"NO\" is there twice");
        check("\"NO\"", "", "line 14: jurisdictions.1.places: expected at least one");
        check("\"NO\"", "\"*\"", "\"*\" is there twice");
        check(
            "no_days = 100",
            "no_days = 99",
            "line 20: jurisdictions.1.no_days: expected at least as many as yes_days",
        );
        check("yes_days = 100", "yes_days = 0", "line 19: jurisdictions.1.yes_days: expected 1 to 390 days");
        check("no_days = 100", "no_days = 391", "line 20: jurisdictions.1.no_days: expected 1 to 390 days");
        check("silence = []", "silence = [\"analytics\"]", "jurisdictions.1.exemption: is missing");
        check("cookieless = false", "cookieless = true", "jurisdictions.1.exemption: is missing");
        check("silence = []", "silence = [\"advertising\"]\nexemption = \"x\"", "no rule lets advertising run");
        check("silence = []", "silence = [\"chat\"]", "jurisdictions.1.silence.0: expected each of preferences");
        check("gpc = \"binding\"", "gpc = \"none\"", "line 21: jurisdictions.1.honoured: cannot be shown");
        check("source = \"x\"", "source = \" \"", "line 22: jurisdictions.1.source: expected 1 to 1000 characters");
        check("source = \"x\"", "", "missing field `source`");
        check("\"opt-in\"", "\"opt-in-ish\"", "line 15: unknown variant `opt-in-ish`");
        let told = |text: &str| Jurisdictions::parse(text).expect_err("wrong");
        assert!(told(&row("Norway", "\"NO\"")).contains("a row with places = [\"*\"] is missing"));
        let loose = row("Unknown", "\"*\"").replace("opt-in", "notice");
        assert!(told(&loose).contains("line 3: jurisdictions.0.places: the row of \"*\" is opt-in"));
        let land = row("Land", "\"US\"").replace("opt-in", "notice");
        let state = format!("{}{land}{}", row("Unknown", "\"*\""), row("State", "\"US-CA\""));
        assert!(told(&state).contains("the row \"Land\" allows more than that of US-CA"), "{}", told(&state));
    }
}
