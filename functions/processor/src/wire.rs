//! From agent.toml and the environment to a [`Processor`].

use std::sync::Arc;

use domain::{Clock, DAY_SHARDS, DayBook, Jitter, Model, Publisher, StateStore, Stores};
use gemini::{BreakerLimits, Budgets, EndpointConfig, Gemini};
use github::Github;
use secrecy::SecretString;
use settings::{EffectiveLimits, EndpointSettings, Environment, GithubCredentials, Settings};
use telemetry::Metrics;

use crate::{Config, Processor, Registry, Services, observe};

/// Why no processor can be made of what is configured.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// A variable is missing.
    #[error("{0} is not set: {1}")]
    Missing(&'static str, &'static str),
    /// The Gemini settings cannot work.
    #[error("Gemini: {0}")]
    Gemini(#[from] gemini::ConfigError),
    /// The GitHub settings cannot work.
    #[error("GitHub: {0}")]
    Github(#[from] github::BuildError),
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
        let registry = Arc::new(registry);
        let config = Config::new(settings, &registry).map_err(WireError::Automations)?;
        let Parts { stores, model, services, clock, jitter, metrics } = parts;
        let daybook = DayBook::new(Arc::clone(&stores.state), shard(&jitter));
        Ok(Self { stores, model, services, registry, config, clock, jitter, metrics, daybook })
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

/// The GitHub client as configured.
///
/// # Errors
/// [`WireError`].
pub fn github(
    settings: &Settings,
    environment: &Environment,
    clock: Clock,
) -> Result<Arc<dyn Publisher>, WireError> {
    let credentials = match &environment.github {
        Some(GithubCredentials::Token(token)) => github::Credentials::Token(token.clone()),
        Some(GithubCredentials::App { id, private_key }) => {
            github::Credentials::App { id: id.clone(), private_key: private_key.clone() }
        }
        // A server of one's own may need none.
        None if environment.github_api_url.is_some() => {
            github::Credentials::Token(SecretString::from("none".to_owned()))
        }
        None => {
            let how =
                "set it to a token that may write comments, or set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY";
            return Err(WireError::Missing("GITHUB_TOKEN", how));
        }
    };
    let mut config = github::Config::default();
    if let Some(url) = &environment.github_api_url {
        config.base_url.clone_from(url);
    }
    // One account answers; a source of another service has its own client.
    config.login = settings.sources.values().find_map(|source| source.filter.login.clone());
    Ok(Arc::new(Github::new(credentials, &config, clock)?))
}
