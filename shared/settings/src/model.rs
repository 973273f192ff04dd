//! `[models]`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

/// `[models]`.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    /// Model for triage.
    pub triage: String,
    /// Model for answers.
    pub answer: String,
    /// Models for answers when that one cannot be had, in order.
    pub fallback: Vec<String>,
    /// Life of a context cache.
    pub cache_ttl: Duration,
    /// Preset of the limits.
    pub tier: String,
    /// `[models.generation]`.
    pub generation: Generation,
    /// `[models.limits."NAME"]`, by model.
    pub limits: BTreeMap<String, ModelLimits>,
}

/// `[models.generation]`: sent only if set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Generation {
    /// Bound of an answer's length in tokens, thoughts included (default 4096: always sent, so that
    /// an answer's price is bounded).
    pub max_output_tokens: u32,
    /// Everything else, under the API's own camelCase names: `temperature`, `topP`, `stopSequences`,
    /// `thinkingConfig` …
    pub others: Map<String, Value>,
}

/// `[models.limits."NAME"]`; `None` where nothing is set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelLimits {
    /// Requests a minute.
    pub rpm: Option<u64>,
    /// Tokens a minute.
    pub tpm: Option<u64>,
    /// Requests a day.
    pub rpd: Option<u64>,
    /// Calls at once, all processors together.
    pub concurrency: Option<u32>,
    /// How long one call may take (default 60 s).
    pub timeout: Option<Duration>,
    /// Circuit breaker.
    pub breaker: BreakerSettings,
    /// Retries in place, at most 2 (default 1).
    pub retries: Option<u32>,
    /// Tasks of a lower priority use the fallback.
    pub min_priority: Option<u8>,
}

/// `breaker = { … }`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BreakerSettings {
    /// Share of failures that opens it.
    pub error_rate: Option<f64>,
    /// Over which time.
    pub window: Option<Duration>,
    /// A call slower than this is slow.
    pub slow: Option<Duration>,
    /// How long it stays open.
    pub open: Option<Duration>,
}
