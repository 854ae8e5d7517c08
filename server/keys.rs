//! The keys: some sign receipts and checkpoints (Ed25519), one makes capabilities (HMAC). Both files are made on the first start,
//! with mode 0600, in the data folder. Only the public halves ever go anywhere else. Servers that share a database share the files.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::hash::sha256;
use crate::person::PersonId;

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
/// Bytes of an HMAC-SHA256 that a capability carries: 128 bits.
const TAG_LENGTH: usize = 16;

/// What links are signed as.
const LINK: &[u8] = b"samtykke link\0";

/// What a letter's links are signed as, each kind by a name of its own; see `person::letter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letter {
    Confirm,
    Unsubscribe,
    Preferences,
}

impl Letter {
    const fn purpose(self) -> &'static [u8] {
        match self {
            Self::Confirm => b"samtykke letter confirm\0",
            Self::Unsubscribe => b"samtykke letter unsubscribe\0",
            Self::Preferences => b"samtykke letter preferences\0",
        }
    }
}

/// One Ed25519 key with its name.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    /// The same for tokens.
    encoding: EncodingKey,
    /// RFC 7638 thumbprint of the public half.
    pub kid: String,
    /// 32 bytes.
    pub public: Vec<u8>,
}

impl SigningKey {
    /// 64 bytes, over exactly these bytes (RFC 8032).
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// What `token` signs with.
    pub fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(der).ok()?;
        let encoding = EncodingKey::from_ed_der(der);
        let jwk = Jwk::from_encoding_key(&encoding, Algorithm::EdDSA).ok()?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).ok()?;
        let public = pair.public_key().as_ref().to_vec();
        Some(Self { pair, encoding, kid, public })
    }
}

pub struct Keys {
    /// Never empty. The first signs; the others were rotated out, and sign checkpoints beside it as long as they are kept.
    signing: Vec<SigningKey>,
    capability: hmac::Key,
    /// The row of `signing_keys` that holds the public half of the first; see `jwks::register`.
    pub id: i32,
}

impl Keys {
    /// Reads the keys of a data folder, or makes them. Errors are sentences for whoever starts the server.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let path = signing_path(folder);
        let pem = read_or_make(&path, new_signing_key)?;
        let damaged = || format!("{}: expected an Ed25519 private key in PEM (PKCS #8)", path.display());
        let ders = pem_bodies(&pem).filter(|ders| !ders.is_empty()).ok_or_else(damaged)?;
        let signing = ders.iter().map(|der| SigningKey::from_pkcs8(der)).collect::<Option<Vec<_>>>();

