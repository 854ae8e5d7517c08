//! The people of a site, in the order in which they came: whom it may mail, text or call, and whom not. What is allowed is asked of
//! `standing::channel`, as for one person, and of nothing else.

use std::sync::Arc;

use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::list::{How, Key, List, raw, time, word};
use crate::person::standing::{self, Said};
use crate::person::told::whole;
use crate::person::{self, Channel, Person};
use crate::scope::Scope;
use crate::site::Site;

/// Which people, as it is asked for. Times are on the wire alone: the command line has days.
#[derive(Args, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// A channel by which they may be reached: email, sms, phone
    #[arg(long)]
    channel: Option<String>,
    /// Whether they may be reached by it: true, or false for those who may not [default: true]
    #[arg(long, requires = "channel")]
    allowed: Option<String>,
    /// Whether they said that they are 18 or over: true, false, or unknown
    #[arg(long)]
    adult: Option<String>,
    /// How the site named them first: id, email, phone
    #[arg(long)]
    kind: Option<String>,
    #[arg(skip)]
    pub updated_after: Option<String>,
    #[arg(skip)]
    pub updated_before: Option<String>,
    #[arg(skip)]
    limit: Option<String>,
    #[arg(skip)]
    after: Option<String>,
    #[arg(skip)]
    format: Option<String>,
}

/// The people of one site who are wished for.
pub struct People {
    site: Arc<Site>,
    /// May be reached by it, or may not.
    channel: Option<(Channel, bool)>,
    /// As the wish has it: true, false, or unknown.
    adult: Option<&'static str>,
    kind: Option<&'static str>,
    updated_after: Option<i64>,
    updated_before: Option<i64>,
}

impl super::Wish for Wish {
    const SCOPE: Scope = Scope::PeopleRead;
    type List = People;

    fn list(&self, site: Arc<Site>) -> Result<People> {
        let channels = Channel::ALL.map(|channel| (channel.as_str(), channel));
        let channel = word("channel", self.channel.as_deref(), &channels)?;
        let allowed = word("allowed", self.allowed.as_deref(), &[("true", true), ("false", false)])?;
        if channel.is_none() && allowed.is_some() {
            return Err(Error::invalid("allowed", "goes with a channel"));
        }
        Ok(People {
            site,
            channel: channel.map(|channel| (channel, allowed.unwrap_or(true))),
            adult: word("adult", self.adult.as_deref(), &["true", "false", "unknown"].map(|said| (said, said)))?,
            kind: word("kind", self.kind.as_deref(), &["id", "email", "phone"].map(|kind| (kind, kind)))?,
            updated_after: time("updated_after", self.updated_after.as_deref())?,
            updated_before: time("updated_before", self.updated_before.as_deref())?,
        })
    }

    fn how(&self) -> How<'_> {
        How { limit: self.limit.as_deref(), after: self.after.as_deref(), format: self.format.as_deref() }
    }
}

impl List for People {
    const NAME: &'static str = "people";
    type Row = Person;

    fn piece(&mut self, conn: &mut Conn, after: Key, most: usize) -> Result<Vec<(Key, Person)>> {
        let people = person::after(conn, self.site.id, after.1, most)?;
        Ok(people.into_iter().map(|person| (Key(0, person.row), person)).collect())
    }

    fn keeps(&self, person: &Person, now: i64) -> bool {
        let state = &person.state;
        let adult = match state.adult.as_ref().map(|standing| standing.said) {
            Some(Said::Granted) => "true",
            Some(_) => "false",
            None => "unknown",
        };
        let reached = |(channel, allowed)| standing::channel(state, channel, &self.site.people, now).allowed == allowed;
        self.channel.is_none_or(reached)
            && self.adult.is_none_or(|wished| wished == adult)
            && self.kind.is_none_or(|kind| person.kind == kind)
            && self.updated_after.is_none_or(|time| person.updated_at > time)
            && self.updated_before.is_none_or(|time| person.updated_at < time)
    }

    fn tell(&self, person: &Person, now: i64) -> Result<Box<RawValue>> {
        raw(&whole(person, &self.site, now))
    }

    fn columns(&self) -> Vec<String> {
        let purposes = self.site.notices.get(&self.site.current).into_iter().flat_map(|asked| &asked.purposes);
        let permissions = Channel::ALL.iter().map(|channel| format!("channels.{}", channel.as_str()));
        let permissions = permissions.chain(purposes.map(|purpose| format!("purposes.{purpose}")));
        let of = |permission: String| {
            ["allowed", "reason", "since", "until", "receipt"].map(|part| format!("{permission}.{part}"))
        };
        let first = ["person", "ref", "kind", "sequence", "updated_at"].map(str::to_owned);
        let last = ["adult.said", "adult.at", "reservation.checked_at", "reservation.reserved"].map(str::to_owned);
        first.into_iter().chain(permissions.flat_map(of)).chain(last).collect()
    }
}
