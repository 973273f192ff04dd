//! What the processor tells the log, the figures of the day and the metrics about a task.

use std::time::Duration;

use domain::{StoreError, Task, Timestamp, between};
use gemini::{Signal, Signals};
use telemetry::{Ended, Metrics};

use crate::resources::Resources;

/// Reports a task that has come to rest: one log line with what it took, its end to the metrics, and the
/// figures of the day. The task itself is written by then: figures that cannot be written wait for the next
/// task, and keep nobody.
pub(crate) async fn settled(resources: &Resources, task: &Task, now: Timestamp) {
    let (status, doc) = (task.control.status, &task.doc);
    let intent = doc.classification.as_ref().map(|known| known.intent.as_str());
    let since_received = between(doc.received_at, now);
    tracing::info!(
        task_id = %task.id,
        source = doc.source,
        status = %status,
        intent,
        version = doc.version,
        execution_time_ms = doc.worked_ms,
        tokens_used = task.tokens_used(),
        cost_usd = task.cost_usd(),
        received_to_done_ms = since_received.as_millis() as u64,
        not_before = task.control.not_before.map(tracing::field::display),
        error = doc.error.as_ref().map(|error| error.message.as_str()),
        "task {status}",
    );
    if status.is_end() {
        let worked = Duration::from_secs_f64((doc.worked_ms / 1_000.0).max(0.0));
        resources.metrics.task_ended(&Ended {
            status,
            intent,
            version: doc.version.as_deref(),
            worked,
            since_received,
        });
        resources.stats.ended_task(task, now);
    }
    if let Err(problem) = resources.stats.write(now).await {
        tracing::warn!(%problem, "the day's figures are not up to date");
    }
}

/// A store that refuses us does so until somebody mends it. Tasks wait for that in good order, so it must be heard.
pub(crate) fn store_failed(metrics: &Metrics, problem: &StoreError) {
    if problem.is_refusal() {
        tracing::error!(%problem, "a store refuses us; its tasks wait until somebody mends that");
        metrics.not_ready("store");
    }
}

/// What happens at the model, as metrics.
pub(crate) fn signals(metrics: Metrics) -> Signals {
    Signals::to(move |signal| match signal {
        Signal::Called { model, outcome, took, first_byte } => {
            metrics.model_called(model, outcome.as_str(), took, first_byte);
        }
        Signal::Billed(usage) => metrics.model_billed(usage),
        Signal::Throttled(model) => metrics.throttled(model),
        Signal::BreakerOpened(model) => metrics.breaker_opened(model),
        Signal::Parked { model, is_for_money } => metrics.model_refused(model, is_for_money),
        Signal::Permit { waited, utilisation, .. } => metrics.permit(waited, utilisation),
        Signal::ConnectionOpened => metrics.connection_opened(),
        Signal::Coalesced => metrics.coalesced(),
        Signal::CacheHit { .. } => metrics.cache_hit(),
        Signal::BudgetUsed { budget, share } => metrics.budget_used(budget, share),
        // What later versions tell is not known here.
        _ => {}
    })
}
