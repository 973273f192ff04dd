//! `[agent]`, `[budget]` and `[[intents]]`.

use std::time::Duration;

use domain::{Document, Priority};

/// `[agent]`.
#[derive(Debug, Clone)]
pub struct AgentSettings {
    /// Its name.
    pub name: String,
    /// Text of the persona file.
    pub persona: String,
    /// Reference material.
    pub documents: Vec<Document>,
    /// Comments of the thread that are sent as conversation.
    pub history: usize,
    /// When a person must look at a draft.
    pub approval: ApprovalPolicy,
    /// Below it, a draft is parked under the policy `low_confidence`.
    pub confidence_threshold: f64,
    /// How long a parked draft waits for a person.
    pub approval_expires: Duration,
    /// Automation of events whose intent is unknown.
    pub default_automation: String,
}

/// When a person must look at a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalPolicy {
    /// Always.
    Always,
    /// When the triage was not sure.
    LowConfidence,
    /// Never, unless a safety check trips.
    Never,
}

/// `[budget]`; `None` is no bound.
#[derive(Debug, Clone, Default)]
pub struct BudgetSettings {
    /// US dollars a day.
    pub per_day_usd: Option<f64>,
    /// US dollars a day and tenant.
    pub per_tenant_day_usd: Option<f64>,
    /// Replies an hour and thread.
    pub per_thread_replies_per_hour: Option<u32>,
}

/// `[[intents]]`.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Its name.
    pub name: String,
    /// When it applies, in words for the model.
    pub when: String,
    /// The automation that handles it.
    pub automation: String,
    /// The priority of its tasks, if it sets one.
    pub priority: Option<Priority>,
}
