//! [`SecondAgent`]: the agent of `[shadow]`. What it does is in `task/second.rs`.

use std::sync::Arc;

use domain::{AgentVersion, Model};
use settings::Settings;

use crate::Registry;

/// The agent of `[shadow]`.
pub(crate) struct SecondAgent {
    /// Its agent.toml, with the sources of the first agent, all of them in shadow.
    pub(crate) settings: Arc<Settings>,
    /// The share of events that it works on.
    pub(crate) share: f64,
    /// Its automations.
    pub(crate) registry: Arc<Registry>,
    /// What it asks: at the lowest priority, within a budget of its own.
    pub(crate) model: Arc<dyn Model>,
    /// Which agent it is.
    pub(crate) version: AgentVersion,
}
