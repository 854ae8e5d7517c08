//! The keys: one signs receipts (Ed25519), one makes capabilities (HMAC). Both are made on the first start, in files of mode 0600
//! in the data folder. Only the public half of the first ever goes anywhere else. Servers that share a database may share the files.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use diesel::prelude::*;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde::Serialize;
use uuid::Uuid;

use crate::db::{Conn, on};
use crate::error::{Error, Result};
use crate::schema::signing_keys;

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
/// Bytes of an HMAC-SHA256 that a capability carries: 128 bits.
const TAG_LENGTH: usize = 16;

pub struct Keys {
    signing: EncodingKey,
    /// RFC 7638 thumbprint of the public half.
    pub kid: String,
    public: Vec<u8>,
    capability: hmac::Key,
    /// The row of `signing_keys` that holds the public half; set by `register`.
    pub id: i32,
}

impl Keys {
    /// Reads the keys of a data folder, or makes them. Errors are sentences for whoever starts the server.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let path = folder.join("signing-key.pem");
        let pem = read_or_make(&path, || {
            let pair = Ed25519KeyPair::generate().map_err(|_| "the system gave no randomness".to_owned())?;
            let der = pair.to_pkcs8v1().map_err(|_| "a new key could not be written down".to_owned())?;
            Ok(format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", STANDARD.encode(der.as_ref())).into_bytes())
        })?;
        let damaged = || format!("{}: expected an Ed25519 private key in PEM (PKCS #8)", path.display());
        let der = pem_body(&pem).ok_or_else(damaged)?;
        let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|_| damaged())?;
        let signing = EncodingKey::from_ed_der(&der);
        let kid = Jwk::from_encoding_key(&signing, Algorithm::EdDSA)
            .and_then(|jwk| jwk.thumbprint(ThumbprintHash::SHA256))
            .map_err(|_| damaged())?;

        let path = folder.join("capability.key");
        let secret = read_or_make(&path, || {
            let mut secret = [0; 32];
            SystemRandom::new().fill(&mut secret).map_err(|_| "the system gave no randomness".to_owned())?;
            Ok(format!("{}\n", STANDARD.encode(secret)).into_bytes())
        })?;
        let secret = std::str::from_utf8(&secret).ok().and_then(|text| STANDARD.decode(text.trim()).ok());
        let secret = secret
            .filter(|secret| secret.len() >= 32)
            .ok_or_else(|| format!("{}: expected 32 bytes or more in base64", path.display()))?;

