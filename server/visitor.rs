//! What one visitor may see: their own answers on one site. How they are forgotten stands in `erasure`.

use diesel::prelude::*;
use uuid::Uuid;

use crate::consent::Consent;
use crate::db::Conn;
use crate::schema::{consents, signing_keys};

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
