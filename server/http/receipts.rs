//! The receipt of an answer, for a page that knows it from the choice cookie.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use uuid::Uuid;

use crate::http::problem::{Code, Problem};
use crate::http::{State, cors, parse, read, renewed};
use crate::{receipt, visitor};

/// Both ids are random and stand nowhere but in the visitor's own cookie and receipt: who knows them is the visitor.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    visitor: Uuid,
    consent: Uuid,
}

/// `POST /v1/sites/{site}/receipts`: what was answered when the consent was recorded. JSON under any content type, as with consents.
/// The ids come in the body, since an address ends up in logs.
pub async fn show(
    site: Path<String>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let mut site = state.sites.find(&site)?;
    cors::require(&site, request.headers())?;
    state.addresses.count(&request)?;
    let asked: Asked = parse(&body)?;
    let id = site.id;
    let found = read(&state, move |conn| Ok(visitor::answer(conn, id, asked.visitor, asked.consent)?)).await?;
    let (consent, kid) = found.ok_or(Code::NotFound)?;
    if site.asked(consent.notice_id).is_none() {
        site = renewed(&state, &site.key).await?;
    }
    Ok(HttpResponse::Ok().json(receipt::of(&consent, &site, &state.keys, &kid)?))
}