        let public = pair.public_key().as_ref().to_vec();
        Ok(Self { signing, kid, public, capability: hmac::Key::new(hmac::HMAC_SHA256, &secret), id: 0 })
    }

    /// Writes the public half down, so that whatever was signed with it stays checkable.
    pub fn register(&mut self, conn: &mut Conn, now: i64) -> QueryResult<()> {
        let row = (
            signing_keys::kid.eq(&self.kid),
            signing_keys::public_key.eq(&self.public),
            signing_keys::created_at.eq(now),
        );
        on!(conn, |c| diesel::insert_into(signing_keys::table).values(row).on_conflict_do_nothing().execute(c))?;
        self.id = signing_keys::table.filter(signing_keys::kid.eq(&self.kid)).select(signing_keys::id).first(conn)?;
        Ok(())
    }

    /// 64 bytes, over exactly these bytes (RFC 8032).
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let signature =
            crypto::sign(message, &self.signing, Algorithm::EdDSA).map_err(|e| Error::Internal(e.to_string()))?;
        URL_SAFE_NO_PAD.decode(signature).map_err(|e| Error::Internal(e.to_string()))
    }

    /// What opens a visitor's own history on one site: the visitor and a tag that only this server makes, 43 characters.
    pub fn capability(&self, site: &str, visitor: Uuid) -> String {
        let mut bytes = visitor.as_bytes().to_vec();
        bytes.extend(&self.tag(site, visitor).as_ref()[..TAG_LENGTH]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The visitor that a capability names, if it was made here and for this site.
    pub fn visitor(&self, site: &str, capability: &str) -> Result<Uuid> {
        let bytes = URL_SAFE_NO_PAD.decode(capability).map_err(|_| Error::NoCapability)?;
        let (visitor, tag) = bytes.split_at_checked(16).ok_or(Error::NoCapability)?;
        let visitor = Uuid::from_slice(visitor).map_err(|_| Error::NoCapability)?;
        constant_time::verify_slices_are_equal(tag, &self.tag(site, visitor).as_ref()[..TAG_LENGTH])
            .map_err(|_| Error::NoCapability)?;
        Ok(visitor)
    }

    fn tag(&self, site: &str, visitor: Uuid) -> hmac::Tag {
        let mut message = hmac::Context::with_key(&self.capability);
        message.update(b"samtykke visitor capability\0");
        message.update(visitor.as_bytes());
        message.update(site.as_bytes());
        message.sign()
    }
}

/// A JSON Web Key Set (RFC 7517) of every key that ever signed here (RFC 8037).
#[derive(Serialize)]
pub struct KeySet {
    keys: Vec<PublicKey>,
}

#[derive(Serialize)]
struct PublicKey {
    kty: &'static str,
    crv: &'static str,
    x: String,
    kid: String,
    alg: &'static str,
    r#use: &'static str,
}

pub fn published(conn: &mut Conn) -> QueryResult<KeySet> {
    let rows: Vec<(String, Vec<u8>)> = signing_keys::table
        .order(signing_keys::id.asc())
        .select((signing_keys::kid, signing_keys::public_key))
        .load(conn)?;
    let key = |(kid, public): (String, Vec<u8>)| PublicKey {
        kty: "OKP",
        crv: "Ed25519",
        x: URL_SAFE_NO_PAD.encode(public),
        kid,
        alg: "EdDSA",
        r#use: "sig",
    };
    Ok(KeySet { keys: rows.into_iter().map(key).collect() })
}

/// The content of a secret file, which is made when missing.
fn read_or_make(path: &Path, make: impl FnOnce() -> Result<Vec<u8>, String>) -> Result<Vec<u8>, String> {
    if !path.exists() {
        write_secret(path, &make()?).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let told = |e: std::io::Error| format!("{}: {e}", path.display());
    let mut file = File::open(path).map_err(told)?;
    let mode = file.metadata().map_err(told)?.permissions().mode();
    if mode & 0o077 != 0 {
        let shown = mode & 0o777;
        return Err(format!("{}: mode {shown:o} lets others read a secret; run chmod 600 on it", path.display()));
    }
    let mut content = Vec::new();
    file.read_to_end(&mut content).map_err(told)?;
    Ok(content)
}

/// Writes a new secret whole or not at all, for its owner alone. One that another process has made meanwhile stays.
fn write_secret(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let half = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
    file.write_all(content)?;
    file.sync_all()?;
    // A link, unlike a rename, never replaces.
    let linked = fs::hard_link(&half, path);
    fs::remove_file(&half)?;
    match linked {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

fn pem_body(pem: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(pem).ok()?;
    let body: String = text.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?.split_whitespace().collect();
    STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_kept_to_their_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Keys::open(folder.path()).expect("new keys");
        let again = Keys::open(folder.path()).expect("the same keys");
        assert_eq!(first.kid, again.kid);
        for name in ["signing-key.pem", "capability.key"] {
            let path = folder.path().join(name);
            assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
            let refused = Keys::open(folder.path()).err().expect("others may read it");
            assert!(refused.contains("chmod 600"), "{refused}");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing half-made is left");
        fs::write(folder.path().join("signing-key.pem"), "not a key").expect("a file");
        let refused = Keys::open(folder.path()).err().expect("a damaged key");
        assert!(refused.contains("expected an Ed25519 private key"), "{refused}");
    }

    #[test]
    fn a_capability_opens_one_visitor_on_one_site() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(folder.path()).expect("new keys");
        let visitor = Uuid::now_v7();
        let capability = keys.capability("shop", visitor);
        assert_eq!(keys.visitor("shop", &capability).expect("its own"), visitor);
        assert!(keys.visitor("other", &capability).is_err());
        let forged = keys.capability("shop", Uuid::now_v7());
        let spliced = format!("{}{}", &forged[..21], &capability[21..]);
        for wrong in ["", "x", &capability[1..], &spliced, &visitor.to_string(), "💥"] {
            assert!(keys.visitor("shop", wrong).is_err(), "{wrong}");
        }
    }
}
