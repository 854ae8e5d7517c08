//! The site file: what an operator writes about one site, in TOML. `server/demo/site.toml` is the annotated example.
//! A file that is wrong changes nothing; every complaint names the line, the key and what was expected.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::announcement::{Announcement, LEAST_DAYS};
use crate::complaints::{Complaints, syntax};
use crate::contact::Contact;
use crate::domain;
use crate::error::Error;
use crate::link;
use crate::look::Look;
use crate::notice::{Content, NECESSARY, yes};
use crate::person::Rules;
use crate::place::Place;
use crate::service::{Service, is_loadable};
use crate::texts::{self, Texts};
use crate::unknown_place;
use crate::variant::{self, Variant};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteFile {
    id: String,
    name: String,
    controller: String,
    origins: Vec<String>,
    cookie_domains: Option<Vec<String>>,
    #[serde(default)]
    report: bool,
    #[serde(default)]
    links: Vec<String>,
    languages: Vec<String>,
    default_language: String,
    policy_url: PolicyUrl,
    #[serde(default = "a_year")]
    remember_days: u32,
    #[serde(default = "yes")]
    dnt: bool,
    currency: Option<String>,
    unknown_place: Option<String>,
    #[serde(default = "yes")]
    service_switches: bool,
    #[serde(default)]
    look: Look,
    #[serde(default)]
    purposes: Vec<Purpose>,
    #[serde(default)]
    services: Vec<Service>,
    #[serde(default)]
    texts: BTreeMap<String, Texts>,
    announcement: Option<Announcement>,
    #[serde(default)]
    variants: Vec<Variant>,
    #[serde(default)]
    contact: Contact,
    #[serde(default)]
    people: Rules,
    announce_days: Option<i32>,
}

