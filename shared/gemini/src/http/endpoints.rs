//! [`Endpoints`]: where calls go, and which endpoint a task is served by.
//!
//! As a rule there is one. With several, weights say which share of the tasks each serves: so a new
//! version of the API is tried on five tasks in a hundred, or a second gateway takes half. One task
//! stays with one endpoint, so that a repair and the answer before it meet the same version.

use std::sync::{Mutex, PoisonError};

use domain::{ModelEndpoint, TaskId, Timestamp};
use reqwest::Url;
use sha2::{Digest, Sha256};

use super::balancer::{Balancer, EndpointHealth};
use super::stream::Mode;
use crate::config::{Config, ConfigError, check_word};

/// An address that has been checked.
#[derive(Debug)]
pub(crate) struct Endpoint {
    base: Url,
    version: String,
}

impl Endpoint {
    fn new(base_url: &str, version: &str) -> Result<Self, ConfigError> {
        let base = Url::parse(base_url).map_err(|_| ConfigError::BaseUrl)?;
        let plain = base.username().is_empty() && base.password().is_none();
        let bare = base.query().is_none() && base.fragment().is_none() && base.has_host();
        if !matches!(base.scheme(), "http" | "https") || !plain || !bare {
            return Err(ConfigError::BaseUrl);
        }
        check_word("API version", version)?;
        Ok(Self { base, version: version.to_owned() })
    }

    /// Address of `models/{model}:generateContent`, or of its streamed form. Names that say their
    /// collection (`tunedModels/x`) keep it.
    pub(crate) fn generate_content(&self, model: &str, mode: Mode) -> String {
        let collection = if model.contains('/') { "" } else { "models/" };
        let base = self.base.as_str().trim_end_matches('/');
        let method = match mode {
            Mode::Unary => "generateContent",
            // Without the parameter, a stream is one JSON array.
            Mode::Stream => "streamGenerateContent?alt=sse",
        };
        format!("{base}/{}/{collection}{model}:{method}", self.version)
    }

    /// Address of what is no model: `cachedContents`, with its query if it has one.
    pub(crate) fn resource(&self, path: &str) -> String {
        let base = self.base.as_str().trim_end_matches('/');
        format!("{base}/{}/{path}", self.version)
    }

    /// Scheme, host and port: endpoints that have these in common share their connections.
    pub(crate) fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// Whether it is on this machine; a proxy has no business there.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.base.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
    }

    /// Whether it is spoken to over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.base.scheme() == "https"
    }
}

/// All of them, and their health.
#[derive(Debug)]
pub(crate) struct Endpoints {
    list: Vec<Endpoint>,
    balancer: Mutex<Balancer>,
}

impl Endpoints {
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        if config.endpoints.is_empty() {
            let only = Endpoint::new(&config.base_url, &config.api_version)?;
            return Ok(Self { list: vec![only], balancer: Mutex::new(Balancer::new([1])) });
        }
        if config.endpoints.iter().all(|endpoint| endpoint.weight == 0) {
            return Err(ConfigError::Weights);
        }
        let checked = |(index, one): (usize, &ModelEndpoint)| {
            Endpoint::new(&one.base_url, &one.api_version)
                .map_err(|source| ConfigError::Endpoint { number: index + 1, source: Box::new(source) })
        };
        let list = config.endpoints.iter().enumerate().map(checked).collect::<Result<_, _>>()?;
        let balancer = Balancer::new(config.endpoints.iter().map(|endpoint| endpoint.weight));
        Ok(Self { list, balancer: Mutex::new(balancer) })
    }

    /// The endpoint that serves `task` at `now`, and its number for [`note`](Self::note).
    pub(crate) fn choose(&self, task: &TaskId, now: Timestamp) -> (usize, &Endpoint) {
        let balancer = self.balancer.lock().unwrap_or_else(PoisonError::into_inner);
        let index = balancer.choose(hash(task), now);
        (index, &self.list[index])
    }

    /// The one that caches are kept at.
    pub(crate) fn first(&self) -> &Endpoint {
        // There is always one.
        &self.list[0]
    }

    /// Whether more than one endpoint is in at `now`.
    pub(crate) fn has_choice(&self, now: Timestamp) -> bool {
        self.balancer.lock().unwrap_or_else(PoisonError::into_inner).has_choice(now)
    }

    /// Takes note of the health that the endpoint showed in a call.
    pub(crate) fn note(&self, index: usize, health: EndpointHealth, now: Timestamp) {
        let mut balancer = self.balancer.lock().unwrap_or_else(PoisonError::into_inner);
        if balancer.note(index, health, now) {
            tracing::warn!(endpoint = %self.list[index].origin(), version = %self.list[index].version,
                "the endpoint failed three times in a row; it is left out for 30 s");
        }
    }
}

