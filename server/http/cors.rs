//! Which pages may read an answer: those of the site's own origins, and nobody else's.

use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpResponse, Route, web};

use crate::error::{Error, Result};
use crate::http::State;
use crate::site::Site;

/// Adds the headers to the answer of any route of a site, problems included, so that a page can read what is wrong.
pub fn allow<B>(state: &State, response: &mut ServiceResponse<B>) {
    let request = response.request().clone();
    let Some(site) = request.match_info().get("site") else { return };
    if response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    let allowed = origin(request.headers()).filter(|origin| {
        let site = state.sites.find(site);
        site.is_ok_and(|site| origin.to_str().is_ok_and(|origin| site.allows(origin)))
    });
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
    }
}

/// The answer to a browser that asks first. Whether it may is told by `allow`.
pub fn preflight() -> Route {
    web::method(Method::OPTIONS).to(|| async {
        HttpResponse::NoContent()
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
            .finish()
    })
}

/// Refuses what does not come from a page of the site: another origin, several, or none at all.
pub fn require(site: &Site, headers: &HeaderMap) -> Result<()> {
    let refused = |reason: &str| Err(Error::ForeignOrigin(reason.to_owned()));
    match origin(headers) {
        None => refused("the request does not say which page it comes from: it has no Origin, or several"),
        Some(origin) if origin.to_str().is_ok_and(|origin| site.allows(origin)) => Ok(()),
        Some(_) => refused("the request comes from a page of another origin"),
    }
}

/// The one Origin of a request.
fn origin(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut origins = headers.get_all(header::ORIGIN);
    origins.next().filter(|_| origins.next().is_none())
}
