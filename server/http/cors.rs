//! Which pages may read an answer: those of the site's own origins, and nobody else's. With cookies: those that share a domain with
//! the service.

use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpResponse, Route, web};

use crate::domain;
use crate::error::{Error, Result};
use crate::http::{Pattern, State};
use crate::site::Site;

/// Adds the headers to the answer of any route of a site, problems included, so that a page can read what is wrong.
pub fn allow<B>(state: &State, response: &mut ServiceResponse<B>) {
    let request = response.request().clone();
    let Some(site) = request.match_info().get("site") else { return };
    let site = state.sites.find(site).ok();
    if response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    let allowed = origin(request.headers())
        .filter(|origin| site.as_ref().is_some_and(|site| origin.to_str().is_ok_and(|origin| site.allows(origin))));
    let consents = request.app_data::<Pattern>().is_some_and(|pattern| pattern.0.ends_with("/consents"));
    let shares = consents && site.as_ref().is_some_and(|site| cookie_domain(site, request.headers()).is_some());
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
        if shares {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
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

/// The origin of the page that asks. Refuses what does not come from a page of the site: another origin, several, or none at all.
pub fn require<'a>(site: &Site, headers: &'a HeaderMap) -> Result<&'a str> {
    let refused = |reason: &str| Err(Error::ForeignOrigin(reason.to_owned()));
    let Some(origin) = origin(headers) else {
        return refused("the request does not say which page it comes from: it has no Origin, or several");
    };
    match origin.to_str() {
        Ok(origin) if site.allows(origin) => Ok(origin),
        _ => refused("the request comes from a page of another origin"),
    }
}

/// Where the service may set the choice cookie of the page that asks, see `domain::cookie`. Both hosts are as the request has them: a
/// proxy that puts its own in the place of Host shares no domain.
pub fn cookie_domain<'a>(site: &'a Site, headers: &HeaderMap) -> Option<Option<&'a str>> {
    let page = origin(headers)?.to_str().ok()?;
    let service = one(headers, header::HOST)?.to_str().ok()?.to_ascii_lowercase();
    domain::cookie(&site.cookie_domains, domain::host(page), domain::host(&service))
}

/// The one Origin of a request.
fn origin(headers: &HeaderMap) -> Option<&HeaderValue> {
    one(headers, header::ORIGIN)
}

fn one(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name);
    values.next().filter(|_| values.next().is_none())
}
