//! What the processor tells the log, the figures of the day and the metrics about a task.

use std::time::Duration;

use domain::{Task, Timestamp, between};
use gemini::{Signal, Signals};
use telemetry::{Ended, Metrics};

use crate::Processor;

impl Processor {
    /// Writes down what the run has cost, and whether the task has ended. The task itself is written by
    /// now: figures that cannot be written wait for the next run, and keep nobody.
    pub(crate) async fn note_day(&self, task: &Task, now: Timestamp) {
        if task.control.status.is_end() {
            self.stats.ended(task.control.status, now);
        }
        if let Err(problem) = self.stats.write(now).await {
            tracing::warn!(%problem, "the day's figures are not up to date");
        }
    }

    /// Tells the log about a task that has come to rest, in one line with what it took; and the metrics, if
    /// it has ended.
    pub(crate) fn sum_up(&self, task: &Task, now: Timestamp) {
        let doc = &task.doc;
        let intent = doc.classification.as_ref().map(|known| known.intent.as_str());
        let since_received = between(doc.received_at, now);
        tracing::info!(
            task_id = %task.id,
            source = doc.source,
            status = %task.control.status,
            intent,
            execution_time_ms = doc.worked_ms,
            tokens_used = task.tokens_used(),
            cost_usd = task.cost_usd(),
            received_to_done_ms = since_received.as_millis() as u64,
            not_before = task.control.not_before.map(tracing::field::display),
            error = doc.error.as_ref().map(|error| error.message.as_str()),
            "task {}",
            task.control.status
        );
        if task.control.status.is_end() {
            let worked = Duration::from_secs_f64((doc.worked_ms / 1_000.0).max(0.0));
            self.metrics.task_ended(&Ended { status: task.control.status, intent, worked, since_received });
        }
    }
}

/// What happens at the model, as metrics.
pub(crate) fn signals(metrics: Metrics) -> Signals {
    Signals::to(move |signal| match signal {
        Signal::Called { model, outcome, took, first_byte } => {
            metrics.model_called(model, outcome.as_str(), took, first_byte);
        }
        Signal::Billed { usage } => metrics.model_billed(usage),
        Signal::Throttled { model } => metrics.throttled(model),
        Signal::BreakerOpened { model } => metrics.breaker_opened(model),
        Signal::Permit { waited, utilisation, .. } => metrics.permit(waited, utilisation),
        Signal::ConnectionOpened => metrics.connection_opened(),
        Signal::Coalesced => metrics.coalesced(),
        Signal::CacheHit { .. } => metrics.cache_hit(),
        Signal::BudgetUsed { budget, share } => metrics.budget_used(budget, share),
        // What later versions tell is not known here.
        _ => {}
    })
}
