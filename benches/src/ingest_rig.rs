//! The router of ingest on given stores, a route that does nothing beside it, and the CPU time that a
//! block of webhooks costs either.

use std::sync::Arc;
use std::time::Duration;

use ::ingest::{Ingest, SecretMap, SecretsSource, router};
use axum::body::{Body, Bytes, to_bytes};
use axum::routing::post;
use axum::{Json, Router};
use domain::{Clock, Stores};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use settings::Settings;
use telemetry::Metrics;
use tower::ServiceExt;
use webhook::Provider;

use crate::github_event::{SOURCE, Webhook, secrets};
use crate::{Outcome, cpu};

/// Bytes that an answer may have.
const ANSWER: usize = 64 << 10;

/// What production serves, on `stores`.
pub(crate) fn ingest(settings: &Settings, stores: Stores) -> Router {
    ingest_at(settings, stores, Clock::system())
}

/// The same in another time.
pub(crate) fn ingest_at(settings: &Settings, stores: Stores, clock: Clock) -> Router {
    let secrets = SecretsSource::fixed(SecretMap::from([(SOURCE.to_owned(), secrets())]));
    let ingest = Ingest::new(stores, settings.sources.values(), secrets, clock, Metrics::none());
    ingest.set_login(Provider::Github, "afterhook");
    router(Arc::new(ingest))
}

/// A route that reads the body and answers, and does nothing else.
pub(crate) fn floor() -> Router {
    async fn read(body: Bytes) -> (StatusCode, Json<Value>) {
        (StatusCode::ACCEPTED, Json(json!({"status": "accepted", "task_id": body.len().to_string()})))
    }
    Router::new().route("/webhooks/{source}", post(read))
}

/// Posts `webhook`; the answer must be 202 `accepted`.
pub(crate) async fn accept(router: &Router, webhook: &Webhook) -> Outcome<Bytes> {
    take(router, webhook.request()?).await
}

/// Takes the `request` of a webhook in; the answer must be 202 `accepted`.
pub(crate) async fn take(router: &Router, request: Request<Body>) -> Outcome<Bytes> {
    let response = router.clone().oneshot(request).await?;
    let status = response.status();
    let body = to_bytes(response.into_body(), ANSWER).await?;
    if status != StatusCode::ACCEPTED || !body.starts_with(br#"{"status":"accepted""#) {
        return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
    }
    Ok(body)
}

/// CPU time of this thread for each of `webhooks`, one after the other.
pub(crate) async fn cpu_each(router: &Router, webhooks: &[Webhook]) -> Outcome<Duration> {
    // A request is its sender's work.
    let requests = webhooks.iter().map(Webhook::request).collect::<Outcome<Vec<_>>>()?;
    let before = cpu::of_this_thread();
    for request in requests {
        take(router, request).await?;
    }
    let used = cpu::of_this_thread().saturating_sub(before);
    Ok(used / u32::try_from(webhooks.len())?.max(1))
}
