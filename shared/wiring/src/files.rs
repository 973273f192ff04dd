//! The fetcher of the files that events show, with the credentials that private ones need.

use std::sync::Arc;

use ::github::Github;
use outbound::{BuildError, Credential, Fetcher, Url};
use settings::{Environment, Settings};

use crate::Client;
use crate::calls::reach;

/// Where Slack keeps files.
const SLACK_FILES: &str = "files.slack.com";

/// Each credential is shown to the host of its service alone. Those of GitHub are what its client acts with: a token, or
/// that of an app's installation in the repository.
///
/// # Errors
/// A credential cannot be sent.
pub(crate) fn files<'c>(
    settings: &Settings,
    environment: &Environment,
    mut clients: impl Iterator<Item = &'c Client>,
) -> Result<Fetcher, BuildError> {
    let mut fetcher = Fetcher::new(&reach(settings, environment));
    let github = clients.find_map(Client::shared::<Github>);
    if let Some(github) = github.filter(|_| environment.github.is_some()) {
        fetcher = fetcher.with(&github_host(environment), github);
    }
    if let Some(token) = &environment.slack_bot_token {
        fetcher = fetcher.with(SLACK_FILES, Arc::new(Credential::bearer(&slack::SERVICE, token)?));
    }
    if let Some(access) = &environment.jira
        && let Some(host) = host(Some(&access.url))
    {
        let credential = Credential::basic(&jira::SERVICE, &access.email, &access.token)?;
        fetcher = fetcher.with(&host, Arc::new(credential));
    }
    Ok(fetcher)
}

/// Where people attach files: github.com, or the Enterprise Server that the API is at.
fn github_host(environment: &Environment) -> String {
    let api = host(environment.github_api_url.as_deref());
    api.filter(|host| host != "api.github.com").unwrap_or_else(|| "github.com".to_owned())
}

fn host(url: Option<&str>) -> Option<String> {
    Url::parse(url?).ok()?.host_str().map(str::to_owned)
}
