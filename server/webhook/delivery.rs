//! Deliveries: what is told to whom, what became of it, and what is tried again. Once it has ended, well or badly, it is kept for a month.

use diesel::dsl::count_star;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::day::DAY_MS;
use crate::db::{Conn, on};
use crate::schema::{deliveries, webhooks};
use crate::webhook::receiver::{self, Receiver};

const KEEP_MS: i64 = 30 * DAY_MS;
/// Rows that one statement writes or deletes.
const PIECE: usize = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is tried now or later.
    Pending,
    Delivered,
    /// It is not tried any more, unless it is replayed.
    Parked,
    /// What it would have told was erased before it was sent.
    Erased,
}

impl State {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
            Self::Erased => "erased",
        }
    }
}

#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = deliveries)]
pub struct New<'a> {
    webhook_id: i32,
    leaf: Option<i64>,
    name: &'a str,
    event: &'a str,
    data: Option<&'a str>,
    person: Option<&'a [u8]>,
    state: &'static str,
    attempts: i32,
    created_at: i64,
    queued_at: i64,
    due_at: Option<i64>,
    ended_at: Option<i64>,
}

impl<'a> New<'a> {
    /// Due at once; or parked, where the receiver said that it is gone.
    pub fn of(receiver: &Receiver, name: &'a str, event: &'a str, now: i64) -> Self {
        let gone = receiver.gone_at.is_some();
        Self {
            webhook_id: receiver.id,
            leaf: None,
            name,
            event,
            data: None,
            person: None,
            state: if gone { State::Parked.as_str() } else { State::Pending.as_str() },
            attempts: 0,
            created_at: now,
            queued_at: now,
            due_at: (!gone).then_some(now),
            ended_at: gone.then_some(now),
        }
    }

    /// An event of the ledger.
    #[must_use]
    pub const fn at(mut self, leaf: i64) -> Self {
        self.leaf = Some(leaf);
        self
    }

    /// Anything else, and whom it is about.
    #[must_use]
    pub const fn saying(mut self, data: &'a str, person: Option<&'a [u8]>) -> Self {
        self.data = Some(data);
        self.person = person;
        self
    }
}

pub fn add(conn: &mut Conn, new: &[New]) -> QueryResult<()> {
    for piece in new.chunks(PIECE) {
        on!(conn, |c| diesel::insert_into(deliveries::table).values(piece).execute(c))?;
    }
    Ok(())
}

#[derive(Clone, Debug, Queryable, Selectable, Serialize)]
#[diesel(table_name = deliveries)]
pub struct Delivery {
    pub id: i64,
    /// As `webhook-id` has it.
    #[serde(rename = "message")]
    pub name: String,
    pub event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<i64>,
    #[serde(skip)]
    pub data: Option<String>,
    pub state: String,
    pub attempts: i32,
    /// What was answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    pub created_at: i64,
    #[serde(skip)]
    pub queued_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

/// Newest first, those below `before`.
pub fn list(
    conn: &mut Conn,
    webhook_id: i32,
    state: Option<State>,
    before: Option<i64>,
    most: i64,
) -> QueryResult<Vec<Delivery>> {
    let own = deliveries::table
        .filter(deliveries::webhook_id.eq(webhook_id))
        .filter(deliveries::id.lt(before.unwrap_or(i64::MAX)))
        .order(deliveries::id.desc())
        .limit(most)
        .select(Delivery::as_select());
    match state {
        Some(state) => own.filter(deliveries::state.eq(state.as_str())).load(conn),
        None => own.load(conn),
    }
}

/// The receivers that something is due to at `now`, whoever has waited longest first.
pub fn waiting(conn: &mut Conn, now: i64) -> QueryResult<Vec<i32>> {
    let mut found = Vec::new();
    for receiver in webhooks::table.filter(webhooks::gone_at.is_null()).select(webhooks::id).load::<i32>(conn)? {
        let due = deliveries::table.filter(deliveries::webhook_id.eq(receiver)).filter(deliveries::due_at.le(now));
        let first = due.order(deliveries::due_at.asc()).select(deliveries::due_at).first::<Option<i64>>(conn);
        found.extend(first.optional()?.map(|since| (since, receiver)));
    }
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, receiver)| receiver).collect())
}

/// What is due to a receiver, in the order in which it happened.
pub fn due(conn: &mut Conn, webhook_id: i32, now: i64, most: i64) -> QueryResult<Vec<Delivery>> {
    deliveries::table
        .filter(deliveries::webhook_id.eq(webhook_id))
        .filter(deliveries::due_at.le(now))
        .order((deliveries::due_at.asc(), deliveries::id.asc()))
        .limit(most)
        .select(Delivery::as_select())
        .load(conn)
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub id: i64,
    pub state: State,
    pub attempts: i32,
    pub status: Option<u16>,
    /// When it is tried again, or ended.
    pub at: i64,
}

