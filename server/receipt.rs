//! A receipt: the record of one consent and the signature over its canonical bytes. It is never stored whole; it is made again
//! from the row, byte for byte, whenever it is asked for.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::consent::Consent;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::jwks::KeySet;
use crate::keys::Keys;
use crate::record::{self, Place};
use crate::schema::signing_keys;
use crate::site::Site;

#[derive(Serialize)]
pub struct Receipt {
    /// What was recorded, in canonical JSON (RFC 8785).
    record: Box<RawValue>,
    /// JWS compact serialisation (RFC 7515, 7.1), EdDSA; its payload is the record. Keys: `/.well-known/jwks.json`.
    jws: String,
    /// Opens the visitor's own history: `Authorization: Bearer …`. A person's event has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    capability: Option<String>,
    /// The place in the ledger, from about a second after the consent on. `/ledger/proof/{leaf}` proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<i64>,
}

/// Signs a consent that is about to be kept, and gives its receipt.
pub fn sign(consent: &mut Consent, site: &Site, keys: &Keys) -> Result<Receipt> {
    let record = record(consent, site)?;
    let input = signing_input(&keys.current().kid, &record);
    consent.key_id = keys.id;
    consent.signature = keys.current().sign(input.as_bytes());
    receipt(consent, record, &input, site, keys)
}

/// The receipt of a kept consent, signed by the key that `kid` names.
pub fn of(consent: &Consent, site: &Site, keys: &Keys, kid: &str) -> Result<Receipt> {
    let record = record(consent, site)?;
    let input = signing_input(kid, &record);
    receipt(consent, record, &input, site, keys)
}

/// The thumbprint of the key that signed a kept consent.
pub fn kid_of(conn: &mut Conn, consent: &Consent) -> Result<String> {
    Ok(signing_keys::table.find(consent.key_id).select(signing_keys::kid).first(conn)?)
}

fn receipt(consent: &Consent, record: String, input: &str, site: &Site, keys: &Keys) -> Result<Receipt> {
    let jws = format!("{input}.{}", URL_SAFE_NO_PAD.encode(&consent.signature));
    let visitor = Uuid::from_slice(&consent.visitor).map_err(|e| Error::Internal(e.to_string()))?;
    let capability = consent.topic.is_none().then(|| keys.capability(&site.key, visitor));
    let record = RawValue::from_string(record).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Receipt { record, jws, capability, leaf: None })
}

fn record(consent: &Consent, site: &Site) -> Result<String> {
    let (number, asked) = site
        .asked(consent.notice_id)
        .ok_or_else(|| Error::Internal("a consent to a notice that is not there".into()))?;
    record::of(consent, &Place { site: &site.key, notice: number, hash: &asked.hash })
}

/// What a receipt proved.
pub struct Verified {
    /// The key that signed it.
    pub kid: String,
    /// The record, byte for byte as it was signed.
    pub record: String,
}

/// Checks a receipt, or the bare JWS of one, with published keys and nothing else. Errors are sentences.
pub fn verify(text: &str, keys: &KeySet) -> Result<Verified, String> {
    #[derive(Deserialize)]
    struct Given<'a> {
        record: Option<Box<RawValue>>,
        jws: &'a str,
    }
    let given = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|e| format!("expected a receipt or a JWS: {e}"))?
    } else {
        Given { record: None, jws: text.trim() }
    };
    let (input, signature) = given.jws.rsplit_once('.').ok_or("expected three parts with dots between")?;
    let (header, payload) = input.split_once('.').ok_or("expected three parts with dots between")?;
    let decoded =
        |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "a part of the JWS is not base64url".to_owned());
    let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|e| format!("the header: {e}"))?;
    if header.alg != "EdDSA" {
        return Err(format!("the algorithm is {:?} and not EdDSA", header.alg));
    }
    let key = keys.keys.iter().find(|key| key.kid == header.kid);
    let key = key.ok_or_else(|| format!("the key {:?} is none of those given", header.kid))?;
    UnparsedPublicKey::new(&ED25519, decoded(&key.x)?)
        .verify(input.as_bytes(), &decoded(signature)?)
        .map_err(|_| "the signature does not hold: the receipt was changed, or another key made it")?;
    let record = String::from_utf8(decoded(payload)?).map_err(|_| "the record is not UTF-8")?;
    if given.record.is_some_and(|shown| shown.get() != record) {
        return Err("the record that is shown is not the one that was signed".into());
    }
    Ok(Verified { kid: header.kid, record })
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

/// What is signed (RFC 7515, 5.1).
pub fn signing_input(kid: &str, record: &str) -> String {
    // A thumbprint is base64url, so it needs no escaping.
    let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"samtykke-receipt+jws"}}"#);
    let mut input = String::with_capacity((header.len() + record.len()).div_ceil(3) * 4 + 4);
    URL_SAFE_NO_PAD.encode_string(header, &mut input);
    input.push('.');
    URL_SAFE_NO_PAD.encode_string(record, &mut input);
    input
}
