//! Consents come in here.

use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use crate::append::Appended;
use crate::consent::{self, Consent, NewConsent};
use crate::error::{Error, Result};
use crate::http::problem::Problem;
use crate::http::{State, cors, parse, read, renewed, signals};
use crate::jurisdiction::Law;
use crate::receipt::Receipt;
use crate::site::Site;
use crate::stats::Cell;
use crate::{cookie, keys, receipt};

/// `POST /v1/sites/{site}/consents`. JSON under any content type: a page sends it as `text/plain`, which needs no preflight.
/// 201 with the receipt once it is on disk; 200 with the same receipt when the same answer comes again; 409 when the id is taken.
/// Both come with the choice cookie, where it can be set.
pub async fn create(
    site: Path<String>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let mut site = state.sites.find(&site)?;
    cors::require(&site, request.headers())?;
    state.addresses.count(&request)?;
    let new: NewConsent = parse(&body)?;
    if new.notice > site.current {
        site = renewed(&state, &site.key).await?;
    }
    // Only a change of mind waits for a reading: what it amounts to depends on what was said before.
    let before = match new.previous {
        Some(previous) => read(&state, move |conn| Ok(consent::find(conn, previous)?)).await?,
        None => None,
    };
    let laws = &state.sites.jurisdictions;
    let place = state.addresses.place(&request);
    let (law, found) = site.law(laws, place.clone());
    let law = laws.law(law);
    let salt = keys::random().map_err(Error::Internal)?;
    let mut consent =
        Consent::new(&new, &site, (law.regime, found), &signals(&request), before.as_ref(), (state.now)(), salt)?;
    let receipt = receipt::sign(&mut consent, &site, &state.keys)?;
    match state.appender.append(consent).await? {
        Appended::New(consent) => {
            state.metrics.recorded(&site.key, &consent.action, &consent.method);
            state.counts.add(Cell::answered(&site, &consent, place.as_ref().map(|(place, _)| place)));
            Ok(recorded(HttpResponse::Created(), &receipt, &consent, &site, law, request.headers(), (state.now)())?)
        }
        Appended::Again(consent, kid) => {
            state.metrics.repeated();
            let receipt = receipt::of(&consent, &site, &state.keys, &kid)?;
            Ok(recorded(HttpResponse::Ok(), &receipt, &consent, &site, law, request.headers(), (state.now)())?)
        }
    }
}

fn recorded(
    mut response: HttpResponseBuilder,
    receipt: &Receipt,
    consent: &Consent,
    site: &Site,
    law: &Law,
    asked: &HeaderMap,
    now: i64,
) -> Result<HttpResponse> {
    if let Some(domain) = cors::cookie_domain(site, asked).filter(|_| !is_overtaken(consent, site, asked)) {
        let secure = asked.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https:"));
        if let Some(cookie) = cookie::of(consent, site, law, domain, secure, now)? {
            response.insert_header((header::SET_COOKIE, cookie));
        }
    }
    Ok(response.json(receipt))
}

/// Whether the browser holds a later answer: one that comes again must not take the place of its copy. Ids are in order of time.
fn is_overtaken(consent: &Consent, site: &Site, asked: &HeaderMap) -> bool {
    let names = [cookie::name(&site.key), cookie::copy(&site.key)];
    let pairs =
        asked.get_all(header::COOKIE).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let held = pairs.filter_map(|pair| pair.trim().split_once('='));
    held.filter(|(name, _)| names.iter().any(|known| known == name))
        .filter_map(|(_, value)| cookie::consent_in(value))
        .any(|held| held.as_bytes().as_slice() > consent.id.as_slice())
}
