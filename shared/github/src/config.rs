//! The configuration of a client.

use std::time::Duration;

use domain::Clock;
use outbound::{BuildError, Client, HeaderMap, HeaderName, HeaderValue, Limit, Service};
use secrecy::SecretString;

/// GitHub's API.
const URL: &str = "https://api.github.com";

/// GitHub, as errors name it.
pub static SERVICE: Service = Service {
    name: "github",
    title: "GitHub",
    url_variable: "GITHUB_API_URL",
    url_example: "https://api.github.com or https://HOST/api/v3",
    credential_variable: "GITHUB_TOKEN",
    // As its refusal has it; people have measured four bytes for each, which is never less.
    longest_text: Limit::chars(65_536),
};

/// Where GitHub is and how long to wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Base of the REST API: `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise
    /// Server. A plain `http://` base is spoken to in HTTP/1.1.
    pub base_url: String,
    /// Sent as `User-Agent`; GitHub refuses requests without one.
    pub user_agent: String,
    /// Limit of one whole operation: token, pages and redirects included.
    pub timeout: Duration,
    /// Limit of making a connection, name resolution and TLS included. Shorter than `timeout`, so
    /// that an unreachable host is told apart from a lost answer.
    pub connect_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        let outbound::Config { base_url, user_agent, timeout, connect_timeout } = outbound::Config::at(URL);
        Self { base_url, user_agent, timeout, connect_timeout }
    }
}

/// How we show GitHub who we are.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A personal access token, classic or fine-grained.
    Token(SecretString),
    /// A GitHub App, which acts through its installation on the repository's owner.
    App {
        /// Its app id or client id.
        id: String,
        /// Its RSA key as PEM, PKCS#1 (as GitHub hands it out) or PKCS#8.
        private_key: SecretString,
    },
}

/// The kind of our credentials: it decides what an error advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialKind {
    /// A personal access token.
    Token,
    /// A GitHub App.
    App,
}

/// A client without credentials.
pub(crate) fn client(config: &Config, clock: Clock) -> Result<Client, BuildError> {
    let Config { base_url, user_agent, timeout, connect_timeout } = config.clone();
    let config = outbound::Config { base_url, user_agent, timeout, connect_timeout };
    let client = Client::anonymous(&SERVICE, &config, &standard_headers(), clock)?;
    if client.base().host() == "github.com" {
        let problem = "is that of the web site, not of the API";
        let (variable, example) = (SERVICE.url_variable, SERVICE.url_example);
        return Err(BuildError::BaseUrl { variable, problem, example });
    }
    Ok(client)
}

fn standard_headers() -> HeaderMap {
    let header = |name, value| (HeaderName::from_static(name), HeaderValue::from_static(value));
    HeaderMap::from_iter([
        header("accept", "application/vnd.github+json"),
        header("x-github-api-version", "2022-11-28"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_bases_are_refused_without_repeating_a_password() {
        for base in
            ["", "api.github.com", "ftp://x", "https://u:hunter2@x", "https://x/?q", "https://github.com"]
        {
            let config = Config { base_url: base.to_owned(), ..Config::default() };
            let error = client(&config, Clock::system()).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
