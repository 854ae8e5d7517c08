//! What stands for a person after all their events, and what that allows now. It is pure: a state, the site's rules and a time in, a
//! permission out. Whatever is not known is not allowed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::person::letter::CONFIRM_MS;
use crate::person::rules::{Channel, Rules};

/// The purpose that nobody under 18, and nobody unknown where the site is for adults, is asked about by name.
const ADVERTISING: &str = "advertising";

/// What was last said about a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    Granted,
    Denied,
    /// Denied after it had been granted.
    Withdrawn,
    /// A yes that waits for its confirmation. It allows nothing.
    Pending,
}

/// The answer that stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    pub said: Said,
    /// When it was given, in unix ms; of a yes that was renewed, the last time.
    pub at: i64,
    /// Since when it has been the same without a break.
    pub since: i64,
    /// The event.
    pub consent: Uuid,
    pub notice: i32,
}

impl Standing {
    /// When it ends by itself, if it does: a no stands until something else is said.
    pub fn ends(&self, rules: &Rules) -> Option<i64> {
        match self.said {
            Said::Granted => Some(self.at.saturating_add(rules.valid_ms())),
            Said::Pending => Some(self.at.saturating_add(CONFIRM_MS)),
            Said::Denied | Said::Withdrawn => None,
        }
    }

    /// Whether it says this now.
    pub fn says(&self, said: Said, rules: &Rules, now: i64) -> bool {
        self.said == said && self.ends(rules).is_none_or(|end| now < end)
    }
}

/// The last look into the register of reservations against telephone sales.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    pub checked_at: i64,
    pub reserved: bool,
    pub consent: Uuid,
}

/// The person's own choice of purposes, wherever they are logged in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    pub choice: Choice,
    pub at: i64,
    pub consent: Uuid,
    pub notice: i32,
    /// The browser that it was given in sent Global Privacy Control: it was given in knowledge of the signal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub control: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<Channel, Standing>,
    /// Whether they said that they are 18 or over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adult: Option<Standing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation: Option<Reservation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Chosen>,
}

impl State {
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|e| Error::Internal(format!("a stored state: {e}")))
    }

    /// Whether this event is what stands for its topic.
    pub fn stands(&self, event: Uuid) -> bool {
        let said = self.channels.values().chain(&self.adult).map(|standing| standing.consent);
        let others = self.reservation.iter().map(|r| r.consent).chain(self.chosen.iter().map(|c| c.consent));
        said.chain(others).any(|standing| standing == event)
    }

    /// The channel of an event that waits for its confirmation at `now`, and what stands of it.
    pub fn waiting(&self, event: Uuid, rules: &Rules, now: i64) -> Option<(Channel, &Standing)> {
        let waits = |standing: &Standing| standing.consent == event && standing.says(Said::Pending, rules, now);
        self.channels.iter().find(|(_, standing)| waits(standing)).map(|(channel, standing)| (*channel, standing))
    }

    /// When what an event said ends by itself; never where it stands until something else is said, as a no does. An age is needed for as
    /// long as anything else is, and no longer.
    pub fn ends(&self, event: Uuid, rules: &Rules, remember_ms: i64) -> Option<i64> {
        let channels = self.channels.values().map(|standing| (standing.consent, standing.ends(rules)));
        let checked =
            self.reservation.iter().map(|r| (r.consent, Some(r.checked_at.saturating_add(rules.reservation_ms()))));
        let chosen = self.chosen.iter().map(|chosen| (chosen.consent, Some(chosen.at.saturating_add(remember_ms))));
        let mut others = channels.chain(checked).chain(chosen);
        match &self.adult {
            Some(adult) if adult.consent == event => others.try_fold(adult.at, |last, (_, end)| Some(last.max(end?))),
            _ => others.find(|(consent, _)| *consent == event).and_then(|(_, end)| end),
        }
    }

    /// Takes out what these events said.
    pub fn forget(&mut self, events: &[Uuid]) {
        let gone = |event: &Uuid| events.contains(event);
        self.channels.retain(|_, standing| !gone(&standing.consent));
        self.adult.take_if(|standing| gone(&standing.consent));
        self.reservation.take_if(|reservation| gone(&reservation.consent));
        self.chosen.take_if(|chosen| gone(&chosen.consent));
    }

    pub fn text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::Internal(e.to_string()))
    }
}

