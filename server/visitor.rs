//! What is known of one visitor: their answers on one site, and which of them stands. How they are forgotten stands in `erasure`.

use diesel::prelude::*;
use serde::Serialize;
use uuid::Uuid;

use crate::choice::Choice;
use crate::consent::Consent;
use crate::day::DAY_MS;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::jurisdiction::Jurisdictions;
use crate::ledger::{self, Kind};
use crate::person::standing::Reason;
use crate::schema::{consents, signing_keys};
use crate::site::Site;

/// Every answer with its row's number, oldest first, each with the thumbprint of the key that signed it.
pub fn history(conn: &mut Conn, site_id: i32, visitor: Uuid) -> QueryResult<Vec<(i64, Consent, String)>> {
    consents::table
        .inner_join(signing_keys::table)
        .filter(consents::visitor.eq(visitor.as_bytes().to_vec()))
        .filter(consents::site_id.eq(site_id))
        .order(consents::seq.asc())
        .select((consents::seq, Consent::as_select(), signing_keys::kid))
        .load(conn)
}

/// One of the visitor's answers, with the thumbprint of the key that signed it.
pub fn answer(conn: &mut Conn, site_id: i32, visitor: Uuid, consent: Uuid) -> QueryResult<Option<(Consent, String)>> {
    consents::table
        .inner_join(signing_keys::table)
        .filter(consents::id.eq(consent.as_bytes().to_vec()))
        .filter(consents::visitor.eq(visitor.as_bytes().to_vec()))
        .filter(consents::site_id.eq(site_id))
        .select((Consent::as_select(), signing_keys::kid))
        .first(conn)
        .optional()
}

/// The answer that counts now.
pub fn latest(conn: &mut Conn, site_id: i32, visitor: Uuid) -> QueryResult<Option<Consent>> {
    consents::table
        .filter(consents::visitor.eq(visitor.as_bytes().to_vec()))
        .filter(consents::site_id.eq(site_id))
        .order(consents::seq.desc())
        .select(Consent::as_select())
        .first(conn)
        .optional()
}

/// The newest answers, newest first, each with its leaf; at most so many. A person is no visitor.
pub fn newest(conn: &mut Conn, site_id: i32, visitor: Uuid, most: usize) -> QueryResult<Vec<(Consent, Option<i64>)>> {
    let rows: Vec<(i64, Consent)> = consents::table
        .filter(consents::visitor.eq(visitor.as_bytes().to_vec()))
        .filter(consents::site_id.eq(site_id))
        .filter(consents::topic.is_null())
        .order(consents::seq.desc())
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .select((consents::seq, Consent::as_select()))
        .load(conn)?;
    rows.into_iter().map(|(seq, consent)| Ok((consent, ledger::leaf_of(conn, Kind::Consent, seq)?))).collect()
}

/// The answer that was given last, and whether it still stands.
#[derive(Serialize)]
pub struct Current {
    receipt: String,
    choice: Choice,
    /// When it was given, in unix ms.
    at: i64,
    notice: i32,
    /// When it ends by itself.
    until: i64,
    stands: bool,
    /// Why it does not: the visitor is asked anew, and until then nothing is granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

impl Current {
    /// `now` is unix ms. Of the place where it was given only the regime is kept, so that the shortest law of that regime counts.
    pub fn of(last: &Consent, site: &Site, laws: &Jurisdictions, now: i64) -> Result<Self> {
        let internal = |e: String| Error::Internal(e);
        let choice: Choice = serde_json::from_str(&last.choice).map_err(|e| internal(e.to_string()))?;
        let (notice, asked) =
            site.asked(last.notice_id).ok_or_else(|| internal("an answer to a notice that is not there".into()))?;
        let days = laws.days_under(&last.regime, choice.grants(), asked.remember_days);
        let until = last.created_at.saturating_add(i64::from(days) * DAY_MS);
        let reason = if notice < site.asks_since {
            Some(Reason::NoticeChanged)
        } else {
            (until <= now).then_some(Reason::Expired)
        };
        let receipt = Uuid::from_slice(&last.id).map_err(|e| internal(e.to_string()))?.to_string();
        Ok(Self { receipt, choice, at: last.created_at, notice, until, stands: reason.is_none(), reason })
    }
}

/// What a site's systems are told of an answer.
pub fn event(consent: Consent, site: &Site, leaf: Option<i64>) -> Result<Event> {
    let asked = site.asked(consent.notice_id);
    let (notice, _) = asked.ok_or_else(|| Error::Internal("an answer to a notice that is not there".into()))?;
    Event::of(consent, &site.key, notice, None, leaf)
}
