//! Slack's client.

use std::sync::Arc;

use ::slack::{BuildError, Slack};
use domain::Clock;
use secrecy::SecretString;
use settings::Environment;

/// Shown to a server of one's own, which may need no token.
pub const NO_TOKEN: &str = "none";

/// The client, if the environment has a token or the address of a server of one's own.
///
/// # Errors
/// What is wrong with them.
pub fn slack(environment: &Environment, clock: Clock) -> Result<Option<Arc<Slack>>, BuildError> {
    let url = environment.slack_api_url.as_ref();
    let token = environment.slack_bot_token.clone().or_else(|| url.map(|_| SecretString::from(NO_TOKEN)));
    let Some(token) = token else { return Ok(None) };
    let mut config = ::slack::default_config();
    if let Some(url) = url {
        config.base_url.clone_from(url);
    }
    Slack::new(&token, &config, clock).map(|slack| Some(Arc::new(slack)))
}
