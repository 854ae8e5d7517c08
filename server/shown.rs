//! What the panel shows of a notice, in one language and under one law: the answer of `GET /v1/sites/{site}/notice`, made when it
//! is first asked for and kept.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Serialize;

use crate::banner::Asset;
use crate::error::{Error, Result};
use crate::hash::hex;
use crate::jurisdiction::{Gpc, Law};
use crate::notice::{Content, Look, NECESSARY, Notice};
use crate::regime::Regime;
use crate::service::{Cookie, Service};
use crate::texts::Texts;

#[derive(Serialize)]
struct Answer<'a> {
    site: &'a str,
    notice: i32,
    hash: String,
    language: &'a str,
    regime: Regime,
    silence: Vec<&'a str>,
    yes_days: u32,
    no_days: u32,
    gpc: Gpc,
    honoured: bool,
    dnt: bool,
    cookieless: bool,
    name: &'a str,
    controller: &'a str,
    policy_url: &'a str,
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
    storage: &'a [String],
}

/// The answers of one notice.
pub struct Shown {
    notice: i32,
    hash: String,
    content: Content,
    /// Whether DNT counts as a refusal.
    dnt: bool,
    /// Language → a body for each law, by its number.
    made: BTreeMap<String, Vec<OnceLock<Asset>>>,
}

impl Shown {
    /// `laws` is how many the table holds.
    pub fn new(notice: &Notice, content: Content, dnt: bool, laws: usize) -> Self {
        let none = || (0..laws).map(|_| OnceLock::new()).collect();
        let made = content.texts.keys().map(|language| (language.clone(), none())).collect();
        Self { notice: notice.number, hash: hex(&notice.hash), content, dnt, made }
    }

    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// The answer in a language of the notice, where the law of this number holds.
    pub fn body(&self, language: &str, number: usize, law: &Law) -> Result<&Asset> {
        let texts = self.content.texts.get(language);
        let made = self.made.get(language).and_then(|laws| laws.get(number));
        let (Some(texts), Some(made)) = (texts, made) else {
            return Err(Error::Internal(format!("no texts in {language}")));
        };
        if let Some(asset) = made.get() {
            return Ok(asset);
        }
        // Two that ask at once may both make it; they make the same.
        let asset = one(self, law, language, texts)?;
        Ok(made.get_or_init(|| asset))
    }
}

fn one(of: &Shown, law: &Law, language: &str, texts: &Texts) -> Result<Asset> {
    let content = &of.content;
    let most = content.remember_days;
    let text = |key: String| texts.get(&key).map_or("", String::as_str);
    let purposes = std::iter::once(NECESSARY).chain(content.purposes.iter().map(String::as_str)).map(|id| Purpose {
        id,
        necessary: id == NECESSARY,
        name: text(format!("purpose_{id}_name")),
        description: text(format!("purpose_{id}_description")),
        services: content.services.iter().filter(|service| service.purpose == id).map(service).collect(),
    });
    let shown = Answer {
        site: &content.site,
        notice: of.notice,
        hash: of.hash.clone(),
        language,
        regime: law.regime,
        silence: content.purposes.iter().map(String::as_str).filter(|id| law.silence.iter().any(|s| s == id)).collect(),
        yes_days: law.days(true, most),
        no_days: law.days(false, most),
        gpc: law.gpc,
        honoured: law.honoured,
        dnt: of.dnt,
        cookieless: law.cookieless,
        name: &content.name,
        controller: &content.controller,
        policy_url: content.policy_url.get(language).map_or("", String::as_str),
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
        storage: service.storage.as_deref().unwrap_or_default(),
    }
}
