//! [`InPlace`]: whether a failed call is repeated at once, by the same invocation, or goes back to
//! the queue.

use std::time::Duration;

/// Most retries in place that may be configured: waiting inside an invocation is paid for, and the
/// queue waits for nothing.
pub const MAX_RETRIES: u32 = 2;

/// The bounds of retrying in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InPlace {
    retries: u32,
    longest_wait: Duration,
    least_time: Duration,
}

/// Bounds that are out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at most {MAX_RETRIES} retries in place are allowed, not {0}")]
pub struct InPlaceError(u32);

impl InPlace {
    /// At most `retries` retries, each after a wait of at most `longest_wait`, and only if
    /// `least_time` is left for the call itself after the wait.
    ///
    /// # Errors
    /// More than [`MAX_RETRIES`].
    pub const fn new(
        retries: u32,
        longest_wait: Duration,
        least_time: Duration,
    ) -> Result<Self, InPlaceError> {
        if retries > MAX_RETRIES {
            return Err(InPlaceError(retries));
        }
        Ok(Self { retries, longest_wait, least_time })
    }

    /// Whether a call that failed `failures` times may be repeated after `wait`, with `remaining`
    /// left until the deadline.
    #[must_use]
    pub fn allows(&self, failures: u32, wait: Duration, remaining: Duration) -> bool {
        failures <= self.retries
            && wait <= self.longest_wait
            && wait.saturating_add(self.least_time) <= remaining
    }

    /// Whether there is time to begin at all.
    #[must_use]
    pub fn allows_start(&self, remaining: Duration) -> bool {
        self.least_time <= remaining
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn once() -> InPlace {
        InPlace::new(1, ms(2_000), ms(1_000)).unwrap()
    }

    #[test]
    fn retries_end_when_they_are_used_up() {
        assert!(once().allows(1, ms(250), ms(60_000)));
        assert!(!once().allows(2, ms(250), ms(60_000)));
        assert!(!InPlace::new(0, ms(2_000), ms(1_000)).unwrap().allows(1, ms(0), ms(60_000)));
    }

    #[test]
    fn a_long_wait_is_left_to_the_queue() {
        assert!(once().allows(1, ms(2_000), ms(60_000)));
        assert!(!once().allows(1, ms(2_001), ms(60_000)));
    }

    #[test]
    fn wait_and_call_must_fit_before_the_deadline() {
        assert!(once().allows(1, ms(500), ms(1_500)));
        assert!(!once().allows(1, ms(500), ms(1_499)));
        assert!(once().allows_start(ms(1_000)));
        assert!(!once().allows_start(ms(999)));
    }

    #[test]
    fn three_retries_are_refused() {
        let error = InPlace::new(3, ms(2_000), ms(1_000)).unwrap_err();
        assert_eq!(error.to_string(), "at most 2 retries in place are allowed, not 3");
    }

    #[test]
    fn an_endless_wait_does_not_overflow() {
        assert!(!InPlace::new(2, Duration::MAX, ms(1)).unwrap().allows(1, Duration::MAX, ms(5)));
    }
}
