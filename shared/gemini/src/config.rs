//! [`Config`]: everything that the crate is told, checked once.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Generation, LaneTiers, ModelEndpoint, ModelLimits};
use secrecy::SecretString;

/// Google's own endpoint.
pub const DEFAULT_BASE_URL: &str = "https://generativelanguage.googleapis.com";
/// The version that knows the `-latest` aliases.
pub const DEFAULT_API_VERSION: &str = "v1beta";
/// Whether this program can call Vertex AI.
pub const HAS_VERTEX: bool = cfg!(feature = "vertex");
/// Bytes of inline media in one request by default, before they are encoded, which adds a third.
pub const DEFAULT_MAX_INLINE_BYTES: usize = 20_000_000;

/// How Gemini is reached and used.
#[derive(Debug, Clone)]
pub struct Config {
    /// `GEMINI_API_KEY`. A stand-in or a gateway may need none.
    pub api_key: Option<SecretString>,
    /// Keys of further endpoints, by the name of the variable.
    pub other_keys: BTreeMap<String, SecretString>,
    /// JSON of Google's credentials for endpoints on Vertex AI that name none; `None`: those of the place.
    pub google_credentials: Option<SecretString>,
    /// `GEMINI_BASE_URL`, without the version.
    pub base_url: String,
    /// `v1beta` or `v1`.
    pub api_version: String,
    /// Several places that serve the API, with their shares of the tasks. If there are any, they
    /// take the place of `base_url` and `api_version`.
    pub endpoints: Vec<ModelEndpoint>,
    /// Certificates, PEM, that are trusted besides the system's: of a company's proxy, say.
    pub root_certificates: Vec<Vec<u8>>,
    /// Bytes of attachments sent inside one request at most, before they are encoded.
    pub max_inline_bytes: usize,
    /// Model for triage.
    pub triage: String,
    /// Model for answers.
    pub answer: String,
    /// Models for answers when that one cannot be had, in order.
    pub fallback: Vec<String>,
    /// How long an answer waits for its wanted model while that is busy, before a fallback serves.
    pub patience: Duration,
    /// How the calls of each lane are served.
    pub service_tier: LaneTiers,
    /// What is sent as `generationConfig` for answers.
    pub generation: Generation,
    /// The same for triage.
    pub triage_generation: Generation,
    /// Limits by model; models not in it have the default ones.
    pub limits: BTreeMap<String, ModelLimits>,
    /// How many environments may run at once: the share of each in what cannot be coordinated.
    pub environments: u32,
    /// What may be spent.
    pub budgets: Budgets,
    /// Life of a context cache; it is not extended.
    pub cache_ttl: Duration,
}

/// What may be spent in a day, which begins at midnight UTC. `None` is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budgets {
    /// US dollars a day.
    pub per_day_usd: Option<f64>,
    /// US dollars a day and tenant.
    pub per_tenant_day_usd: Option<f64>,
    /// Whose money it is: what is spent under one name counts for no other. Empty for the agent's own; for another the
    /// section of agent.toml that bounds it, and a colon.
    pub account: &'static str,
}

impl Config {
    /// Google's endpoint with the default models and settings.
    #[must_use]
    pub fn new(api_key: Option<SecretString>) -> Self {
        Self {
            api_key,
            other_keys: BTreeMap::new(),
            google_credentials: None,
            base_url: DEFAULT_BASE_URL.to_owned(),
            api_version: DEFAULT_API_VERSION.to_owned(),
            endpoints: Vec::new(),
            root_certificates: Vec::new(),
            max_inline_bytes: DEFAULT_MAX_INLINE_BYTES,
            triage: "gemini-flash-lite-latest".to_owned(),
            answer: "gemini-pro-latest".to_owned(),
            fallback: vec!["gemini-flash-latest".to_owned()],
            service_tier: LaneTiers::default(),
            patience: Duration::from_secs(30),
            generation: Generation::default(),
            triage_generation: Generation::default(),
            limits: BTreeMap::new(),
            environments: 1,
            budgets: Budgets::default(),
            cache_ttl: Duration::from_secs(2 * 3600),
        }
    }

    pub(crate) fn check_names(&self) -> Result<(), ConfigError> {
        for model in [&self.triage, &self.answer].into_iter().chain(&self.fallback) {
            check_word("model name", model)?;
        }
        check_word("API version", &self.api_version)
    }
}

/// Names become part of the URL: nothing in them may end the path or leave it.
pub(crate) fn check_word(what: &'static str, word: &str) -> Result<(), ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
    let sound = !word.is_empty() && word.bytes().all(plain) && !word.contains("..") && !word.starts_with('/');
    if sound { Ok(()) } else { Err(ConfigError::Word { what, word: word.to_owned() }) }
}

/// What is wrong with a [`Config`].
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The base URL is not valid.
    #[error(
        "the base URL (GEMINI_BASE_URL) must be an http:// or https:// address without user name, query or fragment, such as {DEFAULT_BASE_URL}"
    )]
    BaseUrl,
    /// One of several endpoints is not valid.
    #[error("agent.toml, [models], endpoint {number}: {source}")]
    Endpoint {
        /// Which, counted from 1.
        number: usize,
        /// What is wrong with it.
        source: Box<ConfigError>,
    },
    /// No endpoint serves any task.
    #[error("agent.toml, [models], endpoints: at least one must have a weight above 0")]
    Weights,
    /// An endpoint's key is not there.
    #[error(
        "{0} is not set, and an endpoint of agent.toml, [models], names it as its key: set it, or remove `key`"
    )]
    NoKey(String),
    /// This program was built without what Vertex AI needs.
    #[cfg(not(feature = "vertex"))]
    #[error(
        "agent.toml, [models], has an endpoint on Vertex AI, and this program was built without: build it with `--features vertex`"
    )]
    NoVertex,
    /// The file holds no certificates.
    #[error("the additional root certificates must be a PEM file: -----BEGIN CERTIFICATE----- and so on")]
    RootCertificate,
    /// The key cannot be sent.
    #[error("GEMINI_API_KEY contains characters that no key has (a line break, perhaps): copy it again")]
    ApiKey,
    /// A name cannot be part of a URL.
    #[error(
        "the {what} `{word}` is not valid: use letters, digits, `-`, `_`, `.` and `/` (agent.toml, [models])"
    )]
    Word {
        /// Which name.
        what: &'static str,
        /// What it says.
        word: String,
    },
    /// A limit of a model is out of bounds.
    #[error("agent.toml, [models.limits.\"{model}\"], {problem}")]
    Limits {
        /// For which model.
        model: String,
        /// Which limit, and its bound.
        problem: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_sound() {
        Config::new(None).check_names().unwrap();
    }

    #[test]
    fn names_cannot_leave_the_path() {
        for word in ["", "a b", "a?key=x", "../../upload", "/etc", "a#b", "a:b", "a%2e"] {
            let config = Config { answer: word.to_owned(), ..Config::new(None) };
            assert!(matches!(config.check_names(), Err(ConfigError::Word { .. })), "{word:?}");
        }
    }

    #[test]
    fn the_key_is_not_printed() {
        let config = Config::new(Some(SecretString::from("top-secret")));
        assert!(!format!("{config:?}").contains("top-secret"));
    }
}
