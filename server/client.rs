//! Clients: systems that get tokens by themselves, with a name and a secret (OAuth 2.0 client credentials). The secret is random and shown
//! once; what is kept of it is an Argon2id hash. A name is given once and for all, since records speak of it.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;

use crate::db::{Conn, on};
use crate::error::{Error, Result};
use crate::keys;
use crate::schema::clients;
use crate::scope::Scope;
use crate::token;

/// How long a client's token holds at most.
pub const LONGEST_MINUTES: u32 = 15;
/// KiB, passes and lanes of Argon2id: the second of what OWASP recommends.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// A hash of the same cost, of no secret at all.
const OF_NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// As it stands in the database.
#[derive(Clone, Debug, Queryable)]
#[expect(dead_code, reason = "the number of the row is read with it")]
pub struct Client {
    id: i32,
    pub name: String,
    hash: String,
    scope: String,
    sites: String,
    minutes: i32,
    pub created_at: i64,
    pub rotated_at: Option<i64>,
    pub revoked_at: Option<i64>,
}

impl Client {
    /// All that its tokens may do.
    pub fn scopes(&self) -> Vec<Scope> {
        Scope::known(&self.scope)
    }

    /// Keys of sites, or `*` alone.
    pub fn sites(&self) -> Vec<String> {
        self.sites.split(' ').map(str::to_owned).collect()
    }

    pub fn seconds(&self) -> i64 {
        i64::from(self.minutes) * 60
    }
}

/// What is said of a new client.
pub struct NewClient<'a> {
    pub name: &'a str,
    pub scopes: &'a [Scope],
    pub sites: &'a [String],
    pub minutes: u32,
}

/// Writes a client down and gives its secret, which nobody can read again. `None`: the name was given before.
pub fn add(conn: &mut Conn, new: &NewClient, now: i64) -> Result<Option<String>> {
    let (secret, hash) = new_secret()?;
    let row = (
        clients::name.eq(new.name),
        clients::hash.eq(hash),
        clients::scope.eq(Scope::names(new.scopes)),
        clients::sites.eq(new.sites.join(" ")),
        clients::minutes.eq(i32::try_from(new.minutes.min(LONGEST_MINUTES)).unwrap_or_default()),
        clients::created_at.eq(now),
    );
    let added = on!(conn, |c| diesel::insert_into(clients::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok((added == 1).then_some(secret))
}

/// Every client there ever was, by name.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<Client>> {
    clients::table.order(clients::name.asc()).load(conn)
}

pub fn find(conn: &mut Conn, name: &str) -> QueryResult<Option<Client>> {
    clients::table.filter(clients::name.eq(name)).first(conn).optional()
}

/// Puts a new secret in the place of the old one, which opens nothing from now on. `None`: there is no such client, or it was revoked.
pub fn rotate(conn: &mut Conn, name: &str, now: i64) -> Result<Option<String>> {
    let (secret, hash) = new_secret()?;
    let found = clients::table.filter(clients::name.eq(name).and(clients::revoked_at.is_null()));
    let set = (clients::hash.eq(hash), clients::rotated_at.eq(now));
    Ok((diesel::update(found).set(set).execute(conn)? == 1).then_some(secret))
}

/// From now on it gets no token, and those that it has open nothing. Says whether there is such a client.
pub fn revoke(conn: &mut Conn, name: &str, now: i64) -> QueryResult<bool> {
    conn.transaction(|conn| {
        if find(conn, name)?.is_none() {
            return Ok(false);
        }
        let standing = clients::table.filter(clients::name.eq(name).and(clients::revoked_at.is_null()));
        diesel::update(standing).set(clients::revoked_at.eq(now)).execute(conn)?;
        token::revoke_client(conn, name, now)?;
        Ok(true)
    })
}

/// The client whose secret this is. That there is no such client, or that it was revoked, takes as long to find out as that the secret is
/// another one: tens of milliseconds and 19 MB, so that not many may be at it at once.
pub fn proved(found: Option<Client>, secret: &str) -> Option<Client> {
    let hash = found.as_ref().map_or(OF_NOBODY, |client| &client.hash);
    let right = PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(secret.as_bytes(), &hash).is_ok());
    found.filter(|client| right && client.revoked_at.is_none())
}

/// A secret and its hash.
fn new_secret() -> Result<(String, String)> {
    let secret = URL_SAFE_NO_PAD.encode(keys::random::<32>().map_err(Error::Internal)?);
    let hash: PasswordHash =
        argon2().hash_password(secret.as_bytes()).map_err(|e| Error::Internal(format!("a secret: {e}")))?;
    Ok((secret, hash.to_string()))
}

fn argon2() -> Argon2<'static> {
    let (memory, passes, lanes) = COST;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, passes, lanes, None).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(hash: String, revoked_at: Option<i64>) -> Client {
        let (name, scope, sites) = ("crm".to_owned(), "people:read".to_owned(), "shop other".to_owned());
        Client { id: 1, name, hash, scope, sites, minutes: 15, created_at: 0, rotated_at: None, revoked_at }
    }

    #[test]
    fn a_secret_proves_its_own_client_and_nobody_else() {
        let ((secret, hash), (other, _)) = (new_secret().expect("a secret"), new_secret().expect("another"));
        assert_eq!(secret.len(), 43);
        assert!(!hash.contains(&secret) && hash.starts_with("$argon2id$"));
        assert!(proved(Some(client(hash.clone(), None)), &secret).is_some());
        for wrong in ["", &other, &secret[1..], &hash] {
            assert!(proved(Some(client(hash.clone(), None)), wrong).is_none(), "{wrong}");
        }
        assert!(proved(Some(client(hash, Some(1))), &secret).is_none());
        assert!(proved(None, &secret).is_none() && proved(None, "").is_none());
        assert_eq!(client(String::new(), None).sites(), ["shop", "other"]);
    }

    #[test]
    fn that_nobody_is_there_costs_what_a_wrong_secret_costs() {
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        let (_, hash) = new_secret().expect("a secret");
        assert_eq!(cost(&hash), cost(OF_NOBODY));
        assert_eq!(hash.len(), OF_NOBODY.len());
        assert!(PasswordHash::new(OF_NOBODY).is_ok());
    }
}
