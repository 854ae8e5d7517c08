//! An event of a person's: a row like any consent's, signed, with a receipt and a leaf in the ledger, written together with what stands
//! after it. Two of one person take turns, so that each knows the one before it.

use diesel::prelude::*;
use serde::Serialize;
use uuid::Uuid;

use crate::choice::{Action, Choice};
use crate::consent::{self, Consent, Method};
use crate::db::{Conn, on};
use crate::error::{Error, Result};
use crate::insert;
use crate::keys::{self, Keys};
use crate::person::letter::CONFIRM_MS;
use crate::person::rules::Channel;
use crate::person::standing::{Chosen, Reservation, Said, Standing, State};
use crate::person::{self, Person, PersonId, Ref};
use crate::receipt::{self, Receipt};
use crate::regime::{Found, Regime};
use crate::schema::people;
use crate::signal::Signal;
use crate::site::Site;

/// What an event says.
#[derive(Clone, Debug, PartialEq)]
pub enum Saying {
    /// A yes or a no to one channel.
    Channel {
        channel: Channel,
        granted: bool,
    },
    /// A yes to one channel that waits for its confirmation, unless one stands already: then it renews that.
    Unconfirmed(Channel),
    /// 18 or over.
    Adult(bool),
    Reservation {
        checked_at: i64,
        reserved: bool,
    },
    /// Of purposes, complete.
    Choice(Choice),
}

impl Saying {
    pub const fn topic(&self) -> &'static str {
        match self {
            Self::Channel { channel, .. } | Self::Unconfirmed(channel) => channel.as_str(),
            Self::Adult(_) => "adult",
            Self::Reservation { .. } => "reservation",
            Self::Choice(_) => "choice",
        }
    }

    /// As the record has it: the topic, granted or denied.
    pub fn choice(&self) -> Result<Choice> {
        let granted = match self {
            Self::Choice(choice) => return Ok(choice.clone()),
            Self::Channel { granted, .. } | Self::Adult(granted) => *granted,
            Self::Unconfirmed(_) => true,
            Self::Reservation { reserved, .. } => !reserved,
        };
        only(self.topic(), granted)
    }
}

/// A choice of one topic alone.
fn only(topic: &str, granted: bool) -> Result<Choice> {
    let answer = if granted { "granted" } else { "denied" };
    serde_json::from_value(serde_json::json!({ topic: answer })).map_err(|e| Error::Internal(e.to_string()))
}

/// Something that was said by or about a person, checked.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// UUID version 7; the client's, where it sent one, so that sending again is recognised.
    pub id: Uuid,
    pub saying: Saying,
    /// Who wrote it down, such as `token:crm`.
    pub actor: String,
    /// Where it was said, in the site's words.
    pub source: String,
    /// The number of the notice that had the wording.
    pub notice: i32,
    /// Nobody named that notice: it is the current one. Sent again, such an event is the same as that which named the one of before.
    pub assumed: bool,
    pub language: Option<String>,
    /// When it was said, where that was before it was written down.
    pub given_at: Option<i64>,
    /// How they were asked, where the banner did.
    pub shown: Option<Shown>,
}

/// How the banner asked a person who is logged in, as the record of a visitor's answer has it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub method: Method,
    pub page: Option<String>,
    pub variant: Option<String>,
    /// What holds where they are, and how that was found.
    pub law: (Regime, Found),
    pub signals: Vec<Signal>,
}

/// Of what no banner asked. Who is asked by name is asked first, wherever they live.
static ASKED_BY_NAME: Shown =
    Shown { method: Method::Api, page: None, variant: None, law: (Regime::OptIn, Found::Assumed), signals: Vec::new() };

/// What the record says besides; canonical JSON as it stands.
#[derive(Serialize)]
struct Details<'a> {
    actor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved: Option<bool>,
    sequence: i64,
    source: &'a str,
}

