//! The ids that Lambda gives an invocation.

use axum::body::Body;
use axum::middleware::Next;
use axum::response::Response;
use http::Request;
use tracing::field::Empty;
use tracing::{Instrument, Span, error_span};

/// What tells one invocation from another in the logs of all of AWS.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda's own id of it.
    pub request_id: String,
    /// X-Ray's, if it is traced.
    pub trace_id: Option<String>,
}

impl Invocation {
    /// The invocation that `request` came with; `None` outside Lambda.
    #[cfg(feature = "lambda")]
    #[must_use]
    pub fn of<B>(request: &Request<B>) -> Option<Self> {
        let context = request.extensions().get::<lambda_http::Context>()?;
        Some(Self { request_id: context.request_id.clone(), trace_id: context.xray_trace_id.clone() })
    }

    /// None: this is built for use outside Lambda.
    #[cfg(not(feature = "lambda"))]
    #[must_use]
    pub fn of<B>(_request: &Request<B>) -> Option<Self> {
        None
    }
}

/// Puts `function` and the ids of the invocation on every line that is logged while `next` answers, and `task_id` once
/// that is recorded. Outside Lambda there are none: one process is all functions there.
///
/// For [`axum::middleware::from_fn`].
pub async fn named(function: &'static str, request: Request<Body>, next: Next) -> Response {
    let span = Invocation::of(&request).map_or_else(Span::none, |invocation| {
        let Invocation { request_id, trace_id } = invocation;
        error_span!("invocation", function, request_id, trace_id, task_id = Empty)
    });
    next.run(request).instrument(span).await
}
