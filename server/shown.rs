//! What the panel shows of a notice, in one language, one form and under one law: the answer of `GET /v1/sites/{site}/notice`, the
//! whole or what the question needs, made when it is first asked for and kept.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Serialize;

use crate::banner::Asset;
use crate::error::{Error, Result};
use crate::hash::hex;
use crate::jurisdiction::{Gpc, Law};
use crate::look;
use crate::notice::{Content, NECESSARY, Notice};
use crate::regime::Regime;
use crate::service::{Cookie, Service};
use crate::signal::Signal;
use crate::texts::{self, Texts};
use crate::variant::{self, OWN};
use crate::words::{self, Words};

/// The texts that the question needs; every other one comes with the whole.
const FIRST: [&str; 9] =
    ["title", "intro", "accept_all", "reject_all", "choose", "facts", "policy", "saved", "honoured"];

/// How those begin that come otherwise.
const ELSEWHERE: [&str; 3] = ["purpose_", "announced", "account_"];

/// Members that are absent are those that only the whole has, or that the notice does not.
#[derive(Serialize)]
struct Answer<'a> {
    site: &'a str,
    notice: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<&'a str>,
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
    look: look::Shown<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    announcement: Option<Announced<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_switches: Option<bool>,
    /// The purposes by name, as a sentence lists them.
    list: String,
    /// How long an answer holds at the most, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    remembered: Option<&'a str>,
    texts: BTreeMap<&'a str, Cow<'a, str>>,
    purposes: Vec<Purpose<'a>>,
}

#[derive(Serialize)]
struct Announced<'a> {
    date: &'a str,
    text: String,
}

#[derive(Serialize)]
struct Purpose<'a> {
    id: &'a str,
    /// Nobody is asked about it.
    necessary: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    services: Option<Vec<ShownService<'a>>>,
}

#[derive(Serialize)]
struct ShownService<'a> {
    id: &'a str,
    name: &'a str,
    vendor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_url: Option<&'a str>,
    cookies: Vec<ShownCookie<'a>>,
    storage: &'a [String],
}

#[derive(Serialize)]
struct ShownCookie<'a> {
    #[serde(flatten)]
    cookie: &'a Cookie,
    /// The same in words.
    lifetime: &'a str,
}

/// How much of the notice is wanted, in which form.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// One that the notice speaks.
    pub language: &'a str,
    /// What the question needs, and not the whole.
    pub first: bool,
    /// Which variant, by its place; the site's own if there is none.
    pub variant: Option<usize>,
    /// Unix ms: an announcement is shown until its day.
    pub now: i64,
}

/// The answers of one notice.
pub struct Shown {
    notice: i32,
    hash: String,
    /// The site's own, then that of each variant.
    forms: Vec<Content>,
    /// Whether DNT counts as a refusal.
    pub dnt: bool,
    /// Language → the bodies of each law, by its number, in the order of `place`.
    made: BTreeMap<String, Vec<OnceLock<Asset>>>,
}

impl Shown {
    /// `laws` is how many the table holds.
    pub fn new(notice: &Notice, mut content: Content, dnt: bool, laws: usize) -> Self {
        // A notice from before there was a text has it not.
        for (language, texts) in &mut content.texts {
            for (key, text) in texts::of(language).into_iter().flatten() {
                texts.entry(key).or_insert(text);
            }
        }
        let varied: Vec<Content> = content.variants.iter().map(|variant| content.varied(variant)).collect();
        let forms: Vec<Content> = std::iter::once(content).chain(varied).collect();
        let none = || (0..laws * forms.len() * 4).map(|_| OnceLock::new()).collect();
        let made = forms[0].texts.keys().map(|language| (language.clone(), none())).collect();
        Self { notice: notice.number, hash: hex(&notice.hash), forms, dnt, made }
    }

    /// As the site has it, without variants.
    pub fn content(&self) -> &Content {
        &self.forms[0]
    }

