//! The configuration of a client, and the mistakes that it can have.

use std::time::Duration;

/// Where a service is and how long to wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Base of the API. A plain `http://` base is spoken to in HTTP/1.1.
    pub base_url: String,
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// Limit of one whole operation, all its requests included.
    pub timeout: Duration,
    /// Limit of making a connection, name resolution and TLS included. Shorter than `timeout`, so
    /// that an unreachable host is told apart from a lost answer.
    pub connect_timeout: Duration,
}

impl Config {
    /// The defaults for an API at `base_url`.
    #[must_use]
    pub fn at(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            user_agent: concat!("afterhook/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
        }
    }
}

/// Why no client could be built. Never carries any part of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The base URL is unusable.
    #[error("{variable} {problem}; write it like {example}")]
    BaseUrl {
        /// The variable it comes from.
        variable: &'static str,
        /// What is wrong with it.
        problem: &'static str,
        /// What it looks like.
        example: &'static str,
    },
    /// The credential is unusable.
    #[error("{variable} {problem}; copy it anew from {title}, without quotes or line breaks")]
    Credential {
        /// The variable it comes from.
        variable: &'static str,
        /// What is wrong with it.
        problem: &'static str,
        /// The service that hands it out.
        title: &'static str,
    },
    /// Another setting is unusable.
    #[error("{setting} {problem}")]
    Setting {
        /// The setting, as a sentence begins with it.
        setting: &'static str,
        /// What is wrong with it, and how to mend it.
        problem: &'static str,
    },
    /// The address is private, and no internal API is listed there.
    #[error("{0}")]
    OutOfReach(String),
    /// The user agent is unusable.
    #[error("the user agent must be one line of visible ASCII characters")]
    UserAgent,
    /// The HTTP client could not be made, such as when the machine has no root certificates.
    #[error("no HTTP client for {title}: {cause}")]
    Http {
        /// The service it is for.
        title: &'static str,
        /// What went wrong.
        cause: String,
    },
}
