//! Processors and models as they are wired in production, with the stand-ins behind real clients.

use std::sync::Arc;

use ::processor::{Parts, Processor};
use domain::{Clock, Jitter, Model, Stores};
use settings::{Environment, Settings};
use telemetry::Metrics;

use crate::Outcome;
use crate::world::World;

/// The key of the model's service that processors begin with.
pub(crate) const KEY: &str = "bench";

/// What a processor is told besides its settings.
pub(crate) struct Surroundings<'w> {
    pub(crate) world: &'w World,
    pub(crate) stores: &'w Stores,
    pub(crate) clock: &'w Clock,
    pub(crate) jitter: Jitter,
    pub(crate) metrics: Metrics,
    /// The key of the model's service.
    pub(crate) key: &'w str,
}

/// One execution environment's processor, with a model client of its own.
pub(crate) fn processor(settings: &Settings, around: Surroundings<'_>) -> Outcome<Arc<Processor>> {
    let Surroundings { world, stores, clock, jitter, metrics, key } = around;
    let environment = environment(&world.gemini_url, &world.github_url, key)?;
    let parts = Parts {
        stores: stores.clone(),
        model: model(settings, &environment, stores, clock, &jitter, &metrics)?,
        services: wiring::services(settings, &environment, clock)?,
        clock: clock.clone(),
        jitter,
        metrics,
    };
    Ok(Arc::new(Processor::new(settings, ::processor::registry(), parts)?))
}

/// The model as the processor has it; what the fleet shares is kept in `stores`.
pub(crate) fn model(
    settings: &Settings,
    environment: &Environment,
    stores: &Stores,
    clock: &Clock,
    jitter: &Jitter,
    metrics: &Metrics,
) -> Outcome<Arc<dyn Model>> {
    let state = Arc::clone(&stores.state);
    Ok(::processor::gemini(settings, environment, state, clock.clone(), jitter.clone(), metrics.clone())?)
}

/// The variables of a processor that talks to these services; four of them may run at once.
pub(crate) fn environment(gemini: &str, github: &str, key: &str) -> Outcome<Environment> {
    let variables = [
        ("GEMINI_BASE_URL", gemini),
        ("GEMINI_API_KEY", key),
        ("GITHUB_API_URL", github),
        ("GITHUB_TOKEN", "bench"),
        ("STANDARD_CONCURRENCY", "4"),
    ];
    Ok(Environment::from_map(variables)?)
}
