//! What the panel shows of a notice, in one language: the answer of `GET /v1/sites/{site}/notice`, made once a language.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::banner::Asset;
use crate::error::{Error, Result};
use crate::hash::hex;
use crate::notice::{Content, Look, NECESSARY, Notice};
use crate::regime::Regime;
use crate::service::{Cookie, Service};
use crate::texts::Texts;

#[derive(Serialize)]
struct Shown<'a> {
    site: &'a str,
    notice: i32,
    hash: String,
    language: &'a str,
    regime: Regime,
    name: &'a str,
    controller: &'a str,
    policy_url: &'a str,
    remember_days: u32,
    look: &'a Look,
    texts: BTreeMap<&'a str, &'a str>,
    purposes: Vec<Purpose<'a>>,
}

#[derive(Serialize)]
struct Purpose<'a> {
    id: &'a str,
    /// Nobody is asked about it.
    necessary: bool,
    name: &'a str,
    description: &'a str,
    services: Vec<ShownService<'a>>,
}

#[derive(Serialize)]
struct ShownService<'a> {
    id: &'a str,
    name: &'a str,
    vendor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_url: Option<&'a str>,
    cookies: &'a [Cookie],
}

/// Language → the answer, for every language of the notice.
pub fn every_language(notice: &Notice, content: &Content) -> Result<BTreeMap<String, Asset>> {
    content
        .texts
        .iter()
        .map(|(language, texts)| Ok((language.clone(), one(notice, content, language, texts)?)))
        .collect()
}

fn one(notice: &Notice, content: &Content, language: &str, texts: &Texts) -> Result<Asset> {
    let text = |key: String| texts.get(&key).map_or("", String::as_str);
    let purposes = std::iter::once(NECESSARY).chain(content.purposes.iter().map(String::as_str)).map(|id| Purpose {
        id,
        necessary: id == NECESSARY,
        name: text(format!("purpose_{id}_name")),
        description: text(format!("purpose_{id}_description")),
        services: content.services.iter().filter(|service| service.purpose == id).map(service).collect(),
    });
    let shown = Shown {
        site: &content.site,
        notice: notice.number,
        hash: hex(&notice.hash),
        language,
        regime: Regime::STRICTEST,
        name: &content.name,
        controller: &content.controller,
        policy_url: content.policy_url.get(language).map_or("", String::as_str),
        remember_days: content.remember_days,
        look: &content.look,
        texts: texts
            .iter()
            .filter(|(key, _)| !key.starts_with("purpose_"))
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect(),
        purposes: purposes.collect(),
    };
    serde_json::to_vec(&shown).map(Asset::new).map_err(|e| Error::Internal(e.to_string()))
}

fn service(service: &Service) -> ShownService<'_> {
    ShownService {
        id: &service.id,
        name: &service.name,
        vendor: &service.vendor,
        country: service.country.as_deref(),
        policy_url: service.policy_url.as_deref(),
        cookies: service.cookies.as_deref().unwrap_or_default(),
    }
}
