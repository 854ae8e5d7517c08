//! Who asks, and what they may: every route of the API begins here.

use actix_web::dev::ServiceResponse;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};

use crate::audit::{self, Use};
use crate::error::{Error, Result};
use crate::http::problem::{Code, Problem};
use crate::http::{Pattern, State, read};
use crate::issuer::Granted;
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

    fn may(&self, site: &Site, scope: Scope) -> Result<()> {
        if !self.sites.iter().any(|key| *key == site.key || key == EVERY_SITE) {
            return Err(Error::WrongSite);
        }
        if !self.scopes.contains(&scope) {
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
    let token = bearer(request)?;
    let now = (state.now)();
    let caller = if let Some(granted) = state.issuers.read(token, now) {
        Caller::of_another(granted?)
    } else {
        let claims = token::read(&state.keys, token, now)?;
        Caller::of(read(state, move |conn| token::check(conn, claims)).await?)
    };
    caller.may(site, scope)?;
    if scope.is_audited() {
        let new = Use {
            at: now,
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
