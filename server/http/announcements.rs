//! What a site has announced, and whom it may tell of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::announcement::kept::{self, Kept};
use crate::db::Conn;
use crate::error::Result;
use crate::http::problem::Problem;
use crate::http::{State, access, read};
use crate::person::reach;
use crate::scope::Scope;

#[derive(Serialize)]
struct All {
    announcements: Vec<Made>,
    /// How many people may be reached, by channel.
    people: reach::Count,
}

#[derive(Serialize)]
struct Made {
    id: i32,
    date: String,
    material: bool,
    text: BTreeMap<String, String>,
    /// The number of the first notice that said so.
    notice: i32,
    policy_url: BTreeMap<String, String>,
    announced_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<i64>,
}

impl Made {
    fn of(conn: &mut Conn, kept: &Kept) -> Result<Self> {
        let announcement = kept.announcement()?;
        Ok(Self {
            id: kept.id,
            date: announcement.date,
            material: kept.material,
            text: announcement.text,
            notice: kept.notice,
            policy_url: kept.policy_url(conn)?,
            announced_at: kept.announced_at,
            effective_at: kept.effective_at,
            cancelled_at: kept.cancelled_at,
        })
    }
}

/// `GET /v1/sites/{site}/announcements`: newest first.
pub async fn list(site: Path<String>, request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    access::require(&request, &state, &site, Scope::PeopleRead).await?;
    let (now, counted) = ((state.now)(), Arc::clone(&state.counted));
    let all = read(&state, move |conn| {
        let made = kept::all(conn, site.id)?;
        let announcements = made.iter().map(|kept| Made::of(conn, kept)).collect::<Result<_>>()?;
        Ok(All { announcements, people: counted.get(conn, site.id, &site.people, now)? })
    });
    Ok(HttpResponse::Ok().json(all.await?))
}
