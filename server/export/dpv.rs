//! ISO/IEC TS 27560:2023 as JSON-LD, after the guide of the W3C Data Privacy Vocabularies and Controls Community Group
//! (<https://w3id.org/dpv/guides/consent-27560>): a receipt that holds the consent record.

use serde_json::{Value, json};

use super::time::rfc3339;
use super::{Answered, Evidence, Outcome, known};
use crate::service::{Cookie, Service};

const PROFILES: &str = "https://w3id.org/dpv/schema/dpv-27560#";

/// Where the GDPR is the law: the European Union, and with the EEA agreement Iceland, Liechtenstein and Norway.
const EEA: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// The receipt. It claims the profile for the GDPR where the controller is established under it.
pub fn iso27560(evidence: &Evidence) -> Value {
    known(json!({
        "@context": context(),
        "@id": part(evidence, "receipt"),
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": evidence.text("id"),
        "dpv:hasIdentifier": evidence.text("id"),
        "dct:conformsTo": format!("{PROFILES}{}", if gdpr(evidence) { "receipt-eu-gdpr" } else { "receipt-record" }),
        "dct:created": evidence.created_at().map(rfc3339),
        "dct:publisher": part(evidence, "controller"),
        "schema:recipient": visitor(evidence),
        "dpv:hasRecordOfActivity": record(evidence),
    }))
}

/// The prefixes, and which members hold names of things and not texts.
fn context() -> Value {
    let mut context = json!({
        "dpv": "https://w3id.org/dpv#",
        "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
        "loc": "https://w3id.org/dpv/loc#",
        "pd": "https://w3id.org/dpv/pd#",
        "dct": "http://purl.org/dc/terms/",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "schema": "https://schema.org/",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    });
    for name in [
        "dct:conformsTo",
        "dct:publisher",
        "dct:replaces",
        "dpv:hasApplicableLaw",
        "dpv:hasConsentStatus",
        "dpv:hasJurisdiction",
        "dpv:hasLegalBasis",
        "dpv:hasLocation",
        "dpv:hasNecessity",
        "dpv:hasPurpose",
        "dpv:hasRecipient",
        "dpv:isExercisedAt",
        "dpv:isIndicatedBy",
        "schema:recipient",
        "schema:url",
        "skos:broader",
    ] {
        context[name] = json!({ "@type": "@id" });
    }
    for name in ["dct:created", "dct:date", "dpv:isIndicatedAtTime"] {
        context[name] = json!({ "@type": "xsd:dateTime" });
    }
    context
}

fn record(evidence: &Evidence) -> Value {
    let gdpr = gdpr(evidence);
    let answered = evidence.answered();
    let processes: Vec<Value> = answered.iter().map(|answered| process(evidence, answered)).collect();
    let events: Vec<Value> = answered.iter().map(|answered| event(evidence, answered)).collect();
    json!({
        "@id": evidence.text("id").map(urn),
        "@type": "dpv:ConsentRecord",
        "dct:identifier": evidence.text("id"),
        "dct:conformsTo": format!("{PROFILES}{}", if gdpr { "record-eu-gdpr" } else { "record" }),
        "dct:created": evidence.created_at().map(rfc3339),
        "dct:replaces": evidence.text("previous").map(urn),
        "dpv:hasDataSubject": evidence.text("visitor").map(|id| {
            json!({ "@id": urn(id), "@type": "dpv:DataSubject", "dct:identifier": id })
        }),
        "dpv:hasDataController": controller(evidence),
        "dpv:hasAuthority": authority(evidence),
        "dpv:hasJurisdiction": evidence.contact.country.as_deref().map(place),
        // As the guide has it; the vocabulary lists the same law as `law-GDPR` of `legal/eu` too.
        "dpv:hasApplicableLaw": gdpr.then_some("eu-gdpr:GDPR"),
        "dpv:hasNotice": notices(evidence),
        "dpv:hasProcess": some(processes),
        "dpv:hasConsentControl": {
            "@type": ["dpv:ProvideConsent", "dpv:WithdrawConsent"],
            "dct:description": "The consent settings, which every page of the site opens",
            "dpv:isExercisedAt": evidence.origin,
        },
        "dpv:hasRight": rights(evidence),
        "dpv:hasConsentStatus": some(events),
    })
}

/// The company behind the site.
fn controller(evidence: &Evidence) -> Value {
    let contact = evidence.contact;
    let address = contact.address.as_ref().map(|address| {
        json!({ "@type": "schema:PostalAddress", "schema:streetAddress": address, "schema:addressCountry": contact.country })
    });
    let reached = contact.email.is_some() || contact.phone.is_some() || contact.url.is_some();
    let point = reached.then(|| {
        json!({
            "@type": "schema:ContactPoint",
            "schema:email": contact.email,
            "schema:telephone": contact.phone,
            "schema:url": contact.url,
        })
    });
    let id = part(evidence, "controller");
    json!({
        "@id": id,
        "@type": ["dpv:LegalEntity", "dpv:DataController"],
        "dpv:hasIdentifier": id,
        "dpv:hasName": evidence.content.controller,
        "schema:address": address,
        "schema:contactPoint": point,
        "dpv:hasLocation": contact.country.as_deref().map(place),
    })
}

