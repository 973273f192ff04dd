//! [`Day`]: how many requests were made since the last reset.

use serde::{Deserialize, Serialize};

use super::MAX_CALL;
use crate::time::SECOND;

/// No two resets are further apart: a day of 25 hours ends summer time, the rest is clocks that
/// differ. An end further ahead than that was written by a clock that is wrong.
const MAX_DAY: i64 = 26 * 3_600 * SECOND;
const ONE_DAY: i64 = 24 * 3_600 * SECOND;

/// The count of one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, i64, i64)", into = "(u64, i64, i64)")]
pub(super) struct Day {
    count: u64,
    ends: i64,
    /// The first request of the day.
    since: i64,
}

impl Day {
    /// When the day ends, if its requests are used up.
    pub(super) fn used_up(self, limit: Option<u64>, day_ends: i64, now: i64) -> Option<i64> {
        let today = self.at(day_ends, now);
        limit.is_some_and(|limit| today.count >= limit).then_some(today.ends)
    }

    pub(super) fn count(&mut self, day_ends: i64, now: i64) {
        *self = self.at(day_ends, now);
        self.count = self.count.saturating_add(1);
    }

    /// Gives a request back, unless it may have been made before the reset: giving that back would
    /// let one too many through today.
    pub(super) fn give_back(&mut self, now: i64) {
        if now < self.ends && now.saturating_sub(self.since) > MAX_CALL {
            self.count = self.count.saturating_sub(1);
        }
    }

    /// The day as it stands now.
    fn at(self, day_ends: i64, now: i64) -> Self {
        // An end that has passed is no end: better a day too long than no limit.
        let day_ends = if day_ends > now { day_ends } else { now.saturating_add(ONE_DAY) };
        let is_over = self.ends <= now;
        let is_wrong = self.ends.saturating_sub(now) > MAX_DAY;
        if is_over || is_wrong { Self { count: 0, ends: day_ends, since: now } } else { self }
    }
}

impl From<(u64, i64, i64)> for Day {
    fn from((count, ends, since): (u64, i64, i64)) -> Self {
        Self { count, ends, since }
    }
}

impl From<Day> for (u64, i64, i64) {
    fn from(day: Day) -> Self {
        (day.count, day.ends, day.since)
    }
}
