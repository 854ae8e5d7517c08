//! What the browser loads: the built banner, embedded and compressed once. The script of one site is made of it in `gate`.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::OnceLock;

use bytes::Bytes;
use rust_embed::RustEmbed;

use crate::error::{Error, Result};
use crate::hash::{hex, sha256};

/// `banner/build/embed`, as `make banner` leaves it: gate.js, its modules, services.json, services/*.js, extras/*.js, texts/*.json
/// and words/*.json.
#[derive(RustEmbed)]
#[folder = "banner/build/embed"]
pub struct Built;

/// One body in the encodings it is served in, made once.
pub struct Asset {
    pub plain: Bytes,
    pub brotli: Bytes,
    pub gzip: Bytes,
    /// The first 64 bits of the body's SHA-256, in hex: the same on every server. It names; it proves nothing.
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
        let hash = hex(&sha256(&plain)[..8]);
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

/// What scripts of every site load when they need it, by name: ES modules whose names carry their hash, so that they may be cached
/// for ever.
pub fn modules() -> &'static BTreeMap<&'static str, Asset> {
    static MODULES: OnceLock<BTreeMap<&'static str, Asset>> = OnceLock::new();
    MODULES.get_or_init(|| {
        let module = |name| Some((name, Asset::new(Built::get(&format!("{name}.js"))?.data.into_owned())));
        ["panel", "settings", "declaration", "report", "preview"].into_iter().filter_map(module).collect()
    })
}

/// The hash of a module.
pub fn hash_of(module: &str) -> Result<&'static str> {
    modules().get(module).map(|asset| asset.hash.as_str()).ok_or_else(|| missing(module))
}

/// A file of the build, as text.
pub fn built(name: &str) -> Result<String> {
    let file = Built::get(name).ok_or_else(|| missing(name))?;
    Ok(String::from_utf8_lossy(&file.data).into_owned())
}

fn missing(name: &str) -> Error {
    Error::Internal(format!("{name} is not built in"))
}