fn authority(evidence: &Evidence) -> Option<Value> {
    let (name, url) = (&evidence.contact.authority, &evidence.contact.authority_url);
    (name.is_some() || url.is_some()).then(|| {
        let id = part(evidence, "authority");
        let kind = "dpv:DataProtectionAuthority";
        json!({ "@id": id, "@type": kind, "dpv:hasIdentifier": id, "dpv:hasName": name, "schema:url": url })
    })
}

/// What was shown, by the hash that the record signs, and the privacy policy that it led to.
fn notices(evidence: &Evidence) -> Value {
    let notice = evidence.record.get("notice");
    let hash = notice.and_then(|notice| notice.get("hash")?.as_str());
    // Nothing was shown where the page's own code answered; the notice speaks these languages all the same.
    let language = evidence.text("language").map_or_else(|| json!(evidence.content.languages()), |tag| json!(tag));
    json!([
        {
            // RFC 6920, 7: a thing named by its hash in hex.
            "@id": hash.map(|hash| format!("nih:sha-256;{hash}")),
            "@type": "dpv:ConsentNotice",
            "dct:identifier": hash,
            "schema:version": notice.and_then(|notice| notice.get("number")),
            "dct:date": rfc3339(evidence.published_at),
            "dct:language": language,
        },
        evidence.policy_url().map(|url| json!({ "@id": url, "@type": "dpv:PrivacyNotice", "schema:url": url })),
    ])
}

/// One answer: what for, with which data, to whom, for how long, and what it was. A service that was answered by itself is a
/// narrower purpose.
fn process(evidence: &Evidence, answered: &Answered) -> Value {
    let broader = match (answered.alone, answered.purpose) {
        (Some(_), purpose) => part(evidence, &format!("purpose-{purpose}")),
        (None, "preferences") => Some("dpv:ServicePersonalisation".to_owned()),
        (None, "analytics") => Some("dpv:ServiceUsageAnalytics".to_owned()),
        (None, "advertising") => Some("dpv:PersonalisedAdvertising".to_owned()),
        _ => None,
    };
    let services = answered.services.iter();
    let services: Vec<Value> =
        services.map(|service| json!({ "@type": "dpv:Service", "dct:title": service.name })).collect();
    let data: Vec<Value> = answered.services.iter().flat_map(|service| personal_data(service)).collect();
    json!({
        "@type": "dpv:Process",
        "dpv:hasPurpose": {
            "@id": part(evidence, &format!("purpose-{}", answered.id)),
            "@type": "dpv:Purpose",
            "skos:broader": broader,
            "dct:identifier": answered.id,
            "dct:title": evidence.title(answered),
            "dct:description": evidence.purpose_text(answered.purpose, "description"),
        },
        "dpv:hasConsentStatus": {
            "@id": part(evidence, &format!("status-{}", answered.id)),
            "@type": status(answered.outcome),
        },
        "dpv:hasLegalBasis": if gdpr(evidence) { "eu-gdpr:A6-1-a" } else { "dpv:ExpressedConsent" },
        "dpv:hasNecessity": "dpv:Optional",
        "dpv:hasService": some(services),
        "dpv:hasPersonalData": some(data),
        "dpv:hasRecipient": recipients(evidence, answered),
        "dpv:hasStorageCondition": kept(evidence),
    })
}

/// A service's cookies; one that has none still sees the address that its requests come from.
fn personal_data(service: &Service) -> Vec<Value> {
    let cookies: Vec<Value> = service.cookies.iter().flatten().map(cookie).collect();
    if !cookies.is_empty() {
        return cookies;
    }
    vec![json!({
        "@type": "dpv:PersonalData",
        "skos:broader": "pd:IPAddress",
        "dct:description": format!("The address that requests to {} come from", service.name),
    })]
}

fn cookie(cookie: &Cookie) -> Value {
    let duration = match cookie.days {
        0 => json!({ "@type": "dpv:UntilEventDuration", "rdf:value": "The browser is closed" }),
        days => temporal(days),
    };
    json!({
        "@type": "dpv:PersonalData",
        "skos:broader": "pd:Identifier",
        "dct:identifier": cookie.name,
        "dct:description": format!("The value of the cookie {}", cookie.name),
        "dpv:hasStorageCondition": [
            { "@type": "dpv:StorageLocation", "dpv:hasLocation": "dpv:WithinDevice" },
            { "@type": "dpv:StorageDuration", "dpv:hasDuration": duration },
        ],
    })
}

