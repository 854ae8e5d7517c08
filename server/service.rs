//! What can run under a purpose. What each kind needs, whose it is and what it leaves behind stands beside the code that
//! starts it, in `banner/src/services`; here it is read as the build has left it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::banner::Built;

/// A cookie that a service sets. A trailing `*` in the name stands for anything. `days` 0: until the browser is closed.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Cookie {
    pub name: String,
    pub days: u32,
    /// Whose it is when it is not the page's own: no page can delete it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// One thing that runs under a purpose, as a site file names it and as a notice keeps it.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub id: String,
    pub kind: String,
    pub purpose: String,
    /// One of the ways in which the kind can run; the usual one if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The id that the vendor gave: `G-…`, `GTM-…`, a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Where Matomo, Piwik or Piwik PRO is installed, with the slash at the end; for a script or pixel, what to load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Matomo's or Piwik's number of the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_id: Option<u32>,
    /// The vendor's script from another place, such as a first-party proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script_url: Option<String>,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub vendor: String,
    /// ISO 3166 code of the country the data goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookies: Option<Vec<Cookie>>,
    /// Keys in localStorage and sessionStorage, and IndexedDB databases. A trailing `*` stands for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Vec<String>>,
    /// Load the page anew on a withdrawal, when this ran on it. Only what cannot be silenced needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reload_on_withdrawal: Option<bool>,
}

/// What a kind brings along unless the site says otherwise.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    name: String,
    /// Empty: the site's controller.
    vendor: String,
    country: Option<String>,
    policy: Option<String>,
    /// What it is for, as a rule.
    pub purpose: String,
    cookies: Vec<Cookie>,
    #[serde(default)]
    storage: Vec<String>,
    key: Option<Key>,
    script: Option<ScriptPlace>,
    url: Option<Address>,
    /// The script in that folder.
    file: Option<String>,
    #[serde(default)]
    site_id: bool,
    /// The first is the usual one.
    #[serde(default)]
    modes: Vec<Mode>,
    #[serde(default)]
    pub reload: bool,
    warning: Option<String>,
    /// The code that starts it; none for what stands in the page itself.
    pub by: Option<String>,
    /// The code of every further one on a page, where the first has something that there is one of.
    pub others: Option<String>,
    /// The code knows several kinds and has to be told which.
    #[serde(default)]
    pub asks_kind: bool,
    /// Where its requests go: these hosts and all below them.
    pub hosts: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Key {
    prefix: String,
    characters: String,
    example: String,
}

/// How an address becomes that of the script of one key.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScriptPlace {
    Query,
    Folder,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Address {
    Folder,
    File,
}

#[derive(Debug, Deserialize)]
struct Mode {
    name: String,
    warning: Option<String>,
}

/// Every kind by its name.
pub fn kinds() -> &'static BTreeMap<String, About> {
    static KINDS: OnceLock<BTreeMap<String, About>> = OnceLock::new();
    KINDS.get_or_init(|| {
        let file = Built::get("services.json").map(|file| file.data).unwrap_or_default();
        // Without it no kind is known, and every site file is refused; a test reads it.
        serde_json::from_slice(&file).unwrap_or_default()
    })
}

pub fn is_kind(kind: &str) -> bool {
    kinds().contains_key(kind)
}

