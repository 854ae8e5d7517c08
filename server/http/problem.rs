//! Every error on the wire: one table, RFC 9457 problem+json, and for each a page that says what to do.

use std::borrow::Cow;
use std::fmt::Write;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use serde::Serialize;

use crate::error::Error;

pub const PROBLEM_JSON: &str = "application/problem+json";
pub const HTML: &str = "text/html; charset=utf-8";

macro_rules! codes {
    ($($variant:ident $code:literal $status:ident $title:literal, $advice:literal;)*) => {
        /// What can be wrong, as clients tell it apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($variant),* }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            const fn row(self) -> (&'static str, StatusCode, &'static str, &'static str) {
                match self { $(Self::$variant => ($code, StatusCode::$status, $title, $advice)),* }
            }
        }
    };
}

codes! {
    Malformed "malformed" BAD_REQUEST "The request cannot be read",
        "The body or an address part is not what this route expects: broken JSON, a field that does not exist, or a value of the wrong type. The detail names the place.";
    NoCapability "no-capability" UNAUTHORIZED "The capability does not open this",
        "Send the capability that came with a receipt of this site, as Authorization: Bearer. There is no other way to a visitor's history.";
    Token "token" UNAUTHORIZED "The token does not open this",
        "Send a token that was issued for this service, as Authorization: Bearer, in one header. Tokens end after minutes; clients get new ones at /oauth/token, and samtykke token issue makes them too. The detail says what is wrong with this one.";
    WrongSite "wrong-site" FORBIDDEN "The token is not for this site",
        "A token opens the sites that it names, and no other. samtykke token issue --site makes one for this site.";
    InsufficientScope "insufficient-scope" FORBIDDEN "The token may not do this",
        "WWW-Authenticate names the scope that is missing. samtykke token issue --scope makes a token that has it.";
    ForeignOrigin "foreign-origin" FORBIDDEN "This origin does not belong to the site",
        "Consents are taken from the pages of the site alone. Add the origin to the site file, exactly as browsers send it, and apply it. A request without Origin is refused too.";
    Link "link" FORBIDDEN "The token does not carry a choice here",
        "A token opens for one minute, on the origin that it was made for, while the answer that it carries is the visitor's latest; the detail says which of these fails. Ask the visitor, or make a new one.";
    Login "login" FORBIDDEN "It does not show that somebody is logged in",
        "A token opens on the site that it was made for, until the time that it says itself, if one of the site's login_keys signed it; what a page gets for it opens for a day. The detail says which of these fails.";
    NotFound "not-found" NOT_FOUND "There is nothing here",
        "The address does not exist. All that do are listed in /openapi.json.";
    UnknownSite "unknown-site" NOT_FOUND "This site is not known",
        "Check the site's id in the script's address, and that samtykke site apply was run for it.";
    UnknownPerson "unknown-person" NOT_FOUND "Nothing is written about this person",
        "A person is known from the first event that is written about them. POST people/lookup answers for everybody, also for those of whom nothing is known.";
    UnknownVisitor "unknown-visitor" NOT_FOUND "Nothing is kept of this visitor",
        "A visitor is known by the id in their choice cookie and in their receipts, from their first answer until it was erased, on their word or in time.";
    UnknownWebhook "unknown-webhook" NOT_FOUND "The site has no such webhook",
        "GET …/webhooks lists those that it has, each with its id.";
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED "This address does not answer that method",
        "The Allow header lists the methods that it does answer.";
    Timeout "timeout" REQUEST_TIMEOUT "The request took too long",
        "Send it again. A consent carries its own id, so nothing is recorded twice.";
    Conflict "conflict" CONFLICT "This id is taken by another answer",
        "A consent with this id is already recorded, and it says something else. Records never change: make a new id for a new answer.";
    KeyInUse "key-in-use" CONFLICT "The same request is under way",
        "A request with this Idempotency-Key has come and is not answered yet. Send it again in a moment: then it gets its answer, or is done where the first one failed.";
    ReportsOff "reports-off" CONFLICT "This site takes no reports",
        "Reports of unmarked tags are taken while the site file says report = true. The page that sent this holds an older script; nothing has to be done.";
    LinksOff "links-off" CONFLICT "This site carries no choice to another origin",
        "It does once the links of its site file name two or more of its origins.";
    LoginsOff "logins-off" CONFLICT "Choices hold on one device alone here",
        "They hold wherever somebody logs in once the site file names the keys of whoever says so: login_keys under [people].";
    ManyWebhooks "many-webhooks" CONFLICT "The site has as many webhooks as it may",
        "A site has at most 20. DELETE one that nobody listens to any more.";
    NoPublicUrl "no-public-url" CONFLICT "The service cannot make this link",
        "Nothing was recorded. Start the service with --public-url, the address that people reach it by.";
    TooLarge "too-large" PAYLOAD_TOO_LARGE "The body is too large",
        "At most 16 KB are read, 3 MB where people are looked up, and 2 MB where events are imported. A consent needs less than one KB.";
    Invalid "invalid" UNPROCESSABLE_ENTITY "A value is not acceptable",
        "The request can be read, but the field that is named holds something it may not. A choice names every purpose of its notice; besides, it may name services that run under one, and nothing else.";
    KeyReused "key-reused" UNPROCESSABLE_ENTITY "This key belongs to another request",
        "An Idempotency-Key names one request for a day: the same method, address and body, byte for byte. Make a new key for a new request.";
    UnknownNotice "unknown-notice" UNPROCESSABLE_ENTITY "The site has not published this notice",
        "Answer a notice that the site has shown; its number comes with GET /v1/sites/{site}/notice.";
    TooMany "too-many" TOO_MANY_REQUESTS "Too many requests from one sender",
        "Wait as long as Retry-After says, then send it again. The detail says whose share is used up: that of an address, or that of a client, which RateLimit tells beforehand.";
    Internal "internal" INTERNAL_SERVER_ERROR "Something here is broken",
        "The fault is the server's, and its log says more. Sending it again is safe.";
    Busy "busy" SERVICE_UNAVAILABLE "Too much is waiting",
        "More wants to be written, or waits for changes, than may wait. Nothing was recorded. Wait as long as Retry-After says, then send it again.";
    Unavailable "unavailable" SERVICE_UNAVAILABLE "The database does not answer",
        "It is not known whether the record was written. Send the same request again: the same id is never recorded twice.";
}

