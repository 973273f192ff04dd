//! The place where people are asked about drafts, besides the console.

use std::sync::Arc;

use ::slack::Approvals;
use domain::{Approver, Clock};
use outbound::BuildError;
use settings::{Environment, Settings};

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub enum ApproverError {
    /// There is no token.
    #[error("[approvals.slack] needs SLACK_BOT_TOKEN: set it to the Bot User OAuth Token (xoxb-…)")]
    NoToken,
    /// The settings cannot work.
    #[error("Slack: {0}")]
    Slack(#[from] BuildError),
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
    let slack = crate::slack::client(environment, clock)?.ok_or(ApproverError::NoToken)?;
    let channel = Approvals::new(slack, &approvals.channel, environment.console_url.as_deref());
    let intents = settings.intents.iter().map(|intent| intent.name.clone());
    Ok(Some(Arc::new(channel.with_intents(intents))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(approvals: &str, variables: &[(&str, &str)]) -> Result<bool, ApproverError> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let text = format!("[agent]\npersona = \"p.md\"\n{approvals}\n[sources.slack]\n");
        let settings = Settings::parse(&text, dir.path()).unwrap();
        let environment = Environment::from_map(variables.iter().copied()).unwrap();
        approver(&settings, &environment, Clock::system()).map(|approver| approver.is_some())
    }

    const SLACK: &str = "[approvals.slack]\nchannel = \"C0APPROVALS\"\napprovers = [\"U2CERLKJA\"]";

    #[test]
    fn without_approvals_in_slack_people_are_asked_on_the_console_alone() {
        assert!(!made("", &[("SLACK_BOT_TOKEN", "xoxb-1")]).unwrap());
    }

    #[test]
    fn a_missing_token_is_named() {
        assert!(made(SLACK, &[]).unwrap_err().to_string().contains("SLACK_BOT_TOKEN"));
    }

    #[test]
    fn a_token_or_a_server_of_ones_own_will_do() {
        assert!(made(SLACK, &[("SLACK_BOT_TOKEN", "xoxb-1")]).unwrap());
        assert!(made(SLACK, &[("SLACK_API_URL", "http://127.0.0.1:9/api")]).unwrap());
    }
}
