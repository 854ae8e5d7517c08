//! What one visitor may see and have erased: their own answers on one site.

use diesel::prelude::*;
use uuid::Uuid;

use crate::consent::Consent;
use crate::db::Conn;
use crate::schema::{consents, signing_keys};

/// Every answer, oldest first, each with the thumbprint of the key that signed it.
pub fn history(conn: &mut Conn, site_id: i32, visitor: Uuid) -> QueryResult<Vec<(Consent, String)>> {
    consents::table
        .inner_join(signing_keys::table)
        .filter(consents::visitor.eq(visitor.as_bytes().to_vec()))
        .filter(consents::site_id.eq(site_id))
        .order(consents::seq.asc())
        .select((Consent::as_select(), signing_keys::kid))
        .load(conn)
}

/// The answer that counts: the latest.
pub fn latest(conn: &mut Conn, site_id: i32, visitor: Uuid) -> QueryResult<Option<Consent>> {
    consents::table
        .filter(consents::visitor.eq(visitor.as_bytes().to_vec()))
        .filter(consents::site_id.eq(site_id))
        .order(consents::seq.desc())
        .select(Consent::as_select())
        .first(conn)
        .optional()
}

/// Deletes them all and says how many there were.
pub fn erase(conn: &mut Conn, site_id: i32, visitor: Uuid) -> QueryResult<usize> {
    let own =
        consents::table.filter(consents::visitor.eq(visitor.as_bytes().to_vec())).filter(consents::site_id.eq(site_id));
    diesel::delete(own).execute(conn)
}
