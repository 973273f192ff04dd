//! No model is asked more often than it may be.
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
//! Those that certainly did not ask alone keep to the first part of it alone. Requests of an environment that stood still
//! a moment before are not among them: it may have had its permit minutes ago (`world/ledger.rs`).

use std::time::Duration;

use super::After;
use crate::scenario::Happening;
use crate::world::{Minute, Mishap, ON_ITS_WAY, Port};

/// A limit of a minute is earned in so many milliseconds: burst and rate together keep it.
const EARNED_IN: u64 = 62_000;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let (busiest, may) = (after.world.busiest_day(), after.world.scenario.policy.rpd.unwrap_or(u64::MAX));
    if busiest > may {
        return vec![format!("{busiest} requests in a day, {may} may be")];
    }
    let bounds = Bounds::of(after);
    after.world.minutes().iter().filter_map(|minute| bounds.problem(minute)).collect()
}

/// Requests in a minute, at most.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// That the fleet lets through.
    fleet: u64,
    /// That an environment lets through alone.
    alone: u64,
}

impl Bounds {
    fn of(after: &After<'_>) -> Self {
        let scenario = &after.world.scenario;
        let way = if is_held_up(after) { ON_ITS_WAY } else { Duration::ZERO };
        let share = (scenario.policy.rpm / scenario.sharers()).max(1);
        Self { fleet: within(scenario.policy.rpm, scenario.max_skew * 2 + way), alone: within(share, way) }
    }

    fn problem(self, minute: &Minute) -> Option<String> {
        let Self { fleet, alone } = self;
        let may = fleet + alone * minute.alone.len() as u64;
        (minute.by_fleet > fleet || minute.all > may)
            .then(|| format!("{minute:?} in a minute, {fleet} may be, and {alone} of each that asks alone"))
    }
}

/// What a limit of `rpm` lets through in a minute and `longer`.
fn within(rpm: u64, longer: Duration) -> u64 {
    let longer = u64::try_from(longer.as_millis()).unwrap_or(u64::MAX);
    rpm + rpm.saturating_mul(longer).div_ceil(EARNED_IN)
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

    fn minute(by_fleet: u64, alone: u64) -> Minute {
        let environments = u32::from(alone > 0);
        Minute {
            all: by_fleet + alone,
            by_fleet,
            alone: (0..environments).map(crate::world::EnvId).collect(),
        }
    }

    #[test]
    fn a_minute_is_bound_by_the_limit_and_the_shares_of_those_who_ask_alone() {
        let exact = Bounds { fleet: within(30, Duration::ZERO), alone: 3 };
        for (by_fleet, alone, holds) in
            [(30, 0, true), (31, 0, false), (30, 3, true), (30, 4, false), (31, 1, false)]
        {
            assert_eq!(exact.problem(&minute(by_fleet, alone)).is_none(), holds, "{by_fleet}, {alone}");
        }
    }

    #[test]
    fn a_skew_and_a_slow_way_lengthen_the_minute() {
        assert_eq!(within(30, Duration::ZERO), 30);
        assert_eq!(within(30, Duration::from_secs(4)), 32);
        assert_eq!(within(3, Duration::from_secs(240)), 15);
    }
}
