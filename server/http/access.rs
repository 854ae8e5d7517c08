//! Who asks, and what they may: every route of the API begins here.

use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};

use crate::audit::{self, Use};
use crate::error::{Error, Result};
use crate::http::problem::{Code, Problem};
use crate::http::{Pattern, State, read};
use crate::issuer::Granted;
use crate::limit::{Share, WINDOW};
use crate::scope::Scope;
use crate::site::Site;
use crate::token::{self, Claims, EVERY_SITE};

/// Whoever asks, and may.
#[derive(Clone, Debug)]
pub struct Caller {
    /// As it stands in records: `token:crm`, `client:crm`. Nothing in it is about a person whose consent is kept here.
    pub actor: String,
    scopes: Vec<Scope>,
    sites: Vec<String>,
}

impl Caller {
    fn of(claims: Claims) -> Self {
        Self { actor: claims.actor(), scopes: Scope::known(&claims.scope), sites: claims.sites }
    }

    fn of_another(granted: Granted) -> Self {
        let Granted { actor, scopes, sites } = granted;
        Self { actor, scopes, sites }
    }

    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether they may do this on this site.
    pub fn may(&self, site: &Site, scope: Scope) -> Result<()> {
        if !self.sites.iter().any(|key| *key == site.key || key == EVERY_SITE) {
            return Err(Error::WrongSite);
        }
        if !self.has(scope) {
            return Err(Error::Scope(scope));
        }
        Ok(())
    }
}

/// The row of the audit log in which the use stands that a request makes.
#[derive(Clone, Copy)]
struct Noted(i64);

/// Whoever sent this request, if their token has this scope on this site. A use that the audit log has to hold stands there when this
/// returns.
pub async fn require(request: &HttpRequest, state: &Data<State>, site: &Site, scope: Scope) -> Result<Caller, Problem> {
    let caller = caller(request, state).await?;
    caller.may(site, scope)?;
    request.extensions_mut().insert(scope);
    if scope.is_audited() {
        let new = Use {
            at: (state.now)(),
            actor: caller.actor.clone(),
            site_id: site.id,
            scope,
            method: request.method().to_string(),
            route: request.app_data::<Pattern>().map_or("none", |pattern| pattern.0),
        };
        let row = state.appender.write(move |conn| audit::begin(conn, &new)).await?;
        request.extensions_mut().insert(Noted(row));
    }
    Ok(caller)
}

/// The same once more, of a request that waited: its token may have been revoked meanwhile. It is not counted again.
pub async fn require_still(
    request: &HttpRequest,
    state: &Data<State>,
    site: &Site,
    scope: Scope,
) -> Result<Caller, Problem> {
    let caller = known(request, state).await?;
    caller.may(site, scope)?;
    Ok(caller)
}

/// What whoever sent this request needed, and had.
pub fn used(request: &HttpRequest) -> Option<Scope> {
    request.extensions().get().copied()
}

/// Whether a token of ours opened this.
pub fn is_known(request: &HttpRequest) -> bool {
    request.extensions().contains::<Caller>()
}

/// Whether a request brings a token at all: a visitor's capability has no dots.
pub fn has_token(request: &HttpRequest) -> bool {
    bearer(request).is_ok_and(|token| token.contains('.'))
}

/// Whoever sent this request, whatever they may, within their share. What no token opens counts against the address, before any database is
/// asked unless the token was revoked; who has a token that holds is not kept out by that. A request is counted once.
pub async fn caller(request: &HttpRequest, state: &Data<State>) -> Result<Caller, Problem> {
    if let Some(caller) = request.extensions().get::<Caller>() {
        return Ok(caller.clone());
    }
    let caller = match known(request, state).await {
        Err(problem) if problem.code() == Code::Token => {
            state.addresses.count_refused(request)?;
            return Err(problem);
        }
        outcome => outcome?,
    };
    take(request, state, &caller, 1)?;
    request.extensions_mut().insert(caller.clone());
    Ok(caller)
}

/// Whoever the token of a request names, if it holds.
async fn known(request: &HttpRequest, state: &Data<State>) -> Result<Caller, Problem> {
    let (token, now) = (bearer(request)?, (state.now)());
    if let Some(granted) = state.issuers.read(token, now) {
        return Ok(Caller::of_another(granted?));
    }
    let claims = token::read(&state.keys, token, now)?;
    Ok(Caller::of(read(state, move |conn| token::check(conn, claims)).await?))
}

/// Counts what a heavy request costs against its client besides the one that every request costs: together no more than a whole share.
/// Call it before the work is done.
pub fn spend(request: &HttpRequest, state: &Data<State>, caller: &Caller, besides: usize) -> Result<(), Problem> {
    let most = state.clients.quota().saturating_sub(1);
    match u32::try_from(besides).unwrap_or(most).min(most) {
        0 => Ok(()),
        besides => take(request, state, caller, besides),
    }
}

fn take(request: &HttpRequest, state: &Data<State>, caller: &Caller, cost: u32) -> Result<(), Problem> {
    let outcome = state.clients.take(&caller.actor, cost);
    let share = match &outcome {
        Ok(share) => *share,
        Err(Error::TooMany { quota, seconds, .. }) => Some(Share { quota: *quota, left: 0, seconds: *seconds }),
        Err(_) => None,
    };
    if let Some(share) = share {
        request.extensions_mut().insert(share);
    }
    Ok(outcome.map(drop)?)
}

/// Tells a client how they stand (draft-ietf-httpapi-ratelimit-headers-11), with every answer, also with one that refuses.
pub fn tell_share<B>(response: &mut ServiceResponse<B>) {
    let Some(Share { quota, left, seconds }) = response.request().extensions().get::<Share>().copied() else { return };
    let told = [
        ("ratelimit-policy", format!(r#""client";q={quota};w={WINDOW}"#)),
        ("ratelimit", format!(r#""client";r={left};t={seconds}"#)),
    ];
    for (name, value) in told {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
}

/// Writes down how a use was answered. Nobody waits for that: without it the log says that it is not known.
pub fn answered<B>(state: &State, response: &ServiceResponse<B>) {
    let Some(Noted(row)) = response.request().extensions().get::<Noted>().copied() else { return };
    let status = response.status().as_u16();
    if let Err(e) = state.appender.write_later(move |conn| audit::end(conn, row, status)) {
        tracing::warn!("the audit log does not hear how a use was answered: {e}");
    }
}

/// The one token of a request (RFC 6750, 2.1).
fn bearer(request: &HttpRequest) -> Result<&str, Problem> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = values.next() else {
        // Who says nothing is told how to ask, and of no error (RFC 6750, 3.1).
        return Err(Problem::from(Code::Token).instead(header::WWW_AUTHENTICATE, "Bearer"));
    };
    if values.next().is_some() {
        return Err(Error::Token("there is more than one Authorization header").into());
    }
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Error::Token("Authorization is expected to be Bearer and a token").into());
    }
    Ok(token.trim())
}
