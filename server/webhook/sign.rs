//! Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and body, one for each secret that is in force. Secrets are kept
//! sealed, so that a copy of the database alone signs nothing.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};
use crate::keys::{self, Keys};

const PREFIX: &str = "whsec_";
/// What the key that secrets are sealed with is derived for.
const PURPOSE: &[u8] = b"samtykke webhook secret\0";

/// What a receiver checks signatures with.
pub struct Secret([u8; 32]);

impl Secret {
    pub fn random() -> Result<Self> {
        keys::random().map(Self).map_err(Error::Internal)
    }

    /// As the receiver is given it, once.
    pub fn shown(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    /// As it is kept. It opens for this site alone.
    pub fn seal(&self, keys: &Keys, site_id: i32) -> Result<Vec<u8>> {
        keys.seal(PURPOSE, "", &site_id.to_be_bytes(), self.0.to_vec())
    }

    /// The other way round; it fails where `capability.key` is another one.
    pub fn open(sealed: &[u8], keys: &Keys, site_id: i32) -> Result<Self> {
        let opened = keys.open_sealed(PURPOSE, "", &site_id.to_be_bytes(), sealed.to_vec())?;
        opened.try_into().map(Self).map_err(|_| Error::Internal("the secret of a webhook has another length".into()))
    }

    fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }
}

/// The header `webhook-signature`: by each secret, with spaces between. `id` has no full stop in it.
pub fn signatures(secrets: &[Secret], id: &str, seconds: i64, body: &str) -> String {
    secrets.iter().map(|secret| secret.sign(id, seconds, body)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_library_of_the_specification_takes_the_signature_of_each_secret() {
        use standardwebhooks::Webhook;
        use ureq::http::HeaderMap;
        let seconds = crate::serve::now() / 1000;
        let secrets = [Secret([7; 32]), Secret::random().expect("a secret")];
        let body = r#"{"type":"person.email","data":{"name":"Kåre"}}"#;
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "leaf-7".parse().expect("a value"));
        headers.insert("webhook-timestamp", seconds.into());
        headers.insert("webhook-signature", signatures(&secrets, "leaf-7", seconds, body).parse().expect("a value"));
        for secret in &secrets {
            let theirs = Webhook::new(&secret.shown()).expect("a secret");
            theirs.verify(body.as_bytes(), &headers).expect("it holds");
            theirs.verify(body.replace("Kåre", "Kari").as_bytes(), &headers).expect_err("another body");
        }
        let other = Webhook::new(&Secret::random().expect("a secret").shown()).expect("a secret");
        other.verify(body.as_bytes(), &headers).expect_err("another secret");
    }

    #[test]
    fn a_sealed_secret_opens_with_the_same_keys_for_the_same_site() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(folder.path()).expect("keys");
        let secret = Secret::random().expect("a secret");
        let sealed = secret.seal(&keys, 3).expect("sealed");
        assert_ne!(sealed, secret.seal(&keys, 3).expect("sealed"), "each time another way");
        assert!(!sealed.windows(8).any(|bytes| secret.0.windows(8).any(|own| own == bytes)));
        assert_eq!(Secret::open(&sealed, &keys, 3).expect("opened").0, secret.0);
        assert!(Secret::open(&sealed, &keys, 4).is_err(), "another site");
        assert!(Secret::open(&sealed[..10], &keys, 3).is_err(), "cut");
        let other = tempfile::tempdir().expect("a folder");
        assert!(Secret::open(&sealed, &Keys::open(other.path()).expect("keys"), 3).is_err(), "other keys");
    }
}
