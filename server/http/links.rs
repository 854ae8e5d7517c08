//! The two ends of a link that carries a choice to another origin of the site.

use std::sync::Arc;

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::error::Result;
use crate::http::problem::Problem;
use crate::http::{State, cors, parse, read, renewed};
use crate::link::{self, Arrival, NewLink};
use crate::site::Site;

/// `POST /v1/sites/{site}/links`: a token for the page that is gone to.
pub async fn create(
    site: Path<String>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (site, origin) = admitted(&site, &request, &state)?;
    let new: NewLink = parse(&body)?;
    new.check(&site, &origin)?;
    let (keys, now) = (Arc::clone(&state.keys), (state.now)());
    let link = read(&state, move |conn| new.make(conn, &site, &keys, now)).await?;
    Ok(HttpResponse::Created().json(link))
}

/// `POST /v1/sites/{site}/links/redeem`: the choice that a token carries. It opens as often as it is asked within its minute, and no
/// more once the visitor has answered anew.
pub async fn redeem(
    site: Path<String>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (mut site, origin) = admitted(&site, &request, &state)?;
    let Arrival { token } = parse(&body)?;
    let (known, keys, now) = (Arc::clone(&site), Arc::clone(&state.keys), (state.now)());
    let consent = read(&state, move |conn| link::open(&token, &origin, &known, &keys, now, conn)).await?;
    if site.asked(consent.notice_id).is_none() {
        site = renewed(&state, &site.key).await?;
    }
    let laws = &state.sites.jurisdictions;
    let (law, _) = site.law(laws, state.addresses.place(&request));
    Ok(HttpResponse::Ok().json(link::carried(&consent, &site, laws.law(law))?))
}

/// The site and the origin that asks, when it takes part and does not ask too often.
fn admitted(site: &str, request: &HttpRequest, state: &State) -> Result<(Arc<Site>, String)> {
    let site = state.sites.find(site)?;
    let origin = cors::require(&site, request.headers())?.to_owned();
    link::takes_part(&site, &origin)?;
    state.addresses.count(request)?;
    Ok((site, origin))
}
