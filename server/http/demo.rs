//! The demonstration shop of `serve --demo`: its pages, its stand-ins for tags, and the collectors that those send to. Nothing
//! leaves the machine, and what the collectors get is kept in memory for the shop's own list.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use actix_web::http::header;
use actix_web::web::{Data, Path, Query, ServiceConfig, delete, get, head, post};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};

use crate::http::problem::{Code, Problem};
use crate::http::{State, plain, reads};

/// How many hits the list remembers.
const REMEMBERED: usize = 500;
/// A transparent GIF of one pixel.
const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// Strict, so that the shop shows that the banner lives with it.
const POLICY: &str = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self'; img-src 'self' data:; \
                      frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; object-src 'none'";

#[derive(RustEmbed)]
#[folder = "server/demo"]
struct Files;

#[derive(Default)]
pub struct Demo {
    hits: Mutex<(u64, VecDeque<Hit>)>,
}

/// One request that a collector got.
#[derive(Clone, Serialize)]
struct Hit {
    seq: u64,
    at: i64,
    collector: &'static str,
    cookies: bool,
    query: String,
}

impl Demo {
    /// The annotated example of a site file, which is the demonstration's own.
    pub const SITE: &str = include_str!("../demo/site.toml");
}

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(reads("/", || async { embedded("index.html") }))
        .service(reads("/en", || async { embedded("en.html") }))
        .service(reads("/om", || async { embedded("om.html") }))
        .service(reads("/en/about", || async { embedded("about.html") }))
        .service(reads("/gallery", || async { embedded("gallery.html") }))
        .service(plain("/demo/hits", "GET, HEAD, DELETE", [get().to(show), head().to(show), delete().to(clear)]))
        .service(collector("/demo/ga/collect", "ga"))
        .service(collector("/demo/matomo/matomo.php", "matomo"))
        .service(collector("/demo/piwik/piwik.php", "piwik"))
        .service(collector("/demo/pixel.gif", "pixel"))
        .service(reads("/demo/{file:.*}", file));
}

/// Tags send by image, by beacon or by fetch: a collector takes them all.
fn collector(path: &'static str, name: &'static str) -> actix_web::Resource {
    let hear = move |request: HttpRequest, state: Data<State>| async move {
        collect(name, &request, &state);
        HttpResponse::Ok().content_type("image/gif").body(PIXEL)
    };
    plain(path, "GET, HEAD, POST", [get().to(hear), head().to(hear), post().to(hear)])
}

fn collect(collector: &'static str, request: &HttpRequest, state: &Data<State>) {
    let Some(demo) = &state.demo else { return };
    let mut hits = demo.hits.lock().unwrap_or_else(PoisonError::into_inner);
    hits.0 += 1;
    let hit = Hit {
        seq: hits.0,
        at: (state.now)(),
        collector,
        cookies: request.headers().contains_key(header::COOKIE),
        query: request.query_string().chars().take(2000).collect(),
    };
    if hits.1.len() == REMEMBERED {
        hits.1.pop_front();
    }
    hits.1.push_back(hit);
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

/// `GET /demo/hits?after=SEQ`
async fn show(after: Query<After>, state: Data<State>) -> HttpResponse {
    let hits = state.demo.as_ref().map(|demo| demo.hits.lock().unwrap_or_else(PoisonError::into_inner).1.clone());
    let newer = hits.unwrap_or_default().into_iter().filter(|hit| hit.seq > after.after);
    HttpResponse::Ok().json(newer.collect::<Vec<_>>())
}

/// `DELETE /demo/hits`
async fn clear(state: Data<State>) -> HttpResponse {
    if let Some(demo) = &state.demo {
        demo.hits.lock().unwrap_or_else(PoisonError::into_inner).1.clear();
    }
    HttpResponse::NoContent().finish()
}

async fn file(name: Path<String>, request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    if *name == "video.html" {
        collect("video", &request, &state);
    }
    embedded(&name)
}

fn embedded(name: &str) -> Result<HttpResponse, Problem> {
    let file = Files::get(name).ok_or(Code::NotFound)?;
    let kind = file.metadata.mimetype();
    let charset = if kind.starts_with("text/") { "; charset=utf-8" } else { "" };
    Ok(HttpResponse::Ok()
        .content_type(format!("{kind}{charset}"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(file.data.into_owned()))
}
