//! A receipt in two standard forms, for whoever reads those and not ours: ISO/IEC TS 27560 in the words of the W3C Data Privacy
//! Vocabulary, and Kantara's consent receipt. Pure functions of what was recorded and shown. What is not known is left out;
//! nothing is guessed to fill a form. The signed record stays the proof: these are copies for reading.

use std::collections::BTreeSet;

use clap::ValueEnum;
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::contact::Contact;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ledger::seal::Places;
use crate::notice::{Content, Notice};
use crate::schema::{notices, signing_keys};
use crate::service::Service;
use crate::{consent, site};

mod dpv;
mod kantara;
mod time;

pub use dpv::iso27560;
pub use kantara::kantara;
pub use time::{rfc3339, rfc3339_ms};

/// All that an export is made of.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// The signed record.
    pub record: &'a Value,
    /// The record that it names as `previous`, where it is still there: it tells a yes that is taken back from a no.
    pub previous: Option<&'a Value>,
    /// The notice that was answered, and when it was published, in unix ms.
    pub content: &'a Content,
    pub published_at: i64,
    pub contact: &'a Contact,
    /// The site's first origin: a policy that is only a path lies there, and consent is withdrawn there.
    pub origin: &'a str,
    /// The public key that the receipt is checked with: a JWK as JSON, or its id.
    pub key: Option<&'a str>,
}

/// The forms that a receipt is given out in.
#[derive(Clone, Copy, Debug, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// ISO/IEC TS 27560:2023, in JSON-LD by the W3C guide
    Iso27560,
    /// Kantara Consent Receipt 1.1.0
    Kantara,
}

/// The receipt of a kept consent in another form; `None` when there is no consent with this id, or it is not this
/// visitor's on this site, when one is named.
pub fn of(conn: &mut Conn, id: Uuid, owner: Option<(i32, Uuid)>, form: Form) -> Result<Option<Value>> {
    let Some(consent) = consent::find(conn, id)? else { return Ok(None) };
    if owner.is_some_and(|(site, visitor)| consent.site_id != site || consent.visitor != visitor.as_bytes()) {
        return Ok(None);
    }
    let notice: Notice = notices::table.find(consent.notice_id).first(conn)?;
    let (site, origins, contact) = site::current(conn, consent.site_id)?;
    let mut places = Places::default();
    let previous = match consent.previous.as_deref().map(Uuid::from_slice) {
        Some(Ok(previous)) => consent::find(conn, previous)?,
        _ => None,
    };
    let previous = previous.map(|previous| value(&places.record(conn, &previous)?)).transpose()?;
    let kid: String = signing_keys::table.find(consent.key_id).select(signing_keys::kid).first(conn)?;
    let evidence = Evidence {
        record: &value(&places.record(conn, &consent)?)?,
        previous: previous.as_ref(),
        content: &notice.content()?.varied_as(consent.variant.as_deref()),
        published_at: notice.published_at,
        contact: &contact,
        origin: origins.first().map_or(site.as_str(), String::as_str),
        key: Some(&kid),
    };
    Ok(Some(match form {
        Form::Iso27560 => iso27560(&evidence),
        Form::Kantara => kantara(&evidence),
    }))
}

fn value(record: &str) -> Result<Value> {
    serde_json::from_str(record).map_err(|e| Error::Internal(e.to_string()))
}

/// What was answered as one: a purpose with the services that go by it, or a service that was answered by itself.
struct Answered<'a> {
    /// The id of the purpose, or of the service.
    id: &'a str,
    purpose: &'a str,
    /// The service, when it is one.
    alone: Option<&'a Service>,
    services: Vec<&'a Service>,
    outcome: Outcome,
}

/// What became of one purpose or service.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Given,
    Renewed,
    Refused,
    Withdrawn,
}

