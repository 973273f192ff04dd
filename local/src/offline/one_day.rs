//! [`OneDay`]: a model that is asked on one day alone.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{Clock, Deferral, Model, ModelAnswer, ModelCall, ModelError, ModelFailure, Timestamp};

/// A model that is asked on the day of its making (UTC) and not after it: its budget begins anew at midnight, and
/// nobody has agreed to a second one.
pub(super) struct OneDay {
    model: Arc<dyn Model>,
    clock: Clock,
    day: String,
}

impl OneDay {
    pub(super) fn new(model: Arc<dyn Model>, clock: Clock) -> Self {
        let day = day_of(clock.now());
        Self { model, clock, day }
    }
}

fn day_of(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

#[async_trait]
impl Model for OneDay {
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        if day_of(self.clock.now()) == self.day {
            return self.model.generate(call).await;
        }
        Err(ModelError {
            step: call.step.clone(),
            failure: ModelFailure::Defer { why: Deferral::Budget, not_before: Some(Timestamp::MAX) },
            message: "the day whose budget you agreed to is over; start again to continue".to_owned(),
            usage: Vec::new(),
            exchanges: Vec::new(),
        })
    }

    async fn write_left(&self, patience: Duration) {
        self.model.write_left(patience).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use domain::{ModelRole, OutputFormat, Priority, TaskId};

    use super::*;

    struct Answers;

    #[async_trait]
    impl Model for Answers {
        async fn generate(&self, _: &ModelCall) -> Result<ModelAnswer, ModelError> {
            Ok(ModelAnswer { text: "yes".to_owned(), value: None, usage: Vec::new(), exchanges: Vec::new() })
        }
    }

    #[tokio::test]
    async fn nothing_is_spent_after_the_day_that_was_agreed_to() {
        let now = Arc::new(AtomicI64::new(86_399));
        let clock = {
            let now = Arc::clone(&now);
            Clock::from_fn(move || Timestamp::from_second(now.load(Ordering::SeqCst)).unwrap())
        };
        let model = OneDay::new(Arc::new(Answers), clock);
        let call = ModelCall {
            task_id: TaskId::derive("eval", b"1"),
            step: "triage".to_owned(),
            role: ModelRole::Triage,
            tenant: "t".to_owned(),
            thread: "t".to_owned(),
            priority: Priority::DEFAULT,
            system: String::new(),
            documents: Vec::new(),
            turns: Vec::new(),
            output: OutputFormat::Text,
            slot: None,
            waiting_since: None,
            deadline: Timestamp::MAX,
        };
        assert_eq!(model.generate(&call).await.unwrap().text, "yes");
        now.store(86_400, Ordering::SeqCst);
        let refused = model.generate(&call).await.unwrap_err();
        assert!(matches!(refused.failure, ModelFailure::Defer { why: Deferral::Budget, .. }));
    }
}
