//! Reports of tags that run without a yes come in here, and are counted.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::error::Error;
use crate::http::problem::Problem;
use crate::http::{State, cors, parse};
use crate::report::NewReport;

/// `POST /v1/sites/{site}/reports`. JSON under any content type, as for consents. A site that is not in report mode says so: its pages
/// hold an older script, or somebody else's.
pub async fn create(
    site: Path<String>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    cors::require(&site, request.headers())?;
    if !site.reports {
        return Err(Error::ReportsOff.into());
    }
    state.addresses.count(&request)?;
    let new: NewReport = parse(&body)?;
    new.check()?;
    let (key, service, found) = (&site.key, &new.service, new.found.as_str());
    // Said once a start; how often is in the metrics.
    if state.metrics.unmarked(key, service, found) {
        tracing::warn!("site {key}: {service} is at work on a page without a yes ({found}): its tag is not marked");
    }
    Ok(HttpResponse::NoContent().finish())
}
