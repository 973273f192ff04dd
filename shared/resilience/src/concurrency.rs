//! [`Concurrency`]: how many calls to one model may be under way in the whole fleet.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    is_default,
    time::{SECOND, micros, span},
};

/// How often the limit is weighed against its use.
const WINDOW: i64 = 10 * SECOND;
/// Want of use alone never takes the limit below this part of the ceiling: a night without calls must not
/// make the first burst of the morning queue.
const MIN_IDLE: u32 = 4;
/// Throttling takes no less than this for the use that was too much: one stray refusal of a quiet model is no
/// reason to let calls through one by one.
const MIN_USE: u32 = 8;
/// Calls that were throttled together count as one sign.
const HALVING: i64 = 2 * SECOND;

/// A limit that follows its use and gives way to throttling. It begins at the ceiling.
///
/// Nothing runs between calls: the limit is re-evaluated from timestamps when one settles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Concurrency {
    /// The limit; zero before anything was learnt.
    #[serde(rename = "l", skip_serializing_if = "is_default")]
    limit: u32,
    /// When the window began.
    #[serde(rename = "w", skip_serializing_if = "is_default")]
    since: i64,
    /// Microseconds of calls that ended in the window.
    #[serde(rename = "b", skip_serializing_if = "is_default")]
    busy: i64,
    /// When the limit was halved last.
    #[serde(rename = "h", skip_serializing_if = "is_default")]
    halved: i64,
    /// How often in a row it was, no call having gone well in between.
    #[serde(rename = "n", skip_serializing_if = "is_default")]
    in_a_row: u32,
}

/// A call that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedCall {
    /// How long it took.
    pub took: Duration,
    /// Whether it was refused for being too many.
    pub throttled: bool,
    /// Calls that were under way, this one included.
    pub in_use: u64,
}

impl Concurrency {
    /// Calls that may be under way, from 1 to `ceiling` (a ceiling of zero counts as one).
    #[must_use]
    pub fn limit(&self, ceiling: u32) -> u32 {
        let ceiling = ceiling.max(1);
        if self.limit == 0 { ceiling } else { self.limit.min(ceiling) }
    }

    /// Takes a call that ended into account.
    pub fn settle(&mut self, ceiling: u32, call: EndedCall, now: Timestamp) {
        let now = micros(now);
        self.busy = self.busy.saturating_add(span(call.took));
        self.weigh(ceiling, now);
        if call.throttled {
            self.halve(ceiling, call.in_use, now);
        } else if now.saturating_sub(span(call.took)) > self.halved {
            self.in_a_row = 0;
        }
    }

    /// How often in a row calls were throttled: those that were throttled together count once.
    #[must_use]
    pub fn throttles_in_a_row(&self) -> u32 {
        self.in_a_row
    }

    fn weigh(&mut self, ceiling: u32, now: i64) {
        let elapsed = now.saturating_sub(self.since);
        // The first call, and a clock that was wrong, begin a window of their own.
        if self.since == 0 || elapsed < -WINDOW {
            self.begin(now);
        } else if elapsed >= WINDOW {
            let limit = self.limit(ceiling);
            let percent = i128::from(self.busy) * 100 / (i128::from(elapsed) * i128::from(limit));
            let floor = ceiling.div_ceil(MIN_IDLE).min(limit);
            self.limit = adjusted(limit, percent).clamp(floor.max(1), ceiling.max(1));
            self.begin(now);
        }
    }

    fn begin(&mut self, now: i64) {
        self.since = now;
        self.busy = 0;
    }

    /// Half of what was in use: half of a limit that nobody reached would change nothing.
    fn halve(&mut self, ceiling: u32, in_use: u64, now: i64) {
        if now.saturating_sub(self.halved).saturating_abs() >= HALVING {
            let in_use = u32::try_from(in_use).unwrap_or(u32::MAX).max(MIN_USE);
            self.limit = (self.limit(ceiling).min(in_use) / 2).max(1);
            self.halved = now;
            self.in_a_row = self.in_a_row.saturating_add(1);
            // What went before is no use of the new limit.
            self.begin(now);
        }
    }
}

