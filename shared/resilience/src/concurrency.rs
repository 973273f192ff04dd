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
}

impl Concurrency {
    /// Calls that may be under way, from 1 to `ceiling` (a ceiling of zero counts as one).
    #[must_use]
    pub fn limit(&self, ceiling: u32) -> u32 {
        let ceiling = ceiling.max(1);
        if self.limit == 0 { ceiling } else { self.limit.min(ceiling) }
    }

    /// Takes a call that ended into account.
    pub fn settle(&mut self, ceiling: u32, took: Duration, throttled: bool, now: Timestamp) {
        let now = micros(now);
        self.busy = self.busy.saturating_add(span(took));
        self.weigh(ceiling, now);
        if throttled {
            self.halve(ceiling, now);
        }
    }

    fn weigh(&mut self, ceiling: u32, now: i64) {
        let elapsed = now.saturating_sub(self.since);
        // The first call, and a clock that was wrong, begin a window of their own.
        if self.since == 0 || elapsed < -WINDOW {
            self.begin(now);
        } else if elapsed >= WINDOW {
            let limit = self.limit(ceiling);
            let percent = i128::from(self.busy) * 100 / (i128::from(elapsed) * i128::from(limit));
            self.limit = adjusted(limit, percent).clamp(1, ceiling.max(1));
            self.begin(now);
        }
    }

    fn begin(&mut self, now: i64) {
        self.since = now;
        self.busy = 0;
    }

    fn halve(&mut self, ceiling: u32, now: i64) {
        if now.saturating_sub(self.halved).saturating_abs() >= HALVING {
            self.limit = (self.limit(ceiling) / 2).max(1);
            self.halved = now;
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
