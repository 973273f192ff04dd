//! The world's time: tokio's, which stands still until everybody waits.

use std::time::Duration;

use domain::{Clock, Timestamp, after};
use tokio::time::Instant;

use super::Skew;

/// When every run begins: 2027-01-15, 08:00 UTC, which is midnight where models count their days.
const START_SECOND: i64 = 1_800_000_000;

/// The time that nobody's clock is wrong about.
#[derive(Debug, Clone, Copy)]
pub struct Time {
    began: Instant,
    start: Timestamp,
}

impl Time {
    /// A run that begins now. To be called on a runtime whose clock is paused.
    pub(crate) fn begin() -> Self {
        let start = Timestamp::from_second(START_SECOND).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { began: Instant::now(), start }
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        after(self.start, self.began.elapsed())
    }

    /// The beginning.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// Since the beginning.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The number of the day, as models count them.
    pub(crate) fn day(&self) -> u64 {
        self.elapsed().as_secs() / 86_400
    }

    /// A clock that is wrong by `skew`.
    pub(crate) fn clock(&self, skew: Skew) -> Clock {
        let time = *self;
        Clock::from_fn(move || skew.of(time.now()))
    }

    /// Waits until `at`.
    pub(crate) async fn until(&self, at: Timestamp) {
        tokio::time::sleep(domain::between(self.now(), at)).await;
    }
}
