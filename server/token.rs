//! Our own access tokens: JWTs (RFC 9068) that the key of the receipts signs. `typ` keeps the two apart, so that neither passes for the
//! other. They are issued to a name by itself, or to a `client`, and open nothing once they, or their client, are revoked.

use diesel::prelude::*;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::{Conn, on};
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::schema::revoked_tokens;
use crate::scope::Scope;

/// Who issues, and for whom: both are this service.
pub const NAME: &str = "samtykke";
/// Tells a token from everything else that is signed here (RFC 9068, 2.1).
pub const TYP: &str = "at+jwt";
/// What stands before the name of whoever a token was issued to by itself.
pub const ALONE: &str = "token:";
/// What stands before the name of a client, in records and where it is revoked.
const CLIENT: &str = "client:";
/// Stands for every site.
pub const EVERY_SITE: &str = "*";
/// How long a token holds at most: a month.
pub const LONGEST_MINUTES: u32 = 31 * 24 * 60;
/// Why a token is refused that is not what it should be.
pub const DAMAGED: Error = Error::Token("it cannot be read, or is signed in a way that is not taken here");
/// Those who issue tokens may have clocks that differ so much, in seconds.
const SKEW: i64 = 30;

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: String,
    pub client_id: String,
    /// With spaces between.
    pub scope: String,
    /// Keys of sites, or `*` alone.
    pub sites: Vec<String>,
    pub iat: i64,
    pub exp: i64,
    /// Its name when it is revoked.
    pub jti: Uuid,
}

impl Claims {
    /// Whoever asks with it, as it stands in records: `token:crm`, or `client:crm`. A client's name has no colon in it.
    pub fn actor(&self) -> String {
        if self.client_id.starts_with(ALONE) { self.client_id.clone() } else { format!("{CLIENT}{}", self.client_id) }
    }
}

/// Whether somebody that a token is issued to may be called so.
pub fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    (1..=60).contains(&name.len()) && name.bytes().all(plain)
}

/// What is asked for in a new token.
pub struct Grant<'a> {
    pub subject: &'a str,
    pub client: &'a str,
    pub scopes: &'a [Scope],
    pub sites: &'a [String],
    pub seconds: i64,
}

/// Signs a new token. `now` is unix ms.
pub fn issue(keys: &Keys, grant: &Grant, now: i64) -> Result<(String, Claims)> {
    let iat = now.div_euclid(1000);
    let claims = Claims {
        iss: NAME.into(),
        aud: NAME.into(),
        sub: grant.subject.into(),
        client_id: grant.client.into(),
        scope: Scope::names(grant.scopes),
        sites: grant.sites.to_vec(),
        iat,
        exp: iat + grant.seconds,
        jti: Uuid::now_v7(),
    };
    let key = keys.current();
    let header = Header { typ: Some(TYP.into()), kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
    let token = jsonwebtoken::encode(&header, &claims, key.encoding()).map_err(|e| Error::Internal(e.to_string()))?;
    Ok((token, claims))
}

/// What a token says that is signed and in time, if neither it nor its client was revoked: one reading tells.
pub fn check(conn: &mut Conn, claims: Claims) -> Result<Claims> {
    let of_these = revoked_tokens::jti.eq(claims.jti.to_string()).or(revoked_tokens::jti.eq(claims.actor()));
    let found = revoked_tokens::table.filter(of_these).select(revoked_tokens::jti);
    if found.first::<String>(conn).optional()?.is_some() {
        return Err(Error::Token("it was revoked"));
    }
    Ok(claims)
}

/// What a token of ours says, if it holds at `now`, unix ms, whether it was revoked or not. Only the keys that are held here count: one that
/// was dropped may have come into other hands, and is published still, for the receipts that it signed.
pub fn read(keys: &Keys, token: &str, now: i64) -> Result<Claims> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| DAMAGED)?;
    if header.typ.as_deref() != Some(TYP) || header.crit.is_some() {
        return Err(Error::Token("it is no access token"));
    }
    if header.alg != Algorithm::EdDSA {
        return Err(DAMAGED);
    }
    let kid = header.kid.ok_or(DAMAGED)?;
    let key = keys.all().iter().find(|key| key.kid == kid).ok_or(Error::Token("its key is none of ours"))?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[NAME]);
    validation.set_audience(&[NAME]);
    // By the clock that is given, below.
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_ed_der(&key.public), &validation);
    let claims = claims.map_err(|e| refused(&e))?.claims;
    in_time(claims.iat, claims.exp, now)?;
    Ok(claims)
}

/// Why the library refuses a token.
pub fn refused(error: &jsonwebtoken::errors::Error) -> Error {
    use jsonwebtoken::errors::ErrorKind;
    Error::Token(match error.kind() {
        ErrorKind::InvalidSignature => "its signature does not hold",
        ErrorKind::InvalidIssuer => "it comes from another issuer",
        ErrorKind::InvalidAudience => "it is for another service",
        ErrorKind::MissingRequiredClaim(_) => "it does not say by whom, for whom, about whom and until when it holds",
        _ => return DAMAGED,
    })
}

/// `from` and `until` are unix seconds, `now` unix ms. Whose clock is a little ahead is no liar.
pub fn in_time(from: i64, until: i64, now: i64) -> Result<()> {
    if until.saturating_mul(1000) <= now {
        return Err(Error::Token("it has ended"));
    }
    if from.saturating_sub(SKEW).saturating_mul(1000) > now {
        return Err(Error::Token("it does not hold yet"));
    }
    Ok(())
}

/// Makes a token open nothing from now on. What ended long ago is forgotten by the way.
pub fn revoke(conn: &mut Conn, claims: &Claims, now: i64) -> QueryResult<()> {
    diesel::delete(revoked_tokens::table.filter(revoked_tokens::expires_at.lt(now))).execute(conn)?;
    write_revoked(conn, &claims.jti.to_string(), claims.exp.saturating_mul(1000), now)
}

/// Makes every token of a client open nothing, those too that another server issues at this moment. It holds for ever, as the name does.
pub fn revoke_client(conn: &mut Conn, name: &str, now: i64) -> QueryResult<()> {
    write_revoked(conn, &format!("{CLIENT}{name}"), i64::MAX, now)
}

fn write_revoked(conn: &mut Conn, what: &str, until: i64, now: i64) -> QueryResult<()> {
    let row = (revoked_tokens::jti.eq(what), revoked_tokens::revoked_at.eq(now), revoked_tokens::expires_at.eq(until));
    on!(conn, |c| diesel::insert_into(revoked_tokens::table).values(row).on_conflict_do_nothing().execute(c)).map(drop)
}