/// The vendors, or where there is none the controller itself.
fn recipients(evidence: &Evidence, answered: &Answered) -> Value {
    let controller = || json!(part(evidence, "controller"));
    let own = answered.services.iter().any(|service| service.vendor == evidence.content.controller);
    let others = evidence.others(answered).into_iter().map(|service| {
        let id = part(evidence, &format!("recipient-{}", service.id));
        json!({
            "@id": id,
            "@type": ["dpv:LegalEntity", "dpv:Recipient"],
            "dpv:hasIdentifier": id,
            "dpv:hasName": service.vendor,
            "dpv:hasLocation": service.country.as_deref().map(place),
            "schema:url": service.policy_url.as_ref().filter(|url| !url.starts_with('/')),
        })
    });
    let all: Vec<Value> = own.then(controller).into_iter().chain(others).collect();
    if all.is_empty() { json!([controller()]) } else { json!(all) }
}

/// Where the record of the choice is kept, and how long the choice is remembered.
fn kept(evidence: &Evidence) -> Value {
    let countries: Vec<Value> = evidence.contact.storage.iter().map(|code| json!(place(code))).collect();
    let location = some(countries).map(|countries| {
        json!({
            "@type": "dpv:StorageLocation",
            "dct:description": "Where the record of the choice is kept",
            "dpv:hasLocation": countries,
        })
    });
    json!([
        location,
        {
            "@type": "dpv:StorageDuration",
            "dct:description": "How long the choice is remembered at the most before it is asked for again",
            "dpv:hasDuration": temporal(evidence.content.remember_days),
        },
    ])
}

/// What can be done about it. The rights of the GDPR are those that data processed on consent has.
fn rights(evidence: &Evidence) -> Value {
    let contact = evidence.contact;
    let mail = || contact.email.as_ref().map(|email| format!("mailto:{email}"));
    let asked_at = contact.url.clone().or_else(mail).or_else(|| evidence.policy_url());
    let settings = Some(evidence.origin.to_owned());
    let right = |article: Option<&str>, title: &str, at: Option<String>| {
        json!({
            "@type": ["dpv:DataSubjectRight", article.map(|article| format!("eu-gdpr:{article}"))],
            "dct:title": title,
            "dpv:isExercisedAt": at,
        })
    };
    if !gdpr(evidence) {
        return json!([right(None, "Right to withdraw consent", settings)]);
    }
    json!([
        right(Some("A7-3"), "Right to withdraw consent", settings),
        right(Some("A15"), "Right of access", asked_at.clone()),
        right(Some("A16"), "Right to rectification", asked_at.clone()),
        right(Some("A17"), "Right to erasure", asked_at.clone()),
        right(Some("A18"), "Right to restriction of processing", asked_at.clone()),
        right(Some("A20"), "Right to data portability", asked_at),
        right(Some("A77"), "Right to lodge a complaint with a supervisory authority", contact.authority_url.clone()),
    ])
}

/// One answer as an event: by whom, how, when, and how long it holds.
fn event(evidence: &Evidence, answered: &Answered) -> Value {
    let (id, outcome) = (answered.id, answered.outcome);
    // A no is no kind of consent.
    let consent = matches!(outcome, Outcome::Given | Outcome::Renewed).then_some("dpv:ExpressedConsent");
    json!({
        "@id": part(evidence, &format!("status-{id}")),
        "@type": [status(outcome), consent],
        "dpv:hasPurpose": part(evidence, &format!("purpose-{id}")),
        "dpv:isIndicatedBy": visitor(evidence),
        "dpv:hasIndicationMethod": evidence.method(),
        "dpv:isIndicatedAtTime": evidence.created_at().map(rfc3339),
        "dpv:hasDuration": temporal(evidence.content.remember_days),
    })
}

const fn status(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Given => "dpv:ConsentGiven",
        Outcome::Renewed => "dpv:RenewedConsentGiven",
        Outcome::Refused => "dpv:ConsentRefused",
        Outcome::Withdrawn => "dpv:ConsentWithdrawn",
    }
}

fn gdpr(evidence: &Evidence) -> bool {
    evidence.contact.country.as_deref().is_some_and(|country| EEA.contains(&country))
}

fn visitor(evidence: &Evidence) -> String {
    evidence.text("visitor").map_or_else(|| "dpv:DataSubject".to_owned(), urn)
}

fn urn(id: &str) -> String {
    format!("urn:uuid:{id}")
}

/// The name of a thing inside this receipt.
fn part(evidence: &Evidence, name: &str) -> Option<String> {
    evidence.text("id").map(|id| format!("urn:uuid:{id}#{name}"))
}

fn place(country: &str) -> String {
    format!("loc:{country}")
}

/// ISO 8601.
fn temporal(days: u32) -> Value {
    json!({
        "@type": "dpv:TemporalDuration",
        "rdf:value": { "@type": "xsd:duration", "@value": format!("P{days}D") },
    })
}

fn some(list: Vec<Value>) -> Option<Vec<Value>> {
    (!list.is_empty()).then_some(list)
}
