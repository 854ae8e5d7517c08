//! A receipt: the record of one consent and the signature over its canonical bytes. It is never stored whole; it is made again
//! from the row, byte for byte, whenever it is asked for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::consent::Consent;
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::site::Site;

#[derive(Serialize)]
pub struct Receipt {
    /// What was recorded, in canonical JSON (RFC 8785).
    record: Box<RawValue>,
    /// JWS compact serialisation (RFC 7515, 7.1), EdDSA; its payload is the record. Keys: `/.well-known/jwks.json`.
    jws: String,
    /// Opens the visitor's own history: `Authorization: Bearer …`.
    capability: String,
}

/// Signs a consent that is about to be kept.
pub fn sign(consent: &mut Consent, site: &Site, keys: &Keys) -> Result<()> {
    let input = signing_input(&keys.kid, &record(consent, site)?);
    consent.key_id = keys.id;
    consent.signature = keys.sign(input.as_bytes())?;
    Ok(())
}

/// The receipt of a kept consent, signed by the key that `kid` names.
pub fn of(consent: &Consent, site: &Site, keys: &Keys, kid: &str) -> Result<Receipt> {
    let record = record(consent, site)?;
    let jws = format!("{}.{}", signing_input(kid, &record), URL_SAFE_NO_PAD.encode(&consent.signature));
    let visitor = Uuid::from_slice(&consent.visitor).map_err(|e| Error::Internal(e.to_string()))?;
    let capability = keys.capability(&site.key, visitor);
    let record = RawValue::from_string(record).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Receipt { record, jws, capability })
}

fn record(consent: &Consent, site: &Site) -> Result<String> {
    let (number, asked) = site
        .notices
        .iter()
        .find(|(_, asked)| asked.id == consent.notice_id)
        .ok_or_else(|| Error::Internal("a consent to a notice that is not there".into()))?;
    consent.record(&site.key, *number, &asked.hash)
}

fn signing_input(kid: &str, record: &str) -> String {
    // A thumbprint is base64url, so it needs no escaping.
    let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"samtykke-receipt+jws"}}"#);
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(record))
}
