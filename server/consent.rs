//! A consent: one recorded answer. `NewConsent` comes in, `Consent` is kept; it is appended and never changed (invariant 2).

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::regime::{self, Regime};
use crate::schema::consents;
use crate::signal::Signal;
use crate::site::Site;

/// The longest path of a page that is kept, in characters.
const PAGE_LENGTH: usize = 300;

/// What a page sends. Nothing in it is believed but what the visitor alone can know: who they are and what they chose.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// Made by the client (UUID version 7), so that sending again is recognised.
    pub id: Uuid,
    /// The random id (UUID version 4) in the site's own cookie.
    pub visitor: Uuid,
    /// The number of the notice that was answered.
    pub notice: i32,
    /// The language it was shown in; absent when nothing was shown.
    pub language: Option<String>,
    pub method: Method,
    pub choice: Choice,
    /// The path of the page, without query and fragment: those may hold anything.
    pub page: Option<String>,
    /// The visitor's answer before this one.
    pub previous: Option<Uuid>,
}

/// What the visitor pressed, or that the page's own code decided for them on their word.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    AcceptAll,
    RejectAll,
    Save,
    Api,
}

impl Method {
    const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptAll => "accept_all",
            Self::RejectAll => "reject_all",
            Self::Save => "save",
            Self::Api => "api",
        }
    }
}

/// An answer as it is kept: every column but the row's number.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = consents)]
pub struct Consent {
    pub id: Vec<u8>,
    pub site_id: i32,
    pub notice_id: i32,
    pub visitor: Vec<u8>,
    pub previous: Option<Vec<u8>>,
    pub choice: String,
    pub action: String,
    pub method: String,
    pub language: Option<String>,
    pub page: Option<String>,
    pub regime: String,
    pub regime_found: String,
    pub signals: String,
    pub created_at: i64,
    pub key_id: i32,
    pub signature: Vec<u8>,
}

impl Consent {
    /// Checks an answer against the notice it names, in memory. `now` is the server's clock in unix ms (invariant 6).
    /// It is not signed yet.
    pub fn new(new: &NewConsent, site: &Site, signals: &[Signal], now: i64) -> Result<Self> {
        versioned("id", new.id, 7)?;
        versioned("visitor", new.visitor, 4)?;
        if let Some(previous) = new.previous {
            versioned("previous", previous, 7)?;
        }
        let asked = site.notices.get(&new.notice).ok_or(Error::UnknownNotice(new.notice))?;
        new.choice.check(&asked.purposes)?;
        if let Some(language) = new.language.as_ref().filter(|language| !asked.languages.contains(language)) {
            let shown: String = language.chars().take(20).collect();
            let spoken = asked.languages.join(", ");
            return Err(Error::invalid("language", format!("{shown:?} is not one that the notice speaks: {spoken}")));
        }
        if let Some(page) = &new.page {
            if !page.starts_with('/') || page.contains(['?', '#']) || page.chars().any(char::is_control) {
                return Err(Error::invalid("page", "expected a path that begins with /, without query and fragment"));
            }
            if page.chars().count() > PAGE_LENGTH {
                return Err(Error::invalid("page", format!("expected at most {PAGE_LENGTH} characters")));
            }
        }
        Ok(Self {
            id: new.id.as_bytes().to_vec(),
            site_id: site.id,
            notice_id: asked.id,
            visitor: new.visitor.as_bytes().to_vec(),
            previous: new.previous.map(|id| id.as_bytes().to_vec()),
            choice: serde_json::to_string(&new.choice).map_err(|e| Error::Internal(e.to_string()))?,
            action: new.choice.action().as_str().to_owned(),
            method: new.method.as_str().to_owned(),
            language: new.language.clone(),
            page: new.page.clone(),
            regime: Regime::STRICTEST.as_str().to_owned(),
            regime_found: regime::ASSUMED.to_owned(),
            signals: signals.iter().map(|signal| signal.as_str()).collect::<Vec<_>>().join(" "),
            created_at: now,
            key_id: 0,
            signature: Vec::new(),
        })
    }

    /// Whether both are the same answer sent twice. What the server adds, such as the time, may differ.
    pub fn is_same_answer(&self, other: &Self) -> bool {
        let said = |c: &Self| (c.site_id, c.notice_id, c.visitor.clone(), c.previous.clone(), c.choice.clone());
        let how = |c: &Self| (c.method.clone(), c.language.clone(), c.page.clone());
        said(self) == said(other) && how(self) == how(other)
    }

    /// The record: canonical JSON (RFC 8785) of everything that was answered, by whom, when and how. This is what is signed.
    pub fn record(&self, site: &str, notice: i32, notice_hash: &str) -> Result<String> {
        let choice: Choice = serde_json::from_str(&self.choice).map_err(|e| Error::Internal(e.to_string()))?;
        let record = Record {
            action: &self.action,
            choice: &choice,
            created_at: self.created_at,
            id: uuid(&self.id)?,
            language: self.language.as_deref(),
            method: &self.method,
            notice: RecordNotice { hash: notice_hash, number: notice },
            page: self.page.as_deref(),
            previous: self.previous.as_deref().map(uuid).transpose()?,
            regime: RecordRegime { found: &self.regime_found, model: &self.regime },
            signals: self.signals.split(' ').filter(|signal| !signal.is_empty()).collect(),
            site,
            visitor: uuid(&self.visitor)?,
        };
        serde_json_canonicalizer::to_string(&record).map_err(|e| Error::Internal(e.to_string()))
    }
}

#[derive(Serialize)]
struct Record<'a> {
    action: &'a str,
    choice: &'a Choice,
    created_at: i64,
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    method: &'a str,
    notice: RecordNotice<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Uuid>,
    regime: RecordRegime<'a>,
    signals: Vec<&'a str>,
    site: &'a str,
    visitor: Uuid,
}

#[derive(Serialize)]
struct RecordNotice<'a> {
    hash: &'a str,
    number: i32,
}

#[derive(Serialize)]
struct RecordRegime<'a> {
    found: &'a str,
    model: &'a str,
}

fn versioned(field: &str, id: Uuid, version: usize) -> Result<()> {
    if id.get_version_num() == version && id.get_variant() == uuid::Variant::RFC4122 {
        return Ok(());
    }
    Err(Error::invalid(field, format!("expected a UUID of version {version} (RFC 9562)")))
}

fn uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|e| Error::Internal(format!("a stored id: {e}")))
}
