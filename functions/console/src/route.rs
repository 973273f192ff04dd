//! The routes, and who may use them.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use http::StatusCode;
use serde_json::json;

use crate::problem::Problem;
use crate::{Console, auth, body, create, decision, list, payload, task, transcript};

/// The whole API, for a server of its own: [`routes`], `GET /health`, and a problem for every path
/// and method that there is not.
pub fn router(console: Arc<Console>) -> Router {
    routes(console).route("/health", get(health)).fallback(not_found)
}

/// The routes that need a token, to be merged into a router that has a fallback and `/health`.
pub fn routes(console: Arc<Console>) -> Router {
    Router::new()
        .route("/tasks", get(list::tasks).post(create::create))
        .route("/tasks/{id}", get(task::one))
        .route("/tasks/{id}/transcript", get(transcript::calls))
        .route("/tasks/{id}/payload", get(payload::raw))
        .route("/tasks/{id}/approve", post(decision::approve))
        .route("/tasks/{id}/reject", post(decision::reject))
        .route("/tasks/{id}/retry", post(decision::retry))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(body::MAX_BODY_BYTES))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&console), auth::authenticate))
        .with_state(console)
}

async fn health() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

async fn method_not_allowed() -> Response {
    Problem {
        status: StatusCode::METHOD_NOT_ALLOWED,
        kind: "method_not_allowed",
        title: "The method is not allowed here",
        detail: "The header Allow names the methods of this route.".to_owned(),
    }
    .into_response()
}

async fn not_found() -> Response {
    Problem {
        status: StatusCode::NOT_FOUND,
        kind: "not_found",
        title: "There is no such route",
        detail: "The API begins at /tasks.".to_owned(),
    }
    .into_response()
}