        let path = folder.join("capability.key");
        let secret = read_or_make(&path, || Ok(format!("{}\n", STANDARD.encode(random::<32>()?)).into_bytes()))?;
        let secret = std::str::from_utf8(&secret).ok().and_then(|text| STANDARD.decode(text.trim()).ok());
        let secret = secret
            .filter(|secret| secret.len() >= 32)
            .ok_or_else(|| format!("{}: expected 32 bytes or more in base64", path.display()))?;
        let capability = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        Ok(Self { signing: signing.ok_or_else(damaged)?, capability, id: 0 })
    }

    /// The key that signs receipts now.
    pub fn current(&self) -> &SigningKey {
        &self.signing[0]
    }

    /// The current key and those it replaced.
    pub fn all(&self) -> &[SigningKey] {
        &self.signing
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
        self.sign_for(b"samtykke visitor capability\0", site, visitor.as_bytes())
    }

    /// What shows that a token with this payload was made here, for this site; see `link`.
    pub fn link_tag(&self, site: &str, payload: &[u8]) -> hmac::Tag {
        self.sign_for(LINK, site, payload)
    }

    pub fn is_link_tag(&self, site: &str, payload: &[u8], tag: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(tag, self.link_tag(site, payload).as_ref()).is_ok()
    }

    /// 128 bits that show that a letter's link was made here, for this site and for nothing else.
    pub fn letter_tag(&self, letter: Letter, site: &str, payload: &[u8]) -> [u8; TAG_LENGTH] {
        let mut tag = [0; TAG_LENGTH];
        tag.copy_from_slice(&self.sign_for(letter.purpose(), site, payload).as_ref()[..TAG_LENGTH]);
        tag
    }

    pub fn is_letter_tag(&self, letter: Letter, site: &str, payload: &[u8], tag: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(tag, &self.letter_tag(letter, site, payload)).is_ok()
    }

    /// Who a name stands for on a site; see `person`. `kind` is what the name is.
    pub fn person(&self, site: &str, kind: &str, name: &str) -> PersonId {
        let name = sha256(format!("{kind}\0{name}").as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&self.sign_for(b"samtykke person\0", site, &name).as_ref()[..16]);
        PersonId::of(id)
    }

    /// What stands for a client's own name of a request, and for the request; see `once`.
    pub fn once(&self, site: &str, hash: &[u8; 32]) -> [u8; 32] {
        let mut tag = [0; 32];
        tag.copy_from_slice(self.sign_for(b"samtykke request\0", site, hash).as_ref());
        tag
    }

    /// Seals something of a site for one purpose, so that only this service reads it, and only beside `bound` (AES-256-GCM).
    pub fn seal(&self, purpose: &[u8], site: &str, bound: &[u8], mut plain: Vec<u8>) -> Result<Vec<u8>> {
        let nonce =
            self.sealer(purpose, site).and_then(|key| key.seal_in_place_append_tag(Aad::from(bound), &mut plain).ok());
        let nonce = nonce.ok_or_else(|| Error::Internal("it could not be sealed".into()))?;
        plain.splice(..0, nonce.as_ref().iter().copied());
        Ok(plain)
    }

    /// What was sealed.
    pub fn open_sealed(&self, purpose: &[u8], site: &str, bound: &[u8], mut sealed: Vec<u8>) -> Result<Vec<u8>> {
        let damaged = || Error::Internal("what was sealed does not open: is capability.key another one?".into());
        let (nonce, text) = sealed.split_at_mut_checked(NONCE_LEN).ok_or_else(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let key = self.sealer(purpose, site).ok_or_else(damaged)?;
        let plain = key.open_in_place(nonce, Aad::from(bound), text).map_err(|_| damaged())?;
        Ok(plain.to_vec())
    }

    fn sealer(&self, purpose: &[u8], site: &str) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, self.sign_for(purpose, site, b"").as_ref()).ok()
    }

    /// `what` has one length for each `purpose`, so that nothing signed for one site can be read as another's.
    fn sign_for(&self, purpose: &[u8], site: &str, what: &[u8]) -> hmac::Tag {
        let mut message = hmac::Context::with_key(&self.capability);
        message.update(purpose);
        message.update(what);
        message.update(site.as_bytes());
        message.sign()
    }
}

/// Puts a new signing key before the old ones; servers use it from their next start on. Says its kid.
/// With `alone`, the private halves of the old ones are forgotten: what they signed stays checkable, but checkpoints no longer
/// carry their signatures.
pub fn rotate(folder: &Path, alone: bool) -> Result<String, String> {
    let path = signing_path(folder);
    Keys::open(folder)?;
    let mut pem = new_signing_key()?;
    if !alone {
        pem.extend(read_secret(&path)?);
    }
    replace_secret(&path, &pem).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(Keys::open(folder)?.current().kid.clone())
}

/// Random bytes from the system's generator.
pub fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "the system gave no randomness".to_owned())?;
    Ok(bytes)
}

fn signing_path(folder: &Path) -> PathBuf {
    folder.join("signing-key.pem")
}

