//! From agent.toml and the environment to a [`Processor`].

use std::sync::Arc;

use domain::{Clock, Jitter, Model, StateStore, Stores};
use gemini::{BreakerLimits, Budgets, EndpointConfig, Gemini};
use settings::{EffectiveLimits, EndpointSettings, Environment, Settings};
use telemetry::Metrics;

use crate::{Config, Processor, Registry, Services, ServicesError, automations, observe};

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
    Approver(#[from] crate::ApproverError),
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
        Ok(Self { stores, model, services, approver: None, registry, config, clock, jitter, metrics })
    }
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
    let (models, budget) = (&settings.models, &settings.budget);
    let mut config = gemini::Config::new(environment.gemini_api_key.clone());
    config.api_version.clone_from(&models.api_version);
    match &environment.gemini_base_url {
        Some(url) => config.base_url.clone_from(url),
        None => config.endpoints = models.endpoints.iter().map(endpoint).collect(),
    }
    config.triage.clone_from(&models.triage);
    config.answer.clone_from(&models.answer);
    config.fallback.clone_from(&models.fallback);
    config.generation = gemini::Generation {
        max_output_tokens: models.generation.max_output_tokens,
        others: models.generation.others.clone(),
    };
    for model in models.in_use() {
        config.limits.insert(model.to_owned(), limits(&models.limits_for(model, environment.tiers())));
    }
    config.cache_ttl = models.cache_ttl;
    config.environments = environment.processors();
    config.budgets =
        Budgets { per_day_usd: budget.per_day_usd, per_tenant_day_usd: budget.per_tenant_day_usd };
    Ok(Arc::new(Gemini::new(config, state, observe::signals(metrics), clock, jitter)?))
}

fn endpoint(endpoint: &EndpointSettings) -> EndpointConfig {
    EndpointConfig {
        base_url: endpoint.base_url.clone(),
        api_version: endpoint.api_version.clone(),
        weight: endpoint.weight,
    }
}

fn limits(limits: &EffectiveLimits) -> gemini::Limits {
    let breaker = &limits.breaker;
    gemini::Limits {
        timeout: limits.timeout,
        retries: limits.retries,
        requests_per_minute: limits.rpm,
        tokens_per_minute: limits.tpm,
        requests_per_day: limits.rpd,
        concurrency: limits.concurrency,
        breaker: BreakerLimits {
            error_rate: breaker.error_rate,
            window: breaker.window,
            slow: breaker.slow,
            open: breaker.open,
        },
        min_priority: limits.min_priority,
    }
}
