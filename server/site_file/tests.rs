//! What a site file may say, and what is said of one that is wrong.

use super::*;

const SITE: &str = r#"
id = "shop"
name = "Butikken"
controller = "Butikken AS"
origins = ["https://www.example.no"]
languages = ["nb"]
default_language = "nb"
policy_url = "/personvern"

[[purposes]]
id = "analytics"
"#;

#[test]
fn a_wrong_contact_is_told_with_its_line_and_key() {
    let check = |table: &str, expected: &str| {
        let told = parse(&format!("{SITE}\n[contact]\n{table}\n")).err().expect(table).to_string();
        assert!(told.contains(expected), "{table}: {told}");
    };
    check("email = \"personvern\"", "line 14: contact.email: expected an address such as");
    check("country = \"NOR\"", "line 14: contact.country: expected a country code of two capital letters");
    check("phone = \"1\"\nurl = \"/kontakt\"", "line 15: contact.url: expected https://… or http://…");
    check("storage = [\n\"NO\",\n\"no\",\n]", "line 16: contact.storage.1: expected a country code");
    check("fax = \"1\"", "unknown field `fax`");
}

#[test]
fn a_file_without_a_contact_is_good_with_a_warning() {
    let parsed = parse(SITE).unwrap_or_else(|e| panic!("{e}"));
    assert!(parsed.contact.is_empty());
    assert_eq!(parsed.warnings.len(), 1, "{:?}", parsed.warnings);
    assert!(parsed.warnings[0].contains("the controller's address and a way to reach it"), "{:?}", parsed.warnings);
}

#[test]
fn an_unknown_place_that_cannot_be_is_told_with_its_line() {
    let told = |keys: &str| parse(&SITE.replace("\n[[purposes]]", &format!("{keys}\n\n[[purposes]]")));
    let wrong = |keys: &str| told(keys).err().expect(keys).to_string();
    assert!(wrong("unknown_place = \"US\"").contains("line 9: unknown_place: US lets something run"));
    assert!(wrong("currency = \"kroner\"").contains("line 9: currency: expected an ISO 4217 code"));
    let good = told("unknown_place = \"NO\"").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(good.unknown_place.as_ref().map(Place::code), Some("NO"));
}

#[test]
fn a_refusal_that_is_asked_again_within_six_months_is_warned_of() {
    let told = |days: u32| {
        let text = SITE.replace("\n[[purposes]]", &format!("remember_days = {days}\n[[purposes]]"));
        parse(&text).unwrap_or_else(|e| panic!("{e}")).warnings.join(" ").contains("asked again before six months")
    };
    assert!(told(182) && !told(183));
}
