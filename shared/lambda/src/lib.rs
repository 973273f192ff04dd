//! What every function does when its execution environment starts: log ([`program`]), settings, stores, secrets
//! ([`boot`]).
//!
//! Nothing here sends a request: a cold start costs parsing agent.toml and no more, and what cannot be
//! reached is found out by the first event, which then comes back.

mod lanes;
mod made_of;
mod secrets;

use std::error::Error;

use aws::{Aws, AwsConfig};
use aws_config::SdkConfig;
use domain::{Clock, Jitter, Stores};
use settings::{AwsResources, Environment, Mistakes, Settings, Variables};
use telemetry::{Format, Metrics, Output};
use tracing::{Instrument, error_span};

pub use lanes::Lanes;
pub use made_of::MadeOf;
pub use secrets::{SecretReader, SecretsUnreadable};

/// A started execution environment.
pub struct Booted<S = Settings> {
    /// agent.toml.
    pub settings: S,
    /// The environment variables, without the secrets of Secrets Manager.
    pub environment: Environment,
    /// DynamoDB, S3 and SQS.
    pub stores: Stores,
    /// The lanes by their queues' names.
    pub lanes: Lanes,
    /// The machine's clock.
    pub clock: Clock,
    /// Randomness for back-off.
    pub jitter: Jitter,
    /// CloudWatch, by way of the log.
    pub metrics: Metrics,
    variables: Variables,
    sdk: SdkConfig,
}

/// Why a function cannot start. It is shown in the log, and Lambda tries again.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// agent.toml or the environment has mistakes.
    #[error("{0}")]
    Mistakes(#[from] Mistakes),
    /// A variable is missing that template.yaml sets.
    #[error("{0} is not set: deploy with template.yaml, which sets it")]
    Missing(&'static str),
}

/// The whole of the program of `function`: its log, and in it `work`, which ends only when it cannot go on. That is a
/// line of the log like all others, with the name of the function, and ends the process.
///
/// # Errors
/// None; the type is that of a program.
pub async fn program(
    function: &'static str,
    work: impl Future<Output = Result<(), Box<dyn Error + Send + Sync>>>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let filter = Variables::read().environment().ok().and_then(|environment| environment.log);
    let log = |filter| telemetry::init(Format::Json, Output::Stdout, filter);
    let begun = log(filter.as_deref()).or_else(|error| log(None).and(Err(error)));
    let said = async {
        begun?;
        work.await
    };
    // Made only now that there is a log which it is part of.
    let span = error_span!("program", function);
    let Err(error) = said.instrument(span.clone()).await else { return Ok(()) };
    span.in_scope(|| tracing::error!(%error, "the function cannot go on"));
    std::process::exit(1);
}

/// Starts: agent.toml (whose automations must be among `automations`, where the function has
/// any), the environment and the clients.
///
/// # Errors
/// [`BootError`].
pub async fn boot(automations: Option<&[&str]>) -> Result<Booted, BootError> {
    let Booted { settings, environment, stores, lanes, clock, jitter, metrics, variables, sdk } =
        boot_anyway(automations).await?;
    let settings = settings?;
    Ok(Booted { settings, environment, stores, lanes, clock, jitter, metrics, variables, sdk })
}

/// Starts although agent.toml may have mistakes: whoever takes messages gives them back in order then.
///
/// # Errors
/// [`BootError`], of everything but agent.toml.
pub async fn boot_anyway(
    automations: Option<&[&str]>,
) -> Result<Booted<Result<Settings, Mistakes>>, BootError> {
    // A provider that is there already is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let variables = Variables::read();
    let environment = variables.environment()?;
    let path = environment.config_path();
    let settings = match automations {
        Some(automations) => Settings::load_for(&path, automations),
        None => Settings::load(&path),
    };
    let resources = environment.aws.as_ref().ok_or(BootError::Missing("TASKS_TABLE"))?;
    let sdk = aws::sdk_config().await;
    let clock = Clock::system();
    Ok(Booted {
        stores: Aws::connect(config(resources, environment.queue_url_dead.clone()), &sdk),
        lanes: Lanes::new(resources),
        metrics: Metrics::stdout(clock.clone())
            .of_stack(environment.stack_name.as_deref())
            .of_version(environment.function_version.as_deref()),
        jitter: Jitter::from_fn(fastrand::f64),
        clock,
        settings,
        environment,
        variables,
        sdk,
    })
}

/// The adapters' names of the resources.
#[must_use]
pub fn config(resources: &AwsResources, dead_letter_url: Option<String>) -> AwsConfig {
    AwsConfig {
        tasks_table: resources.tasks_table.clone(),
        state_table: resources.state_table.clone(),
        queue_url_express: resources.queue_url_express.clone(),
        queue_url_standard: resources.queue_url_standard.clone(),
        queue_url_bulk: resources.queue_url_bulk.clone(),
        dead_letter_url,
        payload_bucket: resources.payload_bucket.clone(),
    }
}
