//! What the links of letters open. A GET shows and changes nothing, since scanners of mail open links too; a POST does what its page said.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::http::problem::{HTML, Problem};
use crate::http::{State, language, read};
use crate::keys::Letter as Kind;
use crate::mail::{Letter, Sent};
use crate::person::letter::{For, Token, Worthless};
use crate::person::own::{self, Word};
use crate::person::pages::{self, Page};
use crate::person::standing::Said;
use crate::person::{self, Channel, Person};
use crate::site::Site;
use crate::webhook;

/// How long a request waits for a server that takes letters.
const MAIL_PATIENCE: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
pub struct Opened {
    pub t: Option<String>,
    pub lang: Option<String>,
}

/// What a form of these pages sends.
#[derive(Deserialize)]
struct Form {
    t: Option<String>,
}

/// What a mail to a person who said yes has in its head (RFC 8058).
#[derive(Serialize)]
pub struct Unsubscribe {
    #[serde(rename = "List-Unsubscribe")]
    link: String,
    #[serde(rename = "List-Unsubscribe-Post")]
    post: &'static str,
}

/// The headers of the mails that a person said yes to, where this service is reached from outside.
pub fn unsubscribe_headers(state: &State, site: &Site, person: &Person, now: i64) -> Option<Unsubscribe> {
    let url = state.public_url.as_ref()?;
    person.state.channels.get(&Channel::Email).filter(|standing| standing.said == Said::Granted)?;
    let token = Token::unsubscribe(person.id, now).write(&site.key, &state.keys);
    let link = format!("<{}>", url.of_site(&site.key, &format!("unsubscribe?t={token}")));
    Some(Unsubscribe { link, post: "List-Unsubscribe=One-Click" })
}

/// Where a yes that waits is confirmed, and until when, if this event still is one.
pub fn confirm_url(
    state: &State,
    site: &Site,
    person: &Person,
    event: Uuid,
    lang: Option<&str>,
    now: i64,
) -> Option<(String, i64)> {
    let (_, standing) = person.state.waiting(event, &site.people, now)?;
    let token = Token::confirm(person.id, event, standing.at);
    let (token, ends) = (token.write(&site.key, &state.keys), token.ends);
    let lang = lang.map(|lang| format!("&lang={lang}")).unwrap_or_default();
    Some((state.public_url.as_ref()?.of_site(&site.key, &format!("confirm?t={token}{lang}")), ends))
}

/// A link to the page of somebody's choices, for them alone.
#[derive(Serialize)]
pub struct PreferencesLink {
    url: String,
    /// Unix ms.
    expires_at: i64,
}

pub fn preferences_link(state: &State, site: &Site, person: &Person, now: i64) -> Result<PreferencesLink> {
    let url = state.public_url.as_ref().ok_or(Error::NoPublicUrl)?;
    let token = Token::preferences(person.id, now);
    let link = url.of_site(&site.key, &format!("preferences?t={}", token.write(&site.key, &state.keys)));
    Ok(PreferencesLink { url: link, expires_at: token.ends })
}

/// Sends the link of a yes that waits to the person, and waits until a server has taken it.
pub async fn mail(
    state: &Data<State>,
    site: &Arc<Site>,
    to: String,
    language: Option<String>,
    (link, until): (String, i64),
) -> Sent {
    let (state, site) = (Data::clone(state), Arc::clone(site));
    let sending = web::block(move || {
        let language = language.as_deref().unwrap_or(&site.default_language);
        let letter = Letter::confirm(&site, language, &link, until);
        state.mailer.as_ref().is_some_and(|mailer| mailer.send(&to, &letter))
    });
    match tokio::time::timeout(MAIL_PATIENCE, sending).await {
        Ok(Ok(true)) => Sent::Sent,
        _ => Sent::Failed,
    }
}

/// Tells the site's own systems of a link that is not mailed from here, so that one of them does, and gives the link.
pub async fn hand_over(
    state: &State,
    site: &Site,
    person: &Person,
    event: Uuid,
    language: Option<String>,
    (link, until): (String, i64),
    now: i64,
) -> Result<String> {
    let mut data = json!({
        "id": event,
        "site": site.key,
        "person": person.id,
        "confirm_url": link,
        "expires_at": until,
    });
    for (field, said) in [("ref", &person.reference), ("language", &language)] {
        if let Some(said) = said {
            data[field] = json!(said);
        }
    }
    let site_id = site.id;
    state.appender.record(move |conn, _| webhook::emit(conn, site_id, "person.confirmation", &data, now)).await?;
    Ok(link)
}

/// All that one request for a page is about.
pub struct Visit {
    pub site: Arc<Site>,
    pub language: String,
    pub token: String,
    pub read: Result<Token, Worthless>,
    pub now: i64,
}

impl Visit {
    pub fn new(
        site: &str,
        kind: Kind,
        token: Option<String>,
        lang: Option<&str>,
        request: &HttpRequest,
        state: &State,
    ) -> Result<Self> {
        let site = state.sites.find(site)?;
        let language = language(&site.languages, &site.default_language, lang, request).to_owned();
        let (token, now) = (token.unwrap_or_default(), (state.now)());
        let read = Token::read(&token, kind, &site.key, &state.keys, now);
        Ok(Self { site, language, token, read, now })
    }

