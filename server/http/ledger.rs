//! The ledger, for anybody: C2SP tlog-tiles, and proofs for those who do not want to put them together themselves.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Path, Query};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::error::Error;
use crate::http::problem::{Code, Problem};
use crate::http::{State, read};
use crate::jwks;
use crate::ledger::publish::Signed;
use crate::ledger::{note, tree};

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_A_MOMENT: &str = "public, max-age=2";

/// `GET /ledger/checkpoint`: the signed head.
pub async fn checkpoint(state: Data<State>) -> Result<HttpResponse, Problem> {
    Ok(text(signed(&state)?.note.clone(), FOR_A_MOMENT))
}

/// `GET /ledger/key`: what verifiers are given, a line for each key that ever signed here, the newest first.
pub async fn key(state: Data<State>) -> Result<HttpResponse, Problem> {
    let signed = signed(&state)?;
    let keys = read(&state, |conn| Ok(jwks::public_keys(conn)?)).await?;
    let lines = keys.iter().rev().map(|(_, public)| note::verifier_key(&signed.head.origin, public) + "\n");
    Ok(text(lines.collect(), "public, max-age=300"))
}

/// `GET /ledger/tile/…`: 256 hashes, or with `entries/` what they are the hashes of. A tile that is not full yet is asked for with
/// its width, as in `0/000.p/17`.
pub async fn tile(path: Path<String>, state: Data<State>) -> Result<HttpResponse, Problem> {
    let asked = Asked::read(&path).ok_or(Code::NotFound)?;
    let signed = signed(&state)?;
    if asked.end() > signed.head.leaves() >> (8 * u32::from(asked.level)) {
        return Err(Code::NotFound.into());
    }
    let body = read(&state, move |conn| {
        if asked.entries {
            let entries = tree::entries(conn, asked.number, asked.width)?;
            // Each with its length in two bytes before it (C2SP tlog-tiles, "Log entries").
            return Ok(entries.chunks(32).flat_map(|entry| [&[0, 32], entry].concat()).collect());
        }
        tree::hashes(conn, asked.level, asked.number, asked.width)
    })
    .await?;
    Ok(open(HttpResponse::Ok().content_type("application/octet-stream").body(body), FOR_EVER))
}

/// `GET /ledger/proof/{leaf}`: that a leaf is in the tree of the checkpoint that comes with the proof (C2SP tlog-proof).
pub async fn proof(leaf: Path<u64>, state: Data<State>) -> Result<HttpResponse, Problem> {
    let signed = signed(&state)?;
    let leaf = leaf.into_inner();
    if leaf >= signed.head.leaves() {
        return Err(Code::NotFound.into());
    }
    let at = Arc::clone(&signed);
    let hashes = read(&state, move |conn| tree::prove_leaf(conn, &at.head, leaf)).await?;
    Ok(text(note::proof(leaf, &hashes, &signed.note), FOR_A_MOMENT))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Between {
    from: u64,
    to: u64,
}

#[derive(Serialize)]
struct Growth {
    from: u64,
    to: u64,
    /// Hashes in base64 (RFC 6962, 2.1.2).
    proof: Vec<String>,
}

/// `GET /ledger/consistency?from=&to=`: that the tree of `to` leaves begins with the one of `from`.
pub async fn consistency(between: Query<Between>, state: Data<State>) -> Result<HttpResponse, Problem> {
    let Between { from, to } = between.into_inner();
    let signed = signed(&state)?;
    if to > signed.head.leaves() {
        return Err(Error::invalid("to", format!("there are {} leaves", signed.head.size)).into());
    }
    if from == 0 || from > to {
        return Err(Error::invalid("from", "expected at least 1 and at most `to`").into());
    }
    let hashes = read(&state, move |conn| tree::prove_growth_to(conn, &signed.head, from, to)).await?;
    let proof = hashes.iter().map(|hash| STANDARD.encode(hash.0)).collect();
    Ok(open(HttpResponse::Ok().json(Growth { from, to, proof }), FOR_EVER))
}

/// The published head; a service that has just started has none for a moment.
fn signed(state: &State) -> Result<Arc<Signed>, Problem> {
    state.published.signed.load_full().ok_or_else(|| Error::Unavailable.into())
}

fn text(body: String, cache: &'static str) -> HttpResponse {
    open(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(body), cache)
}

/// Anybody's page may read it.
fn open(mut response: HttpResponse, cache: &'static str) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static(cache));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, header::HeaderValue::from_static("*"));
    response
}

/// A tile as its path names it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Asked {
    entries: bool,
    level: u8,
    number: i64,
    width: usize,
}

impl Asked {
    /// `<level or "entries">/x001/x234/067`, with `.p/<width>` when it is partial. Only the one way of writing it is taken.
    fn read(path: &str) -> Option<Self> {
        let (level, rest) = path.split_once('/')?;
        let entries = level == "entries";
        let level = if entries { 0 } else { level.parse().ok().filter(|n: &u8| *n < 6 && n.to_string() == level)? };
        let (rest, width) = match rest.split_once(".p/") {
            Some((rest, width)) => {
                let read = width.parse().ok().filter(|n| (1..256).contains(n))?;
                (rest, Some(read).filter(|n: &usize| n.to_string() == width)?)
            }
            None => (rest, 256),
        };
        let number = rest.split('/').try_fold(0_i64, |number, part| {
            let digits = part.strip_prefix('x').unwrap_or(part);
            let value: i64 =
                digits.parse().ok().filter(|_| digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()))?;
            number.checked_mul(1000)?.checked_add(value)
        })?;
        (number < 1 << 50 && written(number) == rest).then_some(Self { entries, level, number, width })
    }

    /// How many hashes of its level there have to be.
    fn end(&self) -> u64 {
        self.number.unsigned_abs() * 256 + self.width as u64
    }
}

/// A tile's number in groups of three digits, all but the last with an x before.
fn written(number: i64) -> String {
    let last = format!("{:03}", number % 1000);
    std::iter::successors(Some(number / 1000), |n| Some(n / 1000))
        .take_while(|n| *n > 0)
        .fold(last, |path, n| format!("x{:03}/{path}", n % 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_has_one_name() {
        let check = |path: &str, expected: Option<(bool, u8, i64, usize)>| {
            let read = Asked::read(path).map(|asked| (asked.entries, asked.level, asked.number, asked.width));
            assert_eq!(read, expected, "{path}");
        };
        check("0/000", Some((false, 0, 0, 256)));
        check("0/000.p/1", Some((false, 0, 0, 1)));
        check("1/x001/x234/067", Some((false, 1, 1_234_067, 256)));
        check("entries/x001/000.p/255", Some((true, 0, 1000, 255)));
        for wrong in [
            "",
            "/",
            "0",
            "0/",
            "0/0",
            "0/0000",
            "00/000",
            "64/000",
            "-1/000",
            "0/x000/000",
            "0/001/000",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/000.p/",
            "0/000.p/1/2",
            "entries",
            "data/000",
            "0/+01",
            "0/00é",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            check(wrong, None);
        }
    }
}
