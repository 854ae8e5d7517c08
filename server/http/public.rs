//! What anybody may read: the keys that receipts are checked with, and that GPC is honoured.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;

use crate::http::problem::Problem;
use crate::http::{State, read};
use crate::jwks;

/// `GET /.well-known/jwks.json`
pub async fn keys(state: Data<State>) -> Result<HttpResponse, Problem> {
    let keys = read(&state, |conn| Ok(jwks::all(conn)?)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .content_type("application/jwk-set+json")
        .body(serde_json::to_string(&keys).unwrap_or_default()))
}

/// `GET /.well-known/gpc.json`: Global Privacy Control is honoured as the law demands, at least. The day is when that last changed.
pub async fn gpc() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .content_type("application/json")
        .body(r#"{"gpc":true,"lastUpdate":"2026-11-25"}"#)
}