/// A number spread evenly over all tasks, and the same for one task in every environment and every
/// release: otherwise a roll-out would move tasks from version to version.
fn hash(task: &TaskId) -> u64 {
    let digest = Sha256::digest(task.as_str());
    digest.iter().take(8).fold(0, |sum, &byte| (sum << 8) | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base: &str) -> Result<Endpoint, ConfigError> {
        Endpoint::new(base, "v1beta")
    }

    fn config(endpoints: &[(&str, &str, u32)]) -> Config {
        let one = |&(base_url, api_version, weight): &(&str, &str, u32)| ModelEndpoint {
            base_url: base_url.to_owned(),
            api_version: api_version.to_owned(),
            weight,
        };
        Config { endpoints: endpoints.iter().map(one).collect(), ..Config::new(None) }
    }

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    #[test]
    fn addresses_keep_the_base_path_and_the_version() {
        let google = endpoint("https://generativelanguage.googleapis.com").unwrap();
        assert_eq!(
            google.generate_content("gemini-pro-latest", Mode::Unary),
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-pro-latest:generateContent"
        );
        let gateway = endpoint("http://127.0.0.1:4000/gemini/").unwrap();
        assert_eq!(
            gateway.generate_content("tunedModels/mine", Mode::Stream),
            "http://127.0.0.1:4000/gemini/v1beta/tunedModels/mine:streamGenerateContent?alt=sse"
        );
        assert!(gateway.is_local() && !google.is_local());
        assert!(google.is_secure() && !gateway.is_secure());
    }

    #[test]
    fn what_is_no_base_url_is_refused_without_repeating_it() {
        let bad =
            ["", "example.com", "ftp://x", "https://u:pw@x", "https://x/?key=1", "https://x/#a", "file:///x"];
        for base in bad {
            let error = endpoint(base).unwrap_err().to_string();
            assert!(error.contains("GEMINI_BASE_URL") && !error.contains("pw"), "{base}: {error}");
        }
    }

    #[test]
    fn a_mistake_in_the_list_names_its_place() {
        let bad = config(&[("https://a", "v1", 1), ("https://u:pw@b", "v1", 1)]);
        let error = Endpoints::new(&bad).unwrap_err().to_string();
        assert!(error.contains("endpoint 2") && !error.contains("pw"), "{error}");
        let bad = config(&[("https://a", "v1/../x", 1)]);
        assert!(Endpoints::new(&bad).unwrap_err().to_string().contains("endpoint 1"));
        let idle = config(&[("https://a", "v1", 0)]);
        assert!(matches!(Endpoints::new(&idle), Err(ConfigError::Weights)));
    }

    #[test]
    fn a_percentage_of_the_tasks_goes_to_the_new_version_and_each_stays_there() {
        let config = config(&[("https://a", "v1beta", 90), ("https://a", "v1", 10)]);
        let [one, other] = [(); 2].map(|()| Endpoints::new(&config).unwrap());
        let tasks: Vec<TaskId> = (0..2_000_u32).map(|n| TaskId::derive("t", &n.to_le_bytes())).collect();
        let chosen = |endpoints: &Endpoints| -> Vec<usize> {
            tasks.iter().map(|task| endpoints.choose(task, now()).0).collect()
        };
        let first = chosen(&one);
        assert_eq!(first, chosen(&other), "environments disagree");
        let new = first.iter().filter(|&&index| index == 1).count();
        assert!((150..250).contains(&new), "{new} of 2,000");
    }
}
