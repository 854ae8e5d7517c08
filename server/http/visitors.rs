//! A visitor's own history, opened by the capability that came with a receipt.

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::http::problem::Problem;
use crate::http::{State, read, renewed};
use crate::ledger::{self, Kind};
use crate::receipt::{self, Receipt};
use crate::{erasure, visitor};

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

/// `DELETE /v1/sites/{site}/visitors/me`: deletes every answer, and says how many there were.
pub async fn erase(site: Path<String>, request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    let visitor = capable(&request, &state, &site.key)?;
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
