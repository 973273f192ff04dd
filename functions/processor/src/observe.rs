//! What the processor tells the metrics.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Clock, Deferral, Model, ModelAnswer, ModelCall, ModelError, ModelFailure, Task, Timestamp, between,
};
use telemetry::{Ended, Metrics};

use crate::Processor;

impl Processor {
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

/// A model whose calls are counted, timed and priced.
pub(crate) struct Observed<M> {
    model: M,
    metrics: Metrics,
    clock: Clock,
}

impl<M> Observed<M> {
    pub(crate) fn new(model: M, metrics: Metrics, clock: Clock) -> Self {
        Self { model, metrics, clock }
    }
}

#[async_trait]
impl<M: Model> Model for Observed<M> {
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        let started = self.clock.now();
        let answer = self.model.generate(call).await;
        match &answer {
            Ok(answer) => {
                answer.usage.iter().for_each(|usage| self.metrics.model_answered("ok", usage));
            }
            Err(error) => {
                error.usage.iter().for_each(|usage| self.metrics.model_answered("unusable", usage));
                let model = error.exchanges.last().map_or("none", |exchange| exchange.model.as_str());
                let outcome = outcome(error.failure);
                self.metrics.model_failed(model, outcome, between(started, self.clock.now()));
                if matches!(
                    error.failure,
                    ModelFailure::Defer { why: Deferral::Quota | Deferral::DailyQuota, .. }
                ) {
                    self.metrics.throttled(model);
                }
            }
        }
        answer
    }
}

fn outcome(failure: ModelFailure) -> &'static str {
    match failure {
        ModelFailure::Defer { .. } => "deferred",
        ModelFailure::Retry => "error",
        ModelFailure::Blocked => "blocked",
        ModelFailure::Unusable => "unusable",
        ModelFailure::Refused => "refused",
    }
}
