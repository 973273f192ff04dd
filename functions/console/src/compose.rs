//! [`compose`]: a [`Console`] from the environment and AWS, as it runs on Lambda.

use std::sync::Arc;

use futures::FutureExt;
use lambda::{BootError, SecretReader};

use crate::{Console, ReadTokens, TokenSource};

/// Starts the execution environment. Sends no request: the first caller does, so a cold start waits
/// for nothing.
///
/// # Errors
/// [`BootError`], when it cannot work as it is configured.
pub async fn compose() -> Result<Arc<Console>, BootError> {
    let booted = lambda::boot(None).await?;
    let tokens = TokenSource::kept(keeper(booted.console_secrets()));
    let console = Console::new(booted.stores, tokens, booted.clock).with_metrics(booted.metrics);
    Ok(Arc::new(console.with_settings(&booted.settings)))
}

/// Reads the tokens by way of `reader`. One that was taken back works for five minutes more.
fn keeper(reader: SecretReader) -> ReadTokens {
    Box::new(move || {
        let reader = reader.clone();
        async move {
            let environment = reader.environment().await.map_err(|error| error.to_string())?;
            Ok(environment.console_tokens.clone())
        }
        .boxed()
    })
}
