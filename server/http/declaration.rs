//! The declaration, as a page of its own.

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::http::banner::encoded;
use crate::http::problem::Problem;
use crate::http::{State, language};
use crate::page;

#[derive(Deserialize)]
pub struct Wish {
    lang: Option<String>,
}

/// `GET /v1/sites/{site}/declaration?lang=`: in the best of the asked language, `Accept-Language` and the site's default.
pub async fn show(
    site: Path<String>,
    wish: Query<Wish>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    let language = language(&site.languages, &site.default_language, wish.lang.as_deref(), &request);
    let declared = site.declaration.page(&site, language)?;
    let mut response = encoded(declared, &request, "text/html; charset=utf-8", "private, no-cache");
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Accept-Language"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::policy()));
    if let Ok(language) = HeaderValue::from_str(language) {
        headers.insert(header::CONTENT_LANGUAGE, language);
    }
    Ok(response)
}
