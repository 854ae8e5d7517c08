//! The record: everything about one consent in canonical JSON. It is what a receipt signs and what the ledger commits to.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::consent::Consent;
use crate::error::{Error, Result};
use crate::hash::hex;

/// Where an answer was given: the notice, by its number and hash, and its site.
pub struct Place<'a> {
    pub site: &'a str,
    pub notice: i32,
    /// SHA-256 in hex.
    pub hash: &'a str,
}

/// Serialised as it stands this is RFC 8785: the members are in order, every key and number is plain, and `serde_json` escapes
/// strings as that RFC does.
#[derive(Serialize)]
struct Record<'a> {
    action: &'a str,
    choice: &'a RawValue,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a RawValue>,
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    method: &'a str,
    notice: Notice<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Uuid>,
    regime: Regime<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    signals: Vec<&'a str>,
    site: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visitor: Option<Uuid>,
}

#[derive(Serialize)]
struct Notice<'a> {
    hash: &'a str,
    number: i32,
}

#[derive(Serialize)]
struct Regime<'a> {
    found: &'a str,
    model: &'a str,
}

/// Made from the row alone, so that it is the same bytes whenever it is asked for.
pub fn of(consent: &Consent, place: &Place<'_>) -> Result<String> {
    let internal = |e: serde_json::Error| Error::Internal(e.to_string());
    let is_person = consent.topic.is_some();
    let record = Record {
        action: &consent.action,
        // Kept in canonical form; it goes in as it is.
        choice: serde_json::from_str(&consent.choice).map_err(internal)?,
        created_at: consent.created_at,
        details: consent.details.as_deref().map(serde_json::from_str).transpose().map_err(internal)?,
        id: uuid(&consent.id)?,
        language: consent.language.as_deref(),
        method: &consent.method,
        notice: Notice { hash: place.hash, number: place.notice },
        page: consent.page.as_deref(),
        person: is_person.then(|| hex(&consent.visitor)),
        previous: consent.previous.as_deref().map(uuid).transpose()?,
        regime: Regime { found: &consent.regime_found, model: &consent.regime },
        salt: consent.salt.as_ref().map(|salt| URL_SAFE_NO_PAD.encode(salt)),
        signals: consent.signals.split(' ').filter(|signal| !signal.is_empty()).collect(),
        site: place.site,
        topic: consent.topic.as_deref(),
        variant: consent.variant.as_deref(),
        visitor: if is_person { None } else { Some(uuid(&consent.visitor)?) },
    };
    serde_json::to_string(&record).map_err(internal)
}

fn uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|e| Error::Internal(format!("a stored id: {e}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_record_is_in_the_form_of_rfc_8785(
            page in "/\\PC{0,60}|/[\\x00-\\x7f]{0,20}",
            language in prop::option::of("[a-z]{2}"),
            id in any::<[u8; 16]>(),
            salt in any::<[u8; 16]>(),
            created_at in 0..9_007_199_254_740_991_i64,
            signals in prop::sample::select(vec!["", "gpc", "gpc dnt"]),
            variant in prop::option::of("[a-z0-9-]{1,20}"),
            topic in prop::option::of("[a-z]{1,20}"),
            sequence in 1..1_000_000_u32,
        ) {
            let consent = Consent {
                id: id.to_vec(),
                site_id: 1,
                notice_id: 1,
                visitor: salt.to_vec(),
                previous: language.as_ref().map(|_| id.to_vec()),
                choice: r#"{"advertising":"denied","analytics":"granted"}"#.into(),
                action: "partial".into(),
                method: "save".into(),
                language,
                page: Some(page),
                regime: "opt-in".into(),
                regime_found: "assumed".into(),
                signals: signals.into(),
                created_at,
                key_id: 1,
                signature: vec![],
                salt: Some(salt.to_vec()),
                variant,
                details: topic.as_ref().map(|_| format!(r#"{{"actor":"client:crm","sequence":{sequence},"source":"kasse"}}"#)),
                topic,
            };
            let record = of(&consent, &Place { site: "shop", notice: 3, hash: "00ff" }).expect("a record");
            let value: serde_json::Value = serde_json::from_str(&record).expect("JSON");
            prop_assert_eq!(&record, &serde_json_canonicalizer::to_string(&value).expect("canonical JSON"));
        }
    }
}
