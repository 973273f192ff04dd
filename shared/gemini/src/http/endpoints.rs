//! [`Endpoints`]: where the calls of one account go, and which of its endpoints a task is served by.
//!
//! As a rule there is one. With several, weights say which share of the tasks each serves: so a new
//! version of the API is tried on five tasks in a hundred. One task stays with one endpoint, so that a
//! repair and the answer before it meet the same version.

use std::fmt;
use std::sync::{Mutex, MutexGuard};

use cells::lock;
use domain::{ModelAccount, ModelEndpoint, TaskId, Timestamp};
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
    /// What models and caches are parts of; empty for a key's project, which is not named.
    parent: String,
}

impl Endpoint {
    fn new(
        ModelEndpoint { base_url, api_version, account, .. }: &ModelEndpoint,
    ) -> Result<Self, ConfigError> {
        let base = Url::parse(base_url).map_err(|_| ConfigError::BaseUrl)?;
        let plain = base.username().is_empty() && base.password().is_none();
        let bare = base.query().is_none() && base.fragment().is_none() && base.has_host();
        if !matches!(base.scheme(), "http" | "https") || !plain || !bare {
            return Err(ConfigError::BaseUrl);
        }
        check_word("API version", api_version)?;
        let parent = match account {
            ModelAccount::Key(_) => String::new(),
            ModelAccount::Vertex { project, location, .. } => {
                check_word("project", project)?;
                check_word("location", location)?;
                format!("projects/{project}/locations/{location}/")
            }
        };
        Ok(Self { base, version: api_version.clone(), parent })
    }

    /// The whole name of `model`. One that says its collection (`tunedModels/x`) keeps it.
    pub(crate) fn model(&self, model: &str) -> String {
        let Self { parent, .. } = self;
        match (model.contains('/'), parent.is_empty()) {
            (true, _) => model.to_owned(),
            (false, true) => format!("models/{model}"),
            (false, false) => format!("{parent}publishers/google/models/{model}"),
        }
    }

    /// Address of `{model}:generateContent`, or of its streamed form.
    pub(crate) fn generate_content(&self, model: &str, mode: Mode) -> String {
        let model = self.model(model);
        let method = match mode {
            Mode::Unary => "generateContent",
            // Without the parameter, a stream is one JSON array.
            Mode::Stream => "streamGenerateContent?alt=sse",
        };
        format!("{self}/{model}:{method}")
    }

    /// Address of `{model}:countTokens`.
    pub(crate) fn count_tokens(&self, model: &str) -> String {
        format!("{self}/{}:countTokens", self.model(model))
    }

    /// Address of what is no model: `cachedContents`, with its query if it has one.
    pub(crate) fn resource(&self, path: &str) -> String {
        format!("{self}/{}{path}", self.parent)
    }

    /// Address of what is to be known of `model`; on Vertex AI it is no part of a project.
    pub(crate) fn about(&self, model: &str) -> String {
        let prefix = if self.parent.is_empty() { "models" } else { "publishers/google/models" };
        format!("{self}/{prefix}/{model}")
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

/// Its address and its version.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base.as_str().trim_end_matches('/'), self.version)
    }
}

/// All of them, and their health.
#[derive(Debug)]
pub(crate) struct Endpoints {
    list: Vec<Endpoint>,
    balancer: Mutex<Balancer>,
}

impl Endpoints {
    /// Those of an account, its `members`; at least one.
    pub(crate) fn new(config: &Config, members: &[&ModelEndpoint]) -> Result<Self, ConfigError> {
        let checked = |one: &&ModelEndpoint| {
            let listed = config.endpoints.iter().position(|known| std::ptr::eq(known, *one));
            Endpoint::new(one).map_err(|source| match listed {
                Some(index) => ConfigError::Endpoint { number: index + 1, source: Box::new(source) },
                None => source,
            })
        };
        let list = members.iter().map(checked).collect::<Result<_, _>>()?;
        let balancer = Balancer::new(members.iter().map(|endpoint| endpoint.weight));
        Ok(Self { list, balancer: Mutex::new(balancer) })
    }

    /// The endpoint that serves calls of `model` by `task` at `now`, and its number for [`note`](Self::note).
    pub(crate) fn choose(&self, task: &TaskId, model: &str, now: Timestamp) -> (usize, &Endpoint) {
        let index = lock(&self.balancer).choose(hash(task), model, now);
        (index, &self.list[index])
    }

    /// All of them; caches are kept at the first.
    pub(crate) fn all(&self) -> &[Endpoint] {
        &self.list
    }

    /// What is known of their health.
    pub(crate) fn health(&self) -> MutexGuard<'_, Balancer> {
        lock(&self.balancer)
    }

    /// Takes note of the health that the endpoint showed in a call of `model`.
    pub(crate) fn note(&self, index: usize, model: &str, health: EndpointHealth, now: Timestamp) {
        if !self.health().note(index, model, health, now) {
            return;
        }
        let (endpoint, version) = (self.list[index].origin(), &self.list[index].version);
        if health == EndpointHealth::Lacking {
            tracing::warn!(%endpoint, version, model, "the endpoint has no such model; for an hour it is asked for others alone");
        } else {
            tracing::warn!(%endpoint, version, "the endpoint failed three times in a row; it is left out for 30 s");
        }
    }
}

/// A number spread evenly over all tasks, and the same for one task in every environment and every
/// release: otherwise a roll-out would move tasks from version to version.
pub(crate) fn hash(task: &TaskId) -> u64 {
    let digest = Sha256::digest(task.as_str());
    digest.iter().take(8).fold(0, |sum, &byte| (sum << 8) | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::account::Account;

    fn endpoint(base: &str) -> Result<Endpoint, ConfigError> {
        Endpoint::new(&ModelEndpoint::new(base, "v1beta"))
    }

    fn vertex(location: &str) -> Endpoint {
        let (project, workload_identity) = ("p-1".to_owned(), None);
        let account = ModelAccount::Vertex { project, location: location.to_owned(), workload_identity };
        Endpoint::new(&ModelEndpoint { account, ..ModelEndpoint::new("https://v", "v1") }).unwrap()
    }

    fn config(endpoints: &[(&str, &str, u32)]) -> Config {
        let one = |&(base_url, api_version, weight): &(&str, &str, u32)| ModelEndpoint {
            weight,
            ..ModelEndpoint::new(base_url, api_version)
        };
        Config { endpoints: endpoints.iter().map(one).collect(), ..Config::new(None) }
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
    fn on_vertex_ai_models_and_caches_are_named_with_project_and_location() {
        let endpoint = vertex("europe-west4");
        let model = "projects/p-1/locations/europe-west4/publishers/google/models/gemini-3.8-flash";
        assert_eq!(endpoint.model("gemini-3.8-flash"), model);
        let address = endpoint.generate_content("gemini-3.8-flash", Mode::Stream);
        assert_eq!(address, format!("https://v/v1/{model}:streamGenerateContent?alt=sse"));
        let caches = endpoint.resource("cachedContents");
        assert_eq!(caches, "https://v/v1/projects/p-1/locations/europe-west4/cachedContents");
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
        let error = Account::all(&bad).unwrap_err().to_string();
        assert!(error.contains("endpoint 2") && !error.contains("pw"), "{error}");
        let bad = config(&[("https://a", "v1/../x", 1)]);
        assert!(Account::all(&bad).unwrap_err().to_string().contains("endpoint 1"));
        let idle = config(&[("https://a", "v1", 0)]);
        assert!(matches!(Account::all(&idle), Err(ConfigError::Weights)));
    }
}