/// What became of an event.
pub struct Recorded {
    pub person: Person,
    pub receipt: Receipt,
    pub consent: Consent,
    /// The same event was there before, and nothing was written.
    pub again: bool,
}

impl NewEvent {
    /// What can be checked without the person: the notice, its language, and that nothing was said in the future.
    pub fn check(&self, site: &Site, now: i64) -> Result<()> {
        consent::versioned("id", self.id, &[7])?;
        let asked = site.notices.get(&self.notice).ok_or(Error::UnknownNotice(self.notice))?;
        if self.language.as_ref().is_some_and(|language| !asked.languages.contains(language)) {
            let spoken = asked.languages.join(", ");
            return Err(Error::invalid("language", format!("is not one that the notice speaks: {spoken}")));
        }
        if self.source.trim().is_empty() || self.source.chars().count() > 200 || self.source.contains(char::is_control)
        {
            return Err(Error::invalid(
                "source",
                "expected 1 to 200 characters that say where it was said, such as kasse",
            ));
        }
        if self.source.contains('@') {
            return Err(Error::invalid("source", "expected a place, and no address of anybody"));
        }
        if self.given_at.is_some_and(|at| at <= 0 || at > now) {
            return Err(Error::invalid("given_at", "expected a time in unix ms that has been"));
        }
        if let Saying::Reservation { checked_at, .. } = self.saying
            && (checked_at <= 0 || checked_at > now)
        {
            return Err(Error::invalid("checked_at", "expected a time in unix ms that has been"));
        }
        if let Saying::Choice(choice) = &self.saying {
            choice.check(&asked.purposes, &asked.services)?;
        }
        Ok(())
    }

    /// What is new has to leave time to be confirmed; what was written in time is taken again at any time.
    fn check_time(&self, now: i64) -> Result<()> {
        match (&self.saying, self.given_at) {
            (Saying::Unconfirmed(_), Some(at)) if at.saturating_add(CONFIRM_MS) <= now => Err(Error::invalid(
                "given_at",
                "is too long ago: what has to be confirmed is confirmed within seven days",
            )),
            _ => Ok(()),
        }
    }
}

/// Writes an event and what stands after it. Call it inside a transaction that began with a write or has read nothing yet, on the thread
/// that writes: `above` is the highest row number that it gave. The event was checked.
pub fn record(
    conn: &mut Conn,
    above: &mut i64,
    site: &Site,
    keys: &Keys,
    named: &Ref,
    new: &NewEvent,
    now: i64,
) -> Result<Recorded> {
    let id = named.person(keys, &site.key);
    let before = take(conn, site.id, id, named, now)?;
    if let Some(there) = consent::find(conn, new.id)? {
        return again(conn, there, before, site, keys, new, id);
    }
    new.check_time(now)?;
    let mut person = before;
    let standing = standing_of(&person.state, &new.saying);
    person.sequence += 1;
    person.updated_at = now;
    let previous = standing.as_ref().map(|(consent, _)| *consent);
    let waits = waits(&person.state, &new.saying, site, now);
    // Nobody who reads a record takes for a yes what has to be confirmed first.
    let choice = if waits { only(new.saying.topic(), false)? } else { new.saying.choice()? };
    let action = match standing.as_ref() {
        _ if waits => Action::Pending,
        None => choice.action(),
        Some((_, before)) => choice.action_after(before),
    };
    let asked = site.notices.get(&new.notice).ok_or(Error::UnknownNotice(new.notice))?;
    let shown = new.shown.as_ref().unwrap_or(&ASKED_BY_NAME);
    let mut consent = Consent {
        id: new.id.as_bytes().to_vec(),
        site_id: site.id,
        notice_id: asked.id,
        visitor: id.0.to_vec(),
        previous: previous.map(|id| id.as_bytes().to_vec()),
        choice: serde_json::to_string(&choice).map_err(|e| Error::Internal(e.to_string()))?,
        action: action.as_str().to_owned(),
        method: shown.method.as_str().to_owned(),
        language: new.language.clone(),
        page: shown.page.clone(),
        regime: shown.law.0.as_str().to_owned(),
        regime_found: shown.law.1.as_str().to_owned(),
        signals: Signal::list(&shown.signals),
        created_at: now,
        key_id: 0,
        signature: Vec::new(),
        salt: Some(keys::random::<16>().map_err(Error::Internal)?.to_vec()),
        variant: shown.variant.clone(),
        topic: Some(new.saying.topic().to_owned()),
        details: Some(details(new, person.sequence)?),
    };
    let receipt = receipt::sign(&mut consent, site, keys)?;
    if insert::within(conn, &[&consent], above)? == 0 {
        return Err(Error::Conflict);
    }
    apply(&mut person.state, new, waits, now);
    diesel::update(people::table.find(person.row))
        .set((
            people::state.eq(person.state.text()?),
            people::sequence.eq(person.sequence),
            people::updated_at.eq(person.updated_at),
        ))
        .execute(conn)?;
    Ok(Recorded { person, receipt, consent, again: false })
}

