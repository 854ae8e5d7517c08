//! For whoever runs the service.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::http::State;
use crate::http::problem::Problem;

/// `GET /healthz`: the process answers.
pub async fn alive() -> HttpResponse {
    text("alive\n".into())
}

/// `GET /readyz`: a row was just written, on the way that consents take.
pub async fn ready(state: Data<State>) -> Result<HttpResponse, Problem> {
    state.appender.probe((state.now)()).await?;
    Ok(text("ready\n".into()))
}

/// `GET /metrics`: OpenMetrics, as Prometheus reads it.
pub async fn metrics(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(state.metrics.text(state.appender.waiting(), &state.published))
}

fn text(body: String) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(body)
}
