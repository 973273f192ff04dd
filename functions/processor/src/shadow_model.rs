//! The model that the second agent of `[shadow]` asks: at the lowest priority, within a budget of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{Clock, Jitter, Model, ModelAnswer, ModelCall, ModelError, Priority, StateStore};
use settings::{Environment, Settings};
use telemetry::Metrics;

use crate::compose::{ComposeError, gemini};

/// The model of the second agent, if there is one. Quotas, breakers and limits are those of the first: they belong to
/// the models. Its budget is its own ([`settings::BudgetSettings::account`]).
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

    async fn write_left(&self, patience: Duration) {
        self.0.write_left(patience).await;
    }
}
