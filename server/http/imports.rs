//! Events that another system has kept until now come in here, many at once.

use std::sync::Arc;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::http::problem::Problem;
use crate::http::{IMPORT_LIMIT, State, access, body, renewed};
use crate::person::import::{self, Entry, Written};
use crate::scope::Scope;
use crate::site::Site;

#[derive(Serialize)]
struct Imported {
    /// In the order in which they were sent.
    events: Vec<Written>,
    /// How many of them are new.
    written: usize,
}

/// `POST /v1/sites/{site}/people/import`: writes up to a thousand events, all or none. 201 once they are on disk; 200 when all of them were
/// there before.
pub async fn create(
    site: Path<String>,
    payload: Payload,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let mut site = state.sites.find(&site)?;
    let caller = access::require(&request, &state, &site, Scope::PeopleWrite).await?;
    let body = body(payload, IMPORT_LIMIT).await?;
    let sent = import::parse(&body)?;
    let now = (state.now)();
    let read = |site: &Site| {
        let each = sent.iter().enumerate();
        let read = each.map(|(i, event)| {
            import::read(event, site, &state.keys, &caller.actor, now).map_err(|e| e.within(&import::place(i)))
        });
        read.collect::<Result<Vec<Entry>>>()
    };
    let entries = match read(&site) {
        // Another server may have published it a moment ago.
        Err(Error::At { error, .. }) if matches!(*error, Error::UnknownNotice(_)) => {
            site = renewed(&state, &site.key).await?;
            read(&site)?
        }
        entries => entries?,
    };
    let keys = Arc::clone(&state.keys);
    let recorded =
        state.appender.record(move |conn, above| import::write(conn, above, &site, &keys, &entries, now)).await;
    let events = recorded?;
    let written = events.iter().filter(|event| !event.again).count();
    let mut response = if written > 0 { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(Imported { events, written }))
}
