//! What changed on a site, for its own systems: every event once, in an order that is safe to read on from.

use std::time::{Duration, Instant};

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::event::Event;
use crate::feed::{self, Changes, Cursor};
use crate::http::problem::Problem;
use crate::http::{State, access, read};
use crate::scope::Scope;

/// Events of one answer.
const MOST: usize = 1000;
const USUAL: usize = 100;
/// The longest that is waited, in seconds: less than a request may take.
const LONGEST: u64 = 25;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    after: Option<String>,
    limit: Option<usize>,
    wait: Option<u64>,
}

impl Wish {
    fn limit(&self) -> Result<usize> {
        match self.limit.unwrap_or(USUAL) {
            limit @ 1..=MOST => Ok(limit),
            _ => Err(Error::invalid("limit", format!("expected 1 to {MOST}"))),
        }
    }

    fn wait(&self) -> Result<Duration> {
        match self.wait.unwrap_or_default() {
            wait @ 0..=LONGEST => Ok(Duration::from_secs(wait)),
            _ => Err(Error::invalid("wait", format!("expected 0 to {LONGEST} seconds"))),
        }
    }
}

#[derive(Serialize)]
struct Told {
    events: Vec<Event>,
    next: String,
    more: bool,
}

/// `GET /v1/sites/{site}/changes?after=&limit=&wait=`: what happened after a cursor. With nothing to tell it waits until there is.
pub async fn list(
    site: Path<String>,
    wish: Query<Wish>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    let mut caller = access::require(&request, &state, &site, Scope::ConsentsRead).await?;
    let limit = wish.limit()?;
    let until = Instant::now() + wish.wait()?;
    let mut after: Option<Cursor> = wish.after.as_deref().map(str::parse).transpose()?;
    let (mut news, mut place) = (state.waiting.listen(), None);
    loop {
        let (id, key) = (site.id, site.key.clone());
        let mut found = read(&state, move |conn| feed::read(conn, id, &key, after, limit)).await?;
        // Who may not read of people is told nothing of them, not even that something was said.
        found.events.retain(|event| !event.is_of_person() || caller.has(Scope::PeopleRead));
        let left = until.saturating_duration_since(Instant::now());
        if found.events.is_empty() && !found.more && !left.is_zero() {
            if place.is_none() {
                place = Some(state.waiting.place()?);
            }
            if news.next(left).await {
                after = Some(found.next);
                caller = access::require_still(&request, &state, &site, Scope::ConsentsRead).await?;
                continue;
            }
        }
        let Changes { events, next, more } = found;
        return Ok(HttpResponse::Ok().json(Told { events, next: next.to_string(), more }));
    }
}
