//! From agent.toml and the environment to the place where people are asked.

use std::sync::Arc;

use domain::{Approver, Clock};
use settings::{Environment, Settings};
use slack::{Approvals, Slack};

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub enum ApproverError {
    /// There is no token.
    #[error("[approvals.slack] needs SLACK_BOT_TOKEN: set it to the Bot User OAuth Token (xoxb-…)")]
    NoToken,
    /// The settings cannot work.
    #[error("Slack: {0}")]
    Slack(#[from] slack::BuildError),
}

/// The place of `[approvals.slack]`; `None` when people are asked on the console alone.
///
/// # Errors
/// [`ApproverError`].
pub fn approver(
    settings: &Settings,
    environment: &Environment,
    clock: Clock,
) -> Result<Option<Arc<dyn Approver>>, ApproverError> {
    let Some(approvals) = &settings.approvals.slack else { return Ok(None) };
    let token = environment.slack_bot_token.as_ref().ok_or(ApproverError::NoToken)?;
    let mut config = slack::default_config();
    if let Some(url) = &environment.slack_api_url {
        config.base_url.clone_from(url);
    }
    let slack = Arc::new(Slack::new(token, &config, clock)?);
    Ok(Some(Arc::new(Approvals::new(slack, &approvals.channel, environment.console_url.as_deref()))))
}
