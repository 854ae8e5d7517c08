//! Whole receipts in both forms, made of one small site and one record.

use serde_json::{Value, json};

use super::{Evidence, iso27560, kantara};
use crate::site_file::{Parsed, parse};

const SITE: &str = r#"
id = "shop"
name = "Butikken"
controller = "Butikken AS"
origins = ["https://www.example.no"]
languages = ["en", "nb"]
default_language = "nb"
policy_url = "/privacy"

[[purposes]]
id = "analytics"

[[purposes]]
id = "advertising"

[[services]]
id = "ga"
kind = "ga4"
purpose = "analytics"
key = "G-TEST000001"

[[services]]
id = "matomo"
kind = "matomo"
purpose = "analytics"
url = "/matomo/"
site_id = 1
cookies = [{ name = "session", days = 0 }]

[[services]]
id = "pixel"
kind = "pixel"
purpose = "advertising"
url = "https://ads.example/p.gif"
name = "Ads"
vendor = "Ads Inc."
cookies = []
"#;

const CONTACT: &str = r#"
[contact]
address = "Storgata 1, 0155 Oslo"
country = "NO"
email = "personvern@example.no"
phone = "+47 22 00 00 00"
authority = "Datatilsynet"
authority_url = "https://www.datatilsynet.no"
storage = ["NO", "SE"]
"#;

const ID: &str = "0198c0de-0000-7000-8000-000000000001";
const VISITOR: &str = "2f0c1d52-8f4c-4bb1-9d6e-000000000002";

fn site(contact: &str) -> Parsed {
    parse(&format!("{SITE}{contact}")).unwrap_or_else(|e| panic!("{e}"))
}

fn evidence<'a>(site: &'a Parsed, record: &'a Value) -> Evidence<'a> {
    let (content, contact, origin) = (&site.content, &site.contact, site.origins[0].as_str());
    Evidence { record, previous: None, content, published_at: 1_767_225_600_000, contact, origin, key: Some("kid-1") }
}

fn record(action: &str, analytics: &str, advertising: &str) -> Value {
    json!({
        "action": action,
        "choice": { "analytics": analytics, "advertising": advertising },
        "created_at": 1_772_359_384_250_i64,
        "id": ID,
        "language": "en",
        "method": "save",
        "notice": { "hash": "ab12", "number": 3 },
        "page": "/",
        "regime": { "found": "assumed", "model": "opt-in" },
        "salt": "c2FsdA",
        "signals": [],
        "site": "shop",
        "visitor": VISITOR,
    })
}

