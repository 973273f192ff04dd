//! What the bot of Slack may do.

use reqwest::Client;
use secrecy::ExposeSecret;
use settings::{Environment, Settings, SourceSettings};
use webhook::Provider;
use wiring::OutsideService;

use super::Finding;

/// Slack tells a token's scopes in this header of every answer.
const SCOPES: &str = "x-oauth-scopes";

/// Looks at the scopes that the events of agent.toml need.
pub(super) async fn look(settings: &Settings, environment: &Environment, client: &Client) -> Option<Finding> {
    const WHAT: &str = "Slack scopes";
    let token = environment.slack_bot_token.as_ref()?;
    let address = OutsideService::Slack.address(environment)?;
    let request = client.post(format!("{address}/auth.test")).bearer_auth(token.expose_secret());
    // What cannot be reached, or is refused, the account's own line says.
    let answer = request.send().await.ok()?;
    let Some(scopes) = answer.headers().get(SCOPES).and_then(|scopes| scopes.to_str().ok()) else {
        return Some(Finding::skipped(WHAT, "Slack does not tell what the token may do"));
    };
    let has: Vec<&str> = scopes.split(',').map(str::trim).collect();
    let missing: Vec<&str> = scopes_for(settings).into_iter().filter(|scope| !has.contains(scope)).collect();
    if missing.is_empty() {
        return Some(Finding::ok(WHAT, format!("the bot has {}", has.join(", "))));
    }
    let mend = "add it under OAuth & Permissions, and install the app again";
    Some(Finding::wrong(WHAT, format!("the bot lacks {}", missing.join(", ")), mend))
}

/// What the events of agent.toml need; without a source of Slack, what posting does.
fn scopes_for(settings: &Settings) -> Vec<&'static str> {
    let of_slack = |source: &&SourceSettings| source.sender.provider == Provider::Slack;
    let sources: Vec<&SourceSettings> = settings.sources.values().filter(of_slack).collect();
    if sources.is_empty() {
        return vec!["chat:write"];
    }
    let usual = || vec!["app_mention".to_owned()];
    let events: Vec<String> =
        sources.iter().flat_map(|source| source.filter.events.clone().unwrap_or_else(usual)).collect();
    crate::command::setup::slack_scopes(&events, &settings.agent.media_hosts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_messages_need_a_scope_where_the_model_is_shown_them() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let scopes = |hosts: &str| {
            let text = format!("[agent]\npersona = \"p.md\"\nmedia_hosts = [{hosts}]\n[sources.slack]\n");
            scopes_for(&Settings::parse(&text, dir.path()).unwrap())
        };
        assert!(scopes("\"github.com\", \"files.slack.com\"").contains(&"files:read"));
        assert!(!scopes("\"github.com\"").contains(&"files:read"));
    }
}
