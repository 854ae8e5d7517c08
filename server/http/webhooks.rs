//! Webhooks: a site's systems say where they want to be told of what happens, and see what became of it.

use std::sync::Arc;

use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::http::problem::Problem;
use crate::http::{State, access, once, parse, read};
use crate::scope::Scope;
use crate::site::Site;
use crate::webhook::address;
use crate::webhook::delivery::{self, Delivery, State as Stands, Which};
use crate::webhook::receiver::{self, Receiver};
use crate::whole::perhaps;

/// Deliveries that are listed where nobody says how many, and the most.
const SOME: i64 = 100;
const MOST: i64 = 500;

#[derive(Serialize)]
struct Shown {
    id: i32,
    url: String,
    events: Vec<String>,
    /// Deliveries that are tried now or later.
    waiting: i64,
    /// Deliveries that are not tried any more.
    parked: i64,
    created_at: i64,
    /// Until when the secret before signs too.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_secret_until: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gone_at: Option<i64>,
}

impl Shown {
    fn of(conn: &mut Conn, receiver: Receiver, now: i64) -> Result<Self> {
        Ok(Self {
            id: receiver.id,
            waiting: delivery::count(conn, Some(receiver.id), Stands::Pending)?,
            parked: delivery::count(conn, Some(receiver.id), Stands::Parked)?,
            events: receiver.events.split(' ').map(str::to_owned).collect(),
            url: receiver.url,
            created_at: receiver.created_at,
            old_secret_until: receiver.old_until.filter(|until| now < *until),
            gone_at: receiver.gone_at,
        })
    }
}

/// The site, if the caller may see to its webhooks.
async fn allowed(site: &str, request: &HttpRequest, state: &Data<State>) -> Result<Arc<Site>, Problem> {
    let site = state.sites.find(site)?;
    access::require(request, state, &site, Scope::Webhooks).await?;
    Ok(site)
}

/// The site and one of its webhooks.
async fn one(
    path: Path<(String, i32)>,
    request: &HttpRequest,
    state: &Data<State>,
) -> Result<(Arc<Site>, Receiver), Problem> {
    let (site, id) = path.into_inner();
    let site = allowed(&site, request, state).await?;
    let site_id = site.id;
    let receiver = read(state, move |conn| receiver::find(conn, site_id, id)).await?;
    Ok((site, receiver))
}

