//! The keys of another issuer: read beforehand, so that no request waits for them, and kept while the issuer cannot be reached, for a day.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use rustls::crypto::aws_lc_rs::default_provider;
use serde::Deserialize;
use serde_json::Value;
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};

use crate::day::DAY_MS;
use crate::error::{Error, Result};

/// How often keys are read again.
const REFRESH_MS: i64 = 10 * 60_000;
/// The same when a token names a key that is not known, or when the last time went wrong.
const WANTED_MS: i64 = 60_000;
/// How long they count without being read again.
const STALE_MS: i64 = DAY_MS;
/// The most that is read.
const LIMIT: u64 = 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// Where keys come from.
pub enum Source {
    File(PathBuf),
    Address(Agent, String),
}

pub struct Held {
    source: Source,
    known: ArcSwapOption<Known>,
    /// Somebody has asked for a key that is not known.
    wanted: AtomicBool,
}

struct Known {
    /// By kid.
    keys: HashMap<String, Key>,
    read_at: i64,
}

struct Key {
    decoding: Arc<DecodingKey>,
    /// The only one that it is for, where it says so.
    algorithm: Option<Algorithm>,
}

impl Source {
    /// A file, beside `folder` where it says no more, or an address: https, and http to this machine alone.
    pub fn parse(text: &str, folder: Option<&Path>) -> Result<Self, String> {
        if !text.contains("://") {
            return Ok(Self::File(folder.unwrap_or(Path::new("")).join(text)));
        }
        let wrong = || format!("jwks: expected a file, or https://…, and not {text:?}");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let here = matches!(uri.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if here => {}
            _ => return Err(wrong()),
        }
        let trusted = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(default_provider()))
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        // Where it is sent on to, nobody has checked.
        let config =
            Agent::config_builder().timeout_global(Some(PATIENCE)).max_redirects(0).proxy(None).tls_config(trusted);
        Ok(Self::Address(Agent::new_with_config(config.user_agent("samtykke").build()), text.to_owned()))
    }

    fn read(&self) -> Result<HashMap<String, Key>, String> {
        let text = match self {
            Self::File(path) => {
                let told = |e: std::io::Error| format!("{}: {e}", path.display());
                let mut text = String::new();
                std::fs::File::open(path).map_err(told)?.take(LIMIT).read_to_string(&mut text).map_err(told)?;
                text
            }
            Self::Address(agent, address) => {
                let told = |e: ureq::Error| format!("{address}: {e}");
                let mut answer = agent.get(address).call().map_err(told)?;
                if answer.status() != 200 {
                    return Err(format!("{address}: it answers {}", answer.status()));
                }
                answer.body_mut().with_config().limit(LIMIT).read_to_string().map_err(told)?
            }
        };
        usable(&text)
    }
}

/// The keys of a set (RFC 7517) that have a name and are for signatures. Others may stand there too.
fn usable(text: &str) -> Result<HashMap<String, Key>, String> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let Set { keys } = serde_json::from_str(text).map_err(|e| format!("expected a set of keys (JWKS): {e}"))?;
    let mut usable = HashMap::new();
    for jwk in keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok()) {
        let own = &jwk.common;
        let to_sign = own.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature)
            && own.key_operations.as_ref().is_none_or(|used| used.contains(&KeyOperations::Verify));
        // A key that both sides hold would let whoever reads the set sign.
        let shared = matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_));
        let algorithm = own.key_algorithm.map(Algorithm::try_from).transpose();
        let (Some(kid), Ok(decoding), Ok(algorithm)) = (&own.key_id, DecodingKey::from_jwk(&jwk), algorithm) else {
            continue;
        };
        if to_sign && !shared {
            usable.insert(kid.clone(), Key { decoding: Arc::new(decoding), algorithm });
        }
    }
    if usable.is_empty() { Err("there is no key in it that tokens can be checked with".into()) } else { Ok(usable) }
}

impl Held {
    pub fn new(source: Source) -> Self {
        Self { source, known: ArcSwapOption::empty(), wanted: AtomicBool::new(false) }
    }

    /// Reads keys that are a file, so that a wrong one ends the start.
    pub fn read_file(&self, now: i64) -> Result<(), String> {
        match &self.source {
            Source::File(_) => self.read(now),
            Source::Address(..) => Ok(()),
        }
    }

    fn read(&self, now: i64) -> Result<(), String> {
        self.known.store(Some(Arc::new(Known { keys: self.source.read()?, read_at: now })));
        Ok(())
    }

    /// The key of this name, for this algorithm. One that is not known is looked for soon, and not now.
    pub fn find(&self, kid: &str, algorithm: Algorithm, now: i64) -> Result<Arc<DecodingKey>> {
        let known = self.known.load();
        let Some(known) = known.as_ref().filter(|known| now - known.read_at < STALE_MS) else {
            self.wanted.store(true, Ordering::Relaxed);
            return Err(Error::Token("the keys of its issuer are not known at the moment"));
        };
        let Some(key) = known.keys.get(kid) else {
            self.wanted.store(true, Ordering::Relaxed);
            return Err(Error::Token("its key is none of its issuer's"));
        };
        let fits = key.decoding.family() == algorithm.family() && key.algorithm.is_none_or(|own| own == algorithm);
        if fits { Ok(Arc::clone(&key.decoding)) } else { Err(Error::Token("its key is for another algorithm")) }
    }

    /// Reads the keys again if it is time to. `tried` is when that was done last.
    pub fn turn(&self, issuer: &str, now: i64, tried: &mut Option<i64>) {
        let pause = if self.wanted.load(Ordering::Relaxed) { WANTED_MS } else { REFRESH_MS };
        if tried.is_some_and(|at| (0..pause).contains(&(now - at))) {
            return;
        }
        *tried = Some(now);
        self.wanted.store(false, Ordering::Relaxed);
        if let Err(e) = self.read(now) {
            self.wanted.store(true, Ordering::Relaxed);
            tracing::warn!(issuer, "its keys cannot be read, and the last ones count for a day: {e}");
        }
    }
}
