//! A site: applied from a file, kept in the database, and made ready for answers when it was published.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::banner::Asset;
use crate::contact::Contact;
use crate::day::Day;
use crate::db::Conn;
use crate::declaration::Declaration;
use crate::domain;
use crate::error::{Error, Result};
use crate::hash::hex;
use crate::jurisdiction::Jurisdictions;
use crate::notice::{self, Content, Notice, is_yes, yes};
use crate::person::Rules;
use crate::place::Place;
use crate::regime::{Found, Regime};
use crate::schema::sites;
use crate::shown::Shown;
use crate::site_file::Parsed;
use crate::{gate, unknown_place, variant};

/// The part of a site that visitors are not shown, so that changing it publishes nothing.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Settings {
    pub origins: Vec<String>,
    /// Left out while empty, so that a site from before there was one reads and compares as it did.
    #[serde(default, skip_serializing_if = "Contact::is_empty")]
    pub contact: Contact,
    /// As the site file says; see `domains`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie_domains: Option<Vec<String>>,
    /// Pages tell of tags that run without a yes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub report: bool,
    /// The origins that a choice is carried between.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// What a place that is not known counts as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unknown_place: Option<String>,
    /// Whether DNT counts as a refusal.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    dnt: bool,
    /// What holds for the people whom the site knows.
    #[serde(default, skip_serializing_if = "Rules::is_default")]
    pub people: Rules,
    /// A material change has to be announced so many days ahead, and is not applied at once by mistake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announce_days: Option<i32>,
}

impl Settings {
    pub fn of(parsed: &Parsed) -> Self {
        Self {
            origins: parsed.origins.clone(),
            contact: parsed.contact.clone(),
            cookie_domains: parsed.cookie_domains.clone(),
            report: parsed.report,
            links: parsed.links.clone(),
            unknown_place: parsed.unknown_place.as_ref().map(|place| place.code().to_owned()),
            dnt: parsed.dnt,
            people: parsed.people.clone(),
            announce_days: parsed.announce_days,
        }
    }

    pub fn text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::Internal(e.to_string()))
    }

    /// The domains that the choice is shared on, in order.
    pub fn domains(&self) -> Vec<String> {
        let mut domains = self.cookie_domains.clone().unwrap_or_else(|| domain::shared(&self.origins));
        domains.sort();
        domains
    }
}

#[derive(Queryable)]
pub struct Row {
    pub id: i32,
    pub key: String,
    pub settings: String,
    pub revision: i64,
    _updated_at: i64,
}

/// What was done to a site, in words for whoever did it.
#[derive(Debug, PartialEq)]
pub enum Applied {
    Unchanged {
        notice: i32,
    },
    /// The site changed in what nobody is shown.
    Settings {
        notice: i32,
    },
    Published {
        notice: i32,
    },
    /// It is announced, and takes effect by itself.
    Ahead {
        notice: i32,
        day: Day,
    },
}

impl Applied {
    /// The number of the notice that stands now.
    pub const fn notice(&self) -> i32 {
        match self {
            Self::Unchanged { notice }
            | Self::Settings { notice }
            | Self::Published { notice }
            | Self::Ahead { notice, .. } => *notice,
        }
    }
}

/// The site as it stands, which nobody else changes before the end of the transaction.
pub fn locked(conn: &mut Conn, key: &str) -> QueryResult<Option<Row>> {
    // Begins with a writing that changes nothing: it waits its turn, while one that follows a reading could not.
    let own = sites::table.filter(sites::key.eq(key));
    diesel::update(own).set(sites::revision.eq(sites::revision)).execute(conn)?;
    sites::table.filter(sites::key.eq(key)).first(conn).optional()
}

/// What a site lays down for its people.
pub fn people_rules(conn: &mut Conn, id: i32) -> Result<Rules> {
    let row: Row = sites::table.find(id).first(conn)?;
    Ok(row.settings()?.people)
}

