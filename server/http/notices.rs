//! What the panel shows.

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::http::State;
use crate::http::banner::encoded;
use crate::http::problem::Problem;
use crate::texts;

#[derive(Deserialize)]
pub struct Wish {
    lang: Option<String>,
}

/// `GET /v1/sites/{site}/notice?lang=`: in the best of the asked language, `Accept-Language` and the site's default, with the law
/// that holds where the visitor is.
/// The answer depends on who asks, so no one else's cache may keep it.
pub async fn show(
    site: Path<String>,
    wish: Query<Wish>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    let header =
        request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wishes = wish.lang.as_deref().into_iter().chain(texts::accepted(header));
    let language = texts::best(wishes, &site.languages).unwrap_or(&site.default_language);
    let laws = &state.sites.jurisdictions;
    let (law, _) = site.law(laws, state.addresses.place(&request));
    let shown = site.shown.body(language, law, laws.law(law))?;
    let mut response = encoded(shown, &request, "application/json", "private, no-cache");
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Language"));
    if let Ok(language) = HeaderValue::from_str(language) {
        response.headers_mut().insert(header::CONTENT_LANGUAGE, language);
    }
    Ok(response)
}
