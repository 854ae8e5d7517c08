//! The audit log: who used a scope that writes, exports or erases, when and for what. A use is written down before it is done, and one that
//! cannot be is not done; how it was answered follows. Nobody whose consent is kept here is in it.

use diesel::prelude::*;

use crate::day::{DAY_MS, Day};
use crate::db::{Conn, on};
use crate::schema::{audit, sites};
use crate::scope::Scope;

/// What is known before it is done.
pub struct Use {
    /// Unix ms.
    pub at: i64,
    pub actor: String,
    pub site_id: i32,
    pub scope: Scope,
    pub method: String,
    /// The pattern of the route, never the path: that one may name a person.
    pub route: &'static str,
}

/// One use, as it is shown.
#[derive(Clone, Debug, Queryable)]
pub struct Row {
    id: i64,
    pub at: i64,
    pub actor: String,
    /// Its key.
    pub site: String,
    pub scope: String,
    pub method: String,
    pub route: String,
    /// Missing where the answer is not known: the client was gone, or the server.
    pub status: Option<i32>,
}

/// Which uses are asked for; days in UTC, both included.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub site_id: Option<i32>,
    pub actor: Option<String>,
    pub from: Option<Day>,
    pub to: Option<Day>,
}

/// Writes a use down, and gives its number.
pub fn begin(conn: &mut Conn, new: &Use) -> QueryResult<i64> {
    let row = (
        audit::at.eq(new.at),
        audit::actor.eq(&new.actor),
        audit::site_id.eq(new.site_id),
        audit::scope.eq(new.scope.as_str()),
        audit::method.eq(&new.method),
        audit::route.eq(new.route),
    );
    on!(conn, |c| diesel::insert_into(audit::table).values(row).returning(audit::id).get_result(c))
}

/// Writes down how it was answered.
pub fn end(conn: &mut Conn, id: i64, status: u16) -> QueryResult<()> {
    diesel::update(audit::table.find(id)).set(audit::status.eq(i32::from(status))).execute(conn).map(drop)
}

/// Hands over every use that is asked for, oldest first, some at a time.
pub fn read<E: From<diesel::result::Error>>(
    conn: &mut Conn,
    filter: &Filter,
    mut take: impl FnMut(&[Row]) -> Result<(), E>,
) -> Result<(), E> {
    const STEP: i64 = 1000;
    let (from, to) = (filter.from.unwrap_or(Day(0)), filter.to.unwrap_or(Day(i32::MAX)));
    let mut after = 0;
    loop {
        let mut query = audit::table
            .inner_join(sites::table)
            .filter(audit::id.gt(after))
            .filter(audit::at.ge(i64::from(from.0) * DAY_MS).and(audit::at.lt((i64::from(to.0) + 1) * DAY_MS)))
            .order(audit::id.asc())
            .limit(STEP)
            .select((
                audit::id,
                audit::at,
                audit::actor,
                sites::key,
                audit::scope,
                audit::method,
                audit::route,
                audit::status,
            ))
            .into_boxed();
        if let Some(site) = filter.site_id {
            query = query.filter(audit::site_id.eq(site));
        }
        if let Some(actor) = &filter.actor {
            query = query.filter(audit::actor.eq(actor));
        }
        let rows: Vec<Row> = query.load(conn)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        take(&rows)?;
    }
}

/// Deletes what was kept for so many days at `now`, unix ms.
pub fn forget(conn: &mut Conn, days: u32, now: i64) -> QueryResult<usize> {
    diesel::delete(audit::table.filter(audit::at.lt(now - i64::from(days) * DAY_MS))).execute(conn)
}