    /// The answer where the law of this number holds.
    pub fn body(&self, wanted: Wanted<'_>, number: usize, law: &Law) -> Result<&Asset> {
        let form = wanted.variant.map_or(0, |variant| variant + 1);
        let announced = usize::from(self.announces(wanted.now));
        let place = (number * self.forms.len() + form) * 4 + usize::from(wanted.first) * 2 + announced;
        let made = self.made.get(wanted.language).and_then(|made| made.get(place));
        let made = made.ok_or_else(|| Error::Internal(format!("no body {place} in {}", wanted.language)))?;
        if let Some(asset) = made.get() {
            return Ok(asset);
        }
        // Two that ask at once may both make it; they make the same.
        let asset = Asset::new(self.text(wanted, law)?);
        Ok(made.get_or_init(|| asset))
    }

    fn announces(&self, now: i64) -> bool {
        self.forms[0].announcement.as_ref().is_some_and(|it| it.is_ahead(now))
    }

    /// The place of the variant that somebody named; `None` is the site's own.
    pub fn named(&self, id: &str) -> Result<Option<usize>> {
        let variants = &self.forms[0].variants;
        let found = variants.iter().position(|variant| variant.id == id);
        if found.is_none() && (id != OWN || variants.is_empty()) {
            let shown: String = id.chars().take(20).collect();
            return Err(Error::invalid("variant", format!("{shown:?} is none of the notice's variants")));
        }
        Ok(found)
    }

    /// The place of the variant that falls to somebody; `percent` is asked for a random number, 0 to 99, where there are any.
    pub fn drawn(&self, percent: fn() -> u32) -> Option<usize> {
        let variants = &self.forms[0].variants;
        if variants.is_empty() { None } else { variant::drawn(variants, percent()) }
    }

    /// What a variant is called on the wire; nothing where there are none.
    pub fn name(&self, variant: Option<usize>) -> Option<&str> {
        let variants = &self.forms[0].variants;
        match variant {
            Some(place) => variants.get(place).map(|variant| variant.id.as_str()),
            None => (!variants.is_empty()).then_some(OWN),
        }
    }

    /// Whether the browser's signals answer by themselves, so that nobody is asked: the same rule as in
    /// `banner/src/panel/signal.ts`.
    pub fn settled(&self, law: &Law, signals: &[Signal]) -> bool {
        let obeyed = match law.gpc {
            Gpc::Binding => true,
            Gpc::Voluntary => !self.silence(law).is_empty(),
            Gpc::None => false,
        };
        (obeyed && signals.contains(&Signal::Gpc)) || (self.dnt && signals.contains(&Signal::Dnt))
    }

    /// The site's purposes that may run before an answer.
    fn silence(&self, law: &Law) -> Vec<&str> {
        let purposes = self.forms[0].purposes.iter().map(String::as_str);
        purposes.filter(|id| law.silence.iter().any(|silent| silent == id)).collect()
    }

