//! Kantara Initiative, Consent Receipt Specification 1.1.0 (2018-02-20): exactly its member names. It is a receipt for consent
//! that was given, and has no word for a no: what was refused or taken back is not in it.

use serde_json::{Value, json};

use super::{Answered, Evidence, Outcome, known};
use crate::service::Service;

/// The receipt as `KI-CR-v1.1.0` JSON. Without a granted purpose its `services` are empty.
pub fn kantara(evidence: &Evidence) -> Value {
    let given = |outcome| matches!(outcome, Outcome::Given | Outcome::Renewed);
    let purposes: Vec<Value> = evidence
        .answered()
        .iter()
        .filter(|answered| given(answered.outcome))
        .map(|answered| purpose(evidence, answered))
        .collect();
    let service = json!({ "service": evidence.content.name, "purposes": purposes });
    let services = if purposes.is_empty() { json!([]) } else { json!([service]) };
    known(json!({
        "version": "KI-CR-v1.1.0",
        "jurisdiction": evidence.contact.country,
        "consentTimestamp": evidence.created_at().map(|ms| ms.div_euclid(1000)),
        "collectionMethod": evidence.method(),
        "consentReceiptID": evidence.text("id"),
        "publicKey": evidence.key,
        "language": evidence.text("language"),
        "piiPrincipalId": evidence.text("visitor"),
        "piiControllers": [controller(evidence)],
        "policyUrl": evidence.policy_url(),
        "services": services,
        // Both are mandatory. Data of a special category takes more than a banner to consent to, so none is asked for here.
        "sensitive": false,
        "spiCat": [],
    }))
}

fn controller(evidence: &Evidence) -> Value {
    let contact = evidence.contact;
    let address = (contact.address.is_some() || contact.country.is_some())
        .then(|| json!({ "streetAddress": contact.address, "addressCountry": contact.country }));
    json!({
        "piiController": evidence.content.controller,
        "onBehalf": false,
        // No person is named: the company itself is the contact.
        "contact": evidence.content.controller,
        "address": address,
        "email": contact.email,
        "phone": contact.phone,
        "piiControllerUrl": contact.url,
    })
}

fn purpose(evidence: &Evidence, answered: &Answered) -> Value {
    let others: Vec<&str> = evidence.others(answered).into_iter().map(|service| service.vendor.as_str()).collect();
    let pii: Vec<String> = answered.services.iter().flat_map(|service| pii_categories(service)).collect();
    let days = evidence.content.remember_days;
    // Of the specification's categories only these two say what a standard purpose is; others go by their own name.
    let category = match answered.purpose {
        "preferences" => "5 - Personalize Experience",
        "advertising" => "6 - Marketing",
        other => other,
    };
    json!({
        "purpose": evidence.title(answered).unwrap_or_else(|| answered.id.to_owned()),
        "purposeCategory": [category],
        "consentType": "EXPLICIT",
        "piiCategory": pii,
        "primaryPurpose": false,
        "termination": format!("When it is withdrawn, or at most {days} days after the choice"),
        "thirdPartyDisclosure": !others.is_empty(),
        "thirdPartyName": (!others.is_empty()).then(|| others.join(", ")),
    })
}

/// A service's cookies; one that has none still sees the address that its requests come from.
fn pii_categories(service: &Service) -> Vec<String> {
    let cookies: Vec<String> =
        service.cookies.iter().flatten().map(|cookie| format!("Cookie {}", cookie.name)).collect();
    if cookies.is_empty() { vec!["IP address".to_owned()] } else { cookies }
}
