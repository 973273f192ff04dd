//! [`Disposition`]: what becomes of the message when its task has been worked on.

use std::time::Duration;

use domain::{MAX_ATTEMPTS, Timestamp, between};

/// What becomes of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It has done its duty: delete it.
    Done,
    /// It comes back, after that long, or when its present visibility ends.
    Again(Option<Duration>),
}

/// A visibility delay reaches as far as this; a longer wait is the sweeper's.
pub(crate) const MAX_DELAY: Duration = Duration::from_secs(15 * 60);

/// Receives up to which a message is delayed instead of replaced: far from the 20 at which the queue
/// gives it up.
const FRESH_RECEIVES: u32 = 5;

/// After a delayed message should have come back, the sweeper waits so long before it sends another.
pub(crate) const LATE_MESSAGE: Duration = Duration::from_secs(120);

/// How a task waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Its message stays, invisible for so long.
    Delay(Duration),
    /// Its message goes, and the sweeper sends a fresh one when it is due.
    Sweeper,
}

/// How a task waits until `not_before`, given how often its message has been received.
///
/// The processor never sends to its own lanes: Lambda takes that for a runaway loop and stops it
/// after about 16 hops.
#[must_use]
pub(crate) fn wait(now: Timestamp, not_before: Timestamp, receive_count: u32) -> Wait {
    let delay = between(now, not_before);
    if delay <= MAX_DELAY && receive_count < FRESH_RECEIVES { Wait::Delay(delay) } else { Wait::Sweeper }
}

/// The longest back-off of an orderly deferral.
const MAX_BACKOFF: Duration = Duration::from_secs(300);
/// The first back-off of a failed attempt; each further one is four times as long.
const FIRST_RETRY: Duration = Duration::from_secs(5);

/// The ceiling of the back-off after `deferrals` orderly deferrals in a row: 1 s, doubling, 5 min.
#[must_use]
pub(crate) fn deferral_backoff(deferrals: u32) -> Duration {
    Duration::from_secs(1 << deferrals.min(9)).min(MAX_BACKOFF)
}

/// The ceiling of the back-off after the `attempts`-th failed attempt: 5 s, 20 s, 80 s, 320 s.
#[must_use]
pub(crate) fn retry_backoff(attempts: u32) -> Duration {
    FIRST_RETRY * 4_u32.pow(attempts.saturating_sub(1).min(MAX_ATTEMPTS))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn short_wait_of_a_fresh_message_is_a_visibility_delay() {
        assert_eq!(wait(at(0), at(30), 1), Wait::Delay(Duration::from_secs(30)));
        assert_eq!(wait(at(0), at(900), 4), Wait::Delay(MAX_DELAY));
    }

    #[test]
    fn long_wait_or_old_message_is_the_sweepers() {
        assert_eq!(wait(at(0), at(901), 1), Wait::Sweeper);
        assert_eq!(wait(at(0), at(1), 5), Wait::Sweeper);
    }

    #[test]
    fn wait_that_is_over_is_no_delay() {
        assert_eq!(wait(at(5), at(0), 1), Wait::Delay(Duration::ZERO));
    }

    #[test]
    fn backoffs_grow_and_end() {
        let ceilings: Vec<u64> = (0..12).map(|n| deferral_backoff(n).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        let ceilings: Vec<u64> = (1..5).map(|n| retry_backoff(n).as_secs()).collect();
        assert_eq!(ceilings, [5, 20, 80, 320]);
    }
}
