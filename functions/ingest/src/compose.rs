//! [`compose`]: an [`Ingest`] from agent.toml, the environment and AWS, as it runs on Lambda.

use std::sync::Arc;

use futures::FutureExt;
use lambda::{BootError, SecretReader};

use crate::{Ingest, ReadSecrets, SecretsSource, Unreadable, Want, signing_secrets};

/// Starts the execution environment. Sends no request: the first webhook does, so a cold start waits
/// for nothing.
///
/// # Errors
/// [`BootError`], when it cannot work as it is configured.
pub async fn compose() -> Result<Arc<Ingest>, BootError> {
    let booted = lambda::boot(None).await?;
    let names = booted.settings.sources.keys().cloned().collect();
    let secrets = SecretsSource::kept(keeper(booted.verify_secrets(), names));
    let sources = booted.settings.sources.values();
    let mut ingest = Ingest::new(booted.stores, sources, secrets, booted.clock, booted.metrics);
    // Secrets Manager has the secrets wherever strangers can reach this.
    if booted.environment.verify_secret_id.is_some() {
        ingest = ingest.with_usual_event_ages();
    }
    Ok(Arc::new(ingest.with_approvals(&booted.settings)))
}

/// Reads the signing secrets of the sources `names` by way of `reader`.
fn keeper(reader: SecretReader, names: Vec<String>) -> ReadSecrets {
    let names: Arc<[String]> = names.into();
    Box::new(move |want| {
        let (reader, names) = (reader.clone(), Arc::clone(&names));
        async move {
            let environment = match want {
                Want::Current => reader.environment().await,
                Want::Newer => reader.after_failure().await,
            };
            let environment = environment.map_err(Unreadable::new)?;
            environment.check_apart(names.iter().map(String::as_str)).map_err(Unreadable::new)?;
            Ok(signing_secrets(&environment, &names))
        }
        .boxed()
    })
}
