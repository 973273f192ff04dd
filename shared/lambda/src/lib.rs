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
/// line of the log like all others, with the name of the function, and ends the process. Every panic counts as a
/// failure of the function, also one that is caught and costs a single task: Lambda does not see that one, and a rollout
/// would go on.
///
/// # Errors
/// None; the type is that of a program.
pub async fn program(
    function: &'static str,
    work: impl Future<Output = Result<(), Box<dyn Error + Send + Sync>>>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    // No more of the environment is kept while the program runs.
    let environment = Variables::read().environment_anyway().0;
    let log = |filter| telemetry::init(Format::Json, Output::Stdout, filter);
    let begun = log(environment.log.as_deref()).or_else(|error| log(None).and(Err(error)));
    count_panics(function, metrics(&environment, Clock::system()));
    let said = async {
        // Whoever answers or takes messages does so with the default one.
        if let Err(error) = begun {
            tracing::error!(%error, "AFTERHOOK_LOG cannot be used");
        }
        work.await
    };
    // Made only now that there is a log which it is part of.
    let span = error_span!("program", function);
    let Err(error) = said.instrument(span.clone()).await else { return Ok(()) };
    span.in_scope(|| tracing::error!(%error, "the function cannot go on"));
    std::process::exit(1);
}

fn count_panics(function: &'static str, metrics: Metrics) {
    let log = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        log(info);
        metrics.failed(function);
    }));
}

fn metrics(environment: &Environment, clock: Clock) -> Metrics {
    Metrics::logged(clock)
        .of_stack(environment.stack_name.as_deref())
        .of_version(environment.function_version.as_deref())
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

/// Starts although agent.toml or variables may have mistakes: whoever takes messages gives them back in order then.
///
/// # Errors
/// [`BootError`]: without the queues and tables that template.yaml names there is nothing to give back to.
pub async fn boot_anyway(
    automations: Option<&[&str]>,
) -> Result<Booted<Result<Settings, Mistakes>>, BootError> {
    // A provider that is there already is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let variables = Variables::read();
    let (environment, resources, settings) = configured(&variables, automations)?;
    let sdk = aws::sdk_config().await;
    let clock = Clock::system();
    Ok(Booted {
        stores: Aws::connect(config(&resources, environment.queue_url_dead.clone()), &sdk),
        lanes: Lanes::new(&resources),
        metrics: metrics(&environment, clock.clone()),
        jitter: Jitter::from_fn(fastrand::f64),
        clock,
        settings,
        environment,
        variables,
        sdk,
    })
}

/// What `variables` say, as far as they can be used, and agent.toml, if both are without mistakes.
fn configured(
    variables: &Variables,
    automations: Option<&[&str]>,
) -> Result<(Environment, AwsResources, Result<Settings, Mistakes>), BootError> {
    let (environment, fit) = variables.environment_anyway();
    let Some(resources) = environment.aws.clone() else {
        fit?;
        return Err(BootError::Missing("TASKS_TABLE"));
    };
    let path = environment.config_path();
    let settings = fit.and_then(|()| match automations {
        Some(automations) => Settings::load_for(&path, automations),
        None => Settings::load(&path),
    });
    Ok((environment, resources, settings))
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

#[cfg(test)]
mod tests {
    use super::*;

    const RESOURCES: [(&str, &str); 6] = [
        ("TASKS_TABLE", "tasks"),
        ("STATE_TABLE", "state"),
        ("QUEUE_URL_EXPRESS", "https://sqs.example/express"),
        ("QUEUE_URL_STANDARD", "https://sqs.example/standard"),
        ("QUEUE_URL_BULK", "https://sqs.example/bulk"),
        ("PAYLOAD_BUCKET", "payloads"),
    ];
    const AGENT: (&str, &str) =
        ("AFTERHOOK_CONFIG", concat!(env!("CARGO_MANIFEST_DIR"), "/../../agent/agent.toml"));

    fn with(more: &[(&str, &str)]) -> Result<Result<Settings, Mistakes>, BootError> {
        let variables = Variables::from_map(RESOURCES.iter().chain([&AGENT]).chain(more).copied());
        configured(&variables, None).map(|(_, _, settings)| settings)
    }

    #[test]
    fn variables_and_an_agent_toml_without_mistakes_are_fit() {
        assert!(with(&[("GITHUB_TOKEN", "ghp_1"), ("BULK_CONCURRENCY", "2")]).unwrap().is_ok());
    }

    #[test]
    fn variable_that_cannot_be_used_keeps_nobody_from_giving_messages_back() {
        for (name, value) in [
            ("GITHUB_TOKEN", "two words"),
            ("GITHUB_APP_ID", "1"),
            ("GEMINI_BASE_URL", "nonsense"),
            ("GOOGLE_CREDENTIALS", "{"),
            ("SLACK_BOT_TOKEN", "two words"),
            ("CONSOLE_URL", "nonsense"),
            ("CONSOLE_TOKEN", "short"),
            ("BULK_CONCURRENCY", "none"),
            ("ZENDESK_EMAIL", "nobody"),
            ("QUEUE_URL_DEAD", "nonsense"),
        ] {
            let mistakes = with(&[(name, value)]).unwrap().unwrap_err().to_string();
            assert!(mistakes.contains(name), "{name}: {mistakes}");
        }
    }

    #[test]
    fn agent_toml_that_cannot_be_used_keeps_nobody_from_giving_messages_back() {
        let settings = with(&[("AFTERHOOK_CONFIG", "/nowhere/agent.toml")]).unwrap();
        assert!(settings.unwrap_err().to_string().contains("/nowhere/agent.toml"));
    }

    #[test]
    fn without_queues_and_tables_nothing_starts() {
        assert!(matches!(with(&[("TASKS_TABLE", "")]), Err(BootError::Mistakes(_))));
        assert!(matches!(with(&[("QUEUE_URL_BULK", "nonsense")]), Err(BootError::Mistakes(_))));
        let none = Variables::from_map([AGENT]);
        assert!(matches!(configured(&none, None), Err(BootError::Missing("TASKS_TABLE"))));
    }
}
