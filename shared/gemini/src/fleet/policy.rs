//! [`Policy`]: the limits of one model, checked, as the calls and the fleet's state are judged by them.

use std::fmt::Display;
use std::time::Duration;

use domain::{BreakerLimits, ModelLimits, Priority};
use resilience::{BreakerPolicy, BreakerSpec, InPlace, QuotaLimits, share};

use crate::config::ConfigError;
use crate::http::{MIN_DEADLINE, fingerprint};

/// A longer wait goes back to the queue: to sleep in an invocation is to pay for nothing.
pub(crate) const MAX_WAIT_IN_PLACE: Duration = Duration::from_secs(2);
/// A probe that has not been heard of for so much longer than a call may take is lost.
const PROBE_MARGIN: Duration = Duration::from_secs(10);

/// DynamoDB takes about 1,000 writes a second on one key, those included that their condition refuses. A call makes two
/// changes, and each may be refused a few times, for those that came between: so many calls a minute are for one item.
const CALLS_PER_SHARD: u64 = 1500;
/// Environments that share an item, each with ten tasks at a time.
const ENVIRONMENTS_PER_SHARD: u32 = 16;

/// Requests a minute with which a part of the fleet begins at least.
const MIN_START: u64 = 10;

/// [`ModelLimits`], checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) timeout: Duration,
    pub(crate) in_place: InPlace,
    pub(crate) min_priority: Priority,
    /// Parts that the fleet is in, with an item and an even share of the limits each: one, unless there are more
    /// calls than the writes to one key allow.
    pub(crate) shards: u32,
    /// Environments that share an item.
    pub(crate) sharers: u32,
    /// What holds for all that share an item.
    pub(crate) rules: Rules,
    /// What holds for this environment while the fleet's state cannot be reached: its share.
    pub(crate) alone: Rules,
}

/// The limits that the state of a model is judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// As configured.
    pub(crate) quota: QuotaLimits,
    /// Requests a minute to begin with, where none are configured.
    pub(crate) start: Option<u64>,
    pub(crate) breaker: BreakerPolicy,
    /// In how many parts the model's limits are, of which this is one: so is what the service tells of them.
    pub(crate) parts: u32,
    /// Most calls under way.
    pub(crate) ceiling: u32,
    /// So long after the first part this one tries again what was refused: what that comes to spares it the try.
    pub(crate) turn: Duration,
    /// Stands for the credentials that this environment has.
    pub(crate) credentials: u32,
    /// Stands for the model's name: an alias may go on when the model that it stood for is gone.
    pub(crate) name: u32,
}

impl Policy {
    /// `credentials` stands for those that calls are made with.
    pub(crate) fn new(
        model: &str,
        limits: &ModelLimits,
        environments: u32,
        credentials: u32,
    ) -> Result<Self, ConfigError> {
        let in_place = InPlace::new(limits.retries, MAX_WAIT_IN_PLACE, MIN_DEADLINE)
            .map_err(|problem| out_of_bounds(model, "retries", problem))?;
        let rules = Rules { credentials, name: fingerprint(model), ..Rules::new(model, limits)? };
        let alone = rules.shared_among(environments);
        let shards = shards(limits.requests_per_minute, environments);
        let (rules, sharers) = (rules.shared_among(shards), environments.div_ceil(shards));
        let (timeout, min_priority) = (limits.timeout, limits.min_priority);
        Ok(Self { timeout, in_place, min_priority, shards, sharers, rules, alone })
    }
}

fn out_of_bounds(model: &str, limit: &str, problem: impl Display) -> ConfigError {
    ConfigError::Limits { model: model.to_owned(), problem: format!("{limit}: {problem}") }
}

fn shards(requests_per_minute: Option<u64>, environments: u32) -> u32 {
    let by_size = environments.div_ceil(ENVIRONMENTS_PER_SHARD).max(1);
    let by_rate = requests_per_minute.map(|rate| rate.div_ceil(CALLS_PER_SHARD).max(1));
    by_rate.map_or(by_size, |rate| by_size.min(u32::try_from(rate).unwrap_or(u32::MAX)))
}

impl Rules {
    fn new(model: &str, limits: &ModelLimits) -> Result<Self, ConfigError> {
        let BreakerLimits { error_rate, window, slow, open } = limits.breaker;
        let probe_lease = limits.timeout.saturating_add(PROBE_MARGIN);
        let spec = BreakerSpec { error_rate, window, slow, open, probe_lease, ..BreakerSpec::default() };
        let breaker = BreakerPolicy::new(spec).map_err(|problem| out_of_bounds(model, "breaker", problem))?;
        let quota = QuotaLimits {
            requests_per_minute: limits.requests_per_minute,
            tokens_per_minute: limits.tokens_per_minute,
            requests_per_day: limits.requests_per_day,
            // The service counts in minutes of its own: burst and rate together must stay within each of them.
            slack: QuotaLimits::BURST,
        };
        let (start, ceiling) = (limits.start_rpm, limits.concurrency);
        Ok(Self { quota, start, breaker, parts: 1, ceiling, turn: Duration::ZERO, credentials: 0, name: 0 })
    }

    /// The share of one of so many, which cannot see what the others do.
    fn shared_among(self, sharers: u32) -> Self {
        let quota = self.quota.map(|limit| (limit / u64::from(sharers.max(1))).max(1));
        // A shard of a large fleet has to begin somewhere, too.
        let start = self.start.map(|start| (start / u64::from(sharers.max(1))).max(MIN_START.min(start)));
        let parts = self.parts.saturating_mul(sharers.max(1));
        Self { quota, start, parts, ceiling: share(self.ceiling, sharers), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(limits: ModelLimits) -> Result<Policy, ConfigError> {
        Policy::new("m", &limits, 4, 0)
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_with_its_place() {
        let said = policy(ModelLimits { retries: 3, ..ModelLimits::default() }).unwrap_err().to_string();
        let problem = "retries: at most 2 retries in place are allowed, not 3";
        assert_eq!(said, format!("agent.toml, [models.limits.\"m\"], {problem}"));
    }

    #[test]
    fn a_fleet_is_cut_into_shards_where_one_item_would_take_too_many_writes() {
        assert_eq!(shards(Some(150), 500), 1);
        assert_eq!(shards(Some(1_000_000), 8), 1, "eight environments write together what they have");
        assert_eq!(shards(None, 8), 1);
        assert_eq!(shards(Some(50_000), 500), 32);
        assert_eq!(shards(Some(6_000), 500), 4);
        assert_eq!(shards(None, 500), 32);
        let limits = ModelLimits { requests_per_minute: Some(3_000), ..ModelLimits::default() };
        let half = Policy::new("m", &limits, 500, 0).unwrap();
        assert_eq!((half.shards, half.sharers, half.rules.quota.requests_per_minute), (2, 250, Some(1_500)));
    }

    #[test]
    fn an_environment_alone_has_its_share_and_at_least_one() {
        let limits = ModelLimits {
            requests_per_minute: Some(100),
            requests_per_day: Some(3),
            concurrency: 10,
            ..ModelLimits::default()
        };
        let alone = policy(limits).unwrap().alone;
        assert_eq!(alone.quota.requests_per_minute, Some(25));
        assert_eq!(alone.quota.requests_per_day, Some(1));
        assert_eq!(alone.quota.tokens_per_minute, None);
        assert_eq!(alone.ceiling, 2);
    }
}
