//! The models: which breakers are open now, which calls are refused, and whether the service still has each by its name.

use std::sync::Arc;
use std::time::Duration;

use domain::{Acquire, Clock, ModelHealth, StateStore, StoreError, after};
use telemetry::Metrics;

/// How often the service is asked whether it still has the models.
const EVERY: Duration = Duration::from_secs(3_600);

/// Watches the models of agent.toml.
pub struct ModelWatch {
    /// Where the fleet's state of them is kept.
    pub state: Arc<dyn StateStore>,
    /// The time.
    pub clock: Clock,
    /// Where metrics go.
    pub metrics: Metrics,
    /// Their names, each with the key of its state.
    pub models: Vec<(String, String)>,
}

impl ModelWatch {
    /// Tells the metrics, for each model that was called, whether its breaker is open, and whether the service refuses
    /// all its calls. Both stay so as long as nobody calls, and an alarm that hears nothing gives the all-clear; but what one
    /// model alone is refused for is told until its time is over, and by the hourly look again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        for (name, key) in &self.models {
            let health = ModelHealth::read(&*self.state, name, key, now).await?;
            if health.breaker.is_used() {
                self.metrics.breaker_is_open(name, health.breaker.is_open());
            }
            if health.refused.is_some() {
                self.metrics.model_refused(name, health.is_out_of_money);
            }
        }
        Ok(())
    }

    /// Whether it is time to ask the service for the models, and nobody else does. Whoever is told so asks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_due(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        // Each look is an owner of its own: nobody holds the lease on.
        let owner = now.as_nanosecond().to_string();
        let acquired = self.state.acquire("models:asked", &owner, now, after(now, EVERY)).await?;
        Ok(matches!(acquired, Acquire::Held))
    }
}
