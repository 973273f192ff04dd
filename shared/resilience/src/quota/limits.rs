//! What may be used, what is asked for, and how urgently.

use std::time::Duration;

use jiff::Timestamp;

use super::meter::HOUR;
use crate::time::{SECOND, span};

/// The burst, in time of the rate.
const BURST: i64 = 2 * SECOND;
const MINUTE: i64 = 60 * SECOND;

/// The limits of one model. `None` is no limit; `Some(0)` lets nothing through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuotaLimits {
    /// Requests in any minute.
    pub requests_per_minute: Option<u64>,
    /// Tokens in any minute.
    pub tokens_per_minute: Option<u64>,
    /// Requests from one reset of the day to the next.
    pub requests_per_day: Option<u64>,
    /// What is added to the minute in which a limit is earned. With [`QuotaLimits::BURST`], burst and rate
    /// together keep the limit in every minute that the other side may look at; with zero, they exceed it by
    /// the burst.
    pub slack: Duration,
}

impl QuotaLimits {
    /// The burst, in time of the rate.
    pub const BURST: Duration = Duration::from_secs(2);

    /// Each limit that there is, changed by `change`.
    #[must_use]
    pub fn map(self, change: impl Fn(u64) -> u64) -> Self {
        Self {
            requests_per_minute: self.requests_per_minute.map(&change),
            tokens_per_minute: self.tokens_per_minute.map(&change),
            requests_per_day: self.requests_per_day.map(&change),
            ..self
        }
    }

    /// How long the request meter takes to earn one request, in microseconds.
    pub(super) fn request_cost(&self) -> i64 {
        self.cost(1, self.requests_per_minute)
    }

    /// How long the token meter takes to earn `tokens`, in microseconds.
    pub(super) fn token_cost(&self, tokens: u64) -> i64 {
        self.cost(tokens, self.tokens_per_minute)
    }

    /// Requests of the day that `urgency` may use: the rest of the day is kept for more urgent work.
    pub(super) fn day_of(&self, urgency: Urgency) -> Option<u64> {
        let percent = urgency.burst().unsigned_abs() * 100 / BURST.unsigned_abs();
        self.requests_per_day.map(|limit| {
            let part = (u128::from(limit) * u128::from(percent)).div_ceil(100);
            u64::try_from(part).unwrap_or(limit)
        })
    }

    /// Rounded up, so that no limit is exceeded; at most an hour, so that nothing blocks a model longer.
    fn cost(&self, units: u64, per_minute: Option<u64>) -> i64 {
        let Some(limit) = per_minute else { return 0 };
        let minute = MINUTE.saturating_add(span(self.slack)).unsigned_abs();
        let micros = (u128::from(units) * u128::from(minute)).div_ceil(u128::from(limit.max(1)));
        i64::try_from(micros).unwrap_or(HOUR).min(HOUR)
    }
}

/// How long a call can wait. It decides how much of the burst, and of the day's requests, must be left to
/// others, and whose waiters are not overtaken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Somebody is looking: may take all.
    Express,
    /// Leaves the last 15 % of the burst.
    Standard,
    /// Leaves the last 40 %.
    Bulk,
}

impl Urgency {
    /// The part of the burst this lane may use, in microseconds of the rate. The whole is two
    /// seconds' worth.
    pub(super) const fn burst(self) -> i64 {
        match self {
            Self::Express => BURST,
            Self::Standard => BURST * 85 / 100,
            Self::Bulk => BURST * 60 / 100,
        }
    }

    /// How late a waiter may come without costing the next one his slot. Queues count whole seconds,
    /// so one second is the least; more urgent lanes get more, so that they win at low rates, where
    /// the burst is a single request and has no floor.
    pub(super) const fn lateness(self) -> i64 {
        match self {
            Self::Express => SECOND * 150 / 100,
            Self::Standard => SECOND * 125 / 100,
            Self::Bulk => SECOND,
        }
    }
}

/// One call that wants to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The most tokens it may use.
    pub tokens: u64,
    /// Its lane.
    pub urgency: Urgency,
    /// The slot it waited for, if it did.
    pub slot: Option<Timestamp>,
    /// When the day's count is reset next.
    pub day_ends: Timestamp,
}
