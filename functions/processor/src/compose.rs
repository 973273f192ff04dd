//! From agent.toml and the environment to a [`Processor`].

use std::path::Path;
use std::sync::Arc;

use domain::{AgentVersion, Approver, Clock, DAY_SHARDS, Jitter, Model, StateStore, StatsRecorder, Stores};
use gemini::Gemini;
use settings::{Environment, Settings};
use telemetry::Metrics;
use tokio::sync::Semaphore;
use wiring::{Services, ServicesError};

use crate::automation::stalls::StallWatch;
use crate::reply::sightings::Sightings;
use crate::resources::Resources;
use crate::second_agent::SecondAgent;
use crate::task::refusals::Refusals;
use crate::version_documents::KeptDocuments;
use crate::{Registry, automations, observe};

/// Takes batches of messages and works on the tasks that they name.
pub struct Processor {
    /// What the work on a task draws on.
    pub(crate) resources: Arc<Resources>,
    /// The automations.
    pub(crate) registry: Arc<Registry>,
    /// Where people are asked about drafts, besides the console.
    pub(crate) approver: Option<Arc<dyn Approver>>,
    /// The agent of `[shadow]`.
    pub(crate) second: Option<SecondAgent>,
    /// The turn of tasks whose processor died: one of them at a time in this process.
    pub(crate) alone: Semaphore,
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

/// Why no processor can be made of what is configured.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The Gemini settings cannot work.
    #[error("Gemini: {0}")]
    Gemini(#[from] gemini::ConfigError),
    /// A service that answers go to cannot be reached as configured.
    #[error(transparent)]
    Services(#[from] ServicesError),
    /// `[approvals.slack]` cannot work.
    #[error(transparent)]
    Approver(#[from] wiring::ApproverError),
    /// agent.toml names automations that do not exist, or that lack their settings.
    #[error("agent.toml:\n  {}", .0.join("\n  "))]
    Automations(Vec<String>),
}

impl Processor {
    /// A processor that runs the automations of `registry`.
    ///
    /// # Errors
    /// [`ComposeError::Automations`]: everything that is wrong with the automations, and how to mend it.
    pub fn new(settings: &Settings, registry: Registry, parts: Parts) -> Result<Self, ComposeError> {
        let registry = Arc::new(automations::configured(registry, settings));
        registry.check(settings).map_err(ComposeError::Automations)?;
        if let Err(mistakes) = wiring::check_pairs(settings, Path::new("agent.toml")) {
            for mistake in mistakes.as_slice() {
                tracing::warn!(%mistake, "events of this kind will fail");
            }
        }
        let Parts { stores, model, services, clock, jitter, metrics } = parts;
        let version = version(settings);
        let stats = StatsRecorder::new(Arc::clone(&stores.state), shard(&jitter)).of_version(version.clone());
        let settings = Arc::new(settings.clone());
        let resources = Resources {
            stores,
            model,
            services,
            settings,
            version,
            clock,
            jitter,
            metrics,
            stats,
            stalls: Arc::default(),
            refusals: Refusals::default(),
            sightings: Sightings::default(),
            kept_documents: KeptDocuments::default(),
        };
        let (resources, alone) = (Arc::new(resources), Semaphore::new(1));
        Ok(Self { resources, registry, approver: None, second: None, alone })
    }

    /// The same, which also asks people in this place, if there is one.
    #[must_use]
    pub fn with_approver(self, approver: Option<Arc<dyn Approver>>) -> Self {
        Self { approver, ..self }
    }

    /// The same with the agent of `[shadow]` beside it, which asks `model` ([`crate::shadow_model`]), if there is one.
    ///
    /// # Errors
    /// [`ComposeError::Automations`]: what is wrong with the automations of that agent.
    pub fn with_shadow(self, model: Option<Arc<dyn Model>>) -> Result<Self, ComposeError> {
        let shadow = self.resources.settings.shadow.clone();
        let Some((shadow, model)) = shadow.zip(model) else { return Ok(self) };
        let registry = automations::configured(automations::registry(), &shadow.agent);
        registry.check(&shadow.agent).map_err(ComposeError::Automations)?;
        let second = SecondAgent {
            version: version(&shadow.agent),
            share: shadow.share,
            settings: shadow.agent,
            registry: Arc::new(registry),
            model,
        };
        Ok(Self { second: Some(second), ..self })
    }

    /// The log names automations that block their thread, while they do; until the guard is dropped.
    #[must_use]
    pub fn watch_for_stalls(&self) -> StallWatch {
        self.resources.stalls.watch()
    }

    /// Storage and queues.
    #[must_use]
    pub fn stores(&self) -> &Stores {
        &self.resources.stores
    }

    /// The clock that it goes by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.resources.clock
    }
}

/// The version of the agent that `settings` make with this code.
#[must_use]
pub fn version(settings: &Settings) -> AgentVersion {
    settings.version(env!("AFTERHOOK_CODE"))
}

/// Any of the shards that a day's figures are spread over.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a small number")]
pub(crate) fn shard(jitter: &Jitter) -> u32 {
    (jitter.draw() * f64::from(DAY_SHARDS)) as u32
}

/// The Gemini client as configured; without a key unless the environment has one. Its quotas, breakers
/// and budgets are kept in `state`.
///
/// # Errors
/// [`ComposeError::Gemini`].
pub fn gemini(
    settings: &Settings,
    environment: &Environment,
    state: Arc<dyn StateStore>,
    clock: Clock,
    jitter: Jitter,
    metrics: Metrics,
) -> Result<Arc<dyn Model>, ComposeError> {
    let config = wiring::model::config(settings, environment);
    Ok(Arc::new(Gemini::new(config, state, observe::signals(metrics), clock, jitter)?))
}