/// `GET /v1/sites/{site}/webhooks`
pub async fn list(site: Path<String>, request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct All {
        webhooks: Vec<Shown>,
    }
    let site = allowed(&site, &request, &state).await?;
    let now = (state.now)();
    let all = read(&state, move |conn| {
        let all = receiver::all(conn, site.id)?;
        all.into_iter().map(|receiver| Shown::of(conn, receiver, now)).collect::<Result<_>>()
    });
    Ok(HttpResponse::Ok().json(All { webhooks: all.await? }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    url: String,
    #[serde(default)]
    events: Vec<String>,
}

/// `POST /v1/sites/{site}/webhooks`: 201 with the secret, which is shown here and never again.
pub async fn create(
    site: Path<String>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Created {
        #[serde(flatten)]
        webhook: Shown,
        secret: String,
    }
    let site = allowed(&site, &request, &state).await?;
    let new: New = parse(&body)?;
    let url = address::parse(&new.url, state.sender.to_private)?;
    if new.events.iter().any(|event| event.is_empty() || event.contains(char::is_whitespace)) {
        return Err(Error::invalid("events", "expected types such as person.email, without spaces").into());
    }
    let events = receiver::events(&new.events.join(" "))?;
    let (keys, now) = (Arc::clone(&state.keys), (state.now)());
    let created = state.appender.record(move |conn, _| {
        let (receiver, secret) = receiver::add(conn, &keys, site.id, &url, &events, now)?;
        Ok(Created { webhook: Shown::of(conn, receiver, now)?, secret: secret.shown() })
    });
    let created = created.await?;
    once::keep_instead(&request, &created.webhook)?;
    Ok(HttpResponse::Created().json(created))
}

/// `GET /v1/sites/{site}/webhooks/{id}`
pub async fn show(
    path: Path<(String, i32)>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (_, receiver) = one(path, &request, &state).await?;
    let now = (state.now)();
    Ok(HttpResponse::Ok().json(read(&state, move |conn| Shown::of(conn, receiver, now)).await?))
}

/// `DELETE /v1/sites/{site}/webhooks/{id}`: it is told nothing any more, and what was told to it goes.
pub async fn remove(
    path: Path<(String, i32)>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (_, receiver) = one(path, &request, &state).await?;
    state.appender.write(move |conn| receiver::remove(conn, receiver.id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/sites/{site}/webhooks/{id}/test`: sends it something now, and says how that went.
pub async fn test(
    path: Path<(String, i32)>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let (site, receiver) = one(path, &request, &state).await?;
    let (sender, keys, now) = (Arc::clone(&state.sender), Arc::clone(&state.keys), (state.now)());
    let attempt = web::block(move || sender.test(&receiver, &keys, &site.key, now)).await;
    Ok(HttpResponse::Ok().json(attempt.map_err(|e| Error::Internal(e.to_string()))??))
}

/// `POST /v1/sites/{site}/webhooks/{id}/rotate`: a new secret, beside which the old one signs for a day.
pub async fn rotate(
    path: Path<(String, i32)>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Rotated {
        #[serde(skip_serializing_if = "Option::is_none")]
        secret: Option<String>,
        old_secret_until: i64,
    }
    let (_, receiver) = one(path, &request, &state).await?;
    let (keys, now) = (Arc::clone(&state.keys), (state.now)());
    let rotated = state.appender.record(move |conn, _| receiver::rotate(conn, &keys, &receiver, now));
    let (secret, old_secret_until) = rotated.await?;
    once::keep_instead(&request, &Rotated { secret: None, old_secret_until })?;
    Ok(HttpResponse::Ok().json(Rotated { secret: Some(secret.shown()), old_secret_until }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    #[serde(default, deserialize_with = "perhaps")]
    from: Option<i64>,
}

/// `POST /v1/sites/{site}/webhooks/{id}/replay`: sends once more what is parked, or whatever was told since a time.
pub async fn replay(
    path: Path<(String, i32)>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Replayed {
        queued: usize,
    }
    let (_, receiver) = one(path, &request, &state).await?;
    let again: Again = if body.is_empty() { Again::default() } else { parse(&body)? };
    let (which, now) = (again.from.map_or(Which::Parked, Which::From), (state.now)());
    let queued = state.appender.write(move |conn| delivery::replay(conn, receiver.id, which, now)).await?;
    Ok(HttpResponse::Ok().json(Replayed { queued }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    state: Option<Stands>,
    /// Those with a lower id.
    before: Option<i64>,
    limit: Option<i64>,
}

/// `GET /v1/sites/{site}/webhooks/{id}/deliveries`: newest first.
pub async fn deliveries(
    path: Path<(String, i32)>,
    wish: Query<Wish>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Some {
        deliveries: Vec<Delivery>,
        /// What to say as `before` to see more.
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<i64>,
    }
    let (_, receiver) = one(path, &request, &state).await?;
    let Wish { state: wanted, before, limit } = wish.into_inner();
    let limit = limit.unwrap_or(SOME);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::invalid("limit", format!("expected 1 to {MOST}")).into());
    }
    let found = read(&state, move |conn| Ok(delivery::list(conn, receiver.id, wanted, before, limit)?)).await?;
    let full = i64::try_from(found.len()).is_ok_and(|found| found == limit);
    let next = found.last().filter(|_| full).map(|last| last.id);
    Ok(HttpResponse::Ok().json(Some { deliveries: found, next }))
}
