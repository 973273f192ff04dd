//! GitHub.

use std::sync::Arc;

use ::github::{Config, Credentials, Github};
use domain::Clock;
use settings::{Environment, GithubCredentials, Settings};
use webhook::Provider;

use crate::service::{Built, Row, no_token};
use crate::{Client, OutsideService, ServiceClient};

pub(crate) static ROW: Row = Row {
    service: &::github::SERVICE,
    how: "set GITHUB_TOKEN to a token that may write comments, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY",
    provider: Some(Provider::Github),
    automations: &[],
    knows_state: true,
    has_labels: true,
    redelivers: true,
    has_reactions: true,
    address,
    has_credentials: |environment| environment.github.is_some(),
    client,
    redirect: |environment, address, token| {
        environment.github_api_url = Some(address.to_owned());
        environment.github = Some(GithubCredentials::Token(token));
    },
};

impl ServiceClient for Github {
    const SERVICE: OutsideService = OutsideService::Github;
}

fn address(environment: &Environment) -> Option<String> {
    let public = || environment.github.as_ref().map(|_| Config::default().base_url);
    environment.github_api_url.clone().or_else(public)
}

fn client(_: &Settings, environment: &Environment, clock: Clock) -> Built {
    let Some(base_url) = address(environment) else { return Ok(None) };
    let config = Config { base_url, ..Config::default() };
    let github = Github::new(credentials(environment), &config, clock)?;
    Ok(Some(Client::with_threads(Arc::new(github))))
}

fn credentials(environment: &Environment) -> Credentials {
    match environment.github.clone() {
        Some(GithubCredentials::Token(token)) => Credentials::Token(token),
        Some(GithubCredentials::App { id, private_key }) => Credentials::App { id, private_key },
        None => Credentials::Token(no_token()),
    }
}
