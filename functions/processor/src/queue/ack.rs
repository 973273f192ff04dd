//! [`Ack`]: what becomes of a message, and how long a task waits.

use std::time::Duration;

use domain::{MAX_ATTEMPTS, Timestamp, after, between};

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ack {
    /// It has done its duty: delete it.
    Delete,
    /// It comes back, after that long, or when its present visibility ends.
    Retry(Option<Duration>),
}

/// A visibility delay reaches as far as this; a longer wait is the sweeper's.
pub(crate) const MAX_DELAY: Duration = Duration::from_secs(15 * 60);

/// Receives up to which a message is delayed instead of replaced: far from the 20 at which the queue
/// gives it up.
const FRESH_RECEIVES: u32 = 5;

/// After a delayed message should have come back, the sweeper waits so long before it sends another.
pub(crate) const LATE_MESSAGE: Duration = Duration::from_secs(120);

/// How a task waits until `not_before`, given how often its message has been received: what becomes of the
/// message, and when the sweeper sends a fresh one. After a short wait the same message comes back. For a
/// long one it is deleted.
///
/// The processor never sends to its own lanes: Lambda takes that for a runaway loop and stops it
/// after about 16 hops.
#[must_use]
pub(crate) fn wait(now: Timestamp, not_before: Timestamp, receive_count: u32) -> (Ack, Timestamp) {
    let delay = between(now, not_before);
    if delay <= MAX_DELAY && receive_count < FRESH_RECEIVES {
        (Ack::Retry(Some(delay)), after(not_before, LATE_MESSAGE))
    } else {
        (Ack::Delete, not_before)
    }
}

/// From so many receives on, a message that finds no work is let go: at 20 it would be a dead letter. Its task is
/// unfinished in the store, and the sweeper sends a fresh one when it is due.
pub(crate) const LET_GO_AT: u32 = 15;

/// What becomes of a message whose task cannot be worked on for `time`. If it does not come back, the sweeper sends a
/// fresh one when the task is due: at the end of its lease, or of its wait.
#[must_use]
pub(crate) fn until_then(time: Duration, receive_count: u32) -> Ack {
    if time <= MAX_DELAY && receive_count < LET_GO_AT { Ack::Retry(Some(time)) } else { Ack::Delete }
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

/// What becomes of a message when the task store did not answer it, or refused to be written: it comes back after 5 s,
/// doubling, 15 min. Nothing is wrong with such a message, so it is let go before it is a dead letter.
#[must_use]
pub(crate) fn store_failed(receive_count: u32) -> Ack {
    if receive_count >= LET_GO_AT {
        return Ack::Delete;
    }
    Ack::Retry(Some((FIRST_RETRY * 2_u32.pow(receive_count.saturating_sub(1).min(8))).min(MAX_DELAY)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn delayed(second: i64, delay: Duration) -> (Ack, Timestamp) {
        (Ack::Retry(Some(delay)), after(at(second), LATE_MESSAGE))
    }

    #[test]
    fn short_wait_of_a_fresh_message_is_a_visibility_delay_and_the_sweeper_looks_later() {
        assert_eq!(wait(at(0), at(30), 1), delayed(30, Duration::from_secs(30)));
        assert_eq!(wait(at(0), at(900), 4), delayed(900, MAX_DELAY));
    }

    #[test]
    fn long_wait_or_old_message_is_the_sweepers() {
        assert_eq!(wait(at(0), at(901), 1), (Ack::Delete, at(901)));
        assert_eq!(wait(at(0), at(1), 5), (Ack::Delete, at(1)));
    }

    #[test]
    fn wait_that_is_over_is_no_delay() {
        assert_eq!(wait(at(5), at(0), 1), delayed(0, Duration::ZERO));
    }

    #[test]
    fn message_of_a_task_in_other_hands_is_let_go_before_it_is_a_dead_letter() {
        let minute = Duration::from_secs(60);
        assert_eq!(until_then(minute, 14), Ack::Retry(Some(minute)));
        assert_eq!(until_then(minute, 15), Ack::Delete);
        assert_eq!(until_then(Duration::from_secs(901), 1), Ack::Delete);
    }

    #[test]
    fn message_of_a_store_that_is_down_for_hours_is_no_dead_letter() {
        let seconds = |receives| match store_failed(receives) {
            Ack::Retry(delay) => delay.map(|delay| delay.as_secs()),
            Ack::Delete => None,
        };
        assert_eq!([0, 1, 2, 3, 14].map(seconds), [5, 5, 10, 20, 900].map(Some));
        assert!((1..LET_GO_AT).filter_map(seconds).sum::<u64>() > 3_600);
        for receives in [15, 19, 20, u32::MAX] {
            assert_eq!(store_failed(receives), Ack::Delete, "the sweeper sends for the task");
        }
    }

    #[test]
    fn backoffs_grow_and_end() {
        let ceilings: Vec<u64> = (0..12).map(|n| deferral_backoff(n).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        let ceilings: Vec<u64> = (1..5).map(|n| retry_backoff(n).as_secs()).collect();
        assert_eq!(ceilings, [5, 20, 80, 320]);
    }
}
