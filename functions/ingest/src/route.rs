//! The routes: `POST /webhooks/{source}` and `GET /health`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody, PathRejection};
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use edge::Problem;
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::Ingest;
use crate::accept::accept;
use crate::log::Caller;
use crate::outcome::{Outcome, Refusal, Trail};
use crate::{answer, log, meter};

/// Bytes that a webhook may have: 4 MiB. A function's event ends at 6 MB, of which base 64 leaves
/// about 4.5.
pub const MAX_BODY_BYTES: usize = 4 << 20;

/// The routes of `ingest`, for Lambda and for a local server alike.
///
/// Routes of other crates can be merged in, as long as they bring neither a fallback nor `/health`.
pub fn router(ingest: Arc<Ingest>) -> Router {
    Router::new()
        .route("/webhooks/{source}", post(receive))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .route("/health", get(health))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(middleware::from_fn(|request, next| edge::named("ingest", request, next)))
        .with_state(ingest)
}

async fn receive(
    State(ingest): State<Arc<Ingest>>,
    source: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let started = Instant::now();
    // A name that is not even UTF-8 is no source's.
    let name = source.map_or_else(|_| String::new(), |Path(name)| name);
    let source = ingest.sources.get(&name);
    let delivery = source.and_then(|source| source.sender.provider.row().delivery);
    let caller = Caller::of(&request, delivery);
    let mut trail = Trail::default();
    let result = take(&ingest, &name, request, &mut trail).await;
    let (payloads, now) = (&*ingest.stores.payloads, ingest.clock.now());
    ingest.deliveries.record(payloads, &name, &trail, &result, caller.request(), now).await;
    meter::webhook(&ingest.metrics, &name, &result, started.elapsed());
    log::webhook(&caller, &name, &trail, &result, started.elapsed());
    match &result {
        Ok(outcome) => answer::taken(outcome, ingest.success_status(&name)),
        Err(refusal) => answer::refused(refusal),
    }
}

async fn take(
    ingest: &Ingest,
    name: &str,
    mut request: Request,
    trail: &mut Trail,
) -> Result<Outcome, Refusal> {
    let source = ingest.sources.get(name).ok_or(Refusal::UnknownSource)?;
    let headers = std::mem::take(request.headers_mut());
    let body = Bytes::from_request(request, &()).await.map_err(|why| match why {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => Refusal::TooLarge,
        _ => Refusal::Incomplete,
    })?;
    match timeout(ingest.store_timeout(source), accept(ingest, source, &headers, &body, trail)).await {
        Ok(result) => result,
        Err(_) => Err(Refusal::TooSlow { step: trail.step }),
    }
}

async fn health() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

async fn method_not_allowed() -> Problem {
    Problem::method_not_allowed()
}

async fn not_found() -> Problem {
    Problem::no_such_route("Webhooks are sent to /webhooks/ and the name of a source in agent.toml.")
}
