//! [`EffectiveLimits`]: the limits that a model is called under, defaults filled in.

use std::fmt;
use std::time::Duration;

use domain::Priority;

use crate::duration::show;
use crate::limits::{BreakerSettings, ModelLimits};

/// The limits of one model; `None` means that we set no limit. Displayed as one line.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveLimits {
    /// Requests a minute.
    pub rpm: Option<u64>,
    /// Tokens a minute.
    pub tpm: Option<u64>,
    /// Requests a day.
    pub rpd: Option<u64>,
    /// Calls at once, all processors together.
    pub concurrency: Option<u32>,
    /// How long one call may take (default 60 s).
    pub timeout: Duration,
    /// Retries in place (default 1).
    pub retries: u32,
    /// Tasks of a lower priority use the fallback (default: the lowest priority, so none do).
    pub min_priority: Priority,
    /// Circuit breaker.
    pub breaker: EffectiveBreaker,
}

/// When the circuit breaker of a model opens, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveBreaker {
    /// Share of failures that opens it (default 0.5).
    pub error_rate: f64,
    /// Over which time (default 10 s).
    pub window: Duration,
    /// A call slower than this is slow (default 60 s).
    pub slow: Duration,
    /// How long it stays open (default 30 s).
    pub open: Duration,
}

impl Default for EffectiveLimits {
    fn default() -> Self {
        Self::of(&ModelLimits::default())
    }
}

impl EffectiveLimits {
    /// What `limits` come to.
    #[must_use]
    pub fn of(limits: &ModelLimits) -> Self {
        Self {
            rpm: limits.rpm,
            tpm: limits.tpm,
            rpd: limits.rpd,
            concurrency: limits.concurrency,
            timeout: limits.timeout.unwrap_or(Duration::from_secs(60)),
            retries: limits.retries.unwrap_or(1),
            min_priority: limits
                .min_priority
                .and_then(|level| Priority::new(level).ok())
                .unwrap_or(Priority::LOWEST),
            breaker: EffectiveBreaker::of(&limits.breaker),
        }
    }
}

impl EffectiveBreaker {
    fn of(breaker: &BreakerSettings) -> Self {
        Self {
            error_rate: breaker.error_rate.unwrap_or(0.5),
            window: breaker.window.unwrap_or(Duration::from_secs(10)),
            slow: breaker.slow.unwrap_or(Duration::from_secs(60)),
            open: breaker.open.unwrap_or(Duration::from_secs(30)),
        }
    }
}

impl EffectiveLimits {
    /// What holds, by the keys of agent.toml, in words for people; `-` is no limit of ours.
    #[must_use]
    pub fn shown(&self) -> [(&'static str, String); 8] {
        let limit = |limit: Option<u64>| limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string());
        [
            ("rpm", limit(self.rpm)),
            ("tpm", limit(self.tpm)),
            ("rpd", limit(self.rpd)),
            ("concurrency", limit(self.concurrency.map(u64::from))),
            ("timeout", show(self.timeout)),
            ("retries", self.retries.to_string()),
            ("min_priority", self.min_priority.to_string()),
            ("breaker", self.breaker.to_string()),
        ]
    }
}

impl fmt::Display for EffectiveLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.shown().map(|(key, value)| format!("{key} {value}"));
        f.write_str(&shown.join(", "))
    }
}

impl fmt::Display for EffectiveBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (window, slow, open) = (show(self.window), show(self.slow), show(self.open));
        write!(f, "{} in {window}, slow {slow}, open {open}", self.error_rate)
    }
}
