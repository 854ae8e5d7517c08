//! Somebody is logged in on a page: their answers there are theirs, on every device where they log in, and not the device's. It is off
//! until the site file says `across_devices`. The site's own systems ask for a token, the page hands it over within two minutes, and what
//! it gets for that lasts as long as a page does. Both are sealed: the scripts of a page are not to tell people apart by them. What the
//! device said while nobody was logged in is neither read nor changed (CNIL, deliberation 2025-131 of 18 December 2025).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::choice::Choice;
use crate::consent::{Method, Said};
use crate::error::{Error, Result};
use crate::jurisdiction::Law;
use crate::keys::Keys;
use crate::person::event::{NewEvent, Saying, Shown};
use crate::person::standing::State;
use crate::person::{PersonId, Ref};
use crate::regime::{Found, Regime};
use crate::signal::Signal;
use crate::site::Site;
use crate::whole::whole;

/// Who wrote it down and where it was said, as records say it.
const ACTOR: &str = "person";
const SOURCE: &str = "banner";
/// The texts of the notice that are for whoever is logged in, and what the page calls them.
const TEXTS: [(&str, &str); 3] =
    [("scope", "account_scope"), ("applies", "account_applies"), ("differs", "account_differs")];

/// What a text opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// For the page that is on its way.
    Token,
    /// For the answers that are given on it.
    Session,
}

impl Pass {
    /// How long it opens.
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Token => 120,
            Self::Session => 86_400,
        }
    }

    const fn purpose(self) -> &'static [u8] {
        match self {
            Self::Token => b"samtykke login token\0",
            Self::Session => b"samtykke login session\0",
        }
    }
}

/// What the site's own systems may say besides.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewLogin {
    /// They have logged in just now, and are told that the choice of their account applies.
    pub entered: bool,
}

/// What the page sends once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    pub token: String,
    /// The page's.
    pub language: Option<String>,
}

/// What the page sends when they answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAnswer {
    pub session: String,
    pub id: Uuid,
    #[serde(deserialize_with = "whole")]
    pub notice: i32,
    pub language: Option<String>,
    pub method: Method,
    pub choice: Choice,
    pub page: Option<String>,
    pub variant: Option<String>,
}

impl NewAnswer {
    /// The event that it is, checked against the notice that it names as a visitor's answer is. `law` is what holds where they are.
    pub fn event(&self, site: &Site, law: (Regime, Found), signals: &[Signal]) -> Result<NewEvent> {
        let said = Said {
            method: self.method,
            choice: &self.choice,
            language: self.language.as_deref(),
            variant: self.variant.as_deref(),
            page: self.page.as_deref(),
        };
        said.check(site.notices.get(&self.notice).ok_or(Error::UnknownNotice(self.notice))?)?;
        Ok(NewEvent {
            id: self.id,
            saying: Saying::Choice(self.choice.clone()),
            actor: ACTOR.to_owned(),
            source: SOURCE.to_owned(),
            notice: self.notice,
            assumed: false,
            language: self.language.clone(),
            given_at: None,
            shown: Some(Shown {
                method: self.method,
                page: self.page.clone(),
                variant: self.variant.clone(),
                law,
                signals: signals.to_vec(),
            }),
        })
    }
}

/// What the page is given.
#[derive(Serialize)]
pub struct LoggedIn<'a> {
    session: String,
    /// Seconds.
    expires_in: u32,
    entered: bool,
    /// What they chose, on whatever device.
    #[serde(skip_serializing_if = "Option::is_none")]
    choice: Option<Carried>,
    texts: BTreeMap<&'static str, &'a str>,
}

/// A choice, as the page keeps it in its memory.
#[derive(Serialize)]
struct Carried {
    notice: i32,
    id: Uuid,
    choice: Choice,
    /// How long it holds, from `at` on.
    days: u32,
    /// When it was given, in unix ms.
    at: i64,
    /// The browser that it was given in sent Global Privacy Control.
    gpc: bool,
}

/// Whom a text names, and until when.
#[derive(Debug)]
pub struct Known {
    pub named: Ref,
    pub entered: bool,
}

/// As it is sealed. An address is not in it, and need not be: the person is.
#[derive(Serialize, Deserialize)]
struct Sealed {
    person: Uuid,
    kind: String,
    kept: Option<String>,
    entered: bool,
    /// Unix ms.
    ends: i64,
}

/// A text that opens from now on, for as long as its kind does.
pub fn write(pass: Pass, named: &Ref, entered: bool, site: &Site, keys: &Keys, now: i64) -> Result<String> {
    if !site.people.across_devices {
        return Err(Error::LoginsOff);
    }
    let sealed = Sealed {
        person: Uuid::from_bytes(named.person(keys, &site.key).0),
        kind: named.kind().to_owned(),
        kept: named.kept().map(str::to_owned),
        entered,
        ends: now + i64::from(pass.seconds()) * 1000,
    };
    let plain = serde_json::to_vec(&sealed).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(keys.seal(pass.purpose(), &site.key, b"", plain)?))
}

/// Whom a text of this kind names, if it was made here for this site and has not ended.
pub fn open(pass: Pass, text: &str, site: &Site, keys: &Keys, now: i64) -> Result<Known> {
    if !site.people.across_devices {
        return Err(Error::LoginsOff);
    }
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let plain = keys.open_sealed(pass.purpose(), &site.key, b"", bytes).ok()?;
        serde_json::from_slice::<Sealed>(&plain).ok()
    };
    let Sealed { person, kind, kept, entered, ends } =
        read().ok_or(Error::Login("it was not made here, or not for this site, or it is damaged"))?;
    if now >= ends {
        return Err(Error::Login("it has expired"));
    }
    Ok(Known { named: Ref::named(PersonId(person.into_bytes()), &kind, kept), entered })
}

/// What a page is given for a token. `state` is what stands for the person, where anything does.
pub fn answer<'a>(
    known: &Known,
    state: Option<&State>,
    site: &'a Site,
    language: &str,
    law: &Law,
    keys: &Keys,
    now: i64,
) -> Result<LoggedIn<'a>> {
    let choice = state.and_then(|state| state.chosen.as_ref()).and_then(|chosen| {
        let asked = site.notices.get(&chosen.notice)?;
        Some(Carried {
            notice: chosen.notice,
            id: chosen.consent,
            choice: chosen.choice.clone(),
            days: law.days(chosen.choice.grants(), asked.remember_days),
            at: chosen.at,
            gpc: chosen.control,
        })
    });
    let texts = site.shown.content().texts.get(language);
    let text = |key| texts.and_then(|texts| texts.get(key)).map_or("", String::as_str);
    Ok(LoggedIn {
        session: write(Pass::Session, &known.named, false, site, keys, now)?,
        expires_in: Pass::Session.seconds(),
        entered: known.entered,
        choice,
        texts: TEXTS.into_iter().map(|(name, key)| (name, text(key))).collect(),
    })
}
