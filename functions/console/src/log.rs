//! The one log line of each request: who asked for what, and how it ended. No token, no text.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use http::{Method, StatusCode};
use lambda_http::RequestExt;

/// A line that is begun when a request comes and written when its answer is known.
pub(crate) struct Line {
    method: Method,
    route: String,
    task_id: Option<String>,
    request_id: String,
    trace_id: Option<String>,
}

impl Line {
    pub(crate) fn of(request: &Request) -> Self {
        let context = request.lambda_context_ref();
        let header = || request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
        let request_id = context.map(|context| context.request_id.as_str()).or_else(header);
        let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let named = request.uri().path().split('/').nth(2).and_then(|id| id.parse::<domain::TaskId>().ok());
        Self {
            method: request.method().clone(),
            route: route.to_owned(),
            task_id: named.map(|id| id.to_string()),
            request_id: domain::clip(request_id.unwrap_or_default(), 64).to_owned(),
            trace_id: context.and_then(|context| context.xray_trace_id.clone()),
        }
    }

    pub(crate) fn write(self, by: Option<&str>, status: StatusCode, took: Duration) {
        let Self { method, route, task_id, request_id, trace_id } = self;
        let (status, ms) = (status.as_u16(), took.as_secs_f64() * 1_000.0);
        tracing::info!(task_id, request_id, trace_id, %method, route, by, status, ms, "console request");
    }
}