    /// The same made anew, as JSON that nobody has compressed.
    pub fn text(&self, wanted: Wanted<'_>, law: &Law) -> Result<Vec<u8>> {
        let Wanted { language, first, variant, now } = wanted;
        let content = &self.forms[variant.map_or(0, |variant| variant + 1)];
        let texts = content.texts.get(language).ok_or_else(|| Error::Internal(format!("no texts in {language}")))?;
        let words = words::of(language).ok_or_else(|| Error::Internal(format!("no words in {language}")))?;
        let (yes_days, no_days) = (law.days(true, content.remember_days), law.days(false, content.remember_days));
        let text = |key: String| texts.get(&key).map_or("", String::as_str);
        let name = |id: &str| text(format!("purpose_{id}_name"));
        let service = |it| service(it, words, texts.get("until_closed").map_or("", String::as_str));
        let services = |id: &str| content.services.iter().filter(|it| it.purpose == id).map(service).collect();
        let purposes: Vec<_> = std::iter::once(NECESSARY)
            .chain(content.purposes.iter().map(String::as_str))
            .map(|id| Purpose {
                id,
                necessary: id == NECESSARY,
                name: (!first).then(|| name(id)),
                description: (!first).then(|| text(format!("purpose_{id}_description"))),
                services: (!first).then(|| services(id)),
            })
            .collect();
        let partners = content.gated().map(|service| service.vendor.as_str()).collect::<BTreeSet<_>>().len();
        let announcement = content.announcement.as_ref().filter(|_| self.announces(now)).map(|announcement| {
            let day = announcement.date.parse().map(|day| words.date(day)).unwrap_or_default();
            let when = texts::fill(text("announced".into()), &[("date", &day)]);
            let what = announcement.text.get(language).map_or("", String::as_str);
            Announced { date: &announcement.date, text: format!("{when} {what}") }
        });
        let shown = Answer {
            site: &content.site,
            notice: self.notice,
            hash: (!first).then_some(&self.hash),
            language,
            regime: law.regime,
            silence: self.silence(law),
            yes_days,
            no_days,
            gpc: law.gpc,
            honoured: law.honoured,
            dnt: self.dnt,
            cookieless: law.cookieless,
            name: &content.name,
            controller: &content.controller,
            policy_url: content.policy_url.get(language).map_or("", String::as_str),
            look: content.look.shown(),
            variant: self.name(variant),
            announcement,
            service_switches: (!first).then_some(content.service_switches),
            list: words.list(&purposes.iter().map(|purpose| name(purpose.id)).collect::<Vec<_>>()),
            remembered: (!first).then(|| words.duration(yes_days.max(no_days))),
            texts: spoken(texts, law.regime, first, partners, words.duration(yes_days)),
            purposes,
        };
        serde_json::to_vec(&shown).map_err(|e| Error::Internal(e.to_string()))
    }
}

/// The texts as the law has them: where silence is no refusal, nobody is told that they are asked for consent. `partners` and `time`
/// are put where they belong; names are not, since a name may have braces in it.
fn spoken<'a>(
    texts: &'a Texts,
    regime: Regime,
    first: bool,
    partners: usize,
    time: &str,
) -> BTreeMap<&'a str, Cow<'a, str>> {
    let wanted =
        |key: &str| if first { FIRST.contains(&key) } else { !ELSEWHERE.iter().any(|other| key.starts_with(other)) };
    let given = texts.iter().map(|(key, text)| (key.as_str(), Cow::from(text))).filter(|(key, _)| wanted(key));
    let mut spoken: BTreeMap<&str, Cow<'_, str>> = given.collect();
    if regime != Regime::OptIn {
        for (key, other) in [("title", "choices"), ("settings", "choices"), ("intro", "intro_opt_out")] {
            if let (Some(place), Some(text)) = (spoken.get_mut(key), texts.get(other)) {
                *place = Cow::from(text);
            }
        }
        spoken.remove("intro_opt_out");
    }
    for key in ["facts", "details"] {
        if let Some(place) = spoken.get_mut(key) {
            *place = texts::fill(place, &[("count", &partners.to_string()), ("time", time)]).into();
        }
    }
    spoken
}

fn service<'a>(service: &'a Service, words: &'a Words, until_closed: &'a str) -> ShownService<'a> {
    let cookies = service.cookies.iter().flatten().map(|cookie| ShownCookie {
        cookie,
        lifetime: if cookie.days == 0 { until_closed } else { words.duration(cookie.days) },
    });
    ShownService {
        id: &service.id,
        name: &service.name,
        vendor: &service.vendor,
        country: service.country.as_deref(),
        country_name: service.country.as_deref().map(|code| words.country(code)),
        policy_url: service.policy_url.as_deref(),
        cookies: cookies.collect(),
        storage: service.storage.as_deref().unwrap_or_default(),
    }
}
