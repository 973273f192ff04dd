//! Responses as Google's front end writes them: headers, pretty-printed bodies.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde_json::Value;

use super::errors::ApiError;
use crate::kit::{set, typed};

const JSON: &str = "application/json; charset=UTF-8";

/// A pretty-printed JSON body.
pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    let mut text = serde_json::to_string_pretty(body).unwrap_or_default();
    text.push('\n');
    scaffolded(status, JSON, text)
}

pub(super) fn ok(body: &Value) -> Response {
    json(StatusCode::OK, body)
}

pub(super) fn error(error: &ApiError) -> Response {
    json(error.http_status(), &error.body())
}

pub(super) fn scaffolded(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = typed(status, content_type, body);
    set(&mut response, "server", "scaffolding on HTTPServer2");
    response
}
