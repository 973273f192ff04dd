//! [`Limits`]: what one model may be asked, how long it may take, and how often it is asked again.

use std::time::Duration;

use domain::Priority;

/// Limits of one model. `None` is no limit of ours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// How long one call may take.
    pub timeout: Duration,
    /// Retries in place, at most 2.
    pub retries: u32,
    /// Requests a minute, the whole fleet together.
    pub requests_per_minute: Option<u64>,
    /// Prompt tokens a minute, the whole fleet together.
    pub tokens_per_minute: Option<u64>,
    /// Requests a day, which ends at midnight in California.
    pub requests_per_day: Option<u64>,
    /// Calls under way at once, the whole fleet together.
    pub concurrency: Option<u32>,
    /// When to stop asking a model that is down.
    pub breaker: BreakerLimits,
    /// Calls of a lower priority go to the fallbacks.
    pub min_priority: Priority,
}

/// When a model's breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerLimits {
    /// Share of failures that opens it, above 0 to 1.
    pub error_rate: f64,
    /// Over which time.
    pub window: Duration,
    /// A call slower than this is slow.
    pub slow: Duration,
    /// How long it stays open before the first probe.
    pub open: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            retries: 1,
            requests_per_minute: None,
            tokens_per_minute: None,
            requests_per_day: None,
            concurrency: None,
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