/// Creates or updates a site that is `locked`. Gives its row too.
pub fn put(conn: &mut Conn, key: &str, settings: &str, content: &Content, now: i64) -> Result<(i32, Applied)> {
    let row: Option<Row> = sites::table.filter(sites::key.eq(key)).first(conn).optional()?;
    let changed = row.as_ref().is_none_or(|row| row.settings != settings);
    let id = if let Some(row) = row {
        row.id
    } else {
        diesel::insert_into(sites::table)
            .values((
                sites::key.eq(key),
                sites::settings.eq(settings),
                sites::revision.eq(0),
                sites::updated_at.eq(now),
            ))
            .execute(conn)?;
        sites::table.filter(sites::key.eq(key)).select(sites::id).first(conn)?
    };
    let (notice, new) = notice::publish(conn, id, content, now)?;
    if changed || new {
        diesel::update(sites::table.find(id))
            .set((sites::settings.eq(settings), sites::revision.eq(sites::revision + 1), sites::updated_at.eq(now)))
            .execute(conn)?;
    }
    let applied = match (new, changed) {
        (true, _) => Applied::Published { notice },
        (false, true) => Applied::Settings { notice },
        (false, false) => Applied::Unchanged { notice },
    };
    Ok((id, applied))
}

/// Key, current notice and origins of every site, for `samtykke site list`.
pub fn list(conn: &mut Conn) -> Result<Vec<(String, i32, Vec<String>)>> {
    let rows: Vec<Row> = sites::table.order(sites::key.asc()).load(conn)?;
    rows.into_iter()
        .map(|row| {
            let settings = row.settings()?;
            Ok((row.key, notice::latest(conn, row.id)?.number, settings.origins))
        })
        .collect()
}

/// The row of a site by its key.
pub fn id_of(conn: &mut Conn, key: &str) -> QueryResult<Option<i32>> {
    sites::table.filter(sites::key.eq(key)).select(sites::id).first(conn).optional()
}

/// The site as it stands, for a command that serves nobody.
pub fn open(conn: &mut Conn, key: &str) -> Result<Site> {
    let row: Option<Row> = sites::table.filter(sites::key.eq(key)).first(conn).optional()?;
    let row = row.ok_or_else(|| Error::UnknownSite(key.to_owned()))?;
    Site::load(conn, &row, &Jurisdictions::built_in().map_err(Error::Internal)?)
}

/// What a site is called and set to now, by its row.
pub fn current(conn: &mut Conn, id: i32) -> Result<(String, Vec<String>, Contact)> {
    let row: Row = sites::table.find(id).first(conn)?;
    let settings = row.settings()?;
    Ok((row.key, settings.origins, settings.contact))
}

impl Row {
    pub fn settings(&self) -> Result<Settings> {
        serde_json::from_str(&self.settings).map_err(|e| Error::Internal(format!("site {}: {e}", self.key)))
    }
}

/// A site as it is served: everything an answer needs, made when it was published.
pub struct Site {
    pub id: i32,
    pub key: String,
    pub origins: Vec<String>,
    pub contact: Contact,
    /// The domains that the choice is shared on.
    pub cookie_domains: Vec<String>,
    /// Reports of unmarked tags are taken.
    pub reports: bool,
    /// The origins that a choice is carried between.
    pub links: Vec<String>,
    pub revision: i64,
    pub current: i32,
    /// The oldest notice whose answers cover all that the current one asks for.
    pub asks_since: i32,
    pub people: Rules,
    /// Every notice ever published, since an answer may come late to an older one.
    pub notices: BTreeMap<i32, Asked>,
    pub languages: Vec<String>,
    pub default_language: String,
    pub script: Asset,
    /// The script is written down.
    pub kept: AtomicBool,
    /// What the panel shows.
    pub shown: Shown,
    pub declaration: Declaration,
    /// What a place that is not known counts as.
    unknown_place: Option<Place>,
}

