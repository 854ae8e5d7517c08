//! Who answers for the data: how the controller is reached, and who watches over it. It is shown in the declaration and in exported
//! receipts, and not in the notice, so changing it asks nobody again.

use serde::{Deserialize, Serialize};

use crate::service::is_loadable;

/// The `[contact]` table of a site file. What is not said here is left out of what is exported; nothing is guessed.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Contact {
    /// Street, number, post code and place, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// ISO 3166 code of the country that the controller is established in; its law applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// A page where the controller is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The supervisory authority that hears complaints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority_url: Option<String>,
    /// ISO 3166 codes of the countries where records are kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub storage: Vec<String>,
}

impl Contact {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is wrong, as (field, reason).
    pub fn check(&self) -> Vec<(String, &'static str)> {
        type Rule = (fn(&str) -> bool, &'static str);
        const LINE: Rule = (|text| is_line(text, 300), "expected 1 to 300 characters in one line");
        const COUNTRY: Rule = (is_country, "expected a country code of two capital letters, such as \"NO\"");
        const EMAIL: Rule = (is_email, "expected an address such as \"privacy@example.no\"");
        const PHONE: Rule = (is_phone, "expected a number such as \"+47 22 00 00 00\"");
        const URL: Rule = (is_url, "expected https://… or http://…");
        let fields = [
            ("address", &self.address, LINE),
            ("country", &self.country, COUNTRY),
            ("email", &self.email, EMAIL),
            ("phone", &self.phone, PHONE),
            ("url", &self.url, URL),
            ("authority", &self.authority, LINE),
            ("authority_url", &self.authority_url, URL),
        ];
        let mut wrong: Vec<(String, &'static str)> = fields
            .into_iter()
            .filter(|(_, value, (good, _))| value.as_deref().is_some_and(|value| !good(value)))
            .map(|(field, _, (_, reason))| (field.to_owned(), reason))
            .collect();
        for (i, _) in self.storage.iter().enumerate().filter(|(_, code)| !is_country(code)) {
            wrong.push((format!("storage.{i}"), COUNTRY.1));
        }
        wrong
    }

    /// What a receipt needs and is not said, for whoever applies the file: it is not wrong without.
    pub fn warning(&self) -> Option<String> {
        let reached = self.email.is_some() || self.phone.is_some() || self.url.is_some();
        let missing: Vec<&str> = [
            ("address", self.address.is_some()),
            ("country", self.country.is_some()),
            ("email, phone or url", reached),
            ("storage", !self.storage.is_empty()),
        ]
        .into_iter()
        .filter_map(|(key, said)| (!said).then_some(key))
        .collect();
        (!missing.is_empty()).then(|| {
            format!(
                "contact: a receipt in the form of ISO/IEC TS 27560 needs the controller's address and a way to reach it, the \
                 country and where records are kept; missing: {}",
                missing.join("; ")
            )
        })
    }
}

fn is_line(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())
}

/// Enough to catch a slip; only a message that arrives proves more.
fn is_email(text: &str) -> bool {
    let (name, host) = text.rsplit_once('@').unwrap_or_default();
    let plain = text.len() <= 254 && text.chars().all(|c| c.is_alphanumeric() || ".@!#$%&'*+-/=?^_`{|}~".contains(c));
    plain && !name.is_empty() && !name.contains('@') && host.contains('.') && !host.starts_with('.')
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (3..=15).contains(&digits)
        && text.len() <= 40
        && text.bytes().all(|b| b.is_ascii_digit() || b" +-()./".contains(&b))
}

fn is_url(url: &str) -> bool {
    is_loadable(url) && !url.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_field_is_named_with_what_was_expected() {
        let check = |json: &str, expected: &[&str]| {
            let contact: Contact = serde_json::from_str(json).expect("a contact");
            let found: Vec<String> = contact.check().into_iter().map(|(field, _)| field).collect();
            assert_eq!(found, expected, "{json}");
        };
        check("{}", &[]);
        check(r#"{"address":"Havnegata 1, 7010 Trondheim","country":"NO","storage":["NO","SE"]}"#, &[]);
        check(r#"{"email":"personvern@example.no","phone":"+47 (22) 00-00.00","url":"https://example.no/x"}"#, &[]);
        check(r#"{"address":" ","country":"Norway","storage":["NO","se"]}"#, &["address", "country", "storage.1"]);
        check(r#"{"email":"a b@example.no","phone":"ring","url":"/kontakt"}"#, &["email", "phone", "url"]);
        check(
            r#"{"email":"@example.no","authority":"","authority_url":"javascript:x"}"#,
            &["email", "authority", "authority_url"],
        );
        check(r#"{"email":"a@b@example.no","address":"one\ntwo"}"#, &["address", "email"]);
    }

    #[test]
    fn what_a_receipt_lacks_is_said_once() {
        let contact = |json: &str| serde_json::from_str::<Contact>(json).expect("a contact");
        let told = contact("{}").warning().expect("a warning");
        assert!(told.contains("ISO/IEC TS 27560 needs the controller's address and a way to reach it"), "{told}");
        assert!(told.ends_with("missing: address; country; email, phone or url; storage"), "{told}");
        let told = contact(r#"{"address":"x","country":"NO","phone":"110"}"#).warning().expect("a warning");
        assert!(told.ends_with("missing: storage"), "{told}");
        assert_eq!(contact(r#"{"address":"x","country":"NO","phone":"110","storage":["NO"]}"#).warning(), None);
    }
}
