//! People: what a site's systems ask before they speak to somebody, and write down that somebody said.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::erasure;
use crate::error::{Error, Result};
use crate::http::letters::{self, Unsubscribe};
use crate::http::problem::Problem;
use crate::http::{BODY_LIMIT, LOOKUP_LIMIT, State, access, body, once, parse, read, renewed};
use crate::mail::Sent;
use crate::person::event::{self, Saying};
use crate::person::standing::State as Stands;
use crate::person::told::{Allowed, Whole, whole};
use crate::person::{self, Person, PersonId, Ref};
use crate::receipt::Receipt;
use crate::scope::Scope;
use crate::site::Site;

pub use crate::person::body::{Body, NewAdult, NewChoice, NewConsent, NewReservation};

/// Names that one lookup may hold.
const MOST: usize = 10_000;
/// Names of a lookup that cost as much as one request.
const FOR_ONE: usize = 100;

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
    Ok(HttpResponse::Ok().json(shown(&person, &site, &state, (state.now)())))
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
    payload: Payload,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    let caller = access::require(&request, &state, &site, Scope::PeopleRead).await?;
    let asked: Lookup = parse(&body(payload, LOOKUP_LIMIT).await?)?;
    if asked.refs.is_empty() || asked.refs.len() > MOST {
        return Err(Error::invalid("refs", format!("expected 1 to {MOST}")).into());
    }
    access::spend(&request, &state, &caller, (asked.refs.len() - 1) / FOR_ONE)?;
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

/// Whether the client made the id of an event.
#[derive(Deserialize)]
struct Identified {
    id: Option<Uuid>,
}

/// A person, and how mails to them are taken back.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    whole: Whole<'a>,
    /// The headers of mails to them, while a yes to e-mail stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    unsubscribe: Option<Unsubscribe>,
}

fn shown<'a>(person: &'a Person, site: &Site, state: &State, now: i64) -> Shown<'a> {
    Shown { whole: whole(person, site, now), unsubscribe: letters::unsubscribe_headers(state, site, person, now) }
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
    person: Shown<'a>,
}

/// Writes down what somebody said: 201 with the receipt and what is allowed now, once it is on disk; 200 when the same event comes again;
/// 409 when its id is taken.
pub async fn write<B: Body>(
    path: Path<(String, String)>,
    payload: Payload,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (site, named) = path.into_inner();
    let mut site = state.sites.find(&site)?;
    let caller = access::require(&request, &state, &site, Scope::PeopleWrite).await?;
    let named = Ref::parse(&named)?;
    let body = body(payload, BODY_LIMIT).await?;
    let mut event = parse::<B>(&body)?.event(&site, caller.actor);
    if let (Some(id), Identified { id: None }) = (once::id(&request), parse(&body)?) {
        event.id = id;
    }
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
        (Some(link), None) => {
            (Some(letters::hand_over(&state, &site, &written.person, id, language, link, now).await?), None)
        }
        (None, _) => (None, None),
    };
    Ok(response.json(Recorded {
        receipt: written.receipt,
        confirm_url,
        mail,
        person: shown(&written.person, &site, &state, now),
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