/// Why somebody may not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    NeverAsked,
    Denied,
    Withdrawn,
    /// It has to be confirmed first.
    Pending,
    Expired,
    Minor,
    AdultUnknown,
    Reserved,
    ReservationUnknown,
    ReservationStale,
    /// More is asked for now than was answered.
    NoticeChanged,
}

/// What may be done with one channel or purpose.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Permission {
    pub allowed: bool,
    /// Absent when it is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Since when the answer stands, in unix ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// The event that proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Uuid>,
}

impl Permission {
    const fn never() -> Self {
        Self { allowed: false, reason: Some(Reason::NeverAsked), since: None, until: None, receipt: None }
    }
}

/// What the law and the site say of one channel at `now`, unix ms. Of several reasons the person's own word comes first.
pub fn channel(state: &State, channel: Channel, rules: &Rules, now: i64) -> Permission {
    let Some(standing) = state.channels.get(&channel) else { return Permission::never() };
    let until = standing.ends(rules);
    let checked = state.reservation.as_ref().map(|reservation| reservation.checked_at);
    // The check ends before the yes does, and a call after that has to be preceded by another.
    let checked_until =
        checked.filter(|_| channel == Channel::Phone).map(|at| at.saturating_add(rules.reservation_ms()));
    let reason = match standing.said {
        Said::Denied => Some(Reason::Denied),
        Said::Withdrawn => Some(Reason::Withdrawn),
        Said::Granted | Said::Pending if until.is_some_and(|until| until <= now) => Some(Reason::Expired),
        Said::Pending => Some(Reason::Pending),
        Said::Granted => age(state, rules).or_else(|| match &state.reservation {
            _ if channel != Channel::Phone => None,
            None => Some(Reason::ReservationUnknown),
            Some(_) if checked_until.is_none_or(|until| until <= now) => Some(Reason::ReservationStale),
            Some(reservation) if reservation.reserved => Some(Reason::Reserved),
            Some(_) => None,
        }),
    };
    let until = if reason.is_none() { until.into_iter().chain(checked_until).min() } else { until };
    Permission {
        allowed: reason.is_none(),
        reason,
        since: Some(standing.since),
        until,
        receipt: Some(standing.consent),
    }
}

/// The same of one purpose, by the choice that the person made. `asks_since` is the oldest notice whose answers cover all that is asked
/// for now; `remember_ms` how long a choice holds.
pub fn purpose(state: &State, purpose: &str, rules: &Rules, asks_since: i32, remember_ms: i64, now: i64) -> Permission {
    let Some(chosen) = &state.chosen else { return Permission::never() };
    let granted = chosen.choice.iter().find(|(key, _)| *key == purpose).map(|(_, granted)| granted);
    let until = (granted == Some(true)).then(|| chosen.at.saturating_add(remember_ms));
    let reason = match granted {
        None => Some(Reason::NeverAsked),
        Some(false) => Some(Reason::Denied),
        Some(true) if chosen.notice < asks_since => Some(Reason::NoticeChanged),
        Some(true) if until.is_some_and(|until| until <= now) => Some(Reason::Expired),
        Some(true) if purpose == ADVERTISING => age(state, rules),
        Some(true) => None,
    };
    Permission { allowed: reason.is_none(), reason, since: Some(chosen.at), until, receipt: Some(chosen.consent) }
}

/// Whether their age stands against it: somebody who is known to be a minor is never reached.
fn age(state: &State, rules: &Rules) -> Option<Reason> {
    match state.adult.as_ref().map(|standing| standing.said) {
        Some(Said::Granted) => None,
        Some(_) => Some(Reason::Minor),
        None => rules.adults_only.then_some(Reason::AdultUnknown),
    }
}
