//! [`Backoff`]: how long to wait after the n-th failure in a row.

use std::time::Duration;

/// Exponential back-off with full jitter: a wait is drawn evenly between nothing and a ceiling that
/// doubles with every failure.
///
/// Full jitter, because callers that failed together would otherwise come back together. Source of
/// the rule: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

/// A [`Backoff`] that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BackoffError {
    /// Doubling zero stays zero: every retry would come at once.
    #[error("the first ceiling of a back-off must be longer than zero")]
    ZeroFirst,
    /// The ceiling would shrink.
    #[error("the longest ceiling of a back-off ({longest:?}) must not be below the first ({first:?})")]
    LongestBelowFirst {
        /// The first ceiling.
        first: Duration,
        /// The longest.
        longest: Duration,
    },
}

impl Backoff {
    /// A back-off whose ceiling is `first` after the first failure, doubles after each further one,
    /// and never exceeds `longest`.
    ///
    /// # Errors
    /// [`BackoffError`] names the bound that does not hold.
    pub const fn new(first: Duration, longest: Duration) -> Result<Self, BackoffError> {
        if first.is_zero() {
            return Err(BackoffError::ZeroFirst);
        }
        if longest.as_nanos() < first.as_nanos() {
            return Err(BackoffError::LongestBelowFirst { first, longest });
        }
        Ok(Self { first, longest })
    }

    /// The longest wait after `failures` failures in a row; zero before the first.
    #[must_use]
    pub fn ceiling(&self, failures: u32) -> Duration {
        match failures {
            0 => Duration::ZERO,
            n => 2u32
                .checked_pow(n - 1)
                .and_then(|factor| self.first.checked_mul(factor))
                .map_or(self.longest, |ceiling| ceiling.min(self.longest)),
        }
    }

    /// The wait after `failures` failures in a row. `draw` is a random number in `0.0..=1.0`; one
    /// outside is clamped into it.
    #[must_use]
    pub fn delay(&self, failures: u32, draw: f64) -> Duration {
        let draw = if draw.is_nan() { 1.0 } else { draw.clamp(0.0, 1.0) };
        self.ceiling(failures).mul_f64(draw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn ceiling_doubles_up_to_the_longest() {
        let backoff = Backoff::new(seconds(1), seconds(32)).unwrap();
        let ceilings: Vec<u64> = (0..9).map(|n| backoff.ceiling(n).as_secs()).collect();
        assert_eq!(ceilings, [0, 1, 2, 4, 8, 16, 32, 32, 32]);
    }

    #[test]
    fn draw_spreads_the_wait_over_the_whole_range() {
        let backoff = Backoff::new(seconds(1), seconds(32)).unwrap();
        assert_eq!(backoff.delay(3, 0.0), Duration::ZERO);
        assert_eq!(backoff.delay(3, 0.5), seconds(2));
        assert_eq!(backoff.delay(3, 1.0), seconds(4));
    }

    #[test]
    fn zero_first_is_refused() {
        assert_eq!(Backoff::new(Duration::ZERO, seconds(1)), Err(BackoffError::ZeroFirst));
    }

    #[test]
    fn longest_below_first_is_refused() {
        let error = Backoff::new(seconds(2), seconds(1)).unwrap_err();
        assert_eq!(error, BackoffError::LongestBelowFirst { first: seconds(2), longest: seconds(1) });
    }

    proptest! {
        #[test]
        fn delay_never_exceeds_the_longest(failures: u32, draw: f64, first in 1u64..10_000, more in 0u64..100_000) {
            let first = Duration::from_millis(first);
            let longest = first + Duration::from_millis(more);
            let backoff = Backoff::new(first, longest).unwrap();
            prop_assert!(backoff.delay(failures, draw) <= longest);
        }
    }
}
