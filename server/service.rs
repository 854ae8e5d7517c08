//! What can run under a purpose: each kind of service with what it needs, whose it is, and the cookies it sets.
//! The calls that start and stop it are the gate's, in `banner/src/gate/services`.

use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};

/// A cookie that a service sets. A trailing `*` in the name stands for anything. `days` 0: until the browser is closed.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Cookie {
    pub name: String,
    pub days: u32,
}

/// One thing that runs under a purpose, as a site file names it and as a notice keeps it.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub id: String,
    pub kind: Kind,
    pub purpose: String,
    /// Google's measurement or container id: `G-…`, `UA-…`, `GTM-…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Where Matomo or Piwik is installed, with the slash at the end; for a script or pixel, what to load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Matomo's or Piwik's number of the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_id: Option<u32>,
    /// Google's script from another place, such as a first-party proxy.
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
    /// Load the page anew on a withdrawal, when this ran on it. Only what cannot be silenced needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reload_on_withdrawal: Option<bool>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Google Analytics 4, basic mode: not loaded before a yes.
    Ga4,
    /// Universal Analytics: Google has switched it off; gated all the same.
    Ua,
    /// Google Tag Manager.
    Gtm,
    Matomo,
    /// Matomo's ancestor, with `piwik.js` and `piwik.php`.
    Piwik,
    /// Any script, loaded from `url`.
    Script,
    /// Any image that counts, loaded from `url`.
    Pixel,
    /// Something the page itself marks with `data-purpose`, such as a video; the gate releases the mark.
    Embed,
}

/// Whether a kind of service is known by this name.
pub fn is_kind(name: &str) -> bool {
    let name: serde::de::value::StrDeserializer<serde::de::value::Error> = name.into_deserializer();
    Kind::deserialize(name).is_ok()
}

/// What a kind brings along unless the site says otherwise.
struct Profile {
    name: &'static str,
    vendor: &'static str,
    country: Option<&'static str>,
    policy_url: Option<&'static str>,
    cookies: &'static [(&'static str, u32)],
    key_prefix: Option<&'static str>,
    needs_url: bool,
    needs_site_id: bool,
    reload: bool,
}

const GOOGLE: Profile = Profile {
    name: "",
    vendor: "Google Ireland Ltd",
    country: Some("US"),
    policy_url: Some("https://policies.google.com/privacy"),
    cookies: &[],
    key_prefix: None,
    needs_url: false,
    needs_site_id: false,
    reload: false,
};

const OWN: Profile = Profile { vendor: "", country: None, policy_url: None, needs_url: true, ..GOOGLE };

/// Matomo's own cookie lifetimes: 13 months, 6 months, 30 minutes.
const PIWIK_COOKIES: &[(&str, u32)] =
    &[("_pk_id*", 393), ("_pk_ref*", 183), ("_pk_ses*", 1), ("_pk_cvar*", 1), ("_pk_hsr*", 1)];

impl Kind {
    fn profile(self) -> Profile {
        match self {
            Self::Ga4 => Profile {
                name: "Google Analytics",
                key_prefix: Some("G-"),
                cookies: &[("_ga", 730), ("_ga_*", 730)],
                ..GOOGLE
            },
            Self::Ua => Profile {
                name: "Google Universal Analytics",
                key_prefix: Some("UA-"),
                cookies: &[("_ga", 730), ("_gid", 1), ("_gat*", 1)],
                ..GOOGLE
            },
            Self::Gtm => Profile {
                name: "Google Tag Manager",
                key_prefix: Some("GTM-"),
                cookies: &[("_ga", 730), ("_ga_*", 730), ("_gcl_*", 90)],
                reload: true,
                ..GOOGLE
            },
            Self::Matomo => Profile { name: "Matomo", cookies: PIWIK_COOKIES, needs_site_id: true, ..OWN },
            Self::Piwik => Profile { name: "Piwik", cookies: PIWIK_COOKIES, needs_site_id: true, ..OWN },
            Self::Script => Profile { reload: true, ..OWN },
            Self::Pixel => OWN,
            Self::Embed => Profile { needs_url: false, ..OWN },
        }
    }
}

impl Service {
    /// Fills in what the kind knows and says what is missing or wrong, as (field, reason).
    pub fn complete(&mut self, controller: &str) -> Vec<(&'static str, String)> {
        let profile = self.kind.profile();
        let kind = format!("{:?}", self.kind).to_lowercase();
        if self.name.is_empty() {
            self.name = if profile.name.is_empty() { self.id.clone() } else { profile.name.into() };
        }
        if self.vendor.is_empty() {
            self.vendor = if profile.vendor.is_empty() { controller.into() } else { profile.vendor.into() };
        }
        self.country = self.country.take().or(profile.country.map(Into::into));
        self.policy_url = self.policy_url.take().or(profile.policy_url.map(Into::into));
        self.reload_on_withdrawal.get_or_insert(profile.reload);
        self.cookies.get_or_insert_with(|| {
            profile.cookies.iter().map(|&(name, days)| Cookie { name: name.into(), days }).collect()
        });

        let mut wrong = Vec::new();
        match (profile.key_prefix, &self.key) {
            (Some(prefix), Some(key)) if is_google_key(key, prefix) => {}
            (Some(prefix), _) => wrong.push(("key", format!("{kind} needs an id such as \"{prefix}XXXXXXXX\""))),
            (None, Some(_)) => wrong.push(("key", format!("{kind} has no key"))),
            (None, None) => {}
        }
        match (profile.needs_url, &self.url) {
            (true, None) => wrong.push(("url", format!("{kind} needs the url to load"))),
            (false, Some(_)) => wrong.push(("url", format!("{kind} has no url"))),
            _ => {}
        }
        match (profile.needs_site_id, self.site_id) {
            (true, None) => wrong.push(("site_id", format!("{kind} needs the site_id that it gave this site"))),
            (false, Some(_)) => wrong.push(("site_id", format!("{kind} has no site_id"))),
            _ => {}
        }
        if self.script_url.is_some() && profile.key_prefix.is_none() {
            wrong.push(("script_url", format!("{kind} has no script_url; say url")));
        }
        if matches!(self.kind, Kind::Matomo | Kind::Piwik) && self.url.as_ref().is_some_and(|url| !url.ends_with('/')) {
            wrong.push(("url", "expected the folder of the installation, with a slash at the end".into()));
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

    /// What is worth a word to whoever applies the file, though it is not wrong.
    pub fn warning(&self) -> Option<String> {
        (self.kind == Kind::Ua).then(|| {
            format!(
                "service `{}`: Universal Analytics is dead (Google stopped taking its hits in 2023 and deleted its data in \
                 2024); it is gated, and records nothing: use kind = \"ga4\" with a G- id",
                self.id
            )
        })
    }
}

fn is_google_key(key: &str, prefix: &str) -> bool {
    key.strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

/// A script or image may come over http or https, or from the page's own origin; never `javascript:` or `data:`.
pub fn is_loadable(url: &str) -> bool {
    let plain = url.chars().all(|c| c.is_ascii_graphic());
    let own = url.starts_with('/') && !url.starts_with("//");
    plain && (own || url.starts_with("https://") || url.starts_with("http://"))
}