/// Grown by a fifth, at least one, above 80 %; shrunk by a tenth, at least one, below 30 %.
fn adjusted(limit: u32, percent: i128) -> u32 {
    match percent {
        ..30 => limit.saturating_sub(limit.div_ceil(10)),
        81.. => limit.saturating_add(limit.div_ceil(5)),
        _ => limit,
    }
}

/// The share of one of `environments` in a fleet-wide `limit`: at least one, or nothing would move.
#[must_use]
pub const fn share(limit: u32, environments: u32) -> u32 {
    let environments = if environments == 0 { 1 } else { environments };
    let share = limit / environments;
    if share == 0 { 1 } else { share }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::timestamp;

    const CEILING: u32 = 40;

    fn at(seconds: i64) -> Timestamp {
        timestamp((1_790_000_000 + seconds) * SECOND)
    }

    /// A limit that was learnt, its window beginning at 0.
    fn learnt(limit: u32) -> Concurrency {
        Concurrency { limit, since: micros(at(0)), ..Concurrency::default() }
    }

    /// A call of a fleet that uses all that it may.
    fn ended(took: Duration, throttled: bool) -> EndedCall {
        EndedCall { took, throttled, in_use: u64::MAX }
    }

    /// The limit after ten seconds in which calls took so many seconds in all.
    fn after(limit: u32, busy: u64) -> u32 {
        let mut concurrency = learnt(limit);
        concurrency.settle(CEILING, ended(Duration::from_secs(busy), false), at(10));
        concurrency.limit(CEILING)
    }

    #[test]
    fn it_begins_at_the_ceiling() {
        assert_eq!(Concurrency::default().limit(CEILING), CEILING);
        assert_eq!(Concurrency::default().limit(0), 1);
    }

    #[test]
    fn a_limit_in_full_use_grows_by_a_fifth() {
        assert_eq!(after(20, 170), 24);
        assert_eq!(after(1, 10), 2);
        assert_eq!(after(39, 390), CEILING);
    }

    #[test]
    fn a_limit_hardly_used_shrinks_by_a_tenth() {
        assert_eq!(after(20, 50), 18);
        assert_eq!(after(12, 1), 10);
        assert_eq!(after(1, 0), 1);
    }

    #[test]
    fn a_quiet_night_leaves_a_quarter_of_the_ceiling() {
        assert_eq!(after(CEILING / 4, 0), CEILING / 4);
        assert_eq!(after(3, 0), 3, "what throttling took is not given back by rest");
    }

    #[test]
    fn a_limit_in_between_stays() {
        assert_eq!(after(20, 60), 20);
        assert_eq!(after(20, 160), 20);
    }

    #[test]
    fn a_window_is_weighed_when_it_is_over() {
        let mut concurrency = learnt(20);
        concurrency.settle(CEILING, ended(Duration::from_secs(190), false), at(9));
        assert_eq!(concurrency.limit(CEILING), 20);
        concurrency.settle(CEILING, ended(Duration::from_secs(10), false), at(10));
        assert_eq!(concurrency.limit(CEILING), 24);
    }

    #[test]
    fn a_long_silence_is_no_use() {
        let mut concurrency = learnt(20);
        concurrency.settle(CEILING, ended(Duration::from_secs(200), false), at(3_600));
        assert_eq!(concurrency.limit(CEILING), 18);
    }

    #[test]
    fn throttling_halves_at_most_every_two_seconds() {
        let mut concurrency = learnt(20);
        for (seconds, limit) in [(1, 10), (1, 10), (2, 10), (3, 5), (5, 2), (7, 1), (9, 1)] {
            concurrency.settle(CEILING, ended(Duration::ZERO, true), at(seconds));
            assert_eq!(concurrency.limit(CEILING), limit, "after {seconds} s");
        }
    }

    #[test]
    fn what_went_before_throttling_does_not_undo_it() {
        let mut concurrency = learnt(20);
        concurrency.settle(CEILING, ended(Duration::from_secs(190), true), at(9));
        concurrency.settle(CEILING, ended(Duration::ZERO, false), at(10));
        assert_eq!(concurrency.limit(CEILING), 10);
    }

    #[test]
    fn a_window_that_began_in_the_future_is_begun_anew() {
        let mut concurrency = learnt(20);
        concurrency.since = micros(at(86_400));
        concurrency.settle(CEILING, ended(Duration::ZERO, false), at(0));
        concurrency.settle(CEILING, ended(Duration::from_secs(190), false), at(10));
        assert_eq!(concurrency.limit(CEILING), 24);
    }

    #[test]
    fn throttling_before_anything_was_learnt_halves_the_ceiling() {
        let mut concurrency = Concurrency::default();
        concurrency.settle(CEILING, ended(Duration::ZERO, true), at(0));
        assert_eq!(concurrency.limit(CEILING), 20);
    }

    #[test]
    fn throttling_halves_what_was_in_use_at_once() {
        let throttled = |in_use| {
            let mut concurrency = Concurrency::default();
            concurrency.settle(CEILING, EndedCall { in_use, ..ended(Duration::ZERO, true) }, at(0));
            concurrency.limit(CEILING)
        };
        assert_eq!([throttled(24), throttled(1), throttled(99)], [12, 4, 20]);
    }

    #[test]
    fn throttles_count_in_a_row_until_a_later_call_goes_well() {
        let mut concurrency = Concurrency::default();
        let mut settle = |seconds, took, throttled| {
            concurrency.settle(CEILING, ended(Duration::from_secs(took), throttled), at(seconds));
            concurrency.throttles_in_a_row()
        };
        assert_eq!([settle(0, 0, true), settle(1, 0, true), settle(3, 0, true)], [1, 1, 2]);
        assert_eq!(settle(4, 4, false), 2, "it began before");
        assert_eq!(settle(6, 1, false), 0);
    }

    #[test]
    fn a_lower_ceiling_holds_at_once() {
        assert_eq!(learnt(30).limit(10), 10);
    }

    #[test]
    fn every_environment_gets_a_share() {
        assert_eq!(share(40, 4), 10);
        assert_eq!(share(3, 4), 1);
        assert_eq!(share(0, 0), 1);
    }

    #[test]
    fn a_throttled_service_is_found_its_capacity() {
        // 8 calls at once are served, more are throttled; calls take 2 s.
        let mut concurrency = Concurrency::default();
        let mut seen = Vec::new();
        for step in 0..300 {
            let limit = concurrency.limit(CEILING);
            for _ in 0..limit {
                concurrency.settle(CEILING, ended(Duration::from_secs(2), limit > 8), at(step * 2));
            }
            seen.push(limit);
        }
        assert!(seen[10..].iter().all(|limit| (4..=10).contains(limit)), "{seen:?}");
    }

    proptest! {
        #[test]
        fn every_state_and_every_time_is_survived(
            state in any::<(u32, i64, i64, i64, u32)>(),
            calls in prop::collection::vec(any::<(u32, u64, bool, i64)>(), 1..50),
        ) {
            let json = serde_json::json!({ "l": state.0, "w": state.1, "b": state.2, "h": state.3, "n": state.4 });
            let mut concurrency: Concurrency = serde_json::from_value(json).unwrap();
            for (ceiling, took, throttled, now) in calls {
                concurrency.settle(ceiling, ended(Duration::from_millis(took), throttled), timestamp(now));
                prop_assert!((1..=ceiling.max(1)).contains(&concurrency.limit(ceiling)));
            }
            let json = serde_json::to_string(&concurrency).unwrap();
            prop_assert!(json.len() < 130, "{json}");
            prop_assert_eq!(serde_json::from_str::<Concurrency>(&json).unwrap(), concurrency);
        }
    }
}
