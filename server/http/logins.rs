//! Somebody is logged in on a page of the site: the site's own systems say so, and their answers there are theirs.

use std::sync::Arc;

use actix_web::web::{Bytes, Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::error::Result;
use crate::http::problem::Problem;
use crate::http::{BODY_LIMIT, State, access, body, cors, language, parse, read, renewed, signals};
use crate::person::login::{self, Known, Login, NewAnswer, NewLogin, Pass};
use crate::person::{self, Ref, event};
use crate::scope::Scope;
use crate::site::Site;
use crate::stats::Cell;

/// `POST /v1/sites/{site}/people/{ref}/logins`: a token for the page that somebody who is logged in is going to see. Nothing is written
/// down about them by that.
pub async fn token(
    path: Path<(String, String)>,
    payload: Payload,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Made {
        token: String,
        expires_in: u32,
    }
    let (site, named) = path.into_inner();
    let site = state.sites.find(&site)?;
    access::require(&request, &state, &site, Scope::PeopleWrite).await?;
    let named = Ref::parse(&named)?;
    let body = body(payload, BODY_LIMIT).await?;
    let NewLogin { entered } = if body.is_empty() { NewLogin::default() } else { parse(&body)? };
    let token = login::write(Pass::Token, &named, entered, &site, &state.keys, (state.now)())?;
    Ok(HttpResponse::Created().json(Made { token, expires_in: Pass::Token.seconds() }))
}

/// `POST /v1/sites/{site}/logins`: what the person chose, on whatever device, for a token, which opens as often as it is asked within its two
/// minutes.
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
    let known = known(Pass::Token, &new.token, &site, &request, &state)?;
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
    let known = known(Pass::Session, &new.session, &site, &request, &state)?;
    if new.notice > site.current {
        site = renewed(&state, &site.key).await?;
    }
    let laws = &state.sites.jurisdictions;
    let place = state.addresses.place(&request);
    let (law, found) = site.law(laws, place.clone());
    let event = new.event(&site, (laws.law(law).regime, found), &signals(&request))?;
    event.check(&site, now)?;
    let (keys, own) = (Arc::clone(&state.keys), Arc::clone(&site));
    let written = state
        .appender
        .record(move |conn, above| event::record(conn, above, &own, &keys, &known.named, &event, now))
        .await?;
    if written.again {
        state.metrics.repeated();
        return Ok(HttpResponse::Ok().json(written.receipt));
    }
    let consent = &written.consent;
    state.metrics.recorded(&site.key, &consent.action, &consent.method);
    state.counts.add(Cell::answered(&site, consent, place.as_ref().map(|(place, _)| place)));
    Ok(HttpResponse::Created().json(written.receipt))
}

/// Whom a text names. Their pages are counted together, and what names nobody counts against its sender: everybody in one office is not one
/// person.
fn known(pass: Pass, text: &str, site: &Site, request: &HttpRequest, state: &State) -> Result<Known> {
    match login::open(pass, text, site, &state.keys, (state.now)()) {
        Ok(known) => {
            state.logins.take(&known.named.person(&state.keys, &site.key), 1)?;
            Ok(known)
        }
        Err(refused) => {
            state.addresses.count(request)?;
            Err(refused)
        }
    }
}
