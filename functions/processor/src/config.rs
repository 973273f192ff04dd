//! [`Config`]: what the processor takes from agent.toml.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use settings::{AgentSettings, ApiSettings, AutomationSettings, Intent, Settings, SourceSettings};

/// What the processor takes from agent.toml.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// `[agent]`.
    pub(crate) agent: AgentSettings,
    /// `[[intents]]`.
    pub(crate) intents: Arc<[Intent]>,
    /// `[sources.NAME]`.
    pub(crate) sources: BTreeMap<String, SourceSettings>,
    /// `[automations]`.
    pub(crate) automations: AutomationSettings,
    /// `[api]`.
    pub(crate) api: ApiSettings,
    /// The most replies per thread and hour.
    pub(crate) replies_per_hour: Option<u32>,
    /// A fallback answer is looked for when no model could be had for so long.
    pub(crate) fallback_after: Duration,
    /// Records of one batch that are worked on at once.
    pub(crate) concurrency: usize,
}

/// Records of one batch that are worked on at once: a whole batch of the bulk lane.
const BATCH: usize = 20;

impl Config {
    /// The part of `settings` that the processor uses.
    #[must_use]
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            agent: settings.agent.clone(),
            intents: settings.intents.clone().into(),
            sources: settings.sources.clone(),
            automations: settings.automations.clone(),
            api: settings.api.clone(),
            replies_per_hour: settings.budget.per_thread_replies_per_hour,
            fallback_after: settings.models.fallback_after,
            concurrency: BATCH,
        }
    }

    /// The intent called `name`.
    #[must_use]
    pub(crate) fn intent(&self, name: &str) -> Option<&Intent> {
        self.intents.iter().find(|intent| intent.name == name)
    }
}
