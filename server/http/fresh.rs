//! What a client may keep of what it read, and how it asks whether that still holds: one way for every read whose answer is made whole.
//!
//! An answer of the API may be kept by whoever asked, and by nobody in between (`private`), but is never used without asking again
//! (`no-cache`): a withdrawal counts at once, and the token is looked at each time. What is not known yet when it is sent, such as a stream,
//! and all that is written or refused is kept by nobody (`no-store`); so is a visitor's own history, whose browser may stand anywhere.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

use crate::hash::{hex, sha256};
use crate::http::access;

/// How the API's answers may be kept.
const OWN: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Whether whoever asks has what this ETag names.
pub fn is_fresh(request: &HttpRequest, tag: &str) -> bool {
    let known = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let fresh = known
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag);
    fresh && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// Gives an answer that may be kept a strong ETag over its bytes, unless it brings its own, and takes the bytes away where the client has them.
pub fn settle(response: ServiceResponse) -> ServiceResponse {
    let (request, response) = response.into_parts();
    ServiceResponse::new(request.clone(), settled(&request, response))
}

fn settled(request: &HttpRequest, response: HttpResponse) -> HttpResponse {
    let api = access::is_known(request);
    let kept = response.headers().get(header::CACHE_CONTROL).map(HeaderValue::as_bytes);
    let may = kept.map_or(api, |kept| !kept.windows(8).any(|some| some == b"no-store"));
    let read = matches!(*request.method(), Method::GET | Method::HEAD) && response.status() == StatusCode::OK;
    if !may || !read || response.headers().contains_key(header::ETAG) {
        return response;
    }
    let (mut response, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(body) => body,
        Err(body) => return response.set_body(body),
    };
    let tag = format!("\"{}\"", hex(&sha256(&body)));
    let headers = response.headers_mut();
    if api {
        if !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, OWN);
        }
        headers.append(header::VARY, HeaderValue::from_static("Authorization"));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if !is_fresh(request, &tag) {
        return response.set_body(BoxBody::new(body));
    }
    headers.remove(header::CONTENT_TYPE);
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.set_body(BoxBody::new(()))
}
