//! The whole wire on one page: every route with the verbs it answers.

pub mod access;
pub mod address;
pub mod announcements;
pub mod attempts;
pub mod banner;
pub mod changes;
pub mod consents;
pub mod cors;
pub mod declaration;
pub mod demo;
pub mod described;
pub mod fresh;
pub mod imports;
pub mod ledger;
pub mod letters;
pub mod links;
pub mod lists;
pub mod logins;
pub mod notices;
pub mod oauth;
pub mod once;
pub mod openapi;
pub mod operator;
pub mod people;
pub mod preferences;
pub mod preview;
pub mod problem;
pub mod public;
pub mod receipts;
pub mod reports;
pub mod stats;
pub mod streams;
pub mod visitors;
pub mod webhooks;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::QueryPayloadError;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::{DefaultHeaders, Next, from_fn};
use actix_web::web::{
    self, Bytes, Data, Payload, PayloadConfig, QueryConfig, ServiceConfig, delete, get, head, post, resource,
};
use actix_web::{App, Error as ActixError, FromRequest, Handler, HttpRequest, Resource, Responder, Route};
use serde::de::DeserializeOwned;

use crate::append::Appender;
use crate::db::{self, Conn, Pool};
use crate::error::{Error, Result};
use crate::feed::Waiting;
use crate::issuer::Issuers;
use crate::keys::Keys;
use crate::ledger::publish::Published;
use crate::limit::Limit;
use crate::list::{consents::Wish as Answers, people::Wish as Known};
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::person::PersonId;
use crate::person::reach::Counted;
use crate::public_url::PublicUrl;
use crate::scripts::Older;
use crate::signal::{self, Signal};
use crate::site::Site;
use crate::sites::Sites;
use crate::stats::Counts;
use crate::texts;
use crate::webhook::deliver::Sender;
use address::Addresses;
use attempts::Attempts;
use demo::Demo;
use problem::{Code, Problem};

/// The largest body that is read.
const BODY_LIMIT: usize = 16 * 1024;
/// The same for 10,000 names: the longest of them, quoted.
const LOOKUP_LIMIT: usize = 3 * 1024 * 1024;
/// The same for a thousand events.
const IMPORT_LIMIT: usize = 2 * 1024 * 1024;
/// The longest that one request may take, reading its body included.
const PATIENCE: Duration = Duration::from_secs(30);

/// What requests share.
pub struct State {
    pub sites: Arc<Sites>,
    pub keys: Arc<Keys>,
    /// Others whose tokens are taken.
    pub issuers: Issuers,
    pub appender: Arc<Appender>,
    pub published: Arc<Published>,
    /// Who waits for what comes next in the ledger.
    pub waiting: Arc<Waiting>,
    pub readers: Pool,
    pub addresses: Addresses,
    /// What each client of the API may ask for, by the actor that its token names.
    pub clients: Limit<String>,
    /// How often pages may ask about and answer for somebody who is logged in, wherever they are.
    pub logins: Limit<PersonId>,
    pub attempts: Attempts,
    pub metrics: Metrics,
    pub older: Older,
    /// Only with `--demo`.
    pub demo: Option<Demo>,
    /// What links in letters begin with.
    pub public_url: Option<PublicUrl>,
    /// Sends letters, where a server takes them.
    pub mailer: Option<Mailer>,
    /// What is counted of the question and its answers.
    pub counts: Arc<Counts>,
    /// What sends webhooks.
    pub sender: Arc<Sender>,
    /// How many people of each site may be reached.
    pub counted: Arc<Counted>,
    /// The clock, in unix ms.
    pub now: fn() -> i64,
    /// A random number, 0 to 99.
    pub percent: fn() -> u32,
}

