//! How a batch of consents gets into the table: all of it or nothing, durable when it returns. This is the hot statement, and the
//! one that the engines are given in two shapes: PostgreSQL a column at a time, SQLite a row at a time.

use diesel::dsl::max;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, Text};

use crate::consent::Consent;
use crate::db::Conn;
use crate::schema::{consents, ledger, signing_keys};

/// What became of one consent of a batch.
pub enum Inserted {
    New,
    /// The id was taken: by that row, signed with the key of that thumbprint.
    Taken(Box<Consent>, String),
}

/// Commits the batch in one transaction. An id that is taken leaves the row that is there as it is. `above` is the highest row number
/// that was given in this process: one that is free again after an erasure may be in a seal that is under way.
pub fn commit(conn: &mut Conn, batch: &[&Consent], above: &mut i64) -> QueryResult<Vec<Inserted>> {
    let written = match conn {
        // A statement alone is a transaction of its own, and saves the way for BEGIN and COMMIT.
        Conn::Postgres(conn) => Columns::of(batch).execute(conn)?,
        Conn::Sqlite(conn) => conn.immediate_transaction(|conn| numbered(conn, batch, above))?,
    };
    if written == batch.len() {
        return Ok(batch.iter().map(|_| Inserted::New).collect());
    }
    batch.iter().map(|consent| who_is_there(conn, consent)).collect()
}

/// The same inside a transaction that the caller began with a write, for what is written together with consents. Says how many were new.
pub fn within(conn: &mut Conn, batch: &[&Consent], above: &mut i64) -> QueryResult<usize> {
    match conn {
        Conn::Postgres(conn) => Columns::of(batch).execute(conn),
        Conn::Sqlite(conn) => numbered(conn, batch, above),
    }
}

/// SQLite's rows are numbered here, for AUTOINCREMENT writes another page: above every row, and above every row that was ever sealed.
fn numbered(conn: &mut SqliteConnection, batch: &[&Consent], above: &mut i64) -> QueryResult<usize> {
    let last: Option<i64> = consents::table.select(max(consents::seq)).first(conn)?;
    let sealed: Option<i64> = ledger::table.select(max(ledger::consents_to)).first(conn)?;
    let next = last.max(sealed).unwrap_or_default().max(*above) + 1;
    let mut written = 0;
    for (seq, consent) in (next..).zip(batch) {
        *above = seq;
        let insert = diesel::insert_into(consents::table).values((consents::seq.eq(seq), *consent));
        written += insert.on_conflict(consents::id).do_nothing().execute(conn)?;
    }
    Ok(written)
}

/// Tells a row that was just written from one that had the id before: no two attempts have the same salt.
fn who_is_there(conn: &mut Conn, consent: &Consent) -> QueryResult<Inserted> {
    let (there, kid): (Consent, String) = consents::table
        .inner_join(signing_keys::table)
        .filter(consents::id.eq(&consent.id))
        .select((Consent::as_select(), signing_keys::kid))
        .first(conn)?;
    Ok(if there.salt == consent.salt { Inserted::New } else { Inserted::Taken(Box::new(there), kid) })
}

/// `INSERT … SELECT FROM unnest(…)`: the text is the same for any number of rows, so it is parsed and planned once a connection.
struct Columns<'a> {
    id: Vec<&'a [u8]>,
    site_id: Vec<i32>,
    notice_id: Vec<i32>,
    visitor: Vec<&'a [u8]>,
    previous: Vec<Option<&'a [u8]>>,
    choice: Vec<&'a str>,
    action: Vec<&'a str>,
    method: Vec<&'a str>,
    language: Vec<Option<&'a str>>,
    page: Vec<Option<&'a str>>,
    regime: Vec<&'a str>,
    regime_found: Vec<&'a str>,
    signals: Vec<&'a str>,
    created_at: Vec<i64>,
    key_id: Vec<i32>,
    signature: Vec<&'a [u8]>,
    salt: Vec<Option<&'a [u8]>>,
    variant: Vec<Option<&'a str>>,
    topic: Vec<Option<&'a str>>,
    details: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    fn of(batch: &[&'a Consent]) -> Self {
        Self {
            id: batch.iter().map(|c| c.id.as_slice()).collect(),
            site_id: batch.iter().map(|c| c.site_id).collect(),
            notice_id: batch.iter().map(|c| c.notice_id).collect(),
            visitor: batch.iter().map(|c| c.visitor.as_slice()).collect(),
            previous: batch.iter().map(|c| c.previous.as_deref()).collect(),
            choice: batch.iter().map(|c| c.choice.as_str()).collect(),
            action: batch.iter().map(|c| c.action.as_str()).collect(),
            method: batch.iter().map(|c| c.method.as_str()).collect(),
            language: batch.iter().map(|c| c.language.as_deref()).collect(),
            page: batch.iter().map(|c| c.page.as_deref()).collect(),
            regime: batch.iter().map(|c| c.regime.as_str()).collect(),
            regime_found: batch.iter().map(|c| c.regime_found.as_str()).collect(),
            signals: batch.iter().map(|c| c.signals.as_str()).collect(),
            created_at: batch.iter().map(|c| c.created_at).collect(),
            key_id: batch.iter().map(|c| c.key_id).collect(),
            signature: batch.iter().map(|c| c.signature.as_slice()).collect(),
            salt: batch.iter().map(|c| c.salt.as_deref()).collect(),
            variant: batch.iter().map(|c| c.variant.as_deref()).collect(),
            topic: batch.iter().map(|c| c.topic.as_deref()).collect(),
            details: batch.iter().map(|c| c.details.as_deref()).collect(),
        }
    }
}

impl RunQueryDsl<PgConnection> for Columns<'_> {}

impl QueryId for Columns<'_> {
    type QueryId = Columns<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for Columns<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO consents (id, site_id, notice_id, visitor, previous, choice, action, method, language, page, regime, \
             regime_found, signals, created_at, key_id, signature, salt, variant, topic, details) SELECT * FROM unnest(",
        );
        out.push_bind_param::<Array<Binary>, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.site_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.notice_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.visitor)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.previous)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.choice)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.action)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.method)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.language)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.page)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.regime)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.regime_found)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.signals)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.created_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.key_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.signature)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.salt)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.variant)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.topic)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.details)?;
        out.push_sql(") ON CONFLICT (id) DO NOTHING");
        Ok(())
    }
}