/// A leap year, so that no law's twelve months are cut short.
const fn a_year() -> u32 {
    366
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PolicyUrl {
    One(String),
    ByLanguage(BTreeMap<String, String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Purpose {
    id: String,
    /// Language → name; a standard purpose has one already.
    #[serde(default)]
    name: BTreeMap<String, String>,
    #[serde(default)]
    description: BTreeMap<String, String>,
}

/// What a good file says.
pub struct Parsed {
    pub key: String,
    pub origins: Vec<String>,
    /// Those named; nothing when the file leaves it to the origins.
    pub cookie_domains: Option<Vec<String>>,
    pub report: bool,
    pub links: Vec<String>,
    pub content: Content,
    pub contact: Contact,
    /// What a place that is not known counts as.
    pub unknown_place: Option<Place>,
    /// Whether DNT counts as a refusal.
    pub dnt: bool,
    pub people: Rules,
    /// How many days ahead a material change is announced, where it has to be.
    pub announce_days: Option<i32>,
    pub warnings: Vec<String>,
}

/// Reads and checks a whole site file. Errors: one `Error::SiteFile` with a line for each complaint.
pub fn parse(text: &str) -> Result<Parsed, Error> {
    let mut file: SiteFile = toml::from_str(text).map_err(|e| Error::SiteFile(syntax(text, &e)))?;
    let mut wrong = Complaints::of(text);

    if !is_id(&file.id, 40) {
        wrong.say("id", "expected 1 to 40 of a-z, 0-9 and -");
    }
    for (key, value) in [("name", &file.name), ("controller", &file.controller)] {
        if value.trim().is_empty() || value.chars().count() > 100 {
            wrong.say(key, "expected 1 to 100 characters");
        }
    }
    if !(1..=390).contains(&file.remember_days) {
        wrong.say("remember_days", "expected 1 to 390 days: a browser keeps no cookie longer than 400");
    }
    for (key, reason) in file.look.check(&file.origins) {
        wrong.say(&key, &reason);
    }
    origins(&file.origins, &mut wrong);
    let shared = domain::check(file.cookie_domains.as_deref().unwrap_or_default(), &file.origins);
    for (key, reason) in shared.into_iter().chain(link::check(&file.links, &file.origins)) {
        wrong.say(&key, &reason);
    }
    languages(&file, &mut wrong);
    purposes(&file.purposes, &file.languages, &mut wrong);
    let mut warnings = services(&mut file, &mut wrong);
    contact(&file.contact, &mut wrong, &mut warnings);
    if file.remember_days < 183 {
        warnings.push(
            "remember_days: somebody who refused would be asked again before six months are over, which Italy's Garante forbids and \
             other authorities call nagging"
                .to_owned(),
        );
    }
    if file.announce_days.is_some_and(|days| !(LEAST_DAYS..=365).contains(&days)) {
        wrong.say("announce_days", "expected 30 to 365 days: people have that long to read what is going to change");
    }
    if file.currency.as_ref().is_some_and(|code| code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase())) {
        wrong.say("currency", "expected an ISO 4217 code of three capital letters, such as \"NOK\"");
    }
    let unknown_place = file.unknown_place.as_ref().and_then(|said| {
        let place = unknown_place::check(said, &file.languages, file.currency.as_deref());
        place.map_err(|reason| wrong.say("unknown_place", &reason)).ok()
    });
    let texts = all_texts(&file, &mut wrong);
    let policy_url = policy_urls(&file, &mut wrong);
    let announced = file.announcement.iter().flat_map(|announcement| announcement.check(&file.languages));
    let variants = variant::check(&file.variants, &file.look, &texts);
    for (key, reason) in announced.chain(variants).chain(file.people.check()) {
        wrong.say(&key, &reason);
    }

    if !wrong.found.is_empty() {
        return Err(Error::SiteFile(wrong.found.join("\n")));
    }
    let content = Content {
        site: file.id.clone(),
        name: file.name,
        controller: file.controller,
        policy_url,
        default_language: file.default_language,
        remember_days: file.remember_days,
        purposes: file.purposes.into_iter().map(|purpose| purpose.id).collect(),
        services: file.services,
        look: file.look,
        texts,
        service_switches: file.service_switches,
        announcement: file.announcement,
        variants: file.variants,
    };
    Ok(Parsed {
        key: file.id,
        origins: file.origins,
        cookie_domains: file.cookie_domains,
        report: file.report,
        links: file.links,
        content,
        contact: file.contact,
        unknown_place,
        dnt: file.dnt,
        people: file.people,
        announce_days: file.announce_days,
        warnings,
    })
}

fn origins(origins: &[String], wrong: &mut Complaints) {
    if origins.is_empty() {
        wrong.say("origins", "expected at least one, such as \"https://www.example.no\"");
    }
    for (i, origin) in origins.iter().enumerate() {
        if !is_origin(origin) {
            wrong.say(
                &format!("origins.{i}"),
                "expected scheme, host and port as a browser sends them, in small letters and without a slash at the end, \
                 such as \"https://www.example.no\"",
            );
        }
    }
}

fn languages(file: &SiteFile, wrong: &mut Complaints) {
    let spoken = texts::languages();
    for (i, language) in file.languages.iter().enumerate() {
        if !spoken.contains(language) {
            wrong.say(&format!("languages.{i}"), &format!("expected one of {}; found {language:?}", spoken.join(", ")));
        }
    }
    if !file.languages.contains(&file.default_language) {
        wrong.say(
            "default_language",
            &format!("expected one of the site's languages; found {:?}", file.default_language),
        );
    }
}

fn purposes(purposes: &[Purpose], languages: &[String], wrong: &mut Complaints) {
    const STANDARD: [&str; 3] = ["preferences", "analytics", "advertising"];
    let mut seen = BTreeSet::new();
    if purposes.is_empty() || purposes.len() > 20 {
        wrong.say("purposes", "expected 1 to 20, such as [[purposes]] id = \"analytics\"");
    }
    for (i, purpose) in purposes.iter().enumerate() {
        let at = |key: &str| format!("purposes.{i}.{key}");
        if !is_id(&purpose.id, 30) {
            wrong.say(&at("id"), "expected 1 to 30 of a-z, 0-9 and -");
        }
        if purpose.id == NECESSARY {
            wrong.say(&at("id"), "necessary is always there and never asked about: leave it out");
        }
        if !seen.insert(&purpose.id) {
            wrong.say(&at("id"), "is there twice");
        }
        for (key, given) in [("name", &purpose.name), ("description", &purpose.description)] {
            let needed = !STANDARD.contains(&purpose.id.as_str());
            if let Some(language) = languages.iter().find(|language| needed && !given.contains_key(*language)) {
                wrong.say(
                    &at(key),
                    &format!("a purpose of your own needs its {key} in every language; {language} is missing"),
                );
            }
            if let Some(language) = given.keys().find(|language| !languages.contains(language)) {
                wrong.say(&at(key), &format!("{language:?} is not one of the site's languages"));
            }
        }
    }
}

fn services(file: &mut SiteFile, wrong: &mut Complaints) -> Vec<String> {
    let mut seen: BTreeSet<String> = file.purposes.iter().map(|purpose| purpose.id.clone()).collect();
    seen.insert(NECESSARY.to_owned());
    let purposes: Vec<String> = seen.iter().cloned().collect();
    let mut warnings = Vec::new();
    for (i, service) in file.services.iter_mut().enumerate() {
        let at = |key: &str| format!("services.{i}.{key}");
        if !is_id(&service.id, 40) {
            wrong.say(&at("id"), "expected 1 to 40 of a-z, 0-9 and -");
        }
        if !seen.insert(service.id.clone()) {
            wrong.say(&at("id"), &format!("{:?} is already the name of a purpose or service", service.id));
        }
        if !purposes.contains(&service.purpose) {
            let expected = purposes.join(", ");
            wrong.say(&at("purpose"), &format!("expected one of {expected}; found {:?}", service.purpose));
        }
        warnings.extend(service.undeclared());
        for (key, reason) in service.complete(&file.controller) {
            wrong.say(&at(key), &reason);
        }
        for (j, cookie) in service.cookies.iter().flatten().enumerate() {
            let name = cookie.name.strip_suffix('*').unwrap_or(&cookie.name);
            let token = |b: u8| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}*".contains(&b);
            if name.is_empty() || !name.bytes().all(token) {
                wrong
                    .say(&at(&format!("cookies.{j}.name")), "expected the name of a cookie, with * at most at its end");
            }
            let host = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
            if cookie.domain.as_ref().is_some_and(|domain| domain.is_empty() || !domain.bytes().all(host)) {
                wrong.say(&at(&format!("cookies.{j}.domain")), "expected the vendor's domain, such as \"youtube.com\"");
            }
        }
        for (j, key) in service.storage.iter().flatten().enumerate() {
            let plain = key.strip_suffix('*').unwrap_or(key);
            if plain.is_empty() || plain.chars().count() > 200 || plain.chars().any(|c| c.is_control() || c == '*') {
                wrong.say(&at(&format!("storage.{j}")), "expected the name of a key, with * at most at its end");
            }
        }
        warnings.extend(service.warnings());
    }
    warnings
}

fn contact(contact: &Contact, wrong: &mut Complaints, warnings: &mut Vec<String>) {
    for (key, reason) in contact.check() {
        wrong.say(&format!("contact.{key}"), reason);
    }
    warnings.extend(contact.warning());
}

/// The built-in texts of each language with the site's own over them.
fn all_texts(file: &SiteFile, wrong: &mut Complaints) -> BTreeMap<String, Texts> {
    for language in file.texts.keys().filter(|language| !file.languages.contains(language)) {
        wrong.say(&format!("texts.{language}"), "is not one of the site's languages");
    }
    let mut all = BTreeMap::new();
    for language in &file.languages {
        let Some(mut texts) = texts::of(language) else { continue };
        for (key, text) in file.texts.get(language).into_iter().flatten() {
            if texts.insert(key.clone(), text.clone()).is_none() {
                let known = texts.keys().filter(|known| *known != key).cloned().collect::<Vec<_>>().join(", ");
                wrong.say(&format!("texts.{language}.{key}"), &format!("expected one of {known}"));
            }
            if text.trim().is_empty() || text.chars().count() > 2000 {
                wrong.say(&format!("texts.{language}.{key}"), "expected 1 to 2000 characters");
            }
        }
        for purpose in &file.purposes {
            for (part, given) in [("name", &purpose.name), ("description", &purpose.description)] {
                if let Some(text) = given.get(language) {
                    texts.insert(format!("purpose_{}_{part}", purpose.id), text.clone());
                }
            }
        }
        all.insert(language.clone(), texts);
    }
    all
}

fn policy_urls(file: &SiteFile, wrong: &mut Complaints) -> BTreeMap<String, String> {
    let urls: BTreeMap<String, String> = match &file.policy_url {
        PolicyUrl::One(url) => file.languages.iter().map(|language| (language.clone(), url.clone())).collect(),
        PolicyUrl::ByLanguage(urls) => urls.clone(),
    };
    if let Some(language) = file.languages.iter().find(|language| !urls.contains_key(*language)) {
        wrong.say("policy_url", &format!("expected one for every language; {language} is missing"));
    }
    if urls.values().any(|url| !is_loadable(url)) {
        wrong.say("policy_url", "expected https://…, http://… or a path that begins with /");
    }
    urls
}

/// Small letters, digits and dashes: it stands in URLs, cookies and attributes.
fn is_id(id: &str, most: usize) -> bool {
    (1..=most).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// As a browser serialises an origin (RFC 6454, 6.2).
pub fn is_origin(origin: &str) -> bool {
    let Some(host) = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")) else { return false };
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-:[]".contains(&b);
    !host.is_empty() && host.bytes().all(allowed)
}

#[cfg(test)]
mod tests;
