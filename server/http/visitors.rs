//! A visitor's own history, opened by the capability that came with a receipt; and what the site's own systems are told of a visitor.

use actix_web::http::header;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::erasure;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::export::{self, Form};
use crate::http::problem::{Code, Problem};
use crate::http::{State, access, read, renewed};
use crate::ledger::{self, Kind};
use crate::receipt::{self, Receipt};
use crate::scope::Scope;
use crate::visitor::{self, Current};

/// The answers that the site's systems are told of a visitor.
const MOST: usize = 500;

#[derive(Serialize)]
struct History {
    consents: Vec<Receipt>,
}

#[derive(Serialize)]
struct Erased {
    erased: usize,
}

/// `GET /v1/sites/{site}/visitors/me`: every answer with its receipt, oldest first.
pub async fn show(site: Path<String>, request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    let mut site = state.sites.find(&site)?;
    let visitor = capable(&request, &state, &site.key)?;
    let id = site.id;
    let rows = read(&state, move |conn| {
        let rows = visitor::history(conn, id, visitor)?.into_iter();
        let with_leaf = rows.map(|(seq, consent, kid)| Ok((ledger::leaf_of(conn, Kind::Consent, seq)?, consent, kid)));
        with_leaf.collect::<Result<Vec<_>>>()
    })
    .await?;
    if !rows.iter().all(|(_, consent, _)| site.asked(consent.notice_id).is_some()) {
        site = renewed(&state, &site.key).await?;
    }
    let receipts = rows.iter().map(|(leaf, consent, kid)| {
        let mut receipt = receipt::of(consent, &site, &state.keys, kid)?;
        receipt.leaf = *leaf;
        Ok(receipt)
    });
    Ok(HttpResponse::Ok().json(History { consents: receipts.collect::<Result<_>>()? }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    form: Form,
}

/// `GET /v1/sites/{site}/visitors/me/receipts/{id}?form=`: one of the visitor's receipts in a standard form.
pub async fn export(
    path: Path<(String, Uuid)>,
    wish: Query<Wish>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (site, id) = path.into_inner();
    let site = state.sites.find(&site)?;
    let visitor = capable(&request, &state, &site.key)?;
    let (site_id, form) = (site.id, wish.form);
    let receipt =
        read(&state, move |conn| export::of(conn, id, Some((site_id, visitor)), form)).await?.ok_or(Code::NotFound)?;
    let content_type = match form {
        Form::Iso27560 => "application/ld+json",
        Form::Kantara => "application/json",
    };
    Ok(HttpResponse::Ok().content_type(content_type).body(receipt.to_string()))
}

/// `DELETE /v1/sites/{site}/visitors/me`: deletes every answer, and says how many there were.
pub async fn erase(site: Path<String>, request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    let visitor = capable(&request, &state, &site.key)?;
    let (id, now) = (site.id, (state.now)());
    let erased = state.appender.erase(move |conn| erasure::visitor(conn, id, visitor, now)).await?;
    Ok(HttpResponse::Ok().json(Erased { erased }))
}

#[derive(Serialize)]
struct Known {
    visitor: Uuid,
    current: Current,
    /// Oldest first.
    history: Vec<Event>,
    /// Whether there are older answers.
    more: bool,
}

/// `GET /v1/sites/{site}/visitors/{id}`: what stands, and all that a visitor answered, for the site's own systems.
pub async fn known(
    path: Path<(String, Uuid)>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (site, visitor) = path.into_inner();
    let mut site = state.sites.find(&site)?;
    access::require(&request, &state, &site, Scope::ConsentsRead).await?;
    let id = site.id;
    let mut rows = read(&state, move |conn| Ok(visitor::newest(conn, id, visitor, MOST + 1)?)).await?;
    if !rows.iter().all(|(consent, _)| site.asked(consent.notice_id).is_some()) {
        site = renewed(&state, &site.key).await?;
    }
    let more = rows.len() > MOST;
    rows.truncate(MOST);
    let (last, _) = rows.first().ok_or(Error::UnknownVisitor)?;
    let current = Current::of(last, &site, &state.sites.jurisdictions, (state.now)())?;
    let history = rows.into_iter().rev().map(|(consent, leaf)| visitor::event(consent, &site, leaf));
    let history = history.collect::<Result<_>>()?;
    Ok(HttpResponse::Ok().json(Known { visitor, current, history, more }))
}

/// `DELETE /v1/sites/{site}/visitors/{id}`: forgets a visitor who asked the site for it, and says how many answers there were.
pub async fn forget(
    path: Path<(String, Uuid)>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (site, visitor) = path.into_inner();
    let site = state.sites.find(&site)?;
    access::require(&request, &state, &site, Scope::Erase).await?;
    let (id, now) = (site.id, (state.now)());
    let erased = state.appender.erase(move |conn| erasure::visitor(conn, id, visitor, now)).await?;
    Ok(HttpResponse::Ok().json(Erased { erased }))
}

/// The visitor whose capability the request carries (RFC 6750, 2.1).
fn capable(request: &HttpRequest, state: &State, site: &str) -> Result<Uuid> {
    let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, capability) = value.and_then(|value| value.split_once(' ')).ok_or(Error::NoCapability)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Error::NoCapability);
    }
    state.keys.visitor(site, capability.trim())
}
