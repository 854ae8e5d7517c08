//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07), for every write of the API: it lies around each route that is not only
//! read, and does something where a request has a key and a token that holds.

use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{Error as ActixError, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError, rt};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::http::problem::{Code, Problem};
use crate::http::{State, access};
use crate::keys;
use crate::once::{self, About, Claim, Hold, Named};
use crate::person::Ref;
use crate::site::Site;

pub const KEY: &str = "idempotency-key";
/// The longest key, in characters.
const LONGEST: usize = 255;
/// Longer answers are not kept.
const MOST: usize = 1024 * 1024;
/// What is kept of an answer's headers: the others are made anew for each.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::LINK];
/// What the key that answers are sealed with is derived for.
const PURPOSE: &[u8] = b"samtykke answer\0";
/// Says that an answer is one of before, as elsewhere.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// An answer as it is kept: this as a line of JSON, and then its body.
#[derive(Deserialize, Serialize)]
struct Head {
    status: u16,
    /// What a token had to have for it.
    scope: String,
    headers: Vec<(String, String)>,
}

/// How a path names a person.
#[derive(Deserialize)]
struct Whom {
    r#ref: String,
}

/// A request that is to be done here.
struct Ours {
    state: Data<State>,
    site: Arc<Site>,
    named: Named,
    hold: Hold,
}

enum Begun {
    /// Nothing that this knows of.
    Plain,
    Ours(Box<Ours>),
    Before(HttpResponse),
}

/// The id of what a request writes, where its client made none but named the request.
#[derive(Clone, Copy)]
struct Id(Uuid);

/// What is kept of an answer's body where it is not to be told twice.
struct Instead(Vec<u8>);

/// Has this kept in the place of the answer's body, as where that has a secret in it which is shown once.
pub fn keep_instead(request: &HttpRequest, body: &impl Serialize) -> Result<()> {
    let body = serde_json::to_vec(body).map_err(|e| Error::Internal(e.to_string()))?;
    request.extensions_mut().insert(Instead(body));
    Ok(())
}

pub fn id(request: &HttpRequest) -> Option<Uuid> {
    request.extensions().get::<Id>().map(|id| id.0)
}

pub async fn once(mut request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, ActixError> {
    if request.method().is_safe() || !request.headers().contains_key(KEY) {
        return next.call(request).await;
    }
    let ours = match begin(&mut request).await {
        Ok(Begun::Plain) => return next.call(request).await,
        Ok(Begun::Before(response)) => return Ok(request.into_response(response)),
        Ok(Begun::Ours(ours)) => ours,
        Err(problem) => return Ok(request.into_response(problem.error_response())),
    };
    request.extensions_mut().insert(Id(ours.hold.id()));
    // On its own, so that it goes to its end when the client does not wait for it: who asks again wants to know how it went.
    let done = rt::spawn(async move {
        let outcome = next.call(request).await;
        end(&ours, outcome).await
    });
    done.await.unwrap_or_else(|_| Err(Problem::from(Code::Internal).into()))
}

async fn begin(request: &mut ServiceRequest) -> Result<Begun, Problem> {
    let Some(state) = request.app_data::<Data<State>>().cloned() else { return Ok(Begun::Plain) };
    let site = request.match_info().get("site").and_then(|site| state.sites.find(site).ok());
    let Some(site) = site.filter(|_| access::has_token(request.request())) else { return Ok(Begun::Plain) };
    let caller = access::caller(request.request(), &state).await?;
    let key = key_of(request.request())?;
    let body = match request.extract::<Bytes>().await {
        Ok(body) => body,
        Err(e) => return Err(Problem::from_status(e.as_response_error().status_code())),
    };
    request.set_payload(Payload::from(body.clone()));
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    let parts = [request.method().as_str().as_bytes(), path.as_bytes(), &body[..]];
    let whom = whom(request.request(), &state, &site).await;
    let named = Named::new(&state.keys, (site.id, &site.key), &caller.actor, &key, parts, whom);
    let (asked, random, now) = (named.clone(), keys::random().map_err(Error::Internal)?, (state.now)());
    match state.appender.write(move |conn| once::claim(conn, &asked, random, now)).await? {
        Claim::Ours(hold) => Ok(Begun::Ours(Box::new(Ours { state, site, named, hold }))),
        Claim::Answered(sealed) => {
            let (head, body) = opened(&state, &site, &named, sealed)?;
            // Whoever lost it since gets no answer from before.
            caller.may(&site, head.scope.parse().map_err(Error::Internal)?)?;
            Ok(Begun::Before(before(&head, body)))
        }
        Claim::UnderWay => Err(Code::KeyInUse.into()),
        Claim::Other => Err(Code::KeyReused.into()),
    }
}

/// The key, with or without the quotes of a structured field's string.
fn key_of(request: &HttpRequest) -> Result<String> {
    let wrong = || Error::Malformed {
        field: "Idempotency-Key".into(),
        reason: format!("expected one header of 1 to {LONGEST} visible characters of ASCII, such as a UUID"),
    };
    let mut values = request.headers().get_all(KEY);
    let (value, more) = (values.next().and_then(|value| value.to_str().ok()), values.next());
    let value = value.filter(|_| more.is_none()).ok_or_else(wrong)?.trim();
    let key = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    let good = (1..=LONGEST).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic() && b != b'"');
    good.then(|| key.to_owned()).ok_or_else(wrong)
}

