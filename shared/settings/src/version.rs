//! The digest of an agent: everything in agent.toml and its files that decides how it answers.
//!
//! Where events come from, what they may cost and how fast models are called changes no answer, and so no digest.

use domain::{AgentVersion, Generation, part_digest};

use crate::{AgentSettings, ApprovalPolicy, Intent, ModelSettings, Settings};

impl Settings {
    /// The version of this agent when it is run by the code of the version `code`.
    #[must_use]
    pub fn version(&self, code: &str) -> AgentVersion {
        let documents = self.agent.documents.iter().flat_map(|it| [it.name.as_str(), it.text.as_str()]);
        AgentVersion {
            id: String::new(),
            persona: part_digest([self.agent.persona.as_str()]),
            documents: part_digest(documents),
            prompts: part_digest(self.intents.iter().flat_map(intent)),
            models: part_digest(models(&self.models)),
            rules: part_digest(rules(&self.agent)),
            triage_model: self.models.triage.clone(),
            answer_model: self.models.answer.clone(),
            code: code.to_owned(),
        }
        .identified()
    }
}

fn intent(intent: &Intent) -> [String; 4] {
    let prompt = intent.prompt.as_ref().map_or_else(String::new, |prompt| prompt.source().to_owned());
    [intent.name.clone(), intent.when.clone(), intent.automation.clone(), prompt]
}

fn models(models: &ModelSettings) -> Vec<String> {
    let mut texts = vec![models.triage.clone(), models.answer.clone(), models.api_version.clone()];
    texts.extend(models.fallback.iter().cloned());
    texts.extend([generation(&models.triage_generation), generation(&models.generation)]);
    texts
}

fn generation(generation: &Generation) -> String {
    format!("{} {}", generation.max_output_tokens, serde_json::Value::Object(generation.others.clone()))
}

fn rules(agent: &AgentSettings) -> [String; 5] {
    let policy = ApprovalPolicy::CHOICES.iter().find(|(_, policy)| *policy == agent.approval);
    [
        agent.name.clone(),
        agent.default_automation.clone(),
        policy.map_or_else(String::new, |(name, _)| (*name).to_owned()),
        agent.confidence_threshold.to_string(),
        agent.history.to_string(),
    ]
}
