//! How a model is called: [`ModelLimits`], [`Generation`], [`ModelEndpoint`].

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Lane, ModelRole, Priority};

/// Limits of one model. `None` is no limit of ours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelLimits {
    /// How long one call may take (default 60 s).
    pub timeout: Duration,
    /// Retries in place, at most 2 (default 1).
    pub retries: u32,
    /// Requests a minute, the whole fleet together.
    pub requests_per_minute: Option<u64>,
    /// Requests a minute to begin with where no rate is set: more are tried while they go well, and what the
    /// service says of its limits is learnt. `None`: none is set, and none is needed.
    pub start_rpm: Option<u64>,
    /// Prompt tokens a minute, the whole fleet together.
    pub tokens_per_minute: Option<u64>,
    /// Requests a day, which ends at midnight in California.
    pub requests_per_day: Option<u64>,
    /// Calls under way at once, the whole fleet together (default 200): throttling has something to halve.
    pub concurrency: u32,
    /// When to stop asking a model that is down.
    pub breaker: BreakerLimits,
    /// Calls of a lower priority go to the fallbacks (default: the lowest priority, so none do).
    pub min_priority: Priority,
}

/// When a model's breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerLimits {
    /// Share of failures that opens it, above 0 to 1 (default 0.5).
    pub error_rate: f64,
    /// Over which time (default 10 s).
    pub window: Duration,
    /// A call slower than this is slow (default 60 s).
    pub slow: Duration,
    /// How long it stays open before the first probe (default 30 s).
    pub open: Duration,
}

impl Default for ModelLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            retries: 1,
            requests_per_minute: None,
            start_rpm: None,
            tokens_per_minute: None,
            requests_per_day: None,
            concurrency: 200,
            breaker: BreakerLimits::default(),
            min_priority: Priority::LOWEST,
        }
    }
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self {
            error_rate: 0.5,
            window: Duration::from_secs(10),
            slow: Duration::from_secs(60),
            open: Duration::from_secs(30),
        }
    }
}

/// What goes along with every call of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// Bound of an answer's length in tokens, thoughts included (default 16,384): always sent, so that an answer's
    /// price is bounded.
    pub max_output_tokens: u32,
    /// Everything else, under the API's own camelCase names: `temperature`, `topP`, `stopSequences`,
    /// `thinkingConfig` …; sent as it is.
    pub others: Map<String, Value>,
}

impl Generation {
    /// The largest bound of an answer: "the supported range is from 1 (inclusive) to 65537 (exclusive)", says Google.
    pub const MAX_OUTPUT_TOKENS: u32 = 65_536;
}

impl Default for Generation {
    fn default() -> Self {
        Self { max_output_tokens: 16_384, others: Map::new() }
    }
}

/// How a call is served, and at which price; the cheapest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceTier {
    /// Half the price, in minutes, and only while there is room.
    Flex,
    /// As everybody.
    #[default]
    Standard,
    /// Dearer, and first in line.
    Priority,
}

impl ServiceTier {
    /// Its name, in agent.toml and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Standard => "standard",
            Self::Priority => "priority",
        }
    }
}

/// The tier in which the calls of each lane are served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneTiers {
    /// Of priorities 4 and 5.
    pub express: ServiceTier,
    /// Of priority 3.
    pub standard: ServiceTier,
    /// Of priorities 1 and 2.
    pub bulk: ServiceTier,
}

impl LaneTiers {
    /// That of a call in `lane`. Triage is never flex: it costs little, and would take the minutes that the answer needs,
    /// which is asked for by the same invocation.
    #[must_use]
    pub const fn of(self, lane: Lane, role: ModelRole) -> ServiceTier {
        let tier = match lane {
            Lane::Express => self.express,
            Lane::Standard => self.standard,
            Lane::Bulk => self.bulk,
        };
        match (tier, role) {
            (ServiceTier::Flex, ModelRole::Triage) => ServiceTier::Standard,
            _ => tier,
        }
    }

    /// Whether answers of `lane` may take the minutes that flex needs.
    #[must_use]
    pub fn is_flex(self, lane: Lane) -> bool {
        self.of(lane, ModelRole::Answer) == ServiceTier::Flex
    }
}

/// One of several addresses of the model's service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelEndpoint {
    /// Its address without the version and without a slash at its end.
    pub base_url: String,
    /// `v1beta` or `v1`.
    pub api_version: String,
    /// Its share of the tasks, relative to the other endpoints' weights. Zero: it serves only what
    /// others refuse or cannot.
    pub weight: u32,
    /// Who pays for it.
    pub account: ModelAccount,
}

/// Whose quota an endpoint draws on, and how its calls prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelAccount {
    /// The project of the key that this variable holds.
    Key(String),
    /// A project on Vertex AI.
    Vertex {
        /// Its id.
        project: String,
        /// `global`, or a region such as `europe-west4`.
        location: String,
        /// Configuration of workload identity federation, JSON without a secret; `None`: Google's application default
        /// credentials.
        workload_identity: Option<String>,
    },
}

/// The variable that holds the key where nothing else is said.
pub const MODEL_KEY: &str = "GEMINI_API_KEY";

impl Default for ModelAccount {
    fn default() -> Self {
        Self::Key(MODEL_KEY.to_owned())
    }
}

impl ModelAccount {
    /// Whether it is a project on Vertex AI.
    #[must_use]
    pub const fn is_vertex(&self) -> bool {
        matches!(self, Self::Vertex { .. })
    }
}

impl ModelEndpoint {
    /// One that takes a full share of the tasks, for the key of [`MODEL_KEY`].
    #[must_use]
    pub fn new(base_url: &str, api_version: &str) -> Self {
        let (base_url, api_version) = (base_url.to_owned(), api_version.to_owned());
        Self { base_url, api_version, weight: 1, account: ModelAccount::default() }
    }

    /// The accounts of `endpoints` by their names, each with its endpoints: those of one address and one account draw
    /// on one quota. The name is empty for the first account with a key: its state is kept as that of a lone one.
    #[must_use]
    pub fn accounts(endpoints: &[Self]) -> Vec<(String, Vec<&Self>)> {
        let mut accounts: Vec<(String, Vec<&Self>)> = Vec::new();
        let first = endpoints.iter().find(|endpoint| !endpoint.account.is_vertex());
        for endpoint in endpoints {
            let is_same =
                |known: &Self| (&known.base_url, &known.account) == (&endpoint.base_url, &endpoint.account);
            let name = if first.is_some_and(is_same) { String::new() } else { endpoint.account_name() };
            match accounts.iter_mut().find(|(_, members)| is_same(members[0])) {
                Some((_, members)) => members.push(endpoint),
                None => accounts.push((name, vec![endpoint])),
            }
        }
        accounts
    }

    fn account_name(&self) -> String {
        let host = self.base_url.split("://").last().unwrap_or_default();
        match &self.account {
            ModelAccount::Key(variable) if variable == MODEL_KEY => host.to_owned(),
            ModelAccount::Key(variable) => format!("{host}/{variable}"),
            ModelAccount::Vertex { project, location, .. } => format!("{project}/{location}"),
        }
    }
}

/// What the state of `model` is kept under, as `account` has it.
#[must_use]
pub fn at_account(model: &str, account: &str) -> String {
    if account.is_empty() { model.to_owned() } else { format!("{model}@{account}") }
}
