//! `banner.js` of one site: the built gate with the site's configuration in it, and with the code that this site needs.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::announcement::Announcement;
use crate::banner::{Asset, built, hash_of};
use crate::error::{Error, Result};
use crate::look::Side;
use crate::notice::{Content, NECESSARY, Notice};
use crate::service::Service;
use crate::site::Settings;
use crate::texts::Texts;

/// The name that stands for the site's configuration in the built gate.
const CONFIG: &str = "__SAMTYKKE_CONFIG__";

/// What the gate has to know about its site, and not a byte more: it is on every page.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    site: &'a str,
    notice: i32,
    asks_since: i32,
    days: u32,
    purposes: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    domains: Vec<String>,
    services: Vec<GateService<'a>>,
    panel: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GateService<'a> {
    id: &'a str,
    purpose: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reload: bool,
}

/// What report mode is told of the site: see `banner/src/extras/report.ts`.
#[derive(Serialize)]
struct Reporting<'a> {
    hash: &'a str,
    services: BTreeMap<&'a str, Vec<&'a str>>,
}

/// What the button is told that opens the settings: see `banner/src/extras/reopen.ts`.
#[derive(Serialize)]
struct Reopening<'a> {
    side: Side,
    words: Vec<[&'a str; 3]>,
}

/// `days` is how long an answer holds when no notice said so.
pub fn script(notice: &Notice, content: &Content, settings: &Settings, days: u32) -> Result<Asset> {
    let config = Config {
        site: &content.site,
        notice: notice.number,
        asks_since: notice.asks_since,
        days,
        purposes: &content.purposes,
        domains: settings.domains(),
        services: gate_services(content),
        panel: hash_of("panel")?,
    };
    // The codes and their names are the build's own. A name may have a dash in it, so it keeps its quotes.
    let codes: BTreeSet<&str> = config.services.iter().filter_map(|service| service.by).collect();
    let starts = codes.iter().map(|code| Ok(format!("\"{code}\":{}", built(&format!("services/{code}.js"))?)));
    let starts = starts.collect::<Result<Vec<_>>>()?.join(",");
    let extras = extras(content, settings)?.join(",");
    let config = literal(&config)?;
    let config = config.strip_suffix('}').unwrap_or_default();
    let config = format!("{config},starts:{{{starts}}},extras:[{extras}]}}");
    Ok(Asset::new(built("gate.js")?.replacen(CONFIG, &config, 1).into_bytes()))
}

fn gate_services(content: &Content) -> Vec<GateService<'_>> {
    let mut seen = BTreeSet::new();
    content.services.iter().map(|service| gate_service(service, seen.insert(&service.kind))).collect()
}

fn gate_service(service: &Service, first: bool) -> GateService<'_> {
    let about = service.about();
    let by =
        about.and_then(|about| if first { about.by.as_ref() } else { about.others.as_ref().or(about.by.as_ref()) });
    let asks_kind = about.is_some_and(|about| about.asks_kind);
    GateService {
        id: &service.id,
        purpose: &service.purpose,
        by: by.map(String::as_str),
        kind: asks_kind.then_some(&*service.kind),
        key: service.key.as_deref(),
        url: service.address(),
        site_id: service.site_id,
        mode: service.unusual_mode(),
        reload: service.reload_on_withdrawal.unwrap_or_default() && service.purpose != NECESSARY,
    }
}

/// The code of what only some sites have, each called with what it has to know.
fn extras(content: &Content, settings: &Settings) -> Result<Vec<String>> {
    let mut extras = Vec::new();
    // Before the others: it says whose answer it is that they meet.
    if !settings.people.login_keys.is_empty() {
        extras.push(built("extras/login.js")?);
    }
    let names = beginnings(&content.services);
    if !names.is_empty() {
        extras.push(extra("sweep", &names)?);
    }
    if settings.report {
        let mut services: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for service in &content.services {
            services.entry(&service.kind).or_default().push(&service.id);
        }
        extras.push(extra("report", &Reporting { hash: hash_of("report")?, services })?);
    }
    if !settings.links.is_empty() {
        extras.push(extra("links", &settings.links)?);
    }
    if let Some(day) = content.announcement.as_ref().and_then(Announcement::day) {
        extras.push(extra("announce", &day.0)?);
    }
    if let Some(side) = content.look.button {
        extras.push(extra("reopen", &Reopening { side, words: names_of_the_button(content) })?);
    }
    Ok(extras)
}

