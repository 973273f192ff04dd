//! [`wire`]: an [`Ingest`] from agent.toml, the environment and AWS, as it runs on Lambda.

use std::sync::Arc;

use aws::{Aws, AwsConfig};
use domain::Clock;
use futures::FutureExt;
use secrecy::ExposeSecret;
use settings::{AwsResources, Environment, Mistakes, Settings, Variables, variable_of};
use telemetry::{Format, InitError, Metrics, Output};

use crate::{Ingest, ReadSecrets, SecretMap, SecretsSource, Unreadable, Want};

/// The variable that names the Secrets Manager secret with the signing secrets.
const SECRET_VARIABLE: &str = "VERIFY_SECRET_ID";

/// Why ingest cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// agent.toml or the environment is wrong.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    /// There is no log.
    #[error(transparent)]
    Log(#[from] InitError),
    /// No AWS resource is named.
    #[error("TASKS_TABLE, STATE_TABLE, QUEUE_URL_… and PAYLOAD_BUCKET are not set: template.yaml sets them")]
    NoResources,
}

/// Sets up this process's log, reads agent.toml and the environment, and connects. Sends no request:
/// the first webhook does, so a cold start waits for nothing.
///
/// # Errors
/// [`WireError`], when it cannot work as it is configured.
pub async fn wire() -> Result<Arc<Ingest>, WireError> {
    let environment = Environment::read();
    let filter = environment.as_ref().ok().and_then(|environment| environment.log.as_deref());
    telemetry::init(Format::Json, Output::Stdout, filter)?;
    let environment = environment?;
    let settings = Settings::load(&environment.config_path())?;
    let resources = environment.aws.clone().ok_or(WireError::NoResources)?;
    let sdk = aws::sdk_config().await;
    let stores = Aws::connect(config(resources), &sdk);
    let names: Vec<String> = settings.sources.keys().cloned().collect();
    let secrets = match environment.verify_secret_id.clone() {
        Some(id) => SecretsSource::kept(keeper(aws::Secrets::new(&sdk, id, SECRET_VARIABLE), names)),
        None => SecretsSource::fixed(secrets_of(&environment, &names)),
    };
    let clock = Clock::system();
    let metrics = Metrics::stdout(clock.clone());
    Ok(Arc::new(Ingest::new(stores, settings.sources.values(), secrets, clock, metrics)))
}

fn config(resources: AwsResources) -> AwsConfig {
    AwsConfig {
        tasks_table: resources.tasks_table,
        state_table: resources.state_table,
        queue_url_express: resources.queue_url_express,
        queue_url_standard: resources.queue_url_standard,
        queue_url_bulk: resources.queue_url_bulk,
        dead_letter_url: None,
        payload_bucket: resources.payload_bucket,
    }
}

/// Reads the signing secrets of the sources `names` from Secrets Manager.
fn keeper(kept: aws::Secrets, names: Vec<String>) -> ReadSecrets {
    let (kept, names) = (Arc::new(kept), Arc::new(names));
    Box::new(move |want, now| {
        let (kept, names) = (Arc::clone(&kept), Arc::clone(&names));
        async move {
            let values = match want {
                Want::Current => kept.read(now).await.map(Some),
                Want::Newer => kept.refresh_after_failure(now).await,
            };
            values.map_err(Unreadable::new)?.map(|values| secrets_in(&values, &names)).transpose()
        }
        .boxed()
    })
}

/// The signing secrets among the variables that one Secrets Manager secret holds.
fn secrets_in(values: &aws::SecretMap, names: &[String]) -> Result<SecretMap, Unreadable> {
    let variables = names.iter().map(|name| variable_of(name)).filter_map(|variable| {
        let value = values.get(&variable)?.expose_secret().to_owned();
        Some((variable, value))
    });
    let environment = Variables::from_map(variables).environment().map_err(Unreadable::new)?;
    Ok(secrets_of(&environment, names))
}

/// The signing secrets of the sources `names`; one that has none is left out, and takes nothing.
fn secrets_of(environment: &Environment, names: &[String]) -> SecretMap {
    let of = |name: &String| Some((name.clone(), environment.secrets_for(name)?.clone()));
    names.iter().filter_map(of).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    #[test]
    fn only_the_secrets_of_our_sources_are_taken_out_of_the_kept_ones() {
        let values =
            [("GITHUB_WEBHOOK_SECRET", "new\nold\n"), ("WORK_REPO_WEBHOOK_SECRET", "x"), ("OTHER", "y")];
        let values = values.map(|(name, value)| (name.to_owned(), SecretString::from(value))).into();
        let secrets = secrets_in(&values, &["github".to_owned(), "gitlab".to_owned()]).unwrap();
        assert_eq!(secrets.keys().collect::<Vec<_>>(), ["github"]);
        let lines: Vec<&str> = secrets["github"].0.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(lines, ["new", "old"]);
    }
}
