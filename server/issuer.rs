//! Tokens that others issue, such as a company's own identity provider: whose are taken, and the most that they may open here. Nothing is
//! taken from one but who asks, and of its scopes and sites those that stand in the file.

pub mod held;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, AlgorithmFamily, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::every::{Every, at_once};
use crate::scope::Scope;
use crate::token::{self, EVERY_SITE};
use held::{Held, Source};

/// What `typ` may be: the other kinds of JWT are no access tokens.
const TYPES: [&str; 3] = ["at+jwt", "application/at+jwt", "jwt"];
/// Names that tell our own tokens apart in records.
const TAKEN: [&str; 2] = ["token", "client"];

/// Whoever is named in the file.
#[derive(Default)]
pub struct Issuers(Vec<Arc<Issuer>>);

struct Issuer {
    entry: Entry,
    algorithms: Vec<Algorithm>,
    scopes: Vec<Scope>,
    held: Held,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    issuers: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// As it stands in records, before whoever asks.
    name: String,
    /// `iss`, to the letter.
    issuer: String,
    /// Where its keys are: a file, or an address.
    jwks: String,
    /// What has to stand in `aud`.
    audience: String,
    algorithms: Vec<String>,
    #[serde(default = "scope")]
    scope_claim: String,
    sites: Vec<String>,
    scopes: Vec<String>,
}

fn scope() -> String {
    "scope".into()
}

/// What a token of another issuer opens here.
#[derive(Debug)]
pub struct Granted {
    pub actor: String,
    pub scopes: Vec<Scope>,
    pub sites: Vec<String>,
}

#[derive(Deserialize)]
struct Said {
    iss: String,
}

impl Issuers {
    /// Reads the file and the keys that are files. Errors are sentences for whoever starts the server.
    pub fn load(file: &Path, now: i64) -> Result<Self, String> {
        let name = file.display();
        let text = std::fs::read_to_string(file).map_err(|e| format!("{name}: {e}"))?;
        let File { issuers } = toml::from_str(&text).map_err(|e| format!("{name}: {e}"))?;
        let (mut names, mut said) = (BTreeSet::new(), BTreeSet::new());
        let mut all = Vec::with_capacity(issuers.len());
        for entry in issuers {
            let told = |e: String| format!("{name}: the issuer {:?}: {e}", entry.name);
            if !names.insert(entry.name.clone()) || !said.insert(entry.issuer.clone()) {
                return Err(told("its name and its issuer may stand there once".into()));
            }
            let (algorithms, scopes) = checked(&entry).map_err(told)?;
            let source = Source::parse(&entry.jwks, file.parent()).map_err(told)?;
            let held = Held::new(source);
            held.read_file(now).map_err(told)?;
            all.push(Arc::new(Issuer { entry, algorithms, scopes, held }));
        }
        Ok(Self(all))
    }

    /// Keeps the keys fresh until the guards are dropped, each issuer's by itself.
    pub fn refresh(&self, period: Duration, clock: fn() -> i64) -> Vec<Every> {
        let each = self.0.iter().map(|issuer| {
            let issuer = Arc::clone(issuer);
            let mut tried = None;
            at_once(period, move || issuer.held.turn(&issuer.entry.name, clock(), &mut tried))
        });
        each.collect()
    }

    /// What a token grants that says it is of one of these, if it holds at `now`, unix ms. `None`: it says nothing of the kind.
    pub fn read(&self, token: &str, now: i64) -> Option<Result<Granted>> {
        if self.0.is_empty() {
            return None;
        }
        // Read from what nobody has checked yet: it decides whose keys are asked, and those have to have signed it.
        let Said { iss } = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
        let issuer = self.0.iter().find(|issuer| issuer.entry.issuer == iss)?;
        Some(issuer.read(token, now))
    }
}

