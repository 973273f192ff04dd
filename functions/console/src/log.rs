//! The one log line of each request: who asked for what, and how it ended. No token, no text.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use edge::Invocation;
use http::{Method, StatusCode};

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

    pub(crate) fn write(self, by: Option<&str>, status: StatusCode, took: Duration) {
        let Self { method, route, task_id, invocation } = self;
        let Invocation { request_id, trace_id } = invocation;
        let (status, ms) = (status.as_u16(), took.as_secs_f64() * 1_000.0);
        tracing::info!(task_id, request_id, trace_id, %method, route, by, status, ms, "a console request was answered");
    }
}
