//! What the browser loads: the built banner, embedded, and from it one script per site, compressed once when it is published.

use std::io::Write;
use std::sync::OnceLock;

use bytes::Bytes;
use rust_embed::RustEmbed;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::hash::{hex, sha256};
use crate::notice::{Content, NECESSARY, Notice};
use crate::service::Kind;
use crate::site::Settings;

/// `banner/build/embed`, as `make banner` leaves it: gate.js, panel.js, texts/*.json.
#[derive(RustEmbed)]
#[folder = "banner/build/embed"]
pub struct Built;

/// The name that stands for the site's configuration in the built gate.
const CONFIG: &str = "__SAMTYKKE_CONFIG__";

/// One body in the encodings it is served in, made once.
pub struct Asset {
    pub plain: Bytes,
    pub brotli: Bytes,
    pub gzip: Bytes,
    /// The first half of the body's SHA-256, in hex: strong, and the same on every server.
    pub hash: String,
}

impl Asset {
    pub fn new(plain: Vec<u8>) -> Self {
        let mut brotli = Vec::new();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let quality = brotli::enc::BrotliEncoderParams { quality: 11, size_hint: plain.len(), ..Default::default() };
        // Writing to memory cannot fail; were it to, the empty body is never chosen, see `encoded`.
        if brotli::BrotliCompress(&mut plain.as_slice(), &mut brotli, &quality).is_err() {
            brotli.clear();
        }
        let gzip = gzip.write_all(&plain).and_then(|()| gzip.finish()).unwrap_or_default();
        let hash = hex(&sha256(&plain)[..16]);
        Self { plain: plain.into(), brotli: brotli.into(), gzip: gzip.into(), hash }
    }

    /// The smallest body that the client takes, and its `Content-Encoding`.
    pub fn encoded(&self, accepts: impl Fn(&str) -> bool) -> (&Bytes, Option<&'static str>) {
        let smaller = |body: &[u8]| !body.is_empty() && body.len() < self.plain.len();
        if smaller(&self.brotli) && accepts("br") {
            (&self.brotli, Some("br"))
        } else if smaller(&self.gzip) && accepts("gzip") {
            (&self.gzip, Some("gzip"))
        } else {
            (&self.plain, None)
        }
    }
}

/// The panel: the same for every site, so its name carries its hash and it may be cached for ever.
pub fn panel() -> &'static Asset {
    static PANEL: OnceLock<Asset> = OnceLock::new();
    PANEL.get_or_init(|| Asset::new(Built::get("panel.js").map(|file| file.data.into_owned()).unwrap_or_default()))
}

/// What looks for unmarked tags, on the pages of sites in report mode.
pub fn report() -> Option<&'static Asset> {
    static REPORT: OnceLock<Option<Asset>> = OnceLock::new();
    REPORT.get_or_init(|| Some(Asset::new(Built::get("report.js")?.data.into_owned()))).as_ref()
}

/// What is the same for every site.
pub fn every_site() -> impl Iterator<Item = &'static Asset> {
    [Some(panel()), report()].into_iter().flatten()
}

/// What the gate has to know about its site, and not a byte more: it is on every page.
#[derive(Serialize)]
struct GateConfig<'a> {
    site: &'a str,
    notice: i32,
    #[serde(rename = "asksSince")]
    asks_since: i32,
    days: u32,
    purposes: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    domains: Vec<String>,
    services: Vec<GateService<'a>>,
    panel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    links: &'a [String],
}

#[derive(Serialize)]
struct GateService<'a> {
    id: &'a str,
    kind: Kind,
    purpose: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(rename = "siteId", skip_serializing_if = "Option::is_none")]
    site_id: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reload: bool,
}

/// `banner.js` of one site: the gate with its configuration in it. `days` is how long an answer holds when no notice said so.
pub fn script(notice: &Notice, content: &Content, settings: &Settings, days: u32) -> Result<Asset> {
    let gate = Built::get("gate.js").ok_or_else(|| Error::Internal("the banner is not built in".into()))?;
    let gate = String::from_utf8_lossy(&gate.data);
    let services = content.services.iter().map(|service| GateService {
        id: &service.id,
        kind: service.kind,
        purpose: &service.purpose,
        key: service.key.as_deref(),
        url: service.script_url.as_deref().or(service.url.as_deref()),
        site_id: service.site_id,
        cookies: service.cookies.iter().flatten().map(|cookie| cookie.name.as_str()).collect(),
        reload: service.reload_on_withdrawal.unwrap_or_default() && service.purpose != NECESSARY,
    });
    let config = GateConfig {
        site: &content.site,
        notice: notice.number,
        asks_since: notice.asks_since,
        days,
        purposes: &content.purposes,
        domains: settings.domains(),
        services: services.collect(),
        panel: &panel().hash,
        report: report().filter(|_| settings.report).map(|report| report.hash.as_str()),
        links: &settings.links,
    };
    let config = serde_json::to_string(&config).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Asset::new(gate.replacen(CONFIG, &config, 1).into_bytes()))
}
