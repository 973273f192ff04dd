//! [`Config`]: what the processor takes from agent.toml.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use settings::{AgentSettings, Intent, Settings, SourceSettings};

use crate::Registry;

/// What the processor takes from agent.toml.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[agent]`.
    pub agent: AgentSettings,
    /// `[[intents]]`.
    pub intents: Arc<[Intent]>,
    /// `[sources.NAME]`.
    pub sources: BTreeMap<String, SourceSettings>,
    /// Cap on replies per thread and hour.
    pub replies_per_hour: Option<u32>,
    /// How long no model could be had before a fallback answer is looked for.
    pub fallback_after: Duration,
    /// Records of one batch that are worked on at once.
    pub concurrency: usize,
}

/// Records of one batch that are worked on at once: a whole batch of the bulk lane.
const BATCH: usize = 20;

impl Config {
    /// Takes its part of `settings`, whose intents must name automations of `registry`.
    ///
    /// # Errors
    /// Every automation that is named and not registered.
    pub fn new(settings: &Settings, registry: &Registry) -> Result<Self, Vec<String>> {
        let known: Vec<&str> = registry.names().collect();
        let named =
            settings.intents.iter().map(|intent| (format!("intent `{}`", intent.name), &intent.automation));
        let fallback = ("[agent] default_automation".to_owned(), &settings.agent.default_automation);
        let mistakes: Vec<String> = named
            .chain([fallback])
            .filter(|(_, automation)| !known.contains(&automation.as_str()))
            .map(|(place, automation)| {
                format!("{place}: there is no automation `{automation}`; registered are {}", known.join(", "))
            })
            .collect();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            agent: settings.agent.clone(),
            intents: settings.intents.clone().into(),
            sources: settings.sources.clone(),
            replies_per_hour: settings.budget.per_thread_replies_per_hour,
            fallback_after: settings.models.fallback_after,
            concurrency: BATCH,
        })
    }
}