impl Service {
    /// What is known of its kind; none for a kind that an older notice knew and this program does not.
    pub fn about(&self) -> Option<&'static About> {
        kinds().get(&self.kind)
    }

    /// A script, a pixel or an embed: only the site file can say whose it is and what it leaves behind.
    pub fn is_of_no_known_vendor(&self) -> bool {
        self.about().is_some_and(|about| about.name.is_empty())
    }

    /// What a site file leaves out that nobody else can know. Ask before it is completed.
    pub fn undeclared(&self) -> Option<String> {
        (self.cookies.is_none() && self.is_of_no_known_vendor()).then(|| {
            format!(
                "service `{}`: nothing is said of its cookies, and visitors must be told how long each stays: name them, or say \
                 cookies = [] if it sets none",
                self.id
            )
        })
    }

    /// Fills in what the kind knows and says what is missing or wrong, as (field, reason).
    pub fn complete(&mut self, controller: &str) -> Vec<(&'static str, String)> {
        let Some(about) = self.about() else {
            let known = kinds().keys().cloned().collect::<Vec<_>>().join(", ");
            return vec![("kind", format!("expected one of {known}; found {:?}", self.kind))];
        };
        if self.name.is_empty() {
            self.name = if about.name.is_empty() { self.id.clone() } else { about.name.clone() };
        }
        if self.vendor.is_empty() {
            self.vendor = if about.vendor.is_empty() { controller.into() } else { about.vendor.clone() };
        }
        self.country = self.country.take().or_else(|| about.country.clone());
        self.policy_url = self.policy_url.take().or_else(|| about.policy.clone());
        self.reload_on_withdrawal.get_or_insert(about.reload);
        self.cookies.get_or_insert_with(|| about.cookies.clone());
        if !about.storage.is_empty() {
            self.storage.get_or_insert_with(|| about.storage.clone());
        }
        let mut wrong = self.identified(about);
        wrong.extend(self.addressed(about));
        wrong
    }

    /// What is wrong with its mode and the ids that others gave it.
    fn identified(&self, about: &About) -> Vec<(&'static str, String)> {
        let kind = &self.kind;
        let mut wrong = Vec::new();
        if let Some(mode) = self.mode.as_ref().filter(|mode| about.modes.iter().all(|known| known.name != **mode)) {
            let known = about.modes.iter().map(|mode| mode.name.as_str()).collect::<Vec<_>>().join(", ");
            let reason =
                if known.is_empty() { format!("{kind} has no modes") } else { format!("expected one of {known}") };
            wrong.push(("mode", format!("{reason}; found {mode:?}")));
        }
        match (&about.key, &self.key) {
            (Some(shape), Some(key)) if shape.fits(key) => {}
            (Some(shape), _) => wrong.push(("key", format!("{kind} needs an id such as \"{}\"", shape.example))),
            (None, Some(_)) => wrong.push(("key", format!("{kind} has no key"))),
            (None, None) => {}
        }
        match (about.site_id, self.site_id) {
            (true, None) => wrong.push(("site_id", format!("{kind} needs the site_id that it gave this site"))),
            (false, Some(_)) => wrong.push(("site_id", format!("{kind} has no site_id"))),
            _ => {}
        }
        wrong
    }

    /// What is wrong with where it is, and where its data goes.
    fn addressed(&self, about: &About) -> Vec<(&'static str, String)> {
        let kind = &self.kind;
        let mut wrong = Vec::new();
        match (about.url, &self.url) {
            (Some(_), None) => wrong.push(("url", format!("{kind} needs the url to load"))),
            (None, Some(_)) => wrong.push(("url", format!("{kind} has no url"))),
            (Some(Address::Folder), Some(url)) if !url.ends_with('/') => {
                wrong.push(("url", "expected the folder of the installation, with a slash at the end".into()));
            }
            _ => {}
        }
        match (about.script, &self.script_url) {
            (None, Some(_)) => wrong.push(("script_url", format!("{kind} has no script_url"))),
            (Some(ScriptPlace::Folder), Some(url)) if !url.ends_with('/') => {
                wrong.push(("script_url", "expected the folder of the script, with a slash at the end".into()));
            }
            _ => {}
        }
        for (field, url) in [("url", &self.url), ("script_url", &self.script_url), ("policy_url", &self.policy_url)] {
            if url.as_ref().is_some_and(|url| !is_loadable(url)) {
                wrong.push((field, "expected https://…, http://… or a path that begins with /".into()));
            }
        }
        if self.country.as_ref().is_some_and(|code| code.len() != 2 || !code.bytes().all(|b| b.is_ascii_uppercase())) {
            wrong.push(("country", "expected a country code of two capital letters, such as \"NO\"".into()));
        }
        wrong
    }

    /// The way it runs, where that is not the usual one of its kind.
    pub fn unusual_mode(&self) -> Option<&str> {
        let usual = self.about()?.modes.first()?;
        self.mode.as_deref().filter(|mode| *mode != usual.name)
    }

    /// What its code loads, where the code does not know it by itself.
    pub fn address(&self) -> Option<String> {
        let Some(url) = &self.script_url else {
            let file = self.about().and_then(|about| about.file.as_deref()).unwrap_or_default();
            return self.url.as_ref().map(|url| format!("{url}{file}"));
        };
        let key = self.key.as_deref().unwrap_or_default();
        Some(match self.about()?.script? {
            ScriptPlace::Query => format!("{url}{}id={key}", if url.contains('?') { '&' } else { '?' }),
            ScriptPlace::Folder => format!("{url}{key}.js"),
        })
    }

    /// What is worth a word to whoever applies the file, though it is not wrong.
    pub fn warnings(&self) -> Vec<String> {
        let Some(about) = self.about() else { return Vec::new() };
        let mode = about.modes.iter().find(|mode| self.mode.as_ref() == Some(&mode.name));
        let told = about.warning.iter().chain(mode.and_then(|mode| mode.warning.as_ref()));
        told.map(|warning| format!("service `{}`: {warning}", self.id)).collect()
    }
}

impl Key {
    fn fits(&self, key: &str) -> bool {
        key.strip_prefix(&self.prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| self.characters.contains(c)))
    }
}

