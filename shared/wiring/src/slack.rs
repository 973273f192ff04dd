//! Slack.

use std::sync::Arc;

use ::slack::{Config, Slack, default_config};
use domain::Clock;
use outbound::BuildError;
use settings::Environment;
use webhook::Provider;

use crate::service::{Row, no_token};
use crate::{Client, OutsideService, ServiceClient};

pub(crate) static ROW: Row = Row {
    service: &::slack::SERVICE,
    how: "set SLACK_BOT_TOKEN to the Bot User OAuth Token (xoxb-…)",
    provider: Some(Provider::Slack),
    automations: &["summarise"],
    knows_state: false,
    has_labels: false,
    redelivers: false,
    has_reactions: false,
    address,
    has_credentials: |environment| environment.slack_bot_token.is_some(),
    client: |_, environment, clock| Ok(client(environment, clock)?.map(Client::with_threads)),
    redirect: |environment, address, token| {
        environment.slack_api_url = Some(format!("{address}/api"));
        environment.slack_bot_token = Some(token);
    },
};

impl ServiceClient for Slack {
    const SERVICE: OutsideService = OutsideService::Slack;
}

fn address(environment: &Environment) -> Option<String> {
    let public = || environment.slack_bot_token.as_ref().map(|_| default_config().base_url);
    environment.slack_api_url.clone().or_else(public)
}

/// The client, which approvals are asked with, too.
pub(crate) fn client(environment: &Environment, clock: Clock) -> Result<Option<Arc<Slack>>, BuildError> {
    let Some(address) = address(environment) else { return Ok(None) };
    let token = environment.slack_bot_token.clone().unwrap_or_else(no_token);
    Ok(Some(Arc::new(Slack::new(&token, &Config::at(address), clock)?)))
}
