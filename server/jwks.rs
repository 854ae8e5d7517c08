//! The public half of every key that ever signed here: written down at each start, and published for good, so that what was
//! signed stays checkable after a rotation.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::db::{Conn, on};
use crate::keys::Keys;
use crate::schema::signing_keys;

/// A JSON Web Key Set (RFC 7517) of every key that ever signed here (RFC 8037).
#[derive(Debug, Deserialize, Serialize)]
pub struct KeySet {
    pub keys: Vec<PublicKey>,
}

#[derive(Debug, Deserialize, Serialize)]
pub struct PublicKey {
    kty: String,
    crv: String,
    /// 32 bytes in base64url.
    pub x: String,
    pub kid: String,
    alg: String,
    r#use: String,
}

/// Writes the public halves down and notes the row of the key that signs.
pub fn register(keys: &mut Keys, conn: &mut Conn, now: i64) -> QueryResult<()> {
    for key in keys.all() {
        let row = (
            signing_keys::kid.eq(&key.kid),
            signing_keys::public_key.eq(&key.public),
            signing_keys::created_at.eq(now),
        );
        on!(conn, |c| diesel::insert_into(signing_keys::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    let current = signing_keys::table.filter(signing_keys::kid.eq(&keys.current().kid));
    keys.id = current.select(signing_keys::id).first(conn)?;
    Ok(())
}

/// Thumbprint and public half of every key, oldest first.
pub fn public_keys(conn: &mut Conn) -> QueryResult<Vec<(String, Vec<u8>)>> {
    let columns = (signing_keys::kid, signing_keys::public_key);
    signing_keys::table.order(signing_keys::id.asc()).select(columns).load(conn)
}

/// The public half of the key of this thumbprint.
pub fn public_key(conn: &mut Conn, kid: &str) -> QueryResult<Option<Vec<u8>>> {
    signing_keys::table.filter(signing_keys::kid.eq(kid)).select(signing_keys::public_key).first(conn).optional()
}

pub fn all(conn: &mut Conn) -> QueryResult<KeySet> {
    let key = |(kid, public): (String, Vec<u8>)| PublicKey {
        kty: "OKP".into(),
        crv: "Ed25519".into(),
        x: URL_SAFE_NO_PAD.encode(public),
        kid,
        alg: "EdDSA".into(),
        r#use: "sig".into(),
    };
    Ok(KeySet { keys: public_keys(conn)?.into_iter().map(key).collect() })
}