impl Code {
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// Whether it passes by itself: the answer says when to ask again.
    pub const fn passes(self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable | Self::TooMany)
    }

    /// The one code for an error that came without one.
    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Self::Timeout,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            status if status.is_client_error() => Self::Malformed,
            _ => Self::Internal,
        }
    }

    fn of(error: &Error) -> Self {
        match error {
            Error::At { error, .. } => Self::of(error),
            Error::UnknownSite(_) => Self::UnknownSite,
            Error::UnknownNotice(_) => Self::UnknownNotice,
            Error::Malformed { .. } => Self::Malformed,
            Error::Invalid { .. } => Self::Invalid,
            Error::ForeignOrigin(_) => Self::ForeignOrigin,
            Error::Conflict => Self::Conflict,
            Error::UnknownPerson => Self::UnknownPerson,
            Error::UnknownVisitor => Self::UnknownVisitor,
            Error::UnknownWebhook(_) => Self::UnknownWebhook,
            Error::ManyWebhooks => Self::ManyWebhooks,
            Error::ReportsOff => Self::ReportsOff,
            Error::LinksOff => Self::LinksOff,
            Error::NoPublicUrl => Self::NoPublicUrl,
            Error::Link(_) => Self::Link,
            Error::LoginsOff => Self::LoginsOff,
            Error::Login(_) => Self::Login,
            Error::NoCapability => Self::NoCapability,
            Error::Token(_) => Self::Token,
            Error::WrongSite => Self::WrongSite,
            Error::Scope(_) => Self::InsufficientScope,
            Error::TooMany { .. } => Self::TooMany,
            Error::Busy | Error::Crowded => Self::Busy,
            Error::Unavailable => Self::Unavailable,
            Error::SiteFile(_) | Error::Database(_) | Error::Internal(_) => Self::Internal,
        }
    }
}

