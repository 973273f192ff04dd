//! GitHub.

use std::sync::Arc;

use ::github::{Config, Credentials, Github};
use domain::Clock;
use settings::{Environment, GithubCredentials, Settings, SourceSettings};
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

fn client(settings: &Settings, environment: &Environment, clock: Clock) -> Built {
    let Some(base_url) = address(environment) else { return Ok(None) };
    let login = login(settings, environment);
    let config = Config { base_url, login, ..Config::default() };
    let github = Github::new(credentials(environment), &config, clock)?;
    Ok(Some(Client::with_threads(Arc::new(github))))
}

/// The account that comments are written under, as far as agent.toml can say: one account answers, and sources of other
/// services have accounts of their own. An app's is GitHub's to name; the login of agent.toml is what people mention.
fn login(settings: &Settings, environment: &Environment) -> Option<String> {
    if matches!(environment.github, Some(GithubCredentials::App { .. })) {
        return None;
    }
    let of_github = |source: &&SourceSettings| source.sender.provider == Provider::Github;
    settings.sources.values().filter(of_github).find_map(|source| source.filter.login.clone())
}

fn credentials(environment: &Environment) -> Credentials {
    match environment.github.clone() {
        Some(GithubCredentials::Token(token)) => Credentials::Token(token),
        Some(GithubCredentials::App { id, private_key }) => Credentials::App { id, private_key },
        None => Credentials::Token(no_token()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_of_agent_toml_is_the_account_of_a_token_and_not_of_an_app() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let text = "[agent]\npersona = \"p.md\"\n[sources.github]\nlogin = \"octo-helper\"\n";
        let settings = Settings::parse(text, dir.path()).unwrap();
        let token = Environment::from_map([("GITHUB_TOKEN", "ghp_x")]).unwrap();
        assert_eq!(login(&settings, &token).as_deref(), Some("octo-helper"));
        let app = Some(GithubCredentials::App { id: "1".to_owned(), private_key: "x".into() });
        assert_eq!(login(&settings, &Environment { github: app, ..token }), None);
    }
}
