//! What the page loads: the site's script and the panel, from memory, in the encoding the browser takes.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, Header, Preference};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::banner::{self, Asset};
use crate::http::fresh::is_fresh;
use crate::http::problem::{Code, Problem};
use crate::http::{State, read};
use crate::scripts;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
/// What is named by its hash never changes.
pub const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// `GET /v1/sites/{site}/banner.js`. An unknown site is a 404, which no browser runs: whatever waits for it stays held.
pub async fn script(site: Path<String>, request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    // Five minutes, so that a new notice is asked for soon; the old script serves while the new one is fetched.
    Ok(loadable(&site.script, &request, "public, max-age=300, stale-while-revalidate=600"))
}

/// `GET /v1/sites/{site}/banner.{hash}.js`: this script of the site, for pages that name the one they mean.
pub async fn pinned(
    path: Path<(String, String)>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (site, hash) = path.into_inner();
    let site = state.sites.find(&site)?;
    if hash == site.script.hash {
        return Ok(loadable(&site.script, &request, FOR_EVER));
    }
    Ok(loadable(&*older(&state, Some(site.id), hash).await?, &request, FOR_EVER))
}

/// `GET /v1/{module}.{hash}.js`: the panel and whatever else a script loads later. An older script asks for those that it knows.
pub async fn module(
    path: Path<(String, String)>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (name, hash) = path.into_inner();
    let current = banner::modules().get(&*name).ok_or(Code::NotFound)?;
    if hash == current.hash {
        return Ok(loadable(current, &request, FOR_EVER));
    }
    Ok(loadable(&*older(&state, None, hash).await?, &request, FOR_EVER))
}

/// A script that was served before, or by another server.
async fn older(state: &Data<State>, site: Option<i32>, hash: String) -> Result<Arc<Asset>, Problem> {
    if let Some(held) = state.older.get(site, &hash) {
        return Ok(held);
    }
    if !scripts::is_hash(&hash) {
        return Err(Code::NotFound.into());
    }
    let found = read(state, move |conn| scripts::find(conn, site, &hash)).await?;
    Ok(state.older.put(site, found.ok_or(Code::NotFound)?))
}

/// A script that any page may load.
fn loadable(asset: &Asset, request: &HttpRequest, cache: &'static str) -> HttpResponse {
    let mut response = encoded(asset, request, JAVASCRIPT, cache);
    let any = header::HeaderValue::from_static("*");
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    let any = header::HeaderValue::from_static("cross-origin");
    response.headers_mut().insert(header::CROSS_ORIGIN_RESOURCE_POLICY, any);
    response
}

/// An asset with its strong ETag, or 304 when the browser has it already. Each encoding has a tag of its own (RFC 9110, 8.8.3).
pub fn encoded(asset: &Asset, request: &HttpRequest, content_type: &str, cache: &'static str) -> HttpResponse {
    let accepted = AcceptEncoding::parse(request).ok();
    let (body, encoding) = asset.encoded(|name| accepted.as_ref().is_some_and(|accepted| takes(accepted, name)));
    let tag = format!("\"{}{}\"", asset.hash, encoding.map(|name| format!("-{name}")).unwrap_or_default());
    let status = if is_fresh(request, &tag) { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, cache))
        .insert_header((header::VARY, "Accept-Encoding"));
    if status == StatusCode::NOT_MODIFIED {
        return response.finish();
    }
    if let Some(name) = encoding {
        response.insert_header((header::CONTENT_ENCODING, name));
    }
    response.content_type(content_type).body(body.clone())
}

/// Whether a client said that it takes an encoding; one that says nothing gets none.
fn takes(accepted: &AcceptEncoding, name: &str) -> bool {
    let wanted = match name {
        "br" => ContentEncoding::Brotli,
        _ => ContentEncoding::Gzip,
    };
    let zero = header::Quality::ZERO;
    let named = accepted.iter().find(|item| item.item == Preference::Specific(Encoding::Known(wanted)));
    let any = || accepted.iter().find(|item| item.item == Preference::Any);
    named.or_else(any).is_some_and(|item| item.quality > zero)
}
