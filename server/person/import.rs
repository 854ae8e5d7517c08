//! Many events at once, as another system has them: all of them are well and are written, or none is.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use uuid::{Builder, Uuid};

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::hash::sha256;
use crate::keys::Keys;
use crate::person::body::{Body, NewAdult, NewChoice, NewConsent, NewReservation};
use crate::person::event::{self, NewEvent, Saying};
use crate::person::{PersonId, Ref};
use crate::site::Site;

/// Events that are written together.
pub const MOST: usize = 1000;

/// An event and the person whom it is about, read and checked.
pub struct Entry {
    named: Ref,
    person: PersonId,
    pub event: NewEvent,
    /// It has the id that it will have whenever it is sent again.
    pub lasting: bool,
}

/// What became of an event.
#[derive(Clone, Serialize)]
pub struct Written {
    /// The event, which its receipt has too.
    id: Uuid,
    person: PersonId,
    /// The same event was there before.
    pub again: bool,
}

/// The events of a document: a list in JSON, or an object on each line.
pub fn parse(document: &[u8]) -> Result<Vec<Box<RawValue>>> {
    let malformed = |e: serde_json::Error| Error::Malformed { field: String::new(), reason: e.to_string() };
    let is_list = document.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let events: Vec<Box<RawValue>> = if is_list {
        serde_json::from_slice(document).map_err(malformed)?
    } else {
        serde_json::Deserializer::from_slice(document).into_iter().collect::<Result<_, _>>().map_err(malformed)?
    };
    if events.is_empty() || events.len() > MOST {
        return Err(Error::invalid("events", format!("expected 1 to {MOST}")));
    }
    Ok(events)
}

/// Reads one event, which says whom it is about in `ref` and has otherwise the fields of a single writing, and checks it at `now`.
pub fn read(event: &RawValue, site: &Site, keys: &Keys, actor: &str, now: i64) -> Result<Entry> {
    let whole = |e: serde_json::Error| Error::Malformed { field: String::new(), reason: e.to_string() };
    let Fields(mut fields) = serde_json::from_str(event.get()).map_err(whole)?;
    let named = fields.remove("ref").ok_or_else(|| Error::invalid("ref", "is missing: it says whom this is about"))?;
    let named: String = serde_json::from_str(named.get())
        .map_err(|e| Error::Malformed { field: "ref".into(), reason: e.to_string() })?;
    let named = Ref::parse(&named)?;
    let has_id = fields.get("id").is_some_and(|id| id.get() != "null");
    let body = serde_json::to_string(&fields).map_err(whole)?;
    let has = |field: &str| fields.contains_key(field);
    let mut event = if has("channel") {
        of::<NewConsent>(&body, site, actor)?
    } else if has("adult") {
        of::<NewAdult>(&body, site, actor)?
    } else if has("checked_at") || has("reserved") {
        of::<NewReservation>(&body, site, actor)?
    } else if has("choice") {
        of::<NewChoice>(&body, site, actor)?
    } else {
        return Err(Error::invalid("", "expected what was said: channel, adult, checked_at or choice"));
    };
    // What another system kept until now was confirmed there, if at all: nobody is written to for it.
    if let Saying::Unconfirmed(channel) = event.saying {
        event.saying = Saying::Channel { channel, granted: true };
    }
    let person = named.person(keys, &site.key);
    let said_at = match event.saying {
        Saying::Reservation { checked_at, .. } => Some(checked_at),
        _ => event.given_at,
    };
    if let Some(at) = said_at.filter(|_| !has_id) {
        event.id = made_of(site, person, &event, at)?;
    }
    event.check(site, now)?;
    Ok(Entry { named, person, event, lasting: has_id || said_at.is_some() })
}

fn of<B: Body>(body: &str, site: &Site, actor: &str) -> Result<NewEvent> {
    let body: B = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(body)).map_err(|e| {
        let field = Some(e.path().to_string()).filter(|field| field != ".").unwrap_or_default();
        Error::Malformed { field, reason: e.into_inner().to_string() }
    })?;
    Ok(body.event(site, actor.to_owned()))
}

/// An id for an event that has none and says when it was: the same one each time, so that a file can be imported again.
fn made_of(site: &Site, person: PersonId, event: &NewEvent, at: i64) -> Result<Uuid> {
    let saying = (event.saying.topic(), event.saying.choice()?);
    let how = (&event.source, &event.actor, event.notice, &event.language);
    let said = serde_json::to_vec(&(&site.key, person, at, saying, how)).map_err(|e| Error::Internal(e.to_string()))?;
    let mut bits = [0; 10];
    bits.copy_from_slice(&sha256(&said)[..10]);
    Ok(Builder::from_unix_timestamp_millis(u64::try_from(at).unwrap_or_default(), &bits).into_uuid())
}

/// Writes all of them, and says what became of each. Call it as `event::record`; after an error nothing of it may be kept.
pub fn write(
    conn: &mut Conn,
    above: &mut i64,
    site: &Site,
    keys: &Keys,
    entries: &[Entry],
    now: i64,
) -> Result<Vec<Written>> {
    // People are taken in one order, whoever writes, so that no two imports wait for each other; each one's events stay in theirs.
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|i| entries[*i].person);
    let mut written: Vec<Option<Written>> = vec![None; entries.len()];
    for i in order {
        let Entry { named, person, event, .. } = &entries[i];
        let recorded = event::record(conn, above, site, keys, named, event, now).map_err(|e| e.within(&place(i)))?;
        written[i] = Some(Written { id: event.id, person: *person, again: recorded.again });
    }
    Ok(written.into_iter().flatten().collect())
}

/// Where one of several lies.
pub fn place(i: usize) -> String {
    format!("events.{i}")
}

/// The fields of an object as they stand there, each once.
struct Fields(BTreeMap<String, Box<RawValue>>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if fields.contains_key(&name) {
                        return Err(serde::de::Error::custom("a field stands there twice"));
                    }
                    fields.insert(name, value);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Once)
    }
}
