//! People: what a site's systems ask before they speak to somebody, and write down that somebody said.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::choice::{Answer, Choice};
use crate::day::DAY_MS;
use crate::erasure;
use crate::error::{Error, Result};
use crate::http::access;
use crate::http::letters::{self, Unsubscribe};
use crate::http::problem::Problem;
use crate::http::{State, parse, read, renewed};
use crate::mail::Sent;
use crate::person::event::{self, NewEvent, Saying};
use crate::person::standing::{self, Permission, Reservation, Standing, State as Stands};
use crate::person::{self, Channel, Person, PersonId, Ref};
use crate::receipt::Receipt;
use crate::scope::Scope;
use crate::site::Site;
use crate::whole::{perhaps, whole as whole_number};

/// Names that one lookup may hold.
const MOST: usize = 10_000;

#[derive(Serialize)]
struct Whole<'a> {
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
    /// The headers of mails to them, while a yes to e-mail stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    unsubscribe: Option<Unsubscribe>,
    updated_at: i64,
}

/// What may be done now, channel by channel and purpose by purpose.
#[derive(Serialize)]
struct Allowed {
    channels: BTreeMap<Channel, Permission>,
    purposes: BTreeMap<String, Permission>,
}

impl Allowed {
    fn of(state: &Stands, site: &Site, now: i64) -> Self {
        let rules = &site.people;
        let channels = Channel::ALL.map(|channel| (channel, standing::channel(state, channel, rules, now)));
        let asked = site.notices.get(&site.current);
        let remember_ms = asked.map_or(0, |asked| i64::from(asked.remember_days) * DAY_MS);
        let purposes = asked.into_iter().flat_map(|asked| &asked.purposes).map(|purpose| {
            (purpose.clone(), standing::purpose(state, purpose, rules, site.asks_since, remember_ms, now))
        });
        Self { channels: channels.into(), purposes: purposes.collect() }
    }
}

/// `GET /v1/sites/{site}/people/{ref}`: what may be done now, and the proof of it.
pub async fn show(
    path: Path<(String, String)>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (site, named) = path.into_inner();
    let site = state.sites.find(&site)?;
    access::require(&request, &state, &site, Scope::PeopleRead).await?;
    let id = Ref::parse(&named)?.person(&state.keys, &site.key);
    let site_id = site.id;
    let person = read(&state, move |conn| person::find(conn, site_id, id)).await?.ok_or(Error::UnknownPerson)?;
    Ok(HttpResponse::Ok().json(whole(&person, &site, &state, (state.now)())))
}

fn whole<'a>(person: &'a Person, site: &Site, state: &State, now: i64) -> Whole<'a> {
    Whole {
        person: person.id,
        r#ref: person.reference.as_deref(),
        kind: &person.kind,
        sequence: person.sequence,
        allowed: Allowed::of(&person.state, site, now),
        adult: person.state.adult.as_ref(),
        reservation: person.state.reservation.as_ref(),
        unsubscribe: letters::unsubscribe_headers(state, site, person, now),
        updated_at: person.updated_at,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lookup {
    refs: Vec<String>,
}

#[derive(Serialize)]
struct Found {
    people: Vec<Looked>,
}

#[derive(Serialize)]
struct Looked {
    /// As it was sent.
    r#ref: String,
    person: PersonId,
    #[serde(flatten)]
    allowed: Allowed,
}

/// `POST /v1/sites/{site}/people/lookup`: the same of up to 10,000, in the order in which they were named. Of whom nothing is known, nothing
/// is allowed.
pub async fn lookup(
    site: Path<String>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    access::require(&request, &state, &site, Scope::PeopleRead).await?;
    let asked: Lookup = parse(&body)?;
    if asked.refs.is_empty() || asked.refs.len() > MOST {
        return Err(Error::invalid("refs", format!("expected 1 to {MOST}")).into());
    }
    let mut named = Vec::with_capacity(asked.refs.len());
    for (i, text) in asked.refs.into_iter().enumerate() {
        let known = Ref::parse(&text).map_err(|e| match e {
            Error::Invalid { reason, .. } => Error::invalid(format!("refs.{i}"), reason),
            e => e,
        })?;
        named.push((text, known.person(&state.keys, &site.key)));
    }
    let ids: Vec<PersonId> = named.iter().map(|(_, id)| *id).collect();
    let site_id = site.id;
    let people = read(&state, move |conn| person::find_all(conn, site_id, &ids)).await?;
    let people: HashMap<PersonId, Person> = people.into_iter().map(|person| (person.id, person)).collect();
    let (now, nothing) = ((state.now)(), Stands::default());
    let looked = named.into_iter().map(|(text, id)| {
        let stands = people.get(&id).map_or(&nothing, |person| &person.state);
        Looked { r#ref: text, person: id, allowed: Allowed::of(stands, &site, now) }
    });
    Ok(HttpResponse::Ok().json(Found { people: looked.collect() }))
}

/// The body of a request that writes an event down.
pub trait Body: DeserializeOwned {
    /// The event that it is, of a site as it asks now.
    fn event(self, site: &Site, actor: String) -> NewEvent;
}

/// `POST …/people/{ref}/consents`: a yes or a no to one channel.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    id: Option<Uuid>,
    channel: Channel,
    answer: Answer,
    source: String,
    #[serde(default, deserialize_with = "perhaps")]
    notice: Option<i32>,
    language: Option<String>,
    #[serde(default, deserialize_with = "perhaps")]
    given_at: Option<i64>,
}

impl Body for NewConsent {
    fn event(self, site: &Site, actor: String) -> NewEvent {
        let granted = self.answer == Answer::Granted;
        let saying = match self.channel {
            Channel::Email if granted && site.people.double_opt_in => Saying::Unconfirmed(Channel::Email),
            channel => Saying::Channel { channel, granted },
        };
        let notice = self.notice.unwrap_or(site.current);
        let plain = plain(site, self.id, saying, actor, self.source);
        NewEvent { notice, language: self.language, given_at: self.given_at, ..plain }
    }
}

/// `POST …/people/{ref}/adult`: whether they said that they are 18 or over.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAdult {
    id: Option<Uuid>,
    adult: bool,
    source: String,
}

