//! A link: carries a visitor's choice from one of a site's origins to another, where the cookie cannot go. It is off until the site file
//! names the origins. The token that goes along in an address says who and what to nobody: it holds the id of a consent, an end a
//! minute ahead and the place it is for, and only this service can make one or read it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::choice::Choice;
use crate::consent::{self, Consent};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::hash::sha256;
use crate::jurisdiction::Law;
use crate::keys::Keys;
use crate::site::Site;
use crate::visitor;

/// How long a token opens: as long as it takes to load a page.
const SECONDS: u32 = 60;

/// What the page sends that is left: whose choice goes along, and where to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    pub visitor: Uuid,
    /// The visitor's latest answer.
    pub consent: Uuid,
    /// An origin of the site.
    pub to: String,
}

#[derive(Serialize)]
pub struct Link {
    token: String,
    expires_in: u32,
}

/// What the page sends that is come to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    pub token: String,
}

/// The choice, as the page keeps it in its cookie.
#[derive(Serialize)]
pub struct Carried {
    notice: i32,
    visitor: Uuid,
    id: Uuid,
    choice: Choice,
    /// How long it holds, from `at` on.
    days: u32,
    /// When it was given, in unix ms.
    at: i64,
}

/// What is wrong with `links` of a site file, each with its key.
pub fn check(links: &[String], origins: &[String]) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    if links.len() == 1 {
        wrong.push(("links".to_owned(), "expected two or more of the site's origins: a link has two ends".to_owned()));
    }
    for (i, link) in links.iter().enumerate() {
        if !origins.contains(link) {
            wrong.push((format!("links.{i}"), format!("expected one of the site's origins; found {link:?}")));
        } else if links[..i].contains(link) {
            wrong.push((format!("links.{i}"), "is there twice".to_owned()));
        }
    }
    wrong
}

/// Whether a page of this origin takes part; an error says why not.
pub fn takes_part(site: &Site, origin: &str) -> Result<()> {
    if site.links.is_empty() {
        return Err(Error::LinksOff);
    }
    if site.links.iter().any(|link| link == origin) {
        return Ok(());
    }
    Err(Error::ForeignOrigin("this origin is not among the links of the site file".to_owned()))
}

impl NewLink {
    /// Whether it leads from this origin to another one that takes part.
    pub fn check(&self, site: &Site, from: &str) -> Result<()> {
        if self.to == from || !site.links.contains(&self.to) {
            return Err(Error::invalid("to", "expected another one of the links of the site file"));
        }
        Ok(())
    }

    /// The token, if the answer that it names is the visitor's latest.
    pub fn make(&self, conn: &mut Conn, site: &Site, keys: &Keys, now: i64) -> Result<Link> {
        let latest = visitor::latest(conn, site.id, self.visitor)?;
        if latest.is_none_or(|latest| latest.id != self.consent.as_bytes()) {
            return Err(Error::invalid("consent", "is not the latest answer of this visitor"));
        }
        let token = Token { consent: self.consent, ends: now + i64::from(SECONDS) * 1000, to: place(&self.to) };
        Ok(Link { token: token.write(&site.key, keys), expires_in: SECONDS })
    }
}

/// The answer that a token carries to this origin, if it still is its visitor's latest.
pub fn open(text: &str, origin: &str, site: &Site, keys: &Keys, now: i64, conn: &mut Conn) -> Result<Consent> {
    let token = Token::read(text, &site.key, keys)?;
    if token.to != place(origin) {
        return Err(Error::Link("it was made for another origin"));
    }
    if now >= token.ends {
        return Err(Error::Link("it has expired"));
    }
    let gone = || Error::Link("the answer that it carried is not kept any more");
    let consent = consent::find(conn, token.consent)?.filter(|consent| consent.site_id == site.id).ok_or_else(gone)?;
    let visitor = uuid(&consent.visitor)?;
    match visitor::latest(conn, site.id, visitor)? {
        Some(latest) if latest.id == consent.id => Ok(consent),
        _ => Err(Error::Link("the visitor has given another answer since")),
    }
}