#[rustfmt::skip]
fn routes(config: &mut ServiceConfig) {
    config
        // the page
        .service(reads("/v1/sites/{site}/banner.js", banner::script))
        .service(reads("/v1/sites/{site}/banner.{hash}.js", banner::pinned))
        .service(reads("/v1/{module}.{hash}.js", banner::module))
        .service(reads("/v1/sites/{site}/notice", notices::show))
        .service(reads("/v1/sites/{site}/declaration", declaration::show))
        .service(reads("/v1/sites/{site}/preview", preview::show))
        .service(verbs("/v1/sites/{site}/consents", "GET, HEAD, POST, OPTIONS", [
            get().to(lists::show::<Answers>), head().to(lists::show::<Answers>),
            post().to(consents::create), cors::preflight(),
        ]))
        .service(verbs("/v1/sites/{site}/reports", "POST, OPTIONS", [post().to(reports::create), cors::preflight()]))
        .service(verbs("/v1/sites/{site}/links", "POST, OPTIONS", [post().to(links::create), cors::preflight()]))
        .service(verbs("/v1/sites/{site}/links/redeem", "POST, OPTIONS", [post().to(links::redeem), cors::preflight()]))
        .service(verbs("/v1/sites/{site}/logins", "POST, OPTIONS", [post().to(logins::create), cors::preflight()]))
        .service(verbs("/v1/sites/{site}/logins/consents", "POST, OPTIONS", [post().to(logins::answer), cors::preflight()]))
        // the visitor
        .service(verbs("/v1/sites/{site}/receipts", "POST, OPTIONS", [post().to(receipts::show), cors::preflight()]))
        .service(verbs("/v1/sites/{site}/visitors/me", "GET, HEAD, DELETE, OPTIONS", [
            get().to(visitors::show), head().to(visitors::show), delete().to(visitors::erase), cors::preflight(),
        ]))
        .service(verbs("/v1/sites/{site}/visitors/me/receipts/{id}", "GET, HEAD, OPTIONS", [
            get().to(visitors::export), head().to(visitors::export), cors::preflight(),
        ]))
        // a person, by the link of a letter
        .service(verbs("/v1/sites/{site}/confirm", "GET, HEAD, POST", [
            get().to(letters::ask), head().to(letters::ask), post().to(letters::confirm),
        ]))
        .service(verbs("/v1/sites/{site}/unsubscribe", "GET, HEAD, POST", [
            get().to(letters::unsubscribe_page), head().to(letters::unsubscribe_page), post().to(letters::unsubscribe),
        ]))
        .service(verbs("/v1/sites/{site}/preferences", "GET, HEAD, POST", [
            get().to(preferences::show), head().to(preferences::show), post().to(preferences::change),
        ]))
        // a site's own systems: a token, and what they may do with it
        .service(verbs("/oauth/token", "POST", [post().to(oauth::token)]))
        .service(verbs("/oauth/revoke", "POST", [post().to(oauth::revoke)]))
        .service(reads("/v1/sites/{site}/people", lists::show::<Known>))
        .service(verbs("/v1/sites/{site}/people/lookup", "POST", [post().to(people::lookup)]).app_data(PayloadConfig::new(LOOKUP_LIMIT)))
        .service(verbs("/v1/sites/{site}/people/import", "POST", [post().to(imports::create)]).app_data(PayloadConfig::new(IMPORT_LIMIT)))
        .service(verbs("/v1/sites/{site}/people/{ref}", "GET, HEAD, DELETE", [
            get().to(people::show), head().to(people::show), delete().to(people::erase),
        ]))
        .service(verbs("/v1/sites/{site}/people/{ref}/consents", "POST", [post().to(people::write::<people::NewConsent>)]))
        .service(verbs("/v1/sites/{site}/people/{ref}/links", "POST", [post().to(people::link)]))
        .service(verbs("/v1/sites/{site}/people/{ref}/adult", "POST", [post().to(people::write::<people::NewAdult>)]))
        .service(verbs("/v1/sites/{site}/people/{ref}/reservation", "POST", [post().to(people::write::<people::NewReservation>)]))
        .service(verbs("/v1/sites/{site}/people/{ref}/choice", "POST", [post().to(people::write::<people::NewChoice>)]))
        .service(reads("/v1/sites/{site}/announcements", announcements::list))
        .service(reads("/v1/sites/{site}/changes", changes::list))
        .service(reads("/v1/sites/{site}/stats", stats::show))
        .service(verbs("/v1/sites/{site}/visitors/{id}", "GET, HEAD, DELETE", [
            get().to(visitors::known), head().to(visitors::known), delete().to(visitors::forget),
        ]))
        .service(verbs("/v1/sites/{site}/webhooks", "GET, HEAD, POST", [
            get().to(webhooks::list), head().to(webhooks::list), post().to(webhooks::create),
        ]))
        .service(verbs("/v1/sites/{site}/webhooks/{id}", "GET, HEAD, DELETE", [
            get().to(webhooks::show), head().to(webhooks::show), delete().to(webhooks::remove),
        ]))
        .service(verbs("/v1/sites/{site}/webhooks/{id}/test", "POST", [post().to(webhooks::test)]))
        .service(verbs("/v1/sites/{site}/webhooks/{id}/rotate", "POST", [post().to(webhooks::rotate)]))
        .service(verbs("/v1/sites/{site}/webhooks/{id}/replay", "POST", [post().to(webhooks::replay)]))
        .service(reads("/v1/sites/{site}/webhooks/{id}/deliveries", webhooks::deliveries))
        // the public
        .service(reads("/v1/sites/{site}/notices", notices::list))
        .service(reads("/v1/sites/{site}/notices/{number}", notices::one))
        .service(reads("/.well-known/jwks.json", public::keys))
        .service(reads("/.well-known/gpc.json", public::gpc))
        .service(reads("/ledger/checkpoint", ledger::checkpoint))
        .service(reads("/ledger/key", ledger::key))
        .service(reads("/ledger/tile/{tile:.*}", ledger::tile))
        .service(reads("/ledger/proof/{leaf}", ledger::proof))
        .service(reads("/ledger/consistency", ledger::consistency))
        .service(reads("/openapi.json", openapi::show))
        .service(reads("/docs", openapi::page))
        .service(reads("/problems", problem::index))
        .service(reads("/problems/{code}", problem::page))
        // the operator
        .service(reads("/healthz", operator::alive))
        .service(reads("/readyz", operator::ready))
        .service(reads("/metrics", operator::metrics));
}