impl Body for NewAdult {
    fn event(self, site: &Site, actor: String) -> NewEvent {
        plain(site, self.id, Saying::Adult(self.adult), actor, self.source)
    }
}

/// `POST …/people/{ref}/reservation`: what the register of reservations against telephone sales said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewReservation {
    id: Option<Uuid>,
    #[serde(deserialize_with = "whole_number")]
    checked_at: i64,
    reserved: bool,
    source: String,
}

impl Body for NewReservation {
    fn event(self, site: &Site, actor: String) -> NewEvent {
        let saying = Saying::Reservation { checked_at: self.checked_at, reserved: self.reserved };
        plain(site, self.id, saying, actor, self.source)
    }
}

/// `POST …/people/{ref}/choice`: their own choice of purposes, complete.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewChoice {
    id: Option<Uuid>,
    choice: Choice,
    #[serde(deserialize_with = "whole_number")]
    notice: i32,
    language: Option<String>,
    source: String,
}

impl Body for NewChoice {
    fn event(self, site: &Site, actor: String) -> NewEvent {
        let plain = plain(site, self.id, Saying::Choice(self.choice), actor, self.source);
        NewEvent { notice: self.notice, language: self.language, ..plain }
    }
}

/// An event that says only this.
fn plain(site: &Site, id: Option<Uuid>, saying: Saying, actor: String, source: String) -> NewEvent {
    let id = id.unwrap_or_else(Uuid::now_v7);
    NewEvent { id, saying, actor, source, notice: site.current, language: None, given_at: None }
}

#[derive(Serialize)]
struct Recorded<'a> {
    receipt: Receipt,
    /// Where the person confirms a yes that waits; for them alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_url: Option<String>,
    /// Whether the link was mailed to them from here; then it stands in their mailbox alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<Sent>,
    #[serde(flatten)]
    person: Whole<'a>,
}

/// Writes down what somebody said: 201 with the receipt and what is allowed now, once it is on disk; 200 when the same event comes again;
/// 409 when its id is taken.
pub async fn write<B: Body>(
    path: Path<(String, String)>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (site, named) = path.into_inner();
    let mut site = state.sites.find(&site)?;
    let caller = access::require(&request, &state, &site, Scope::PeopleWrite).await?;
    let named = Ref::parse(&named)?;
    let event = parse::<B>(&body)?.event(&site, caller.actor);
    if event.notice > site.current {
        site = renewed(&state, &site.key).await?;
    }
    let now = (state.now)();
    event.check(&site, now)?;
    if matches!(event.saying, Saying::Unconfirmed(_)) && state.public_url.is_none() {
        return Err(Error::NoPublicUrl.into());
    }
    let (id, language) = (event.id, event.language.clone());
    let address = named.address().filter(|_| state.mailer.is_some()).map(str::to_owned);
    let (keys, own) = (Arc::clone(&state.keys), Arc::clone(&site));
    let written =
        state.appender.record(move |conn, above| event::record(conn, above, &own, &keys, &named, &event, now)).await?;
    let mut response = if written.again { HttpResponse::Ok() } else { HttpResponse::Created() };
    let link = letters::confirm_url(&state, &site, &written.person, id, language.as_deref(), now);
    let (confirm_url, mail) = match (link, address) {
        (Some(link), Some(to)) => (None, Some(letters::mail(&state, &site, to, language, link).await)),
        (link, _) => (link.map(|(link, _)| link), None),
    };
    Ok(response.json(Recorded {
        receipt: written.receipt,
        confirm_url,
        mail,
        person: whole(&written.person, &site, &state, now),
    }))
}

/// `POST /v1/sites/{site}/people/{ref}/links`: a link to the page where somebody sees and changes all that is kept of them here.
pub async fn link(
    path: Path<(String, String)>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (site, named) = path.into_inner();
    let site = state.sites.find(&site)?;
    access::require(&request, &state, &site, Scope::PeopleWrite).await?;
    let id = Ref::parse(&named)?.person(&state.keys, &site.key);
    let site_id = site.id;
    let person = read(&state, move |conn| person::find(conn, site_id, id)).await?.ok_or(Error::UnknownPerson)?;
    Ok(HttpResponse::Created().json(letters::preferences_link(&state, &site, &person, (state.now)())?))
}

/// `DELETE /v1/sites/{site}/people/{ref}`: forgets them, and says how many events there were.
pub async fn erase(
    path: Path<(String, String)>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Erased {
        erased: usize,
    }
    let (site, named) = path.into_inner();
    let site = state.sites.find(&site)?;
    access::require(&request, &state, &site, Scope::Erase).await?;
    let id = Ref::parse(&named)?.person(&state.keys, &site.key);
    let (site_id, now) = (site.id, (state.now)());
    let erased = state.appender.erase(move |conn| erasure::person(conn, site_id, id, now)).await?;
    Ok(HttpResponse::Ok().json(Erased { erased }))
}