/// A script or image may come over http or https, or from the page's own origin; never `javascript:` or `data:`.
pub fn is_loadable(url: &str) -> bool {
    // A browser takes a backslash for a slash.
    let plain = url.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    let own = url.starts_with('/') && !url.starts_with("//");
    plain && (own || url.starts_with("https://") || url.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{hex, sha256};

    fn service(kind: &str, more: &str) -> Service {
        let text = format!("id = \"s\"\nkind = \"{kind}\"\npurpose = \"analytics\"\n{more}");
        toml::from_str(&text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn told(kind: &str, more: &str) -> String {
        let wrong = service(kind, more).complete("Butikken AS");
        wrong.iter().map(|(field, reason)| format!("{field}: {reason}")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_build_knows_the_kinds_and_each_has_its_code() {
        assert_eq!(kinds().len(), 22, "{:?}", kinds().keys());
        for (kind, about) in kinds() {
            let Some(by) = &about.by else { continue };
            let code = Built::get(&format!("services/{by}.js")).unwrap_or_else(|| panic!("{kind}: {by}.js"));
            assert!(code.data.starts_with(b"(") && !code.data.ends_with(b";"), "{by} is an expression");
        }
        assert!(is_kind("ga4") && is_kind("youtube") && !is_kind("ga5"));
    }

    #[test]
    fn every_kind_is_complete_with_an_id_of_its_shape() {
        for (kind, about) in kinds() {
            let key = about.key.as_ref().map(|key| format!("key = \"{}\"\n", key.example)).unwrap_or_default();
            let url = about.url.map(|_| "url = \"/there/\"\n").unwrap_or_default();
            let site_id = if about.site_id { "site_id = 1\n" } else { "" };
            assert_eq!(told(kind, &format!("{key}{url}{site_id}")), "", "{kind}");
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_told_with_an_example() {
        assert!(told("ga5", "").starts_with("kind: expected one of clarity, embed, ga4, "));
        assert_eq!(told("meta", ""), "key: meta needs an id such as \"123456789012345\"");
        assert_eq!(told("meta", "key = \"12a\""), "key: meta needs an id such as \"123456789012345\"");
        assert_eq!(told("google-ads", "key = \"G-1\""), "key: google-ads needs an id such as \"AW-123456789\"");
        assert_eq!(told("youtube", "key = \"1\""), "key: youtube has no key");
        assert_eq!(told("uet", "key = \"1\"\nmode = \"basic\""), "mode: uet has no modes; found \"basic\"");
        let advance = told("ga4", "key = \"G-1\"\nmode = \"advance\"");
        assert_eq!(advance, "mode: expected one of basic, advanced; found \"advance\"");
        assert!(told("piwik-pro", "key = \"a-1\"\nurl = \"/x\"").starts_with("url: expected the folder"));
        assert!(told("hubspot", "key = \"1\"\nscript_url = \"/x.js\"").starts_with("script_url: expected the folder"));
        assert_eq!(told("meta", "key = \"1\"\nscript_url = \"/x\""), "script_url: meta has no script_url");
    }

    #[test]
    fn what_runs_before_a_yes_is_warned_of() {
        let warned = |kind, more| service(kind, more).warnings().join("\n");
        assert!(warned("ga4", "mode = \"advanced\"").contains("before a yes Google gets pings"));
        assert!(warned("matomo", "mode = \"require_consent\"").contains("before a yes"));
        assert!(warned("matomo", "mode = \"cookieless\"").contains("before a yes"));
        assert!(warned("ua", "").starts_with("service `s`: Universal Analytics is dead"));
        assert_eq!(warned("ga4", ""), "");
        assert_eq!(warned("matomo", "mode = \"held\""), "");
    }

    #[test]
    fn only_what_is_unusual_is_told_to_the_page() {
        assert_eq!(service("ga4", "mode = \"basic\"").unusual_mode(), None);
        assert_eq!(service("ga4", "mode = \"advanced\"").unusual_mode(), Some("advanced"));
        let address = |kind, more| service(kind, more).address();
        assert_eq!(address("ga4", "key = \"G-1\""), None);
        assert_eq!(address("ga4", "key = \"G-1\"\nscript_url = \"/g\"").as_deref(), Some("/g?id=G-1"));
        assert_eq!(address("ga4", "key = \"G-1\"\nscript_url = \"/g?a=1\"").as_deref(), Some("/g?a=1&id=G-1"));
        assert_eq!(address("hubspot", "key = \"12\"\nscript_url = \"/h/\"").as_deref(), Some("/h/12.js"));
        assert_eq!(address("matomo", "url = \"/m/\"").as_deref(), Some("/m/matomo.js"));
    }

    #[test]
    fn a_service_of_an_older_notice_reads_and_hashes_as_it_did() {
        let old = r#"{"cookies":[{"days":730,"name":"_ga"}],"country":"US","id":"ga","key":"G-1","kind":"ga4","name":"Google Analytics","policy_url":"https://policies.google.com/privacy","purpose":"analytics","reload_on_withdrawal":false,"vendor":"Google Ireland Ltd"}"#;
        let service: Service = serde_json::from_str(old).unwrap_or_else(|e| panic!("{e}"));
        let again = serde_json_canonicalizer::to_string(&service).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(hex(&sha256(again.as_bytes())), hex(&sha256(old.as_bytes())));
    }
}
