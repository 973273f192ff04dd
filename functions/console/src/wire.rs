//! [`wire`]: a [`Console`] from the environment and AWS, as it runs on Lambda.

use std::sync::Arc;

use aws::{Aws, AwsConfig};
use domain::Clock;
use futures::FutureExt;
use secrecy::ExposeSecret;
use settings::{AwsResources, ConsoleToken, Environment, Mistakes, Variables};
use telemetry::{Format, InitError, Output};

use crate::{Console, ReadTokens, TokenSource};

/// The variable that names the Secrets Manager secret with the tokens.
const SECRET_VARIABLE: &str = "ACT_SECRET_ID";
/// The variable within it that holds them.
const TOKENS: &str = "CONSOLE_TOKEN";

/// Why the console cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The environment is wrong.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    /// There is no log.
    #[error(transparent)]
    Log(#[from] InitError),
    /// No AWS resource is named.
    #[error("TASKS_TABLE, STATE_TABLE, QUEUE_URL_… and PAYLOAD_BUCKET are not set: template.yaml sets them")]
    NoResources,
}

/// Sets up this process's log, reads the environment, and connects. Sends no request: the first
/// caller does, so a cold start waits for nothing.
///
/// # Errors
/// [`WireError`], when it cannot work as it is configured.
pub async fn wire() -> Result<Arc<Console>, WireError> {
    let environment = Environment::read();
    let filter = environment.as_ref().ok().and_then(|environment| environment.log.as_deref());
    telemetry::init(Format::Json, Output::Stdout, filter)?;
    let environment = environment?;
    let resources = environment.aws.clone().ok_or(WireError::NoResources)?;
    let sdk = aws::sdk_config().await;
    let stores = Aws::connect(config(resources), &sdk);
    let tokens = match environment.act_secret_id {
        Some(id) => TokenSource::kept(keeper(aws::Secrets::new(&sdk, id, SECRET_VARIABLE))),
        None => TokenSource::fixed(&environment.console_tokens),
    };
    Ok(Arc::new(Console::new(stores, tokens, Clock::system())))
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

/// Reads the tokens from Secrets Manager. One that was taken back works for five minutes more.
fn keeper(kept: aws::Secrets) -> ReadTokens {
    let kept = Arc::new(kept);
    Box::new(move |now| {
        let kept = Arc::clone(&kept);
        async move { tokens_in(&*kept.read(now).await.map_err(|error| error.to_string())?) }.boxed()
    })
}

/// The tokens among the variables that one Secrets Manager secret holds.
fn tokens_in(values: &aws::SecretMap) -> Result<Vec<ConsoleToken>, String> {
    let lines = values.get(TOKENS).map(|value| (TOKENS, value.expose_secret()));
    let environment = Variables::from_map(lines).environment().map_err(|mistakes| mistakes.to_string())?;
    Ok(environment.console_tokens)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    fn kept(lines: &str) -> aws::SecretMap {
        [(TOKENS.to_owned(), SecretString::from(lines)), ("OTHER".to_owned(), "x".into())].into()
    }

    #[test]
    fn tokens_are_taken_out_of_the_kept_variables() {
        let tokens = tokens_in(&kept("mona:abc\nlisa:def")).unwrap();
        let names: Vec<&str> = tokens.iter().map(|token| token.name.as_str()).collect();
        assert_eq!(names, ["mona", "lisa"]);
        assert!(tokens_in(&aws::SecretMap::new()).unwrap().is_empty());
    }

    #[test]
    fn line_without_a_name_is_an_error_that_does_not_quote_it() {
        let error = tokens_in(&kept("hunter2")).unwrap_err();
        assert!(error.contains(TOKENS) && !error.contains("hunter2"), "{error}");
    }
}