/// What an answer to one notice is checked against.
pub struct Asked {
    pub id: i32,
    /// In hex, as records name it.
    pub hash: String,
    pub purposes: Vec<String>,
    /// The services that run under them, which a choice may name besides.
    pub services: Vec<String>,
    pub languages: Vec<String>,
    /// How many days an answer holds at most.
    pub remember_days: u32,
    /// How many days a yes holds of somebody who is known by a name: it is not kept where they were, so that the shortest law that asks
    /// before counts.
    pub known_days: u32,
    /// The forms that it is shown in, by name, and the layout of each; see `variant::forms`.
    pub forms: BTreeMap<String, String>,
}

impl Asked {
    /// Whether it is shown in a form of this name.
    pub fn has_form(&self, variant: &str) -> bool {
        !variant.is_empty() && self.forms.contains_key(variant)
    }
}

impl Site {
    pub fn load(conn: &mut Conn, row: &Row, jurisdictions: &Jurisdictions) -> Result<Self> {
        let published = notice::all(conn, row.id)?;
        let current: &Notice =
            published.last().ok_or_else(|| Error::Internal(format!("site {} has no notice", row.key)))?;
        let content: Content = current.content()?;
        let mut notices = BTreeMap::new();
        for notice in &published {
            let content = notice.content()?;
            let asked = Asked {
                id: notice.id,
                hash: hex(&notice.hash),
                services: content.gated().map(|service| service.id.clone()).collect(),
                languages: content.languages(),
                remember_days: content.remember_days,
                known_days: jurisdictions.days_under(Regime::OptIn.as_str(), true, content.remember_days),
                forms: variant::forms(&content),
                purposes: content.purposes,
            };
            notices.insert(notice.number, asked);
        }
        let settings = row.settings()?;
        let days = content.remember_days.min(jurisdictions.shortest_yes());
        let script = gate::script(current, &content, &settings, days)?;
        Ok(Self {
            id: row.id,
            key: row.key.clone(),
            cookie_domains: settings.domains(),
            reports: settings.report,
            links: settings.links,
            origins: settings.origins,
            contact: settings.contact,
            revision: row.revision,
            current: current.number,
            asks_since: current.asks_since,
            people: settings.people,
            notices,
            languages: content.languages(),
            default_language: content.default_language.clone(),
            script,
            kept: AtomicBool::new(false),
            declaration: Declaration::new(current, &content),
            shown: Shown::new(current, content, settings.dnt, jurisdictions.len()),
            unknown_place: settings.unknown_place.and_then(|said| unknown_place::used(&row.key, &said, jurisdictions)),
        })
    }

    /// The notice with this row id and its number, as far as it is known here.
    pub fn asked(&self, notice_id: i32) -> Option<(i32, &Asked)> {
        // The newest is what nearly everybody answers.
        self.notices.iter().rev().find(|(_, asked)| asked.id == notice_id).map(|(number, asked)| (*number, asked))
    }

    /// The number of the law that holds for a visitor, and how it was arrived at. `place` is what was found out about them.
    pub fn law(&self, jurisdictions: &Jurisdictions, place: Option<(Place, Found)>) -> (usize, Found) {
        let of = |place: Option<&Place>| jurisdictions.number_of(place);
        match (place, &self.unknown_place) {
            (Some((place, found)), _) => (of(Some(&place)), found),
            (None, Some(place)) => (of(Some(place)), Found::Site),
            (None, None) => (of(None), Found::Assumed),
        }
    }

    pub fn allows(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed == origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_from_before_there_was_a_contact_read_and_compare_as_they_did() {
        let old = r#"{"origins":["https://www.example.no"]}"#;
        let settings: Settings = serde_json::from_str(old).expect("settings");
        assert!(settings.contact.is_empty() && settings.dnt && settings.unknown_place.is_none());
        assert_eq!(serde_json::to_string(&settings).expect("JSON"), old);
        let contact = Contact { country: Some("NO".into()), ..Contact::default() };
        let new = serde_json::to_string(&Settings { contact, ..settings }).expect("JSON");
        assert_eq!(new, r#"{"origins":["https://www.example.no"],"contact":{"country":"NO"}}"#);
    }
}
