//! The fetcher of the files that events show, with the credentials that private ones need.

use outbound::{BuildError, Credential, Fetcher, Url};
use settings::{Environment, GithubCredentials, Settings};

use crate::calls::reach;

/// Where Slack keeps files.
const SLACK_FILES: &str = "files.slack.com";

/// Each credential is shown to the host of its service alone.
///
/// # Errors
/// A credential cannot be sent.
pub(crate) fn files(settings: &Settings, environment: &Environment) -> Result<Fetcher, BuildError> {
    let mut fetcher = Fetcher::new(&reach(settings, environment));
    if let Some(GithubCredentials::Token(token)) = &environment.github {
        fetcher = fetcher.with(&github_host(environment), Credential::bearer(&github::SERVICE, token)?);
    }
    if let Some(token) = &environment.slack_bot_token {
        fetcher = fetcher.with(SLACK_FILES, Credential::bearer(&slack::SERVICE, token)?);
    }
    Ok(fetcher)
}

/// Where people attach files: github.com, or the Enterprise Server that the API is at.
fn github_host(environment: &Environment) -> String {
    let api = environment.github_api_url.as_deref().and_then(|url| Url::parse(url).ok());
    let host = api.as_ref().and_then(Url::host_str).unwrap_or("github.com");
    if host == "api.github.com" { "github.com".to_owned() } else { host.to_owned() }
}
