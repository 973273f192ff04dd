//! The one log line of each request: who asked for what, and how it ended. No token, no text.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use domain::TaskId;
use edge::Invocation;
use http::Method;
use telemetry::Metrics;

use crate::refusal::Reason;

/// A line that is begun when a request comes and written when its answer is known.
pub(crate) struct Line {
    method: Method,
    route: String,
    task_id: Option<String>,
    invocation: Invocation,
}

impl Line {
    pub(crate) fn of(request: &Request, invocation: Invocation) -> Self {
        let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let named = request.uri().path().split('/').find_map(|id| id.parse::<domain::TaskId>().ok());
        Self {
            method: request.method().clone(),
            route: route.to_owned(),
            task_id: named.map(|id| id.to_string()),
            invocation,
        }
    }

    /// Writes the line, and counts what failed. A task that the request has made is the response's to name.
    pub(crate) fn write(self, metrics: &Metrics, by: Option<&str>, response: &Response, took: Duration) {
        let Self { method, route, task_id, invocation } = self;
        let Invocation { request_id, trace_id } = invocation;
        let said = response.extensions();
        let task_id = task_id.or_else(|| said.get::<TaskId>().map(ToString::to_string));
        let reason = said.get::<Reason>();
        if response.status().is_server_error() && reason.is_none_or(|reason| reason.is_failure()) {
            metrics.failed("console");
        }
        let (status, reason) = (response.status().as_u16(), reason.map(|reason| reason.0));
        let ms = took.as_secs_f64() * 1_000.0;
        tracing::info!(
            task_id, request_id, trace_id, %method, route, by, status, reason, ms, "a console request was answered"
        );
    }
}