/// As the page is given it. The site has to know the notice, see `Site::asked`.
pub fn carried(consent: &Consent, site: &Site, law: &Law) -> Result<Carried> {
    let (notice, asked) = site
        .asked(consent.notice_id)
        .ok_or_else(|| Error::Internal("a consent to a notice that is not there".into()))?;
    let choice: Choice = serde_json::from_str(&consent.choice).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Carried {
        notice,
        visitor: uuid(&consent.visitor)?,
        id: uuid(&consent.id)?,
        days: law.days(choice.grants(), asked.remember_days),
        choice,
        at: consent.created_at,
    })
}

fn uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|e| Error::Internal(format!("a stored id: {e}")))
}

/// The first half of the SHA-256 of an origin.
fn place(origin: &str) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&sha256(origin.as_bytes())[..16]);
    half
}

/// On the wire: these 40 bytes and their HMAC-SHA256, each in base64url, with a dot between.
struct Token {
    consent: Uuid,
    ends: i64,
    to: [u8; 16],
}

impl Token {
    fn write(&self, site: &str, keys: &Keys) -> String {
        let payload = [self.consent.as_bytes().as_slice(), &self.ends.to_be_bytes(), &self.to].concat();
        let tag = keys.link_tag(site, &payload);
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&payload), URL_SAFE_NO_PAD.encode(tag))
    }

    fn read(text: &str, site: &str, keys: &Keys) -> Result<Self> {
        let read = || {
            let (payload, tag) = text.split_once('.')?;
            let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
            keys.is_link_tag(site, &payload, &URL_SAFE_NO_PAD.decode(tag).ok()?).then_some(())?;
            let (consent, rest) = payload.split_first_chunk::<16>()?;
            let (ends, to) = rest.split_first_chunk::<8>()?;
            let to = to.try_into().ok()?;
            Some(Self { consent: Uuid::from_bytes(*consent), ends: i64::from_be_bytes(*ends), to })
        };
        read().ok_or(Error::Link("it was not made here, or not for this site, or it is damaged"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_made_and_on_its_site_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(folder.path()).expect("new keys");
        let made = Token { consent: Uuid::now_v7(), ends: 1_772_359_384_250, to: place("https://www.example.se") };
        let text = made.write("shop", &keys);
        let read = Token::read(&text, "shop", &keys).expect("its own");
        assert_eq!((read.consent, read.ends, read.to), (made.consent, made.ends, made.to));
        assert!(Token::read(&text, "other", &keys).is_err());
        let elsewhere = tempfile::tempdir().expect("a folder");
        assert!(Token::read(&text, "shop", &Keys::open(elsewhere.path()).expect("other keys")).is_err());
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(Token::read(&changed, "shop", &keys).is_err(), "{changed}");
        }
        let capability = keys.capability("shop", made.consent);
        for wrong in ["", ".", "x", "💥.💥", &text[1..], &text[..text.len() - 1], &format!("{text}A"), &capability]
        {
            assert!(Token::read(wrong, "shop", &keys).is_err(), "{wrong}");
        }
    }

    #[test]
    fn links_are_two_or_more_origins_of_the_site() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let origins = list(&["https://a.no", "https://b.se", "https://c.dk"]);
        let check = |links: &[&str], expected: &[&str]| {
            let wrong = super::check(&list(links), &origins);
            assert_eq!(wrong.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), expected, "{links:?}: {wrong:?}");
        };
        check(&[], &[]);
        check(&["https://a.no", "https://b.se"], &[]);
        check(&["https://c.dk", "https://a.no", "https://b.se"], &[]);
        check(&["https://a.no"], &["links"]);
        check(&["https://a.no", "https://d.fi"], &["links.1"]);
        check(&["https://a.no", "https://a.no", "https://b.se"], &["links.1"]);
    }
}