fn new_signing_key() -> Result<Vec<u8>, String> {
    let pair = Ed25519KeyPair::generate().map_err(|_| "the system gave no randomness".to_owned())?;
    let der = pair.to_pkcs8v1().map_err(|_| "a new key could not be written down".to_owned())?;
    Ok(format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", STANDARD.encode(der.as_ref())).into_bytes())
}

/// The content of a secret file, which is made when missing.
fn read_or_make(path: &Path, make: impl FnOnce() -> Result<Vec<u8>, String>) -> Result<Vec<u8>, String> {
    if !path.exists() {
        let half = write_half(path, &make()?).map_err(|e| format!("{}: {e}", path.display()))?;
        // A link, unlike a rename, never replaces: one that another process has made meanwhile stays.
        let linked = fs::hard_link(&half, path);
        fs::remove_file(&half).map_err(|e| format!("{}: {e}", half.display()))?;
        match linked {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(format!("{}: {e}", path.display())),
            _ => {}
        }
    }
    read_secret(path)
}

fn read_secret(path: &Path) -> Result<Vec<u8>, String> {
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

fn replace_secret(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let half = write_half(path, content)?;
    fs::rename(half, path)
}

/// Writes a secret beside its place, whole and for its owner alone.
fn write_half(path: &Path, content: &[u8]) -> std::io::Result<PathBuf> {
    let half = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(half)
}

/// Every block of a PEM file; nothing when anything else stands in it.
fn pem_bodies(pem: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = std::str::from_utf8(pem).ok()?;
    let mut bodies = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (body, after) = rest.strip_prefix(PEM_BEGIN)?.split_once(PEM_END)?;
        bodies.push(STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?);
        rest = after.trim();
    }
    Some(bodies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_kept_to_their_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Keys::open(folder.path()).expect("new keys");
        let again = Keys::open(folder.path()).expect("the same keys");
        assert_eq!(first.current().kid, again.current().kid);
        for name in ["signing-key.pem", "capability.key"] {
            let path = folder.path().join(name);
            assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
            let refused = Keys::open(folder.path()).err().expect("others may read it");
            assert!(refused.contains("chmod 600"), "{refused}");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing half-made is left");
        for damage in ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
            fs::write(folder.path().join("signing-key.pem"), damage).expect("a file");
            let refused = Keys::open(folder.path()).err().expect("a damaged key");
            assert!(refused.contains("expected an Ed25519 private key"), "{refused}");
        }
    }

    #[test]
    fn a_rotated_key_stays_behind_the_new_one_until_it_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = Keys::open(folder.path()).expect("new keys");
        let kid = rotate(folder.path(), false).expect("rotated");
        let both = Keys::open(folder.path()).expect("both keys");
        assert_ne!(kid, old.current().kid);
        assert_eq!(both.all().iter().map(|key| &key.kid).collect::<Vec<_>>(), [&kid, &old.current().kid]);
        assert_eq!(both.capability("shop", Uuid::nil()), old.capability("shop", Uuid::nil()));
        let alone = rotate(folder.path(), true).expect("rotated");
        assert_eq!(Keys::open(folder.path()).expect("one key").all().len(), 1);
        assert_ne!(alone, kid);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing half-made is left");
    }

    #[test]
    fn a_capability_opens_one_visitor_on_one_site_and_a_seal_one_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(folder.path()).expect("new keys");
        let visitor = Uuid::now_v7();
        let capability = keys.capability("shop", visitor);
        assert_eq!(keys.visitor("shop", &capability).expect("its own"), visitor);
        assert!(keys.visitor("other", &capability).is_err());
        let sealed = keys.seal(b"answer", "shop", b"row", b"an answer".to_vec()).expect("sealed");
        assert!(keys.open_sealed(b"secret", "shop", b"row", sealed.clone()).is_err(), "for another purpose");
        assert!(!sealed.windows(6).any(|some| some == b"answer"));
        assert_ne!(
            keys.seal(b"answer", "shop", b"row", b"an answer".to_vec()).expect("sealed"),
            sealed,
            "never twice the same"
        );
        assert_eq!(keys.open_sealed(b"answer", "shop", b"row", sealed.clone()).expect("opened"), b"an answer");
        let mut damaged = sealed.clone();
        damaged[20] ^= 1;
        for (site, row, bytes) in
            [("other", "row", &sealed[..]), ("shop", "raw", &sealed), ("shop", "row", &damaged), ("shop", "row", b"x")]
        {
            assert!(keys.open_sealed(b"answer", site, row.as_bytes(), bytes.to_vec()).is_err(), "{site} {row}");
        }
        let forged = keys.capability("shop", Uuid::now_v7());
        let spliced = format!("{}{}", &forged[..21], &capability[21..]);
        for wrong in ["", "x", &capability[1..], &spliced, &visitor.to_string(), "💥"] {
            assert!(keys.visitor("shop", wrong).is_err(), "{wrong}");
        }
    }
}