/// Writes down what became of some. One that somebody else was at meanwhile, as who replays it, is left as it is.
pub fn record(conn: &mut Conn, before: &[Delivery], outcomes: &[Outcome]) -> QueryResult<()> {
    for (tried, outcome) in before.iter().zip(outcomes) {
        let pending = outcome.state == State::Pending;
        diesel::update(deliveries::table.find(outcome.id))
            .filter(deliveries::attempts.eq(tried.attempts).and(deliveries::queued_at.eq(tried.queued_at)))
            .filter(deliveries::state.eq(State::Pending.as_str()))
            .set((
                deliveries::state.eq(outcome.state.as_str()),
                deliveries::attempts.eq(outcome.attempts),
                deliveries::status.eq(outcome.status.map(i32::from)),
                deliveries::due_at.eq(pending.then_some(outcome.at)),
                deliveries::ended_at.eq((!pending).then_some(outcome.at)),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// A receiver said that it is gone: nothing more is sent there, and what waits is parked.
pub fn park_all(conn: &mut Conn, webhook_id: i32, now: i64) -> QueryResult<()> {
    receiver::set_gone(conn, webhook_id, Some(now))?;
    let own = deliveries::table.filter(deliveries::webhook_id.eq(webhook_id));
    diesel::update(own.filter(deliveries::state.eq(State::Pending.as_str())))
        .set((
            deliveries::state.eq(State::Parked.as_str()),
            deliveries::due_at.eq(None::<i64>),
            deliveries::ended_at.eq(now),
        ))
        .execute(conn)
        .map(drop)
}

/// What is sent once more.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    Parked,
    /// Whatever was told since then, unix ms, delivered or not.
    From(i64),
}

/// Sends some once more, for another three days, and says how many. A receiver that was gone is there again.
pub fn replay(conn: &mut Conn, webhook_id: i32, which: Which, now: i64) -> QueryResult<usize> {
    receiver::set_gone(conn, webhook_id, None)?;
    let own = deliveries::table.filter(deliveries::webhook_id.eq(webhook_id));
    let set = (
        deliveries::state.eq(State::Pending.as_str()),
        deliveries::attempts.eq(0),
        deliveries::queued_at.eq(now),
        deliveries::due_at.eq(Some(now)),
        deliveries::ended_at.eq(None::<i64>),
    );
    match which {
        Which::Parked => {
            let parked = own.filter(deliveries::state.eq(State::Parked.as_str()));
            diesel::update(parked).set(set).execute(conn)
        }
        Which::From(from) => {
            let since =
                own.filter(deliveries::created_at.ge(from)).filter(deliveries::state.ne(State::Erased.as_str()));
            diesel::update(since).set(set).execute(conn)
        }
    }
}

/// How many of a state there are, to one receiver or to all.
pub fn count(conn: &mut Conn, webhook_id: Option<i32>, state: State) -> QueryResult<i64> {
    let those = deliveries::table.filter(deliveries::state.eq(state.as_str())).select(count_star());
    match webhook_id {
        Some(id) => those.filter(deliveries::webhook_id.eq(id)).first(conn),
        None => those.first(conn),
    }
}

/// Deletes some that were kept long enough at `now`, unix ms, and says whether there may be more.
pub fn drop_old(conn: &mut Conn, now: i64) -> QueryResult<bool> {
    let over = deliveries::table.filter(deliveries::ended_at.lt(now - KEEP_MS));
    let ids: Vec<i64> = over
        .order(deliveries::id.asc())
        .limit(i64::try_from(PIECE).unwrap_or(i64::MAX))
        .select(deliveries::id)
        .load(conn)?;
    diesel::delete(deliveries::table.filter(deliveries::id.eq_any(&ids))).execute(conn)?;
    Ok(ids.len() >= PIECE)
}

/// Forgets what was to be told of a person of a site in words of its own.
pub fn forget(conn: &mut Conn, site_id: i32, person: &[u8]) -> QueryResult<()> {
    let own = receiver::all(conn, site_id)?.into_iter().map(|receiver| receiver.id).collect::<Vec<_>>();
    let about = deliveries::table.filter(deliveries::person.eq(person.to_vec()));
    diesel::delete(about.filter(deliveries::webhook_id.eq_any(own))).execute(conn).map(drop)
}
