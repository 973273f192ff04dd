//! What the processor tells the metrics.

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
            self.daybook.ended(task.control.status, now);
        }
        if let Err(problem) = self.daybook.write(now).await {
            tracing::warn!(%problem, "the day's figures are not up to date");
        }
    }

    /// Tells the metrics about a task that has come to rest.
    pub(crate) fn observe(&self, task: &Task, now: Timestamp) {
        if !task.control.status.is_end() {
            return;
        }
        self.metrics.task_ended(&Ended {
            status: task.control.status,
            intent: task.doc.classification.as_ref().map(|known| known.intent.as_str()),
            worked: Duration::from_secs_f64((task.doc.worked_ms / 1_000.0).max(0.0)),
            since_received: between(task.doc.received_at, now),
        });
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
