//! No model is asked more often, nor sent more tokens, than it may be.
//!
//! In a day, not at all, also if an environment has to ask alone for a while, and only one does.
//!
//! In a minute of the service's, by the times at which requests were sent, the bound is made of
//!
//! - what the fleet lets through: the limit, and what it lets through in the time that minute is longer for it: clocks that
//!   differ by twice their error, and the way from a permit to its question, where something can hold that up;
//! - the share of each environment that may have asked alone, since the state store had failed it a moment before: an
//!   outage costs what agent.toml allows for each environment that meets with it, and not more.
//!
//! Those that certainly did not ask alone keep to the first part of it alone. A prompt of more tokens than are earned
//! is let through once nothing is owed: by one prompt each, the tokens of a minute may exceed their bound. Requests of an environment that stood still
//! a moment before are not among them: it may have had its permit minutes ago (`world/ledger.rs`).

use std::time::Duration;

use super::After;
use crate::scenario::Happening;
use crate::world::{Counted, Minute, Mishap, ON_ITS_WAY, Port};

/// A limit of a minute is earned in so many milliseconds: burst and rate together keep it.
const EARNED_IN: u64 = 62_000;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let (busiest, may) = (after.world.busiest_day(), after.world.scenario.policy.rpd.unwrap_or(u64::MAX));
    if busiest > may {
        return vec![format!("{busiest} requests in a day, {may} may be")];
    }
    let policy = &after.world.scenario.policy;
    let requests = Bounds::of(after, policy.rpm);
    let tokens = policy.tpm.map(|tpm| Bounds::of(after, tpm));
    let problems = |minute: &Minute| {
        let alone = minute.alone.len() as u64;
        let tokens = tokens.map(|bounds| bounds.longer_by(minute.longest));
        let of_tokens = tokens.and_then(|bounds| bounds.problem(minute.tokens, alone, "tokens"));
        [requests.problem(minute.requests, alone, "requests"), of_tokens]
    };
    after.world.minutes().iter().flat_map(problems).flatten().collect()
}

/// What a minute has of one limit, at most.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// That the fleet lets through.
    fleet: u64,
    /// That an environment lets through alone.
    alone: u64,
}

impl Bounds {
    fn of(after: &After<'_>, limit: u64) -> Self {
        let scenario = &after.world.scenario;
        let way = if is_held_up(after) { ON_ITS_WAY } else { Duration::ZERO };
        let share = (limit / scenario.sharers()).max(1);
        Self { fleet: within(limit, scenario.max_skew * 2 + way), alone: within(share, way) }
    }

    fn longer_by(self, prompt: u64) -> Self {
        Self { fleet: self.fleet + prompt, alone: self.alone + prompt }
    }

    /// `asked` by so many environments alone, and by others.
    fn problem(self, asked: Counted, by_alone: u64, what: &str) -> Option<String> {
        let Self { fleet, alone } = self;
        let may = fleet + alone * by_alone;
        (asked.by_fleet > fleet || asked.all > may).then(|| {
            let Counted { all, by_fleet } = asked;
            format!(
                "{all} {what} in a minute, {by_fleet} of them not alone: {fleet} may be, and {alone} of each of the \
                 {by_alone} that may have asked alone"
            )
        })
    }
}

/// What is let through of a minute's `limit` in a minute and `longer`.
fn within(limit: u64, longer: Duration) -> u64 {
    let longer = u64::try_from(longer.as_millis()).unwrap_or(u64::MAX);
    limit + limit.saturating_mul(longer).div_ceil(EARNED_IN)
}

/// Whether something can come between a permit and its question: a store that is slow, somebody who stands still, or
/// other calls where few may be under way at once.
fn is_held_up(after: &After<'_>) -> bool {
    let scenario = &after.world.scenario;
    let stands_still = scenario.plan.iter().any(|(_, what)| matches!(what, Happening::Freeze { .. }));
    let hampers = |(port, mishap): &(Port, Mishap)| *port == Port::State || *mishap == Mishap::Freeze;
    stands_still || scenario.policy.concurrency.is_some() || after.world.faults.injected().keys().any(hampers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_bound_by_the_limit_and_the_shares_of_those_who_ask_alone() {
        let exact = Bounds { fleet: within(30, Duration::ZERO), alone: 3 };
        for (by_fleet, alone, holds) in
            [(30, 0, true), (31, 0, false), (30, 3, true), (30, 4, false), (31, 1, false)]
        {
            let asked = Counted { all: by_fleet + alone, by_fleet };
            let problem = exact.problem(asked, alone.min(1), "requests");
            assert_eq!(problem.is_none(), holds, "{by_fleet}, {alone}");
        }
    }

    #[test]
    fn a_skew_and_a_slow_way_lengthen_the_minute() {
        assert_eq!(within(30, Duration::ZERO), 30);
        assert_eq!(within(30, Duration::from_secs(4)), 32);
        assert_eq!(within(3, Duration::from_secs(240)), 15);
    }
}
