//! Somebody is logged in on a page: their answers there are theirs, on every device where they log in, and not the device's. It is off
//! until the site file has `login_keys`. The site's own systems sign who it is, for minutes, the page hands that over, and what it gets
//! for it lasts as long as a page does, and is sealed. What the device said while nobody was logged in is neither read nor changed (CNIL,
//! deliberation 2025-131 of 18 December 2025).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::choice::Choice;
use crate::consent::{Method, Said};
use crate::error::{Error, Result};
use crate::jurisdiction::Law;
use crate::keys::Keys;
use crate::person::event::{NewEvent, Saying, Shown};
use crate::person::rules::LoginKey;
use crate::person::standing::State;
use crate::person::{PersonId, Ref};
use crate::regime::{Found, Regime};
use crate::signal::Signal;
use crate::site::Site;
use crate::token;
use crate::whole::whole;

/// Who wrote it down and where it was said, as records say it.
const ACTOR: &str = "person";
const SOURCE: &str = "banner";
/// The texts of the notice that are for whoever is logged in, and what the page calls them.
const TEXTS: [(&str, &str); 3] =
    [("scope", "account_scope"), ("applies", "account_applies"), ("differs", "account_differs")];

/// The most that a token of the site's may open for, in seconds.
const LONGEST: i64 = 300;
/// How long a session opens, in seconds.
const SESSION: u32 = 86_400;
const PURPOSE: &[u8] = b"samtykke login session\0";

/// What the site's own systems sign (JWT, RFC 7519; EdDSA, RFC 8037). `aud` is `samtykke:`, and the site.
#[derive(Deserialize)]
struct Claims {
    /// As the site names people.
    sub: String,
    /// In unix seconds.
    iat: i64,
    exp: i64,
    /// They have logged in just now, and are told that the choice of their account applies.
    #[serde(default)]
    entered: bool,
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

/// Whom a token names.
#[derive(Debug)]
pub struct Known {
    pub named: Ref,
    pub entered: bool,
}

/// A session, as it is sealed. An address is not in it, and need not be: the person is.
#[derive(Serialize, Deserialize)]
struct Sealed {
    person: Uuid,
    kind: String,
    kept: Option<String>,
    /// Unix ms.
    ends: i64,
}

/// Whom a token names, if one of the site's keys signed it for this site and it holds at `now`, unix ms.
pub fn read(token: &str, site: &Site, now: i64) -> Result<Known> {
    if site.people.login_keys.is_empty() {
        return Err(Error::LoginsOff);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| DAMAGED)?;
    if header.alg != Algorithm::EdDSA || header.crit.is_some() {
        return Err(DAMAGED);
    }
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    validation.set_audience(&[format!("{}:{}", token::NAME, site.key)]);
    // By the clock that is given, below.
    validation.validate_exp = false;
    let mut found = Err(DAMAGED);
    for LoginKey(key) in &site.people.login_keys {
        let read = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_ed_der(key), &validation);
        let of_another = read.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::InvalidSignature));
        found = read.map(|read| read.claims).map_err(|error| refused(error.kind()));
        if !of_another {
            break;
        }
    }
    let Claims { sub, iat, exp, entered } = found?;
    token::in_time(iat, exp, now)
        .map_err(|error| if let Error::Token(why) = error { Error::Login(why) } else { error })?;
    if exp.saturating_sub(iat) > LONGEST {
        return Err(Error::Login("it opens for more than five minutes"));
    }
    let named = Ref::parse(&sub).map_err(|_| Error::Login("its sub cannot be the name of a person"))?;
    Ok(Known { named, entered })
}

const DAMAGED: Error = Error::Login("it cannot be read, or is signed otherwise than by EdDSA");

fn refused(kind: &ErrorKind) -> Error {
    match kind {
        ErrorKind::InvalidSignature => Error::Login("none of the site's login_keys signed it"),
        ErrorKind::InvalidAudience => Error::Login("its aud is not samtykke: and this site"),
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) => {
            Error::Login("it does not say sub, aud, iat and exp, the times in whole seconds")
        }
        _ => DAMAGED,
    }
}

/// A session that opens from now on.
fn begin(named: &Ref, site: &Site, keys: &Keys, now: i64) -> Result<String> {
    let sealed = Sealed {
        person: Uuid::from_bytes(named.person(keys, &site.key).0),
        kind: named.kind().to_owned(),
        kept: named.kept().map(str::to_owned),
        ends: now + i64::from(SESSION) * 1000,
    };
    let plain = serde_json::to_vec(&sealed).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(keys.seal(PURPOSE, &site.key, b"", plain)?))
}

/// Whose a session is, if it was made here for this site and has not ended.
pub fn open(session: &str, site: &Site, keys: &Keys, now: i64) -> Result<Ref> {
    if site.people.login_keys.is_empty() {
        return Err(Error::LoginsOff);
    }
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(session).ok()?;
        let plain = keys.open_sealed(PURPOSE, &site.key, b"", bytes).ok()?;
        serde_json::from_slice::<Sealed>(&plain).ok()
    };
    let Sealed { person, kind, kept, ends } =
        read().ok_or(Error::Login("it was not made here, or not for this site, or it is damaged"))?;
    if now >= ends {
        return Err(Error::Login("it has ended"));
    }
    Ok(Ref::named(PersonId(person.into_bytes()), &kind, kept))
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
        session: begin(&known.named, site, keys, now)?,
        expires_in: SESSION,
        entered: known.entered,
        choice,
        texts: TEXTS.into_iter().map(|(name, key)| (name, text(key))).collect(),
    })
}