impl Issuer {
    fn read(&self, token: &str, now: i64) -> Result<Granted> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| token::DAMAGED)?;
        let typ = header.typ.as_deref().map(str::to_ascii_lowercase);
        if typ.is_some_and(|typ| !TYPES.contains(&typ.as_str())) || header.crit.is_some() {
            return Err(Error::Token("it is no access token"));
        }
        // The file says how it may be signed, and never the token alone.
        if !self.algorithms.contains(&header.alg) {
            return Err(token::DAMAGED);
        }
        let key = self.held.find(header.kid.as_deref().ok_or(token::DAMAGED)?, header.alg, now)?;
        let mut validation = Validation::new(header.alg);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&self.entry.issuer]);
        validation.set_audience(&[&self.entry.audience]);
        // By the clock that is given.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation);
        let claims = claims.map_err(|e| token::refused(&e))?.claims;
        let seconds = |name: &str| claims.get(name).map(|value| value.as_i64().ok_or(token::DAMAGED)).transpose();
        let from = seconds("nbf")?.max(seconds("iat")?).unwrap_or(i64::MIN);
        token::in_time(from, seconds("exp")?.ok_or(token::DAMAGED)?, now)?;
        let said = claims.get(&self.entry.scope_claim).map(list).transpose()?.unwrap_or_default();
        let scopes = said.iter().flat_map(|names| Scope::known(names)).filter(|scope| self.scopes.contains(scope));
        let sites = match claims.get("sites") {
            Some(named) => met(&list(named)?, &self.entry.sites),
            None => self.entry.sites.clone(),
        };
        Ok(Granted { actor: self.actor(&claims)?, scopes: scopes.collect(), sites })
    }

    /// Whoever asks, as it may stand in records: the first of what names them that is plain. An address never is.
    fn actor(&self, claims: &Map<String, Value>) -> Result<String> {
        let named = ["sub", "client_id", "azp"].into_iter().filter_map(|name| claims.get(name).and_then(Value::as_str));
        let plain = named.into_iter().find(|name| token::is_name(name));
        let plain = plain.ok_or(Error::Token("it does not say who asks in a name of A-Z, a-z, 0-9, . _ and -"))?;
        Ok(format!("{}:{plain}", self.entry.name))
    }
}

/// What stands in a claim that is text or a list of it.
fn list(claim: &Value) -> Result<Vec<&str>> {
    match claim {
        Value::String(text) => Ok(vec![text]),
        Value::Array(many) => many.iter().map(|one| one.as_str().ok_or(token::DAMAGED)).collect(),
        _ => Err(token::DAMAGED),
    }
}

/// The sites of a claim that are allowed.
fn met(claimed: &[&str], allowed: &[String]) -> Vec<String> {
    if claimed.contains(&EVERY_SITE) {
        return allowed.to_vec();
    }
    let every = allowed.iter().any(|site| site == EVERY_SITE);
    claimed
        .iter()
        .filter(|site| every || allowed.iter().any(|key| key == *site))
        .map(|site| (*site).to_owned())
        .collect()
}

fn checked(entry: &Entry) -> Result<(Vec<Algorithm>, Vec<Scope>), String> {
    if !token::is_name(&entry.name) || TAKEN.contains(&entry.name.as_str()) {
        return Err("a name is 1 to 60 of A-Z, a-z, 0-9, . _ and -, and neither token nor client".into());
    }
    if entry.issuer.is_empty() || entry.issuer == token::NAME || entry.audience.is_empty() {
        return Err("issuer and audience are needed, and the issuer is not this service".into());
    }
    if entry.sites.is_empty() || entry.scopes.is_empty() || entry.algorithms.is_empty() {
        return Err("algorithms, sites and scopes name what its tokens may have, and none of them is empty".into());
    }
    let algorithms = entry.algorithms.iter().map(|name| {
        let found = name.parse::<Algorithm>().ok().filter(|found| found.family() != AlgorithmFamily::Hmac);
        found.ok_or_else(|| {
            format!("algorithms: expected EdDSA, ES256, ES384, RS256, PS256 or the like, and not {name:?}")
        })
    });
    let scopes = entry.scopes.iter().map(|name| name.parse());
    Ok((algorithms.collect::<Result<_, _>>()?, scopes.collect::<Result<_, _>>()?))
}
