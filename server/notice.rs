//! A notice: one published, immutable version of all that a visitor is shown, named by its number and its hash.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::announcement::Announcement;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::hash::sha256;
use crate::look::Look;
use crate::schema::notices;
use crate::service::Service;
use crate::texts::Texts;
use crate::variant::Variant;

/// The purpose that is never asked about: what the page cannot work without.
pub const NECESSARY: &str = "necessary";

/// All that a visitor is shown, in every language; what is hashed and kept.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Content {
    pub site: String,
    pub name: String,
    pub controller: String,
    /// Language → address of the privacy policy.
    pub policy_url: BTreeMap<String, String>,
    pub default_language: String,
    /// How long an answer stands at the most before it is asked for again; where the visitor is, the law may say less.
    pub remember_days: u32,
    /// What a visitor decides about, in the order it is shown.
    pub purposes: Vec<String>,
    pub services: Vec<Service>,
    pub look: Look,
    /// Language → texts, the site's own among them.
    pub texts: BTreeMap<String, Texts>,
    /// Each service has a switch of its own. What follows is left out while it says nothing, so that a notice from before there was any
    /// of it keeps its hash.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub service_switches: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<Announcement>,
    /// Other forms of the same question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
}

pub const fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
pub const fn is_yes(it: &bool) -> bool {
    *it
}

/// A notice as it is kept.
#[derive(Clone, Debug, Queryable)]
pub struct Notice {
    pub id: i32,
    pub site_id: i32,
    pub number: i32,
    pub hash: Vec<u8>,
    pub content: String,
    /// The oldest notice whose answers cover all that this one asks for.
    pub asks_since: i32,
    pub published_at: i64,
}

impl Notice {
    pub fn content(&self) -> Result<Content> {
        serde_json::from_str(&self.content).map_err(|e| Error::Internal(format!("notice {}: {e}", self.id)))
    }
}

impl Content {
    pub fn languages(&self) -> Vec<String> {
        self.texts.keys().cloned().collect()
    }

    /// The services that wait for an answer.
    pub fn gated(&self) -> impl Iterator<Item = &Service> {
        self.services.iter().filter(|service| service.purpose != NECESSARY)
    }

    /// RFC 8785 bytes: the same content has the same hash wherever it is computed.
    pub fn canonical(&self) -> Result<String> {
        serde_json_canonicalizer::to_string(self).map_err(|e| Error::Internal(e.to_string()))
    }

    /// What a yes to an earlier notice has to have covered: each purpose, and each service with its vendor under it.
    pub fn asked(&self) -> BTreeSet<(&str, &str, &str)> {
        let purposes = self.purposes.iter().map(|purpose| (purpose.as_str(), "", ""));
        purposes.chain(self.gated().map(|s| (s.purpose.as_str(), s.id.as_str(), s.vendor.as_str()))).collect()
    }
}

/// Publishes the content as the site's next notice, unless it is the one that stands. Call it inside a transaction.
/// Says which number stands now and whether it is new.
pub fn publish(conn: &mut Conn, site_id: i32, content: &Content, now: i64) -> Result<(i32, bool)> {
    let text = content.canonical()?;
    let hash = sha256(text.as_bytes());
    let current = latest(conn, site_id).optional()?;
    if let Some(current) = current.as_ref().filter(|current| current.hash == hash) {
        return Ok((current.number, false));
    }
    let number = current.as_ref().map_or(1, |current| current.number + 1);
    let asks_since = match &current {
        Some(current) if current.content()?.asked().is_superset(&content.asked()) => current.asks_since,
        _ => number,
    };
    diesel::insert_into(notices::table)
        .values((
            notices::site_id.eq(site_id),
            notices::number.eq(number),
            notices::hash.eq(&hash),
            notices::content.eq(&text),
            notices::asks_since.eq(asks_since),
            notices::published_at.eq(now),
        ))
        .execute(conn)?;
    Ok((number, true))
}

/// The notice that a site shows now.
pub fn latest(conn: &mut Conn, site_id: i32) -> QueryResult<Notice> {
    notices::table.filter(notices::site_id.eq(site_id)).order(notices::number.desc()).first(conn)
}

/// One that a site has published.
pub fn numbered(conn: &mut Conn, site_id: i32, number: i32) -> Result<Notice> {
    let own = notices::table.filter(notices::site_id.eq(site_id)).filter(notices::number.eq(number));
    own.first(conn).optional()?.ok_or(Error::UnknownNotice(number))
}

/// A notice without its content.
#[derive(Queryable)]
pub struct Brief {
    pub number: i32,
    pub hash: Vec<u8>,
    pub published_at: i64,
    pub asks_since: i32,
}

/// Every notice that a site has published, in brief, oldest first.
pub fn briefly(conn: &mut Conn, site_id: i32) -> QueryResult<Vec<Brief>> {
    notices::table
        .filter(notices::site_id.eq(site_id))
        .order(notices::number.asc())
        .select((notices::number, notices::hash, notices::published_at, notices::asks_since))
        .load(conn)
}

/// The same, whole.
pub fn all(conn: &mut Conn, site_id: i32) -> QueryResult<Vec<Notice>> {
    notices::table.filter(notices::site_id.eq(site_id)).order(notices::number.asc()).load(conn)
}
