//! From agent.toml and the environment to a [`Processor`].

use std::sync::Arc;

use domain::{Clock, DAY_SHARDS, Jitter, Model, StateStore, StatsRecorder, Stores};
use gemini::Gemini;
use settings::{Environment, Settings};
use telemetry::Metrics;
use wiring::{Services, ServicesError};

use crate::{Config, Processor, Registry, automations, observe};

/// Why no processor can be made of what is configured.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The Gemini settings cannot work.
    #[error("Gemini: {0}")]
    Gemini(#[from] gemini::ConfigError),
    /// A service that answers go to cannot be reached as configured.
    #[error(transparent)]
    Services(#[from] ServicesError),
    /// `[approvals.slack]` cannot work.
    #[error(transparent)]
    Approver(#[from] wiring::ApproverError),
    /// agent.toml names automations that do not exist.
    #[error("agent.toml:\n  {}", .0.join("\n  "))]
    Automations(Vec<String>),
}

/// What a processor is made of, besides its settings.
pub struct Parts {
    /// Storage and queues.
    pub stores: Stores,
    /// What thinks.
    pub model: Arc<dyn Model>,
    /// Where results go.
    pub services: Services,
    /// The time.
    pub clock: Clock,
    /// Randomness for back-off.
    pub jitter: Jitter,
    /// Where metrics go.
    pub metrics: Metrics,
}

impl Processor {
    /// A processor that runs the automations of `registry`.
    ///
    /// # Errors
    /// [`WireError::Automations`].
    pub fn new(settings: &Settings, registry: Registry, parts: Parts) -> Result<Self, WireError> {
        let registry = Arc::new(automations::configured(registry, settings));
        let config = Config::new(settings, &registry).map_err(WireError::Automations)?;
        let Parts { stores, model, services, clock, jitter, metrics } = parts;
        let daybook = StatsRecorder::new(Arc::clone(&stores.state), shard(&jitter));
        Ok(Self {
            stores,
            model,
            services,
            approver: None,
            registry,
            config,
            clock,
            jitter,
            metrics,
            daybook,
        })
    }
}

/// Any of the shards that a day's figures are spread over.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a small number")]
fn shard(jitter: &Jitter) -> u32 {
    (jitter.draw() * f64::from(DAY_SHARDS)) as u32
}

/// The Gemini client as configured; without a key unless the environment has one. Its quotas, breakers
/// and budgets are kept in `state`.
///
/// # Errors
/// [`WireError::Gemini`].
pub fn gemini(
    settings: &Settings,
    environment: &Environment,
    state: Arc<dyn StateStore>,
    clock: Clock,
    jitter: Jitter,
    metrics: Metrics,
) -> Result<Arc<dyn Model>, WireError> {
    let config = wiring::model::config(settings, environment);
    Ok(Arc::new(Gemini::new(config, state, observe::signals(metrics), clock, jitter)?))
}
