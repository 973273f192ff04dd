//! What a client is built from, and what can be wrong with that.

use std::time::Duration;

use secrecy::SecretString;

/// Where GitHub is and how long to wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Base of the REST API: `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise
    /// Server. A plain `http://` base is spoken to in HTTP/1.1.
    pub base_url: String,
    /// Sent as `User-Agent`; GitHub refuses requests without one.
    pub user_agent: String,
    /// The account that comments are written under, if it is known: some tokens, such as those of
    /// GitHub Actions, may not ask for it. `None` asks GitHub.
    pub login: Option<String>,
    /// Limit of one whole operation: token, pages and redirects included.
    pub timeout: Duration,
    /// Limit of making a connection, name resolution and TLS included. Shorter than `timeout`, so
    /// that an unreachable host is told apart from a lost answer.
    pub connect_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            base_url: "https://api.github.com".to_owned(),
            user_agent: concat!("afterhook/", env!("CARGO_PKG_VERSION")).to_owned(),
            login: None,
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
        }
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

/// Why no client could be built. Never carries any part of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The base URL is unusable.
    #[error("the GitHub API URL {0}; use https://api.github.com or https://HOST/api/v3")]
    BaseUrl(&'static str),
    /// The user agent is unusable.
    #[error("the user agent must be one line of visible ASCII characters")]
    UserAgent,
    /// The token is unusable.
    #[error("the GitHub token {0}; copy it anew from GitHub's settings, without quotes or line breaks")]
    Token(&'static str),
    /// The app id is unusable.
    #[error("the GitHub App id must be its number or client id, as shown on the app's settings page")]
    AppId,
    /// The app's key is unusable.
    #[error("the GitHub App private key {0}")]
    PrivateKey(&'static str),
    /// The HTTP client could not be made, such as when the machine has no root certificates.
    #[error("no HTTP client for GitHub: {0}")]
    Http(String),
}
