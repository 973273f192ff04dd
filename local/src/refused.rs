//! Whether the model's service refuses us, by what the fleet knows of its models.

use domain::{ModelHealth, StateStore, Timestamp};
use settings::Settings;

/// The models of agent.toml, each with the key of the fleet's state.
pub(crate) struct Models(Vec<(String, String)>);

impl Models {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self(prices::model_items(&settings.models.in_use(), &settings.models.endpoints))
    }

    /// Whether the service refuses all calls of every model that was asked. Nothing is asked for it.
    pub(crate) async fn are_refused(&self, state: &dyn StateStore, now: Timestamp) -> bool {
        let known = self.0.iter().map(|(name, key)| ModelHealth::read(state, name, key, now));
        let known = futures::future::join_all(known).await;
        let mut asked = known.iter().flatten().filter(|health| health.breaker.is_used()).peekable();
        asked.peek().is_some() && asked.all(|health| health.refused.is_some())
    }
}