/// The answer to a request that failed.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    field: Option<String>,
    headers: Vec<(HeaderName, Cow<'static, str>)>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// Extension: the path of the field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        let headers = match code {
            code if code.passes() => vec![(header::RETRY_AFTER, "2".into())],
            Code::KeyInUse => vec![(header::RETRY_AFTER, "1".into())],
            Code::NoCapability => vec![(header::WWW_AUTHENTICATE, "Bearer".into())],
            Code::Token => vec![(header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#.into())],
            _ => vec![],
        };
        Self { code, detail: None, field: None, headers }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let mut problem = Self::from(Code::of(&error));
        match &error {
            // What broke inside is for the log, and for nobody else.
            Error::Internal(_) | Error::Database(_) | Error::SiteFile(_) => tracing::error!("{error}"),
            Error::Malformed { field, .. } | Error::Invalid { field, .. } | Error::At { field, .. } => {
                problem.field = Some(field.clone()).filter(|field| !field.is_empty());
                problem.detail = Some(error.to_string());
            }
            Error::UnknownNotice(_) => {
                problem.field = Some("notice".to_owned());
                problem.detail = Some(error.to_string());
            }
            Error::Scope(scope) => {
                let wanted = format!(r#"Bearer error="insufficient_scope", scope="{}""#, scope.as_str());
                problem.headers.push((header::WWW_AUTHENTICATE, wanted.into()));
                problem.detail = Some(error.to_string());
            }
            Error::TooMany { seconds, .. } => {
                problem.detail = Some(error.to_string());
                problem = problem.instead(header::RETRY_AFTER, seconds.to_string());
            }
            _ => problem.detail = Some(error.to_string()),
        }
        problem
    }
}

impl Problem {
    pub const fn code(&self) -> Code {
        self.code
    }

    pub fn from_status(status: StatusCode) -> Self {
        Code::of_status(status).into()
    }

    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same header with another value.
    #[must_use]
    pub fn instead(mut self, name: HeaderName, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.retain(|(held, _)| *held != name);
        self.with(name, value)
    }

    fn response(&self) -> HttpResponse {
        let (code, status, title, _) = self.code.row();
        let document = Document {
            r#type: format!("/problems/{code}"),
            title,
            status: status.as_u16(),
            detail: self.detail.as_deref(),
            field: self.field.as_deref(),
        };
        let mut response = HttpResponse::build(status);
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.as_ref()));
        }
        let body = serde_json::to_string(&document).unwrap_or_default();
        response.content_type(PROBLEM_JSON).body(body)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.name())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.row().1
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

impl Responder for Problem {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.response()
    }
}

/// Marks an error that is told in a form of its own, such as OAuth has.
pub struct Told;

/// An error that some layer answered without a problem document. A page is for people, and says what is wrong itself.
pub fn is_bare<B: MessageBody>(response: &ServiceResponse<B>) -> bool {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let told = kind == Some(PROBLEM_JSON) || kind == Some(HTML) || response.response().extensions().contains::<Told>();
    (status.is_client_error() || status.is_server_error()) && !told
}

/// `GET /problems`
pub async fn index() -> HttpResponse {
    let mut body = "<ul>".to_owned();
    for code in Code::ALL {
        let (name, status, title, _) = code.row();
        let _ = write!(body, r#"<li><a href="/problems/{name}">{name}</a> ({}): {title}"#, status.as_u16());
    }
    html("Problems", &(body + "</ul>"))
}

/// `GET /problems/{code}`
pub async fn page(code: Path<String>) -> Result<HttpResponse, Problem> {
    let found = Code::named(&code).ok_or(Code::NotFound)?;
    let (name, status, title, advice) = found.row();
    let body = format!(
        r#"<p>{advice}<p>Type <code>/problems/{name}</code>, status {}.<p><a href="/problems">All problems</a>"#,
        status.as_u16()
    );
    Ok(html(title, &body))
}

fn html(title: &str, body: &str) -> HttpResponse {
    HttpResponse::Ok().content_type(HTML).insert_header((header::CACHE_CONTROL, "public, max-age=3600")).body(
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <meta name=\"color-scheme\" content=\"light dark\"><title>{title} · Samtykke</title><main><h1>{title}</h1>{body}</main>\
             </html>"
        ),
    )
}
