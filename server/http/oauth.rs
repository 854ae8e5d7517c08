//! OAuth 2.0 for clients: a token for a name and a secret (RFC 6749, 4.4), and its end (RFC 7009). What is wrong with such a request is told
//! as those say; everything else is a problem as everywhere.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::client::{self, Client};
use crate::error::{Error, Result};
use crate::http::problem::{Problem, Told};
use crate::http::{State, read};
use crate::scope::Scope;
use crate::token::{self, Grant};

const FORM: &str = "application/x-www-form-urlencoded";

const KNOWN: [&str; 6] = ["grant_type", "scope", "client_id", "client_secret", "token", "token_type_hint"];

#[derive(Serialize)]
struct Issued {
    access_token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    scope: String,
}

/// `POST /oauth/token`
pub async fn token(body: Bytes, request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Refusal> {
    let form = Form::read(&request, &body)?;
    match form.one("grant_type") {
        Some("client_credentials") => {}
        Some(_) => return Err(Refusal::told("unsupported_grant_type", "grant_type is client_credentials here")),
        None => return Err(INCOMPLETE),
    }
    let client = authenticated(&request, &state, &form).await?;
    let mut scopes = client.scopes();
    if let Some(asked) = form.one("scope") {
        let wrong = |_| Refusal::told("invalid_scope", "a scope does not exist");
        let asked = Scope::parse_list(asked).map_err(wrong)?;
        if !asked.iter().all(|scope| scopes.contains(scope)) {
            return Err(Refusal::told("invalid_scope", "the client may not do all of this"));
        }
        scopes = asked;
    }
    let sites = client.sites();
    let grant = Grant {
        subject: &client.name,
        client: &client.name,
        scopes: &scopes,
        sites: &sites,
        seconds: client.seconds(),
    };
    let (access_token, claims) = token::issue(&state.keys, &grant, (state.now)())?;
    let issued = Issued { access_token, token_type: "Bearer", expires_in: client.seconds(), scope: claims.scope };
    // That it is not stored is said on every answer.
    Ok(HttpResponse::Ok().insert_header((header::PRAGMA, "no-cache")).json(issued))
}

/// `POST /oauth/revoke`: a client's own token opens nothing from now on. Of anything else nothing is told, and nothing is done to it.
pub async fn revoke(body: Bytes, request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Refusal> {
    let form = Form::read(&request, &body)?;
    let Some(text) = form.one("token") else { return Err(INCOMPLETE) };
    let client = authenticated(&request, &state, &form).await?;
    let now = (state.now)();
    if let Ok(claims) = token::read(&state.keys, text, now)
        && claims.client_id == client.name
    {
        state.appender.write(move |conn| token::revoke(conn, &claims, now)).await?;
    }
    Ok(HttpResponse::Ok().finish())
}

/// The client who asks, by the secret that they send.
async fn authenticated(request: &HttpRequest, state: &Data<State>, form: &Form) -> Result<Client, Refusal> {
    let (name, secret) = credentials(request, form)?;
    state.attempts.count(state, request, &name)?;
    let found = read(state, move |conn| Ok(client::find(conn, &name)?)).await?;
    state.attempts.proved(found, secret).await?.ok_or(UNKNOWN)
}

/// Name and secret, from the one place where they are.
fn credentials(request: &HttpRequest, form: &Form) -> Result<(String, String), Refusal> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let (name, secret) = (form.one("client_id"), form.one("client_secret"));
    let Some(value) = headers.next() else {
        let (Some(name), Some(secret)) = (name, secret) else { return Err(UNKNOWN) };
        return Ok((name.to_owned(), secret.to_owned()));
    };
    if headers.next().is_some() || secret.is_some() {
        return Err(Refusal::told("invalid_request", "the client says in more than one way who it is"));
    }
    let (scheme, encoded) = value.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(UNKNOWN);
    }
    let decoded =
        STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(UNKNOWN)?;
    // Our names and secrets hold nothing that a form would write otherwise (RFC 6749, 2.3.1).
    let (own, secret) = decoded.split_once(':').ok_or(UNKNOWN)?;
    if name.is_some_and(|name| name != own) {
        return Err(Refusal::told("invalid_request", "client_id names another client than Authorization"));
    }
    Ok((own.to_owned(), secret.to_owned()))
}

/// The fields of a request, none that is known twice. Those without a value count as left out (RFC 6749, 3.2).
struct Form(Vec<(String, String)>);

impl Form {
    fn read(request: &HttpRequest, body: &[u8]) -> Result<Self, Refusal> {
        let unreadable = || Refusal::told("invalid_request", "a form is expected: application/x-www-form-urlencoded");
        if !request.content_type().eq_ignore_ascii_case(FORM) {
            return Err(unreadable());
        }
        let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
        let Query(fields) = Query::<Vec<(String, String)>>::from_query(text).map_err(|_| unreadable())?;
        let often = |known: &&str| fields.iter().filter(|(name, _)| name == known).count() > 1;
        if KNOWN.iter().any(often) {
            return Err(Refusal::told("invalid_request", "a field is there more than once"));
        }
        Ok(Self(fields))
    }

    fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// Why there is no token.
#[derive(Debug)]
pub enum Refusal {
    /// As RFC 6749, 5.2 has it: a code, and a sentence for whoever writes the client.
    Told(StatusCode, &'static str, &'static str),
    Problem(Problem),
}

const UNKNOWN: Refusal =
    Refusal::Told(StatusCode::UNAUTHORIZED, "invalid_client", "the client or its secret is not known");
const INCOMPLETE: Refusal =
    Refusal::Told(StatusCode::BAD_REQUEST, "invalid_request", "a field that is needed is missing");

impl Refusal {
    const fn told(code: &'static str, description: &'static str) -> Self {
        Self::Told(StatusCode::BAD_REQUEST, code, description)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Problem(error.into())
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Told(_, code, _) => f.write_str(code),
            Self::Problem(problem) => problem.fmt(f),
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Told(status, ..) => *status,
            Self::Problem(problem) => problem.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        #[derive(Serialize)]
        struct Document {
            error: &'static str,
            error_description: &'static str,
        }
        let (status, error, error_description) = match self {
            Self::Told(status, error, description) => (*status, *error, *description),
            Self::Problem(problem) => return problem.error_response(),
        };
        let mut response = HttpResponse::build(status);
        response.insert_header((header::PRAGMA, "no-cache"));
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, r#"Basic realm="samtykke""#));
        }
        let mut response = response.json(Document { error, error_description });
        response.extensions_mut().insert(Told);
        response
    }
}
