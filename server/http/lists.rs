//! Lists of a site for its own systems: a page at a time, or whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::{Method, Version, header};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::error::{Error, Result};
use crate::http::problem::Problem;
use crate::http::streams::{self, Stream};
use crate::http::{State, access, read};
use crate::list::lines::Format;
use crate::list::walk::Walk;
use crate::list::{List, Page, USUAL, Wish, page};
use crate::scope::Scope;

/// `GET /v1/sites/{site}/consents` and `…/people`: a page as JSON, or the whole list, line by line, for a token that may export.
pub async fn show<W: Wish>(
    site: Path<String>,
    wish: Query<W>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    access::require(&request, &state, &site, W::SCOPE).await?;
    let how = wish.how();
    let format = format(how.format, &request)?;
    let (limit, after) = (how.limit()?, how.after(W::List::NAME)?);
    let mut list = wish.list(Arc::clone(&site))?;
    let Some(format) = format else {
        let (limit, now) = (limit.unwrap_or(USUAL), (state.now)());
        let Page { rows, next } = read(&state, move |conn| page(conn, &mut list, after, limit, now)).await?;
        let mut told = BTreeMap::from([(W::List::NAME, json!(rows))]);
        told.extend(next.map(|next| ("next", json!(next.cursor(W::List::NAME)))));
        return Ok(HttpResponse::Ok().json(told));
    };
    access::require(&request, &state, &site, Scope::Export).await?;
    if request.version() < Version::HTTP_11 {
        // Its end would be that of the connection, so that nobody could tell it from a break.
        return Err(Error::invalid("format", "a whole list needs HTTP/1.1: a proxy in between may speak 1.0").into());
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, format.media_type()));
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let walk = Walk::new(list, format, after, limit);
    // What is wrong at once is a problem yet, and no answer that breaks off.
    let first = streams::step(Data::clone(&state), walk).await?;
    Ok(response.body(Stream::new(state, first)))
}

/// The form of the answer: the one that is named, or the first known in `Accept`. `None` is a page.
fn format(named: Option<&str>, request: &HttpRequest) -> Result<Option<Format>> {
    match named {
        Some("json") => return Ok(None),
        Some("ndjson") => return Ok(Some(Format::Ndjson)),
        Some("csv") => return Ok(Some(Format::Csv)),
        Some(_) => return Err(Error::invalid("format", "expected one of json, ndjson, csv")),
        None => {}
    }
    let accepted = request.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let mut accepted = accepted.flat_map(|value| value.split(',')).filter_map(|range| range.split(';').next());
    Ok(accepted
        .find_map(|range| match range.trim().to_ascii_lowercase().as_str() {
            "application/json" | "*/*" => Some(None),
            "application/x-ndjson" => Some(Some(Format::Ndjson)),
            "text/csv" => Some(Some(Format::Csv)),
            _ => None,
        })
        .flatten())
}
