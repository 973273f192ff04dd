//! Every method of `Metrics` that writes metrics of its own, called once: for the test of their contract, and for the
//! one that holds OPERATIONS.md to it.

use std::time::Duration;

use domain::{CorrectionKind, Lane, StepUsage, TaskStatus};
use telemetry::{Ended, Metrics};

const MS: Duration = Duration::from_millis(1);

/// The name of a method, and a call of it.
pub(crate) type Call = (&'static str, fn(&Metrics));

pub(crate) const EVERY: &[Call] = &[
    ("accepted", |metrics| metrics.accepted(MS)),
    ("duplicate", |metrics| metrics.duplicate(MS)),
    ("rejected", |metrics| metrics.rejected("signature")),
    ("claimed", |metrics| metrics.claimed(Lane::Bulk, MS)),
    ("signature_refused", |metrics| metrics.signature_refused("github")),
    ("signature_held", |metrics| metrics.signature_held("github")),
    ("not_ready", |metrics| metrics.not_ready("no_model_key")),
    ("failed", |metrics| metrics.failed("processor")),
    ("corrected", |metrics| metrics.corrected(CorrectionKind::Thumb)),
    ("task_ended", |metrics| metrics.task_ended(&ended(TaskStatus::Failed))),
    ("model_called", |metrics| metrics.model_called("gemini-pro-latest", "answered", MS, Some(MS))),
    ("model_billed", |metrics| metrics.model_billed(&usage(Some(0.5)))),
    ("throttled", |metrics| metrics.throttled("gemini-pro-latest")),
    ("breaker_opened", |metrics| metrics.breaker_opened("gemini-pro-latest")),
    ("breaker_is_open", |metrics| metrics.breaker_is_open("gemini-pro-latest", true)),
    ("model_refused", |metrics| {
        metrics.model_refused("gemini-pro-latest", false);
        metrics.model_refused("gemini-pro-latest", true);
    }),
    ("permit", |metrics| metrics.permit(MS, 0.5)),
    ("connection_opened", Metrics::connection_opened),
    ("coalesced", Metrics::coalesced),
    ("cache_hit", Metrics::cache_hit),
    ("budget_used", |metrics| metrics.budget_used("day", 0.5)),
    ("approvals_waiting", |metrics| metrics.approvals_waiting(2, MS, Some(0.5))),
    ("unaccounted", |metrics| metrics.unaccounted(-1)),
];

pub(crate) fn ended(status: TaskStatus) -> Ended<'static> {
    Ended { status, intent: Some("question"), version: Some("ver_1"), worked: MS, since_received: MS }
}

pub(crate) fn usage(cost_usd: Option<f64>) -> StepUsage {
    StepUsage {
        step: "answer".to_owned(),
        model: "gemini-3.8-flash".to_owned(),
        prompt_tokens: 100,
        cached_tokens: 0,
        output_tokens: 20,
        thought_tokens: 3,
        cost_usd,
        saved_usd: None,
        attempts: 1,
        ms: 450,
    }
}
