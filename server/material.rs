//! What makes a change material: it takes more from visitors, or somebody else does, or for another time. A better text, another colour or
//! a service less does not.

use std::collections::BTreeSet;

use crate::notice::Content;

/// Why it is, in words; none when it is not.
pub fn reasons(old: &Content, new: &Content) -> Vec<&'static str> {
    let mut found = Vec::new();
    if !old.asked().is_superset(&new.asked()) {
        found.push("it asks for a purpose, a service or a vendor more");
    }
    if old.controller != new.controller {
        found.push("somebody else answers for the data");
    }
    let moved = |(language, url): (&String, &String)| new.policy_url.get(language).is_some_and(|new| new != url);
    if old.policy_url.iter().any(moved) {
        found.push("the policy has another address");
    }
    if !recipients(old).is_superset(&recipients(new)) {
        found.push("data goes to another vendor or country");
    }
    if old.remember_days != new.remember_days {
        found.push("answers are kept for another time");
    }
    found
}

/// Who gets something, of what runs without an answer too.
fn recipients(content: &Content) -> BTreeSet<(&str, Option<&str>)> {
    content.services.iter().map(|service| (service.vendor.as_str(), service.country.as_deref())).collect()
}