/// The service, as `main` and the tests run it.
pub fn app(
    state: Data<State>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = ActixError,
        InitError = (),
    >,
> {
    let demo = state.demo.is_some();
    App::new()
        .app_data(state)
        .app_data(PayloadConfig::new(BODY_LIMIT))
        .app_data(QueryConfig::default().error_handler(|e, _| unreadable(&e).into()))
        .configure(routes)
        .configure(|config| {
            if demo {
                demo::routes(config);
            }
        })
        .default_service(web::to(|| async { Problem::from(Code::NotFound) }))
        .wrap(from_fn(around))
        .wrap(
            DefaultHeaders::new()
                .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .add((header::REFERRER_POLICY, "no-referrer"))
                .add((header::CACHE_CONTROL, "no-store"))
                .add((header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"))
                .add((header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'")),
        )
}

/// Says what is wrong with what stands behind the question mark.
fn unreadable(error: &QueryPayloadError) -> Problem {
    let reason = match error {
        QueryPayloadError::Deserialize(e) => e.to_string(),
        e => e.to_string(),
    };
    Error::Malformed { field: "query".into(), reason }.into()
}

/// What a route is called in the metrics: finding it out anew for every answer would match every path twice.
struct Pattern(&'static str);

/// A route that is only read.
fn reads<F, Args>(path: &'static str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    plain(path, "GET, HEAD", [get().to(handler.clone()), head().to(handler)])
}

/// A route with its verbs. What it writes for a client of the API, it writes once; see `once`.
fn verbs<const N: usize>(
    path: &'static str,
    allowed: &'static str,
    routes: [Route; N],
) -> Resource<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = ActixError, InitError = ()>,
> {
    plain(path, allowed, routes).wrap(from_fn(once::once))
}

/// A route with its verbs; any other is a problem that names these.
fn plain<const N: usize>(path: &'static str, allowed: &'static str, routes: [Route; N]) -> Resource {
    let refused = web::to(move || async move { Problem::from(Code::MethodNotAllowed).with(header::ALLOW, allowed) });
    routes.into_iter().fold(resource(path).app_data(Pattern(path)), Resource::route).default_service(refused)
}

/// What every request gets: a time limit, its origin's CORS headers, a problem instead of a bare error, and a line in the
/// metrics. Neither the log nor the metrics hear of an address, a user agent or a path.
async fn around(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, ActixError> {
    let started = Instant::now();
    let state = request.app_data::<Data<State>>().cloned();
    let method = request.method().clone();
    let Ok(outcome) = tokio::time::timeout(PATIENCE, next.call(request)).await else {
        return Err(Problem::from(Code::Timeout).into());
    };
    let mut response = fresh::settle(outcome?);
    if problem::is_bare(&response) {
        let (request, bare) = response.into_parts();
        let problem = Problem::from_status(bare.status()).respond_to(&request);
        response = ServiceResponse::new(request, problem);
    }
    let Some(state) = state else { return Ok(response) };
    access::tell_share(&mut response);
    cors::allow(&state, &mut response);
    access::answered(&state, &response);
    let (status, seconds) = (response.status().as_u16(), started.elapsed().as_secs_f64());
    let route = response.request().app_data::<Pattern>().map_or("none", |pattern| pattern.0);
    tracing::debug!(%method, route, status, ms = seconds * 1000.0, "answered");
    state.metrics.request(method.as_str(), route, status, seconds);
    Ok(response)
}

/// What the browser says of itself before anybody asks.
fn signals(request: &HttpRequest) -> Vec<Signal> {
    let said = |name: &'static str| request.headers().get_all(name).map(HeaderValue::as_bytes);
    signal::read(said("sec-gpc"), said("dnt"))
}

/// The best of `offered`: of the asked language, `Accept-Language`, and the default.
fn language<'a>(offered: &'a [String], default: &'a str, asked: Option<&str>, request: &HttpRequest) -> &'a str {
    let header =
        request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    texts::best(asked.into_iter().chain(texts::accepted(header)), offered).map_or(default, String::as_str)
}

/// The body of a request, at most so many bytes. Routes that ask for a token read it here, once they know who sends it.
async fn body(payload: Payload, limit: usize) -> Result<Bytes, Problem> {
    let whole = payload.to_bytes_limited(limit).await.map_err(|_| Problem::from(Code::TooLarge))?;
    whole.map_err(|_| Error::Malformed { field: String::new(), reason: "the body does not come whole".into() }.into())
}

/// Says which field cannot be read, and why. A list is no object, though its members could be read as fields in their order.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Error::Malformed { field: String::new(), reason: "expected an object, not a list".into() });
    }
    let json = &mut serde_json::Deserializer::from_slice(body);
    let new = serde_path_to_error::deserialize(&mut *json).map_err(|e| {
        let field = e.path().to_string();
        let field = if [".", "?"].contains(&field.as_str()) { String::new() } else { field };
        Error::Malformed { field, reason: e.into_inner().to_string() }
    })?;
    json.end().map_err(|e| Error::Malformed { field: String::new(), reason: e.to_string() })?;
    Ok(new)
}

/// The site as the database has it now: another server may have published a moment ago what this one has not seen yet.
async fn renewed(state: &Data<State>, key: &str) -> Result<Arc<Site>> {
    let (sites, now) = (Arc::clone(&state.sites), (state.now)());
    read(state, move |conn| sites.refresh(conn, now)).await?;
    state.sites.find(key)
}

/// Runs a query on a thread that may wait for it.
async fn read<T, F>(state: &Data<State>, query: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
{
    let readers = state.readers.clone();
    web::block(move || db::read(&readers, query)).await.map_err(|e| Error::Internal(e.to_string()))?
}
