//! What the panel shows, and what it ever showed.

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::hash::hex;
use crate::http::banner::{FOR_EVER, encoded};
use crate::http::problem::{Code, Problem};
use crate::http::{State, language, read, signals};
use crate::notice::{self, Brief};
use crate::shown::Wanted;
use crate::stats::Cell;

#[derive(Deserialize)]
pub struct Wish {
    lang: Option<String>,
    layer: Option<String>,
    variant: Option<String>,
}

/// `GET /v1/sites/{site}/notice?lang=&layer=&variant=`: in the best of the asked language, `Accept-Language` and the site's default,
/// with the law that holds where the visitor is. `layer=1` is what the question needs, and is counted: unless a signal answers it,
/// and where a variant is not named but drawn, it is about to be seen. Anything else is the whole.
/// The answer depends on who asks, so no one else's cache may keep it.
pub async fn show(
    site: Path<String>,
    wish: Query<Wish>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    let language = language(&site.languages, &site.default_language, wish.lang.as_deref(), &request);
    let laws = &state.sites.jurisdictions;
    let place = state.addresses.place(&request);
    let (law, _) = site.law(laws, place.clone());
    let variant = match &wish.variant {
        Some(id) => site.shown.named(id)?,
        None => site.shown.drawn(state.percent),
    };
    let wanted = Wanted { language, first: wish.layer.as_deref() == Some("1"), variant, now: (state.now)() };
    let shown = site.shown.body(wanted, law, laws.law(law))?;
    let asked = wanted.first && wish.variant.is_none() && request.method() == Method::GET;
    if asked && !site.shown.settled(laws.law(law), &signals(&request)) {
        let form = site.shown.name(variant).unwrap_or_default();
        state.counts.add(Cell::shown(&site, form, language, place.as_ref().map(|(place, _)| place), wanted.now));
    }
    let mut response = encoded(shown, &request, "application/json", "private, no-cache");
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Language"));
    if let Ok(language) = HeaderValue::from_str(language) {
        response.headers_mut().insert(header::CONTENT_LANGUAGE, language);
    }
    Ok(response)
}

#[derive(Serialize)]
struct All {
    notices: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    number: i32,
    /// SHA-256 of the notice's bytes, in hex, as records name it.
    hash: String,
    published_at: i64,
    /// The oldest notice whose answers cover all that this one asks for.
    asks_since: i32,
}

/// `GET /v1/sites/{site}/notices`: every notice that the site has published, oldest first.
pub async fn list(site: Path<String>, state: Data<State>) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    let all = read(&state, move |conn| Ok(notice::briefly(conn, site.id)?)).await?;
    let notices = all.into_iter().map(|Brief { number, hash, published_at, asks_since }| Entry {
        number,
        hash: hex(&hash),
        published_at,
        asks_since,
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .json(All { notices: notices.collect() }))
}

/// `GET /v1/sites/{site}/notices/{number}`: the very bytes that were hashed, so that anybody can see what an answer was given to.
pub async fn one(path: Path<(String, String)>, state: Data<State>) -> Result<HttpResponse, Problem> {
    let (site, number) = path.into_inner();
    let site = state.sites.find(&site)?;
    let number = number.parse().map_err(|_| Code::NotFound)?;
    let found = read(&state, move |conn| notice::numbered(conn, site.id, number)).await;
    let notice = found.map_err(|e| match e {
        Error::UnknownNotice(_) => Code::NotFound.into(),
        e => Problem::from(e),
    })?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, FOR_EVER))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .content_type("application/json")
        .body(notice.content))
}
