//! Previews of notices.

use actix_web::http::header;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::problem::Problem;
use crate::http::{State, language, read};
use crate::notice;
use crate::preview::{self, Wish};

/// `GET /v1/sites/{site}/preview?notice=&lang=&variant=&regime=&layout=&position=&theme=&layer=&gpc=`
pub async fn show(
    site: Path<String>,
    wish: Query<Wish>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    let (id, number) = (site.id, wish.notice()?.unwrap_or(site.current));
    let notice = read(&state, move |conn| notice::numbered(conn, id, number)).await?;
    let content = notice.content()?;
    let language = language(&content.languages(), &content.default_language, wish.lang.as_deref(), &request).to_owned();
    let laws = &state.sites.jurisdictions;
    let number = match wish.regime()? {
        Some(regime) => laws.number_with(regime)?,
        None => site.law(laws, state.addresses.place(&request)).0,
    };
    let origin = site.origins.first().map_or("", String::as_str);
    let page = wish.page(&notice, origin, site.shown.dnt, laws.law(number), &language, (state.now)())?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, preview::policy(&site.origins)))
        .body(page))
}