    pub fn page(&self) -> Page<'_> {
        Page::new(&self.site, &self.language)
    }

    pub fn shows(&self, page: String) -> HttpResponse {
        self.answers(StatusCode::OK, page)
    }

    /// The link does nothing any more, or never did.
    pub fn gone(&self, why: Worthless) -> HttpResponse {
        let status = match why {
            Worthless::Foreign => StatusCode::FORBIDDEN,
            Worthless::Expired => StatusCode::GONE,
        };
        self.answers(status, self.page().gone())
    }

    fn answers(&self, status: StatusCode, page: String) -> HttpResponse {
        let mut response = HttpResponse::build(status).content_type(HTML).body(page);
        let headers = response.headers_mut();
        if let Ok(policy) = HeaderValue::from_str(&pages::policy()) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if let Ok(language) = HeaderValue::from_str(&self.language) {
            headers.insert(header::CONTENT_LANGUAGE, language);
        }
        headers.append(header::VARY, HeaderValue::from_static("Accept-Language"));
        response
    }
}

/// `GET /v1/sites/{site}/confirm?t=&lang=`: the page with the button.
pub async fn ask(
    site: Path<String>,
    opened: Query<Opened>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let Opened { t, lang } = opened.into_inner();
    let visit = Visit::new(&site, Kind::Confirm, t, lang.as_deref(), &request, &state)?;
    let token = match visit.read {
        Ok(token) => token,
        Err(why) => return Ok(visit.gone(why)),
    };
    let (id, who) = (visit.site.id, token.person);
    let person = read(&state, move |conn| person::find(conn, id, who)).await?;
    let For::Confirm(event) = token.what else { return Ok(visit.gone(Worthless::Foreign)) };
    let waits = person.is_some_and(|person| person.state.waiting(event, &visit.site.people, visit.now).is_some());
    Ok(if waits { visit.shows(visit.page().confirm(&visit.token)) } else { visit.gone(Worthless::Expired) })
}

/// `POST /v1/sites/{site}/confirm`, with the token as the form has it: the yes counts from now on. It does so once.
pub async fn confirm(
    site: Path<String>,
    opened: Query<Opened>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let visit = Visit::new(&site, Kind::Confirm, form::<Form>(&body)?.t, opened.lang.as_deref(), &request, &state)?;
    let token = match visit.read {
        Ok(token) => token,
        Err(why) => return Ok(visit.gone(why)),
    };
    let For::Confirm(event) = token.what else { return Ok(visit.gone(Worthless::Foreign)) };
    let (own, keys, now) = (Arc::clone(&visit.site), Arc::clone(&state.keys), visit.now);
    let confirmed = state
        .appender
        .record(move |conn, above| own::confirm(conn, above, &own, &keys, (token.person, event), now))
        .await?;
    Ok(if confirmed.is_some() { visit.shows(visit.page().confirmed()) } else { visit.gone(Worthless::Expired) })
}

/// `GET /v1/sites/{site}/unsubscribe?t=&lang=`: the page with the button.
pub async fn unsubscribe_page(
    site: Path<String>,
    opened: Query<Opened>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let Opened { t, lang } = opened.into_inner();
    let visit = Visit::new(&site, Kind::Unsubscribe, t, lang.as_deref(), &request, &state)?;
    Ok(match visit.read {
        Ok(_) => visit.shows(visit.page().unsubscribe(&visit.token)),
        Err(why) => visit.gone(why),
    })
}

/// `POST /v1/sites/{site}/unsubscribe`, the token behind the question mark, as mail programs send it, or in the form of the page: no more
/// e-mail, from now on. As often as it is sent.
pub async fn unsubscribe(
    site: Path<String>,
    opened: Query<Opened>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let Opened { t, lang } = opened.into_inner();
    // A mail program's body says nothing that its address does not.
    let token = t.or_else(|| form::<Form>(&body).ok()?.t);
    let visit = Visit::new(&site, Kind::Unsubscribe, token, lang.as_deref(), &request, &state)?;
    let token = match visit.read {
        Ok(token) => token,
        Err(why) => return Ok(visit.gone(why)),
    };
    let (own, keys, now) = (Arc::clone(&visit.site), Arc::clone(&state.keys), visit.now);
    state
        .appender
        .record(move |conn, above| {
            let no = Word { channel: Channel::Email, granted: false, source: "unsubscribe", language: None };
            own::say(conn, above, &own, &keys, token.person, &[no], now)
        })
        .await?;
    Ok(visit.shows(visit.page().unsubscribed()))
}

pub fn form<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let malformed = |reason: String| Error::Malformed { field: String::new(), reason };
    let text = std::str::from_utf8(body).map_err(|e| malformed(e.to_string()))?;
    Query::from_query(text).map(Query::into_inner).map_err(|e| malformed(e.to_string()))
}