impl<'a> Evidence<'a> {
    fn text(&self, key: &str) -> Option<&'a str> {
        self.record.get(key)?.as_str()
    }

    fn created_at(&self) -> Option<i64> {
        self.record.get("created_at")?.as_i64()
    }

    /// The language that names and texts are written in: the one that was shown, else the site's own.
    fn language(&self) -> &'a str {
        let shown = self.text("language").filter(|language| self.content.texts.contains_key(*language));
        shown.unwrap_or(&self.content.default_language)
    }

    /// How the answer was given, in a sentence.
    fn method(&self) -> Option<&'a str> {
        self.text("method").map(|method| match method {
            "accept_all" => "Pressed the button that accepts every purpose",
            "reject_all" => "Pressed the button that refuses every purpose",
            "save" => "Chose purpose by purpose, and saved",
            "signal" => "Sent a signal (Global Privacy Control or DNT) that counts as a refusal",
            "api" => "Answered in the site's own pages, which passed it on",
            other => other,
        })
    }

    fn policy_url(&self) -> Option<String> {
        let policies = &self.content.policy_url;
        let url = policies.get(self.language()).or_else(|| policies.values().next())?;
        Some(if url.starts_with('/') { format!("{}{url}", self.origin) } else { url.clone() })
    }

    /// `part` is `name` or `description`. A purpose that the notice has no name for is called by its id.
    fn purpose_text(&self, purpose: &str, part: &str) -> Option<&'a str> {
        self.content.texts.get(self.language())?.get(&format!("purpose_{purpose}_{part}")).map(String::as_str)
    }

    /// The purposes that were answered, in the order they were shown; after each, those of its services that were answered by
    /// themselves, now or before.
    fn answered(&self) -> Vec<Answered<'a>> {
        let mut all = Vec::new();
        for purpose in &self.content.purposes {
            let Some(outcome) = self.outcome(purpose, purpose) else { continue };
            let services = self.content.services.iter().filter(|service| service.purpose == *purpose);
            let (alone, services): (Vec<_>, Vec<_>) = services.partition(|service| {
                [Some(self.record), self.previous]
                    .into_iter()
                    .flatten()
                    .any(|said| granted(said, &service.id).is_some())
            });
            all.push(Answered { id: purpose, purpose, alone: None, services, outcome });
            all.extend(alone.into_iter().filter_map(|service| {
                let outcome = self.outcome(&service.id, purpose)?;
                Some(Answered { id: &service.id, purpose, alone: Some(service), services: vec![service], outcome })
            }));
        }
        all
    }

    /// `id` is that of the purpose itself, or of a service, which goes by its purpose where it is not named.
    fn outcome(&self, id: &str, purpose: &str) -> Option<Outcome> {
        let said = |record: &Value| granted(record, id).or_else(|| granted(record, purpose));
        let withdrawn = match self.previous.and_then(said) {
            Some(before) => before,
            None => self.text("action") == Some("withdrawn"),
        };
        Some(match (said(self.record)?, self.text("action")) {
            (true, Some("renewed")) => Outcome::Renewed,
            (true, _) => Outcome::Given,
            (false, _) if withdrawn => Outcome::Withdrawn,
            (false, _) => Outcome::Refused,
        })
    }

    /// What was asked for, in words: the purpose, and with it the service that was answered by itself.
    fn title(&self, answered: &Answered<'a>) -> Option<String> {
        let purpose = self.purpose_text(answered.purpose, "name");
        match answered.alone {
            Some(service) => Some(format!("{}: {}", purpose.unwrap_or(answered.purpose), service.name)),
            None => purpose.map(str::to_owned),
        }
    }

    /// Who else gets the data: the vendors but for the controller, each once, with one service that names it.
    fn others(&self, answered: &Answered<'a>) -> Vec<&'a Service> {
        let mut seen = BTreeSet::from([self.content.controller.as_str()]);
        answered.services.iter().copied().filter(|service| seen.insert(&service.vendor)).collect()
    }
}

fn granted(record: &Value, id: &str) -> Option<bool> {
    match record.get("choice")?.get(id)?.as_str()? {
        "granted" => Some(true),
        "denied" => Some(false),
        _ => None,
    }
}

/// Takes away what is null, at every depth: it was not known.
fn known(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members.into_iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k, known(v))).collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().filter(|item| !item.is_null()).map(known).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