/// Whether it has to be confirmed before it counts. Whose yes stands has confirmed it.
fn waits(state: &State, saying: &Saying, site: &Site, now: i64) -> bool {
    let Saying::Unconfirmed(channel) = saying else { return false };
    !state.channels.get(channel).is_some_and(|standing| standing.says(Said::Granted, &site.people, now))
}

/// The person's row, made where there is none, and locked until the end of the transaction.
pub(super) fn take(conn: &mut Conn, site_id: i32, id: PersonId, named: &Ref, now: i64) -> Result<Person> {
    if !matches!(named, Ref::Known(_)) {
        let row = (
            people::site_id.eq(site_id),
            people::person.eq(id.0.to_vec()),
            people::kind.eq(named.kind()),
            people::reference.eq(named.kept()),
            people::state.eq("{}"),
            people::sequence.eq(0_i64),
            people::updated_at.eq(now),
        );
        on!(conn, |c| diesel::insert_into(people::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    let own = people::table.filter(people::site_id.eq(site_id)).filter(people::person.eq(id.0.to_vec()));
    diesel::update(own).set(people::sequence.eq(people::sequence)).execute(conn)?;
    person::find(conn, site_id, id)?.ok_or(Error::UnknownPerson)
}

/// The language of an event, as far as it is known.
pub(super) fn language(conn: &mut Conn, event: Uuid) -> Result<Option<String>> {
    Ok(consent::find(conn, event)?.and_then(|there| there.language))
}

/// The id was there before: the same event again, or another one under its name.
fn again(
    conn: &mut Conn,
    there: Consent,
    person: Person,
    site: &Site,
    keys: &Keys,
    new: &NewEvent,
    id: PersonId,
) -> Result<Recorded> {
    let choice = new.saying.choice()?;
    let shown = new.shown.as_ref().unwrap_or(&ASKED_BY_NAME);
    let waited = there.action == Action::Pending.as_str() && choice == only(new.saying.topic(), true)?;
    let same = there.site_id == site.id
        && there.visitor == id.0
        && there.topic.as_deref() == Some(new.saying.topic())
        && (waited || there.choice == serde_json::to_string(&choice).map_err(|e| Error::Internal(e.to_string()))?)
        && there.language == new.language
        && there.method == shown.method.as_str()
        && (&there.page, &there.variant) == (&shown.page, &shown.variant)
        && (new.assumed || site.asked(there.notice_id).is_some_and(|(number, _)| number == new.notice))
        && there.details.as_deref().is_some_and(|kept| is_same(kept, new));
    if !same {
        return Err(Error::Conflict);
    }
    let kid = receipt::kid_of(conn, &there)?;
    Ok(Recorded { receipt: receipt::of(&there, site, keys, &kid)?, person, consent: there, again: true })
}

/// Whether the details say what this event would say now. Its place in the sequence was given here, and who sends it again may do so under
/// another name.
fn is_same(kept: &str, new: &NewEvent) -> bool {
    let said = |text: &str| {
        let mut details = serde_json::from_str::<serde_json::Value>(text).ok()?;
        let fields = details.as_object_mut()?;
        fields.remove("actor");
        fields.remove("sequence");
        Some(details)
    };
    let made = details(new, 0).ok().and_then(|made| said(&made));
    made.is_some() && made == said(kept)
}

fn details(new: &NewEvent, sequence: i64) -> Result<String> {
    let (checked_at, reserved) = match new.saying {
        Saying::Reservation { checked_at, reserved } => (Some(checked_at), Some(reserved)),
        _ => (None, None),
    };
    let (actor, source, given_at) = (new.actor.as_str(), new.source.as_str(), new.given_at);
    let details = Details { actor, checked_at, given_at, reserved, sequence, source };
    serde_json::to_string(&details).map_err(|e| Error::Internal(e.to_string()))
}

/// The event that stands for the topic, and what it chose.
fn standing_of(state: &State, saying: &Saying) -> Option<(Uuid, Choice)> {
    let of = |granted: bool, consent: Uuid| Some((consent, only(saying.topic(), granted).ok()?));
    match saying {
        Saying::Channel { channel, .. } | Saying::Unconfirmed(channel) => {
            state.channels.get(channel).and_then(|s| of(s.said == Said::Granted, s.consent))
        }
        Saying::Adult(_) => state.adult.as_ref().and_then(|s| of(s.said == Said::Granted, s.consent)),
        Saying::Reservation { .. } => state.reservation.as_ref().and_then(|s| of(!s.reserved, s.consent)),
        Saying::Choice(_) => state.chosen.as_ref().map(|s| (s.consent, s.choice.clone())),
    }
}

/// What stands after the event. An answer that was given before the one that stands, as an import may bring it, changes nothing.
fn apply(state: &mut State, new: &NewEvent, waits: bool, now: i64) {
    let at = new.given_at.unwrap_or(now);
    let consent = new.id;
    let standing = |before: Option<&Standing>, said: Said| {
        if before.is_some_and(|before| before.at > at) {
            return before.cloned();
        }
        let said = match (before.map(|before| before.said), said) {
            (Some(Said::Granted | Said::Withdrawn), Said::Denied) => Said::Withdrawn,
            (_, said) => said,
        };
        let unbroken = before.filter(|before| before.said == said).map(|before| before.since);
        Some(Standing { said, at, since: unbroken.unwrap_or(at), consent, notice: new.notice })
    };
    match &new.saying {
        Saying::Channel { channel, .. } | Saying::Unconfirmed(channel) => {
            let said = match new.saying {
                _ if waits => Said::Pending,
                Saying::Channel { granted: false, .. } => Said::Denied,
                _ => Said::Granted,
            };
            let after = standing(state.channels.get(channel), said);
            state.channels.extend(after.map(|after| (*channel, after)));
        }
        Saying::Adult(adult) => {
            let said = if *adult { Said::Granted } else { Said::Denied };
            state.adult = standing(state.adult.as_ref(), said);
        }
        Saying::Reservation { checked_at, reserved } => {
            if state.reservation.as_ref().is_none_or(|before| before.checked_at <= *checked_at) {
                state.reservation = Some(Reservation { checked_at: *checked_at, reserved: *reserved, consent });
            }
        }
        Saying::Choice(choice) => {
            if state.chosen.as_ref().is_none_or(|before| before.at <= at) {
                let control = new.shown.as_ref().is_some_and(|shown| shown.signals.contains(&Signal::Gpc));
                state.chosen = Some(Chosen { choice: choice.clone(), at, consent, notice: new.notice, control });
            }
        }
    }
}
