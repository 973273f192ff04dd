//! The model that the second agent of `[shadow]` asks: at the lowest priority, within a budget of its own.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Acquire, Clock, Expected, Jitter, Model, ModelAnswer, ModelCall, ModelError, Priority, StateStore,
    StoreError, Swap, Timestamp, Versioned,
};
use serde_json::Value;
use settings::{Environment, Settings};
use telemetry::Metrics;

use crate::compose::{ComposeError, gemini};

/// What the keys of budgets begin with.
const BUDGET: &str = "budget:";

/// The model of the second agent, if there is one. Quotas, breakers and limits are those of the first: they belong to
/// the models. Its budget is its own.
///
/// # Errors
/// [`ComposeError::Gemini`].
pub fn shadow_model(
    settings: &Settings,
    environment: &Environment,
    state: Arc<dyn StateStore>,
    clock: Clock,
    jitter: Jitter,
    metrics: Metrics,
) -> Result<Option<Arc<dyn Model>>, ComposeError> {
    let Some(shadow) = &settings.shadow else { return Ok(None) };
    let state = Arc::new(OwnBudget(state));
    let model = gemini(&shadow.agent, environment, state, clock, jitter, metrics)?;
    Ok(Some(Arc::new(Lowest(model))))
}

/// A model that is asked at the lowest priority.
struct Lowest(Arc<dyn Model>);

#[async_trait]
impl Model for Lowest {
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        self.0.generate(&ModelCall { priority: Priority::LOWEST, slot: None, ..call.clone() }).await
    }
}

/// A state store in which budgets are kept apart, under keys of their own.
struct OwnBudget(Arc<dyn StateStore>);

fn own(key: &str) -> String {
    if key.starts_with(BUDGET) { format!("shadow-{key}") } else { key.to_owned() }
}

#[async_trait]
impl StateStore for OwnBudget {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Versioned>, StoreError> {
        self.0.get(&own(key), now).await
    }

    async fn swap(
        &self,
        key: &str,
        expected: Expected,
        value: &Value,
        now: Timestamp,
        forget_at: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.0.swap(&own(key), expected, value, now, forget_at).await
    }

    async fn add(&self, key: &str, amount: i64, forget_at: Timestamp) -> Result<i64, StoreError> {
        self.0.add(&own(key), amount, forget_at).await
    }

    async fn acquire(
        &self,
        key: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Acquire, StoreError> {
        self.0.acquire(&own(key), owner, now, until).await
    }

    async fn release(&self, key: &str, owner: &str) -> Result<(), StoreError> {
        self.0.release(&own(key), owner).await
    }
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn budgets_are_kept_apart_and_quotas_are_shared() {
        assert_eq!(own("budget:2026-11-28"), "shadow-budget:2026-11-28");
        assert_eq!(own("budget:2026-11-28#1"), "shadow-budget:2026-11-28#1");
        assert_eq!(own("model:gemini-pro-latest"), "model:gemini-pro-latest");
    }
}
