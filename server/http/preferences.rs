//! The page of a person's own choices. Their link opens it; every change is a form that carries the token itself, so that it stands in no
//! address afterwards.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::consent::Consent;
use crate::erasure;
use crate::error::{Error, Result};
use crate::http::letters::{Opened, Visit, form};
use crate::http::problem::Problem;
use crate::http::{State, read};
use crate::keys::Letter;
use crate::person::letter::Worthless;
use crate::person::own::{self, Word};
use crate::person::standing::State as Stands;
use crate::person::{self, Channel, Person, PersonId};
use crate::receipt::{self, Receipt};
use crate::visitor;

#[derive(Deserialize)]
struct Form {
    t: Option<String>,
    r#do: Option<String>,
}

/// What somebody takes with them.
#[derive(Serialize)]
struct Held<'a> {
    site: &'a str,
    person: PersonId,
    stands: &'a Stands,
    events: Vec<Receipt>,
}

/// A person and their events, oldest first, each with the thumbprint of the key that signed it.
type Known = (Person, Vec<(Consent, String)>);

/// `GET /v1/sites/{site}/preferences?t=&lang=`
pub async fn show(
    site: Path<String>,
    opened: Query<Opened>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let Opened { t, lang } = opened.into_inner();
    let visit = Visit::new(&site, Letter::Preferences, t, lang.as_deref(), &request, &state)?;
    match visit.read {
        Ok(token) => choices(&visit, &state, token.person, false).await,
        Err(why) => Ok(visit.gone(why)),
    }
}

/// `POST /v1/sites/{site}/preferences`: what one button of the page does.
pub async fn change(
    site: Path<String>,
    opened: Query<Opened>,
    body: Bytes,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let Form { t, r#do } = form(&body)?;
    let visit = Visit::new(&site, Letter::Preferences, t, opened.lang.as_deref(), &request, &state)?;
    let person = match visit.read {
        Ok(token) => token.person,
        Err(why) => return Ok(visit.gone(why)),
    };
    match r#do.as_deref().unwrap_or_default() {
        "show" => choices(&visit, &state, person, false).await,
        "download" => download(&visit, &state, person).await,
        "delete" => Ok(visit.shows(visit.page().delete(&visit.token))),
        "erase" => {
            let (site_id, now) = (visit.site.id, visit.now);
            state.appender.erase(move |conn| erasure::person(conn, site_id, person, now)).await?;
            Ok(visit.shows(visit.page().deleted()))
        }
        "none" => say(&visit, &state, person, &Channel::ALL.map(|channel| (channel, false))).await,
        button => {
            let said = Channel::ALL.into_iter().flat_map(|channel| [(channel, true), (channel, false)]);
            let named = |(channel, granted): &(Channel, bool)| {
                button == format!("{}-{}", channel.as_str(), if *granted { "yes" } else { "no" })
            };
            let said = said.into_iter().find(named).ok_or_else(|| Error::invalid("do", "is no button of the page"))?;
            say(&visit, &state, person, &[said]).await
        }
    }
}

async fn say(
    visit: &Visit,
    state: &Data<State>,
    person: PersonId,
    said: &[(Channel, bool)],
) -> Result<HttpResponse, Problem> {
    let (site, keys, now) = (Arc::clone(&visit.site), Arc::clone(&state.keys), visit.now);
    let words: Vec<Word<'static>> = said
        .iter()
        .map(|(channel, granted)| Word {
            channel: *channel,
            granted: *granted,
            source: "preferences",
            language: Some(visit.language.clone()),
        })
        .collect();
    state.appender.record(move |conn, above| own::say(conn, above, &site, &keys, person, &words, now)).await?;
    choices(visit, state, person, true).await
}

async fn choices(visit: &Visit, state: &Data<State>, who: PersonId, said: bool) -> Result<HttpResponse, Problem> {
    let Some((person, events)) = known(visit, state, who).await? else { return Ok(visit.gone(Worthless::Expired)) };
    let events: Vec<Consent> = events.into_iter().map(|(event, _)| event).collect();
    Ok(visit.shows(visit.page().choices(&visit.token, &person, &events, said, visit.now)?))
}

async fn download(visit: &Visit, state: &Data<State>, who: PersonId) -> Result<HttpResponse, Problem> {
    let Some((person, events)) = known(visit, state, who).await? else { return Ok(visit.gone(Worthless::Expired)) };
    let receipts = events.iter().map(|(event, kid)| receipt::of(event, &visit.site, &state.keys, kid));
    let events = receipts.collect::<Result<Vec<_>>>()?;
    let held = Held { site: &visit.site.key, person: person.id, stands: &person.state, events };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"samtykke.json\""))
        .json(held))
}

async fn known(visit: &Visit, state: &Data<State>, who: PersonId) -> Result<Option<Known>> {
    let site_id = visit.site.id;
    let found = move |conn: &mut crate::db::Conn| {
        let Some(person) = person::find(conn, site_id, who)? else { return Ok(None) };
        let events = visitor::history(conn, site_id, Uuid::from_bytes(who.0))?;
        Ok(Some((person, events.into_iter().map(|(_, event, kid)| (event, kid)).collect())))
    };
    read(state, found).await
}
