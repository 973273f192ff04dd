//! [`Limits`]: what one model may be asked, how long it may take, and how often it is asked again.

use std::time::Duration;

use domain::Priority;
use resilience::{BreakerPolicy, BreakerSpec, InPlace, QuotaLimits, share};

use crate::admit::MAX_WAIT_IN_PLACE;
use crate::config::{Config, ConfigError};
use crate::fleet::FleetModel;

/// No model answers in less, so it is not worth beginning.
const MIN_TIME_TO_BEGIN: Duration = Duration::from_secs(1);
/// A probe that has not been heard of for so much longer than a call may take is lost.
const PROBE_MARGIN: Duration = Duration::from_secs(10);

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

/// [`Limits`], checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) timeout: Duration,
    pub(crate) in_place: InPlace,
    pub(crate) min_priority: Priority,
    /// What holds for the fleet.
    pub(crate) rules: Rules,
    /// What holds for this environment while the fleet's state cannot be reached: its share.
    pub(crate) alone: Rules,
}

/// The limits that the state of a model is judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) quota: QuotaLimits,
    pub(crate) breaker: BreakerPolicy,
    /// Most calls under way.
    pub(crate) ceiling: u32,
}

impl Policy {
    pub(crate) fn new(model: &str, limits: &Limits, environments: u32) -> Result<Self, ConfigError> {
        if limits.timeout.is_zero() {
            return Err(ConfigError::Timeout { model: model.to_owned() });
        }
        let in_place = InPlace::new(limits.retries, MAX_WAIT_IN_PLACE, MIN_TIME_TO_BEGIN)
            .map_err(|source| ConfigError::Retries { model: model.to_owned(), source })?;
        let rules = Rules::new(model, limits)?;
        let alone = rules.shared_among(environments);
        let (timeout, min_priority) = (limits.timeout, limits.min_priority);
        Ok(Self { timeout, in_place, min_priority, rules, alone })
    }
}

impl Rules {
    fn new(model: &str, limits: &Limits) -> Result<Self, ConfigError> {
        let BreakerLimits { error_rate, window, slow, open } = limits.breaker;
        let probe_lease = limits.timeout.saturating_add(PROBE_MARGIN);
        let spec = BreakerSpec { error_rate, window, slow, open, probe_lease, ..BreakerSpec::default() };
        let breaker = BreakerPolicy::new(spec)
            .map_err(|source| ConfigError::Breaker { model: model.to_owned(), source })?;
        let quota = QuotaLimits {
            requests_per_minute: limits.requests_per_minute,
            tokens_per_minute: limits.tokens_per_minute,
            requests_per_day: limits.requests_per_day,
            // The service counts in minutes of its own: burst and rate together must stay within each of them.
            slack: QuotaLimits::BURST,
        };
        Ok(Self { quota, breaker, ceiling: limits.concurrency.unwrap_or(u32::MAX) })
    }

    /// The share of one of so many environments, which cannot see what the others do.
    fn shared_among(self, environments: u32) -> Self {
        let part = |limit: Option<u64>| limit.map(|limit| (limit / u64::from(environments.max(1))).max(1));
        let quota = QuotaLimits {
            requests_per_minute: part(self.quota.requests_per_minute),
            tokens_per_minute: part(self.quota.tokens_per_minute),
            requests_per_day: part(self.quota.requests_per_day),
            ..self.quota
        };
        Self { quota, ceiling: share(self.ceiling, environments), ..self }
    }
}

/// Every model that may be called, in the order in which it is preferred.
pub(crate) fn models(config: &Config) -> Result<Vec<FleetModel>, ConfigError> {
    let mut models: Vec<FleetModel> = Vec::new();
    for name in [&config.triage, &config.answer].into_iter().chain(&config.fallback) {
        if models.iter().all(|known| known.name != *name) {
            let limits = config.limits.get(name).copied().unwrap_or_default();
            models.push(FleetModel::new(name, Policy::new(name, &limits, config.environments)?));
        }
    }
    Ok(models)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn with(limits: Limits) -> Result<Vec<FleetModel>, ConfigError> {
        let limits = [("m".to_owned(), limits)].into();
        models(&Config { answer: "m".to_owned(), limits, environments: 4, ..Config::new(None) })
    }

    fn policy(limits: Limits) -> Policy {
        with(limits).unwrap().into_iter().find(|model| model.name == "m").unwrap().policy
    }

    #[test]
    fn a_model_without_limits_has_the_default_ones() {
        let models = with(Limits { timeout: Duration::from_secs(90), ..Limits::default() }).unwrap();
        let timeouts: Vec<u64> = models.iter().map(|model| model.policy.timeout.as_secs()).collect();
        assert_eq!(timeouts, [60, 90, 60]);
    }

    #[test]
    fn a_model_that_is_named_twice_is_one_model() {
        let config = Config { answer: "m".to_owned(), triage: "m".to_owned(), ..Config::new(None) };
        assert_eq!(models(&config).unwrap().len(), 2);
    }

    #[test]
    fn three_retries_are_refused_with_their_place() {
        let error = with(Limits { retries: 3, ..Limits::default() }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "agent.toml, [models.limits.\"m\"], retries: at most 2 retries in place are allowed, not 3"
        );
    }

    #[test]
    fn a_timeout_of_zero_is_refused() {
        let error = with(Limits { timeout: Duration::ZERO, ..Limits::default() }).unwrap_err();
        assert_eq!(error.to_string(), "agent.toml, [models.limits.\"m\"], timeout: must be longer than zero");
    }

    #[test]
    fn an_environment_alone_has_its_share_and_at_least_one() {
        let limits = Limits {
            requests_per_minute: Some(100),
            requests_per_day: Some(3),
            concurrency: Some(10),
            ..Limits::default()
        };
        let alone = policy(limits).alone;
        assert_eq!(alone.quota.requests_per_minute, Some(25));
        assert_eq!(alone.quota.requests_per_day, Some(1));
        assert_eq!(alone.quota.tokens_per_minute, None);
        assert_eq!(alone.ceiling, 2);
    }
}