/// Whom the answer may be about. That to a deletion tells how much went, and of nobody.
async fn whom(request: &HttpRequest, state: &State, site: &Site) -> About {
    if request.method() == Method::DELETE {
        return About::Nobody;
    }
    let path = Path::<Whom>::extract(request).await.ok();
    let named = path.and_then(|path| Ref::parse(&path.r#ref).ok());
    named.map_or(About::Anybody, |named| About::Person(named.person(&state.keys, &site.key)))
}

/// Keeps the answer before it goes out. What did not go well here, or was refused for who asked or how often, is no answer to keep.
async fn end(ours: &Ours, outcome: Result<ServiceResponse, ActixError>) -> Result<ServiceResponse, ActixError> {
    let response = match outcome {
        Ok(response) => response,
        Err(e) => {
            release(ours, true).await;
            return Err(e);
        }
    };
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(body) if body.len() <= MOST => body,
        outcome => {
            release(ours, true).await;
            return Ok(ServiceResponse::new(
                request,
                response.set_body(outcome.map_or_else(|body| body, BoxBody::new)),
            ));
        }
    };
    let status = response.status();
    let passes =
        [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    match access::used(&request).filter(|scope| scope.writes()) {
        Some(scope) if !status.is_server_error() && !passes.contains(&status) => {
            let head = Head { status: status.as_u16(), scope: scope.as_str().into(), headers: kept(&response) };
            let instead = request.extensions_mut().remove::<Instead>();
            let outcome = match sealed(ours, &head, instead.as_ref().map_or(&body[..], |instead| &instead.0)) {
                Ok(sealed) => {
                    let hold = ours.hold.clone();
                    ours.state.appender.write(move |conn| once::keep(conn, &hold, sealed)).await.map(drop)
                }
                Err(e) => Err(e),
            };
            if let Err(e) = outcome {
                // It is done, and that is what the client wants to know.
                tracing::error!("an answer could not be kept for whoever asks again: {e}");
            }
        }
        _ => release(ours, status.is_server_error()).await,
    }
    Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(body))))
}

async fn release(ours: &Ours, perhaps_done: bool) {
    let hold = ours.hold.clone();
    let released = ours.state.appender.write(move |conn| once::release(conn, &hold, perhaps_done)).await;
    if let Err(e) = released {
        // In a minute anybody may take it.
        tracing::error!("a request with a key could not be let go: {e}");
    }
}

fn kept<B>(response: &HttpResponse<B>) -> Vec<(String, String)> {
    let held = KEPT.iter().filter_map(|name| Some((name, response.headers().get(name)?.to_str().ok()?)));
    held.map(|(name, value)| (name.as_str().to_owned(), value.to_owned())).collect()
}

fn sealed(ours: &Ours, head: &Head, body: &[u8]) -> Result<Vec<u8>> {
    let mut plain = serde_json::to_vec(head).map_err(|e| Error::Internal(e.to_string()))?;
    plain.push(b'\n');
    plain.extend(body);
    ours.state.keys.seal(PURPOSE, &ours.site.key, &ours.named.bound(), plain)
}

fn opened(state: &State, site: &Site, named: &Named, sealed: Vec<u8>) -> Result<(Head, Vec<u8>)> {
    let mut plain = state.keys.open_sealed(PURPOSE, &site.key, &named.bound(), sealed)?;
    let end = plain.iter().position(|byte| *byte == b'\n').ok_or_else(|| Error::Internal("a kept answer".into()))?;
    let head = serde_json::from_slice(&plain[..end]).map_err(|e| Error::Internal(format!("a kept answer: {e}")))?;
    Ok((head, plain.split_off(end + 1)))
}

fn before(head: &Head, body: Vec<u8>) -> HttpResponse {
    let status = StatusCode::from_u16(head.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    for (name, value) in &head.headers {
        response.insert_header((name.as_str(), value.as_str()));
    }
    response.insert_header((REPLAYED, HeaderValue::from_static("true"))).body(body)
}
