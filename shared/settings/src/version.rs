//! The digest of an agent: everything in agent.toml and its files that decides how it answers.
//!
//! A key counts unless it is left out here, and docs/eval.md says so: a new one changes the version by itself. Left out is
//! where events come from and how they are read, whom people are asked by, what is spent, and how fast and where models are
//! called: which of them served is kept with each answer.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use domain::{AgentVersion, LaneTiers, part_digest};

use crate::{AgentSettings, AutomationSettings, Intent, ModelSettings, Settings, SourceSettings};

impl Settings {
    /// The version of this agent when it is run by the code of the version `code`.
    #[must_use]
    pub fn version(&self, code: &str) -> AgentVersion {
        let Self {
            agent,
            models,
            intents,
            automations,
            sources,
            api: _,
            approvals: _,
            budget: _,
            network: _,
            shadow: _,
        } = self;
        let documents = agent.documents.iter().flat_map(|it| [it.name.as_str(), it.text.as_str()]);
        AgentVersion {
            id: String::new(),
            persona: part_digest([agent.persona.as_str()]),
            documents: part_digest(documents),
            prompts: part_digest(intents.iter().map(intent)),
            models: part_digest([answering(models)]),
            rules: part_digest(
                [rules(agent), acting(automations)]
                    .into_iter()
                    .chain(sources.values().filter_map(default_of)),
            ),
            triage_model: models.triage.clone(),
            answer_model: models.answer.clone(),
            code: code.to_owned(),
        }
        .identified()
    }
}

/// A setting as it stands in its struct, every field of it.
fn text(setting: &impl Debug) -> String {
    format!("{setting:?}")
}

fn intent(intent: &Intent) -> String {
    text(&Intent { priority: None, ..intent.clone() })
}

fn answering(models: &ModelSettings) -> String {
    text(&ModelSettings {
        endpoints: Vec::new(),
        patience: Duration::ZERO,
        fallback_after: Duration::ZERO,
        cache_ttl: Duration::ZERO,
        service_tier: LaneTiers::default(),
        limits: BTreeMap::new(),
        ..models.clone()
    })
}

/// Persona and documents have digests of their own.
fn rules(agent: &AgentSettings) -> String {
    text(&AgentSettings {
        persona: String::new(),
        documents: Vec::new(),
        approval_expires: Duration::ZERO,
        ..agent.clone()
    })
}

fn acting(automations: &AutomationSettings) -> String {
    text(&AutomationSettings { calls_per_host: 0, ..automations.clone() })
}

/// What handles the events of `source` that no intent fits, if that is not the agent's default.
fn default_of(source: &SourceSettings) -> Option<String> {
    source.automation.as_ref().map(|automation| text(&(&source.name, automation)))
}
