//! [`Config`]: what the processor takes from agent.toml.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use settings::{AgentSettings, ApiSettings, AutomationSettings, Intent, Settings, SourceSettings};

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
    /// `[automations]`.
    pub automations: AutomationSettings,
    /// `[api]`.
    pub api: ApiSettings,
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
    /// Takes its part of `settings`, whose intents must name automations of `registry` that have the
    /// settings that they need.
    ///
    /// # Errors
    /// Everything that is wrong with the automations, and how to mend it.
    pub fn new(settings: &Settings, registry: &Registry) -> Result<Self, Vec<String>> {
        let mistakes = mistakes(settings, registry);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            agent: settings.agent.clone(),
            intents: settings.intents.clone().into(),
            sources: settings.sources.clone(),
            automations: settings.automations.clone(),
            api: settings.api.clone(),
            replies_per_hour: settings.budget.per_thread_replies_per_hour,
            fallback_after: settings.models.fallback_after,
            concurrency: BATCH,
        })
    }
}

fn mistakes(settings: &Settings, registry: &Registry) -> Vec<String> {
    let mut mistakes = registry.mistakes().to_vec();
    let known: Vec<&str> = registry.names().collect();
    let named =
        settings.intents.iter().map(|intent| (format!("intent `{}`", intent.name), &intent.automation));
    let fallback = ("[agent] default_automation".to_owned(), &settings.agent.default_automation);
    for (place, automation) in named.chain([fallback]) {
        if !known.contains(&automation.as_str()) {
            let known = known.join(", ");
            mistakes.push(format!("{place}: there is no automation `{automation}`; registered are {known}"));
        } else if !settings.automations.suffices_for(automation) {
            mistakes.push(format!(
                "{place}: `{automation}` has no settings; add the section [automations.{automation}]"
            ));
        }
    }
    let mut names: Vec<&str> = settings.intents.iter().map(|intent| intent.name.as_str()).collect();
    names.sort_unstable();
    let doubles = names.windows(2).filter(|pair| pair[0] == pair[1]);
    mistakes.extend(doubles.map(|pair| format!("intent `{}` is there twice; choose another name", pair[0])));
    mistakes
}