fn extra(name: &str, told: &impl Serialize) -> Result<String> {
    let told = serde_json::to_string(told).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(format!("g=>({})(g,{told})", built(&format!("extras/{name}.js"))?))
}

fn word<'a>(texts: &'a Texts, key: &str) -> &'a str {
    texts.get(key).map_or("", String::as_str)
}

/// In every language of the site, its default first.
fn names_of_the_button(content: &Content) -> Vec<[&str; 3]> {
    let first = content.texts.get_key_value(&content.default_language);
    let others = content.texts.iter().filter(|(language, _)| **language != content.default_language);
    first
        .into_iter()
        .chain(others)
        .map(|(language, texts)| [language, word(texts, "choices"), word(texts, "move")])
        .collect()
}

/// How the names of the cookies begin that the site's services leave in the page's own origin, as one regular expression,
/// without those that another covers.
fn beginnings(services: &[Service]) -> String {
    let services = services.iter().filter(|service| service.purpose != NECESSARY);
    let cookies = services.flat_map(|service| service.cookies.iter().flatten());
    let own = cookies.filter(|cookie| cookie.domain.is_none());
    let names: BTreeSet<&str> = own.map(|cookie| cookie.name.strip_suffix('*').unwrap_or(&cookie.name)).collect();
    let covered = |name: &str| names.iter().any(|wide| *wide != name && name.starts_with(wide));
    names.iter().filter(|name| !covered(name)).map(|name| quoted(name)).collect::<Vec<_>>().join("|")
}

/// A regular expression of a name and nothing else.
fn quoted(name: &str) -> String {
    let mut expression = String::new();
    for c in name.chars() {
        if r"\^$.|?*+()[]{}/".contains(c) {
            expression.push('\\');
        }
        expression.push(c);
    }
    expression
}

/// As JavaScript, which needs no quotes around keys that are names; they would be on every page.
fn literal(value: &impl Serialize) -> Result<String> {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Bare::default());
    value.serialize(&mut serializer).map_err(|e| Error::Internal(e.to_string()))?;
    String::from_utf8(text).map_err(|e| Error::Internal(e.to_string()))
}

#[derive(Default)]
struct Bare {
    in_key: bool,
}

impl Formatter for Bare {
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.in_key = true;
        if first { Ok(()) } else { writer.write_all(b",") }
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.in_key = false;
        Ok(())
    }

    fn begin_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.in_key { Ok(()) } else { writer.write_all(b"\"") }
    }

    fn end_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.in_key { Ok(()) } else { writer.write_all(b"\"") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_has_bare_keys_and_quoted_values() {
        let value = serde_json::json!({"a": ["b\"c", 1, true], "d": {"e": null}});
        assert_eq!(literal(&value).expect("JavaScript"), r#"{a:["b\"c",1,true],d:{e:null}}"#);
    }

    #[test]
    fn cookies_are_known_by_how_they_begin_and_only_those_that_the_page_can_reach() {
        let service = |text: &str| toml::from_str::<Service>(text).expect("a service");
        let services = [
            service(
                "id = \"a\"\nkind = \"embed\"\npurpose = \"analytics\"\ncookies = [{ name = \"_a*\", days = 1 }, { name = \"_ab\", \
                 days = 1 }, { name = \"b.c\", days = 0 }, { name = \"c\", days = 1, domain = \"ads.example\" }]",
            ),
            service(
                "id = \"b\"\nkind = \"embed\"\npurpose = \"necessary\"\ncookies = [{ name = \"basket\", days = 1 }]",
            ),
        ];
        assert_eq!(beginnings(&services), r"_a|b\.c");
    }

    #[test]
    fn a_name_is_matched_as_it_is_written() {
        assert_eq!(quoted("a.b(c)|d*"), r"a\.b\(c\)\|d\*");
    }
}
