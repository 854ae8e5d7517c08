//! Somebody is logged in on a page of the site: the site's own systems say so, and their answers there are theirs.

use std::sync::Arc;

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::error::Result;
use crate::http::problem::Problem;
use crate::http::{State, cors, language, parse, read, renewed, signals};
use crate::person::login::{self, Login, NewAnswer};
use crate::person::{self, Ref, event};
use crate::site::Site;
use crate::stats::Cell;

/// `POST /v1/sites/{site}/logins`: what the person chose, on whatever device, for a token that the site's own systems signed. It opens as
/// often as it is sent, until it ends.
pub async fn create(
    site: Path<String>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let mut site = state.sites.find(&site)?;
    cors::require(&site, request.headers())?;
    let new: Login = parse(&body)?;
    let now = (state.now)();
    let known = login::read(&new.token, &site, now);
    count(known.as_ref().map(|known| &known.named).ok(), &site, &request, &state)?;
    let known = known?;
    let (site_id, id) = (site.id, known.named.person(&state.keys, &site.key));
    let person = read(&state, move |conn| person::find(conn, site_id, id)).await?;
    let chosen = person.as_ref().and_then(|person| person.state.chosen.as_ref());
    if chosen.is_some_and(|chosen| chosen.notice > site.current) {
        site = renewed(&state, &site.key).await?;
    }
    let laws = &state.sites.jurisdictions;
    let (law, _) = site.law(laws, state.addresses.place(&request));
    let spoken = language(&site.languages, &site.default_language, new.language.as_deref(), &request);
    let stands = person.as_ref().map(|person| &person.state);
    Ok(HttpResponse::Ok().json(login::answer(&known, stands, &site, spoken, laws.law(law), &state.keys, now)?))
}

/// `POST /v1/sites/{site}/logins/consents`: an answer of theirs, of one and the same form and proof as a visitor's, and an event of the
/// person's. 201 once it is on disk; 200 when the same one comes again; 409 when its id is taken.
pub async fn answer(
    site: Path<String>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let mut site = state.sites.find(&site)?;
    cors::require(&site, request.headers())?;
    let new: NewAnswer = parse(&body)?;
    let now = (state.now)();
    let named = login::open(&new.session, &site, &state.keys, now);
    count(named.as_ref().ok(), &site, &request, &state)?;
    let named = named?;
    if new.notice > site.current {
        site = renewed(&state, &site.key).await?;
    }
    let laws = &state.sites.jurisdictions;
    let place = state.addresses.place(&request);
    let (law, found) = site.law(laws, place.clone());
    let event = new.event(&site, (laws.law(law).regime, found), &signals(&request))?;
    event.check(&site, now)?;
    let (keys, own) = (Arc::clone(&state.keys), Arc::clone(&site));
    let written =
        state.appender.record(move |conn, above| event::record(conn, above, &own, &keys, &named, &event, now)).await?;
    if written.again {
        state.metrics.repeated();
        return Ok(HttpResponse::Ok().json(written.receipt));
    }
    let consent = &written.consent;
    state.metrics.recorded(&site.key, &consent.action, &consent.method);
    state.counts.add(Cell::answered(&site, consent, place.as_ref().map(|(place, _)| place)));
    Ok(HttpResponse::Created().json(written.receipt))
}

/// A person's pages are counted together, and what names nobody counts against its sender: everybody in one office is not one person.
fn count(named: Option<&Ref>, site: &Site, request: &HttpRequest, state: &State) -> Result<()> {
    match named {
        Some(named) => state.logins.take(&named.person(&state.keys, &site.key), 1).map(drop),
        None => state.addresses.count(request).map(drop),
    }
}