/// The status of each purpose in the exported record, in order.
fn statuses(exported: &Value) -> Vec<&str> {
    let events = exported["dpv:hasRecordOfActivity"]["dpv:hasConsentStatus"].as_array().expect("events");
    let processes = exported["dpv:hasRecordOfActivity"]["dpv:hasProcess"].as_array().expect("processes");
    assert_eq!(events.len(), processes.len());
    for (event, process) in events.iter().zip(processes) {
        assert_eq!(event["@id"], process["dpv:hasConsentStatus"]["@id"]);
        assert_eq!(event["@type"][0], process["dpv:hasConsentStatus"]["@type"]);
        assert_eq!(event["dpv:hasPurpose"], process["dpv:hasPurpose"]["@id"]);
    }
    events.iter().filter_map(|event| event["@type"][0].as_str()).collect()
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

#[test]
fn a_receipt_for_the_gdpr_holds_the_record_with_every_mandatory_field() {
    let (site, record) = (site(CONTACT), record("partial", "granted", "denied"));
    let exported = iso27560(&evidence(&site, &record));
    assert_eq!(exported["@type"], "dpv:ConsentReceipt");
    assert_eq!(exported["dct:conformsTo"], "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr");
    assert_eq!(exported["dct:created"], "2026-03-01T10:03:04Z");
    assert_eq!(exported["dct:publisher"], format!("urn:uuid:{ID}#controller"));
    let kept = &exported["dpv:hasRecordOfActivity"];
    assert_eq!(kept["@id"], format!("urn:uuid:{ID}"));
    assert_eq!(kept["dct:conformsTo"], "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr");
    assert_eq!(kept["dpv:hasDataSubject"]["dct:identifier"], VISITOR);
    assert_eq!(kept["dpv:hasJurisdiction"], "loc:NO");
    assert_eq!(
        kept["dpv:hasDataController"],
        json!({
            "@id": format!("urn:uuid:{ID}#controller"),
            "@type": ["dpv:LegalEntity", "dpv:DataController"],
            "dpv:hasIdentifier": format!("urn:uuid:{ID}#controller"),
            "dpv:hasName": "Butikken AS",
            "schema:address": {
                "@type": "schema:PostalAddress",
                "schema:streetAddress": "Storgata 1, 0155 Oslo",
                "schema:addressCountry": "NO",
            },
            "schema:contactPoint": {
                "@type": "schema:ContactPoint",
                "schema:email": "personvern@example.no",
                "schema:telephone": "+47 22 00 00 00",
            },
            "dpv:hasLocation": "loc:NO",
        })
    );
    assert_eq!(kept["dpv:hasAuthority"]["dpv:hasName"], "Datatilsynet");
    let rights = kept["dpv:hasRight"].as_array().expect("rights");
    assert_eq!(rights[0]["@type"], json!(["dpv:DataSubjectRight", "eu-gdpr:A7-3"]));
    assert_eq!(rights[0]["dpv:isExercisedAt"], "https://www.example.no");
    assert_eq!(rights[1]["dpv:isExercisedAt"], "mailto:personvern@example.no");
    assert_eq!(rights[6]["dpv:isExercisedAt"], "https://www.datatilsynet.no");
    assert!(!has_null(&exported));
}

#[test]
fn the_notice_is_named_by_its_hash_and_leads_to_the_policy() {
    let (site, record) = (site(CONTACT), record("granted", "granted", "granted"));
    let exported = iso27560(&evidence(&site, &record));
    assert_eq!(
        exported["dpv:hasRecordOfActivity"]["dpv:hasNotice"],
        json!([
            {
                "@id": "nih:sha-256;ab12",
                "@type": "dpv:ConsentNotice",
                "dct:identifier": "ab12",
                "schema:version": 3,
                "dct:date": "2026-01-01T00:00:00Z",
                "dct:language": "en",
            },
            {
                "@id": "https://www.example.no/privacy",
                "@type": "dpv:PrivacyNotice",
                "schema:url": "https://www.example.no/privacy",
            },
        ])
    );
}

#[test]
fn every_purpose_has_its_own_data_recipients_and_answer() {
    let (site, record) = (site(CONTACT), record("partial", "granted", "denied"));
    let exported = iso27560(&evidence(&site, &record));
    assert_eq!(statuses(&exported), ["dpv:ConsentGiven", "dpv:ConsentRefused"]);
    let kept = &exported["dpv:hasRecordOfActivity"];
    let event = &kept["dpv:hasConsentStatus"][0];
    assert_eq!(event["@type"], json!(["dpv:ConsentGiven", "dpv:ExpressedConsent"]));
    assert_eq!(event["dpv:isIndicatedBy"], format!("urn:uuid:{VISITOR}"));
    assert_eq!(event["dpv:isIndicatedAtTime"], "2026-03-01T10:03:04Z");
    assert_eq!(event["dpv:hasDuration"]["rdf:value"]["@value"], "P366D");
    assert_eq!(kept["dpv:hasConsentStatus"][1]["@type"], json!(["dpv:ConsentRefused"]), "no kind of consent");
    let analytics = &kept["dpv:hasProcess"][0];
    assert_eq!(analytics["dpv:hasPurpose"]["skos:broader"], "dpv:ServiceUsageAnalytics");
    assert_eq!(analytics["dpv:hasPurpose"]["dct:title"], "Analytics");
    assert_eq!(analytics["dpv:hasLegalBasis"], "eu-gdpr:A6-1-a");
    let recipients = analytics["dpv:hasRecipient"].as_array().expect("recipients");
    assert_eq!(recipients[0], format!("urn:uuid:{ID}#controller"), "Matomo's data stays here");
    assert_eq!(recipients[1]["dpv:hasName"], "Google Ireland Ltd");
    assert_eq!(recipients[1]["dpv:hasLocation"], "loc:US");
    let cookie = |at: usize| &analytics["dpv:hasPersonalData"][at];
    assert_eq!(cookie(0)["dct:identifier"], "_ga");
    assert_eq!(cookie(0)["dpv:hasStorageCondition"][1]["dpv:hasDuration"]["rdf:value"]["@value"], "P730D");
    assert_eq!(cookie(2)["dpv:hasStorageCondition"][1]["dpv:hasDuration"]["@type"], "dpv:UntilEventDuration");
    assert_eq!(analytics["dpv:hasStorageCondition"][0]["dpv:hasLocation"], json!(["loc:NO", "loc:SE"]));
    assert_eq!(analytics["dpv:hasStorageCondition"][1]["dpv:hasDuration"]["rdf:value"]["@value"], "P366D");
    let advertising = &kept["dpv:hasProcess"][1];
    assert_eq!(advertising["dpv:hasPersonalData"][0]["skos:broader"], "pd:IPAddress", "a pixel without cookies");
    assert_eq!(advertising["dpv:hasRecipient"][0]["dpv:hasName"], "Ads Inc.");
}

#[test]
fn a_yes_that_is_taken_back_is_told_from_a_no_by_the_record_before() {
    let site = site(CONTACT);
    let check = |record: &Value, previous: Option<&Value>, expected: [&str; 2]| {
        let exported = iso27560(&Evidence { previous, ..evidence(&site, record) });
        assert_eq!(statuses(&exported), expected, "{record}");
    };
    let withdrawn = record("withdrawn", "denied", "denied");
    let before = record("partial", "granted", "denied");
    check(&withdrawn, None, ["dpv:ConsentWithdrawn", "dpv:ConsentWithdrawn"]);
    check(&withdrawn, Some(&before), ["dpv:ConsentWithdrawn", "dpv:ConsentRefused"]);
    check(&record("refused", "denied", "denied"), None, ["dpv:ConsentRefused", "dpv:ConsentRefused"]);
    check(&record("renewed", "granted", "denied"), None, ["dpv:RenewedConsentGiven", "dpv:ConsentRefused"]);
    check(&record("partial", "denied", "granted"), Some(&before), ["dpv:ConsentWithdrawn", "dpv:ConsentGiven"]);
}

#[test]
fn a_service_that_is_answered_by_itself_stands_by_itself() {
    let site = site(CONTACT);
    let mut record = record("partial", "granted", "denied");
    record["choice"]["ga"] = json!("denied");
    record["choice"]["pixel"] = json!("granted");
    let exported = iso27560(&evidence(&site, &record));
    let kept = &exported["dpv:hasRecordOfActivity"];
    let found = ["dpv:ConsentGiven", "dpv:ConsentRefused", "dpv:ConsentRefused", "dpv:ConsentGiven"];
    assert_eq!(statuses(&exported), found);
    let [analytics, ga, advertising, pixel] = [0, 1, 2, 3].map(|at| &kept["dpv:hasProcess"][at]);
    assert_eq!(analytics["dpv:hasRecipient"].as_array().map(Vec::len), Some(1), "Google gets nothing");
    assert_eq!(analytics["dpv:hasPersonalData"].as_array().map(Vec::len), Some(1), "nor is there a cookie of its own");
    assert_eq!(ga["dpv:hasPurpose"]["@id"], format!("urn:uuid:{ID}#purpose-ga"));
    assert_eq!(ga["dpv:hasPurpose"]["skos:broader"], analytics["dpv:hasPurpose"]["@id"]);
    assert_eq!(ga["dpv:hasPurpose"]["dct:title"], "Analytics: Google Analytics");
    assert_eq!(ga["dpv:hasRecipient"][0]["dpv:hasName"], "Google Ireland Ltd");
    assert!(advertising.get("dpv:hasService").is_none() && advertising.get("dpv:hasPersonalData").is_none());
    assert_eq!(pixel["dpv:hasRecipient"][0]["dpv:hasName"], "Ads Inc.");

    let given = kantara(&evidence(&site, &record))["services"][0]["purposes"].clone();
    assert_eq!(given.as_array().map(Vec::len), Some(2), "{given}");
    assert_eq!((&given[0]["purpose"], &given[0]["thirdPartyDisclosure"]), (&json!("Analytics"), &json!(false)));
    assert_eq!((&given[1]["purpose"], &given[1]["thirdPartyName"]), (&json!("Advertising: Ads"), &json!("Ads Inc.")));

    // Taken back together with everything else, it is told though only the answer before names it.
    let none = self::record("withdrawn", "denied", "denied");
    let exported = iso27560(&Evidence { previous: Some(&record), ..evidence(&site, &none) });
    let found = ["dpv:ConsentWithdrawn", "dpv:ConsentRefused", "dpv:ConsentRefused", "dpv:ConsentWithdrawn"];
    assert_eq!(statuses(&exported), found);
}

#[test]
fn without_a_contact_nothing_is_made_up() {
    let (site, record) = (site(""), record("granted", "granted", "granted"));
    assert_eq!(site.warnings.len(), 1);
    let exported = iso27560(&evidence(&site, &record));
    assert_eq!(exported["dct:conformsTo"], "https://w3id.org/dpv/schema/dpv-27560#receipt-record");
    let kept = exported["dpv:hasRecordOfActivity"].as_object().expect("a record");
    for absent in ["dpv:hasJurisdiction", "dpv:hasAuthority", "dpv:hasApplicableLaw"] {
        assert!(!kept.contains_key(absent), "{absent}");
    }
    let controller = kept["dpv:hasDataController"].as_object().expect("a controller");
    assert!(!controller.contains_key("schema:address") && !controller.contains_key("schema:contactPoint"));
    assert_eq!(kept["dpv:hasProcess"][0]["dpv:hasLegalBasis"], "dpv:ExpressedConsent");
    assert_eq!(kept["dpv:hasProcess"][0]["dpv:hasStorageCondition"][0]["@type"], "dpv:StorageDuration");
    assert_eq!(kept["dpv:hasRight"].as_array().map(Vec::len), Some(1));
    let exported = kantara(&Evidence { key: None, ..evidence(&site, &record) });
    assert_eq!(
        exported["piiControllers"],
        json!([{ "piiController": "Butikken AS", "onBehalf": false, "contact": "Butikken AS" }])
    );
    assert!(exported.get("jurisdiction").is_none() && exported.get("publicKey").is_none());
    assert!(!has_null(&exported));
}

#[test]
fn a_kantara_receipt_has_the_member_names_of_its_specification() {
    let (site, record) = (site(CONTACT), record("partial", "granted", "denied"));
    assert_eq!(
        kantara(&evidence(&site, &record)),
        json!({
            "version": "KI-CR-v1.1.0",
            "jurisdiction": "NO",
            "consentTimestamp": 1_772_359_384,
            "collectionMethod": "Chose purpose by purpose, and saved",
            "consentReceiptID": ID,
            "publicKey": "kid-1",
            "language": "en",
            "piiPrincipalId": VISITOR,
            "piiControllers": [{
                "piiController": "Butikken AS",
                "onBehalf": false,
                "contact": "Butikken AS",
                "address": { "streetAddress": "Storgata 1, 0155 Oslo", "addressCountry": "NO" },
                "email": "personvern@example.no",
                "phone": "+47 22 00 00 00",
            }],
            "policyUrl": "https://www.example.no/privacy",
            "services": [{
                "service": "Butikken",
                "purposes": [{
                    "purpose": "Analytics",
                    "purposeCategory": ["analytics"],
                    "consentType": "EXPLICIT",
                    "piiCategory": ["Cookie _ga", "Cookie _ga_*", "Cookie session"],
                    "primaryPurpose": false,
                    "termination": "When it is withdrawn, or at most 366 days after the choice",
                    "thirdPartyDisclosure": true,
                    "thirdPartyName": "Google Ireland Ltd",
                }],
            }],
            "sensitive": false,
            "spiCat": [],
        })
    );
}

#[test]
fn a_kantara_receipt_of_a_no_consents_to_nothing() {
    let site = site(CONTACT);
    for action in ["refused", "withdrawn"] {
        let record = record(action, "denied", "denied");
        assert_eq!(kantara(&evidence(&site, &record))["services"], json!([]), "{action}");
    }
}

#[test]
fn a_record_that_lacks_members_is_exported_without_them() {
    let site = site(CONTACT);
    for odd in [
        json!({}),
        json!(null),
        json!([1]),
        json!({ "choice": 1, "created_at": "x", "notice": null, "id": 7 }),
        json!({ "choice": { "analytics": "perhaps", "chat": "granted" }, "created_at": i64::MAX, "language": "xx" }),
        json!({ "choice": { "analytics": "granted" }, "created_at": i64::MIN, "notice": { "hash": 1 } }),
    ] {
        for exported in [iso27560(&evidence(&site, &odd)), kantara(&evidence(&site, &odd))] {
            assert!(!has_null(&exported), "{odd}: {exported}");
        }
    }
    let whole = record("granted", "granted", "granted");
    for key in whole.as_object().expect("members").keys() {
        let mut record = whole.clone();
        record.as_object_mut().expect("members").remove(key);
        assert!(!has_null(&iso27560(&evidence(&site, &record))), "without {key}");
        assert!(!has_null(&kantara(&evidence(&site, &record))), "without {key}");
    }
}
