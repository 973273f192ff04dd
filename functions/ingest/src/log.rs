//! The one log line of each webhook. It names the task and the request, and holds neither a secret
//! nor anything of the body.

use std::time::Duration;

use domain::clip;
use edge::Invocation;

use crate::outcome::{Outcome, Refusal, Trail};

/// Bytes of a field that an unverified caller fills.
const FOREIGN_BYTES: usize = 64;

/// What tells one request from another in the logs.
pub(crate) struct Caller {
    request_id: String,
    trace_id: String,
    /// The sender's own name for the delivery: unsigned, and all that its support people know.
    delivery: String,
}

impl Caller {
    /// On Lambda the ids of the invocation; elsewhere what a proxy in front may have set.
    ///
    /// `delivery` is the header in which this sender names its delivery.
    pub(crate) fn of<B>(request: &http::Request<B>, delivery: Option<&str>) -> Self {
        let header = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            clip(value.unwrap_or_default(), FOREIGN_BYTES).to_owned()
        };
        let (request_id, trace_id) = match Invocation::of(request) {
            Some(invocation) => (Some(invocation.request_id), invocation.trace_id),
            None => (None, None),
        };
        Self {
            request_id: request_id.unwrap_or_else(|| header("x-request-id")),
            trace_id: trace_id.unwrap_or_else(|| header("x-amzn-trace-id")),
            delivery: delivery.map(header).unwrap_or_default(),
        }
    }
}

impl Caller {
    /// What tells this request from others, as far as anybody says.
    pub(crate) fn request(&self) -> &str {
        if self.request_id.is_empty() { &self.delivery } else { &self.request_id }
    }
}

/// Writes the line.
pub(crate) fn webhook(
    caller: &Caller,
    source: &str,
    trail: &Trail,
    result: &Result<Outcome, Refusal>,
    took: Duration,
) {
    let Caller { request_id, trace_id, delivery } = caller;
    let source = clip(source, FOREIGN_BYTES);
    let task_id = trail.task_id.as_ref().map(tracing::field::display);
    let ms = took.as_secs_f64() * 1_000.0;
    match result {
        Ok(outcome) => {
            let (outcome, reason) = (outcome.word(), outcome.reason());
            tracing::info!(
                task_id,
                source,
                request_id,
                trace_id,
                delivery,
                outcome,
                reason,
                ms,
                "the webhook was accepted"
            );
        }
        Err(refusal) => {
            let (status, reason) = (crate::answer::problem(refusal).status.as_u16(), refusal.reason());
            if status >= 500 {
                tracing::error!(
                    task_id, source, request_id, trace_id, delivery, status, reason, ms, error = %refusal,
                    "the webhook was not stored"
                );
            } else {
                tracing::warn!(
                    task_id, source, request_id, trace_id, delivery, status, reason, ms, error = %refusal,
                    "the webhook was refused"
                );
            }
        }
    }
}
