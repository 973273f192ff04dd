//! agent.toml and the environment. This crate is the only reader of either; it reports every
//! mistake at once.
//!
//! A `Section` reads a table of agent.toml. It remembers the keys it was asked for and reports the others. An
//! `Entry` reads a value, and reports why the value cannot be used. A reader that finds a mistake goes on with a
//! default, so one run finds every mistake. Nobody sees those defaults: [`Settings`] exist only when there was no
//! mistake.

mod agent;
mod api;
mod automations;
mod budget;
mod duration;
mod endpoints;
mod entry;
mod env;
mod events;
mod field_map;
mod files;
mod form;
mod generation;
mod hosts;
mod intents;
mod key;
mod known;
mod limits;
mod load;
mod mistakes;
mod mode;
mod models;
mod names;
mod network;
mod priority_rules;
mod prompts;
mod report;
mod schema;
mod scheme;
mod section;
mod shadow;
mod shape;
mod slack_approvals;
mod sources;
mod suggest;
mod version;
mod warnings;

pub use agent::{AgentSettings, ApprovalPolicy, MEDIA_HOSTS};
pub use api::ApiSettings;
pub use automations::{
    AutomationSettings, CallTemplate, HttpCall, HttpMethod, MaxAmount, PLACES, Parameters, UrlTemplate,
    fill_json, needs_thread,
};
pub use budget::BudgetSettings;
pub use env::{
    ApiAccess, AwsResources, ConsoleToken, Environment, GithubCredentials, JiraAccess, MIN_TOKEN_CHARS,
    PagerdutyAccess, Role, Roles, Variables, ZendeskAccess, ZendeskCredentials, agent_file, variable_of,
};
pub use hosts::Hosts;
pub use intents::Intent;
pub use limits::{Start, shown_limits};
pub use mistakes::{Mistake, Mistakes, Position};
pub use mode::Mode;
pub use models::{ModelSettings, unfit_model};
pub use network::NetworkSettings;
pub use prompts::{Fencing, PromptMistake, PromptTemplate, PromptValues, is_plain_name};
pub use schema::schema;
pub use shadow::ShadowSettings;
pub use slack_approvals::{ApprovalSettings, SlackApprovals};
pub use sources::SourceSettings;
pub use suggest::nearest;

use std::collections::BTreeMap;

/// agent.toml, checked, with the files it names read in.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `[agent]`.
    pub agent: AgentSettings,
    /// `[api]`.
    pub api: ApiSettings,
    /// `[approvals]`.
    pub approvals: ApprovalSettings,
    /// `[models]`.
    pub models: ModelSettings,
    /// `[network]`.
    pub network: NetworkSettings,
    /// `[budget]`.
    pub budget: BudgetSettings,
    /// `[sources.NAME]`, by name; at least one.
    pub sources: BTreeMap<String, SourceSettings>,
    /// `[[intents]]`, in their order.
    pub intents: Vec<Intent>,
    /// `[automations]`.
    pub automations: AutomationSettings,
    /// `[shadow]` (default none).
    pub shadow: Option<ShadowSettings>,
}

impl Settings {
    /// What handles the events of `source` that no intent fits.
    #[must_use]
    pub fn default_of<'s>(&'s self, source: &'s SourceSettings) -> &'s str {
        source.automation.as_deref().unwrap_or(&self.agent.default_automation)
    }

    /// Whether anything is made of an event of `source` that has no thread.
    #[must_use]
    pub fn handles_without_thread(&self, source: &str) -> bool {
        let Some(source) = self.sources.get(source) else { return true };
        let mut intents = self.intents.iter().map(|intent| intent.automation.as_str());
        !needs_thread(self.default_of(source)) || intents.any(|automation| !needs_thread(automation))
    }
}
