//! agent.toml and the environment. This crate is the only reader of either; it reports every
//! mistake at once.

mod agent;
mod env;
mod model;
mod source;

pub use agent::{AgentSettings, ApprovalPolicy, BudgetSettings, Intent};
pub use env::{AwsResources, ConsoleToken, Environment, GithubCredentials};
pub use model::{BreakerSettings, Generation, ModelLimits, ModelSettings};
pub use source::SourceSettings;

use std::collections::BTreeMap;

/// agent.toml, checked, with the files it names read in.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `[agent]`.
    pub agent: AgentSettings,
    /// `[models]`.
    pub models: ModelSettings,
    /// `[budget]`.
    pub budget: BudgetSettings,
    /// `[sources.NAME]`, by name.
    pub sources: BTreeMap<String, SourceSettings>,
    /// `[[intents]]`, in their order.
    pub intents: Vec<Intent>,
}
