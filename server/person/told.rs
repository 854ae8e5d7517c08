//! What is told of a person: what may be done now, and the proof of it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::day::DAY_MS;
use crate::person::standing::{self, Permission, Reservation, Standing, State};
use crate::person::{Channel, Person, PersonId};
use crate::site::Site;

#[derive(Serialize)]
pub struct Whole<'a> {
    person: PersonId,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<&'a str>,
    kind: &'a str,
    /// How many events there were.
    sequence: i64,
    #[serde(flatten)]
    allowed: Allowed,
    #[serde(skip_serializing_if = "Option::is_none")]
    adult: Option<&'a Standing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reservation: Option<&'a Reservation>,
    updated_at: i64,
}

/// What may be done now, channel by channel and purpose by purpose.
#[derive(Serialize)]
pub struct Allowed {
    channels: BTreeMap<Channel, Permission>,
    purposes: BTreeMap<String, Permission>,
}

impl Allowed {
    pub fn of(state: &State, site: &Site, now: i64) -> Self {
        let rules = &site.people;
        let channels = Channel::ALL.map(|channel| (channel, standing::channel(state, channel, rules, now)));
        let asked = site.notices.get(&site.current);
        let remember_ms = asked.map_or(0, |asked| i64::from(asked.known_days) * DAY_MS);
        let purposes = asked.into_iter().flat_map(|asked| &asked.purposes).map(|purpose| {
            (purpose.clone(), standing::purpose(state, purpose, rules, site.asks_since, remember_ms, now))
        });
        Self { channels: channels.into(), purposes: purposes.collect() }
    }
}

/// All that is told of one person at `now`, unix ms.
pub fn whole<'a>(person: &'a Person, site: &Site, now: i64) -> Whole<'a> {
    Whole {
        person: person.id,
        r#ref: person.reference.as_deref(),
        kind: &person.kind,
        sequence: person.sequence,
        allowed: Allowed::of(&person.state, site, now),
        adult: person.state.adult.as_ref(),
        reservation: person.state.reservation.as_ref(),
        updated_at: person.updated_at,
    }
}
