//! [`Deadline`]: the time by which something must be done.

use std::time::Duration;

use jiff::Timestamp;

/// A point in time after which nothing may be under way any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Timestamp);

impl Deadline {
    /// The deadline `at`.
    #[must_use]
    pub const fn at(at: Timestamp) -> Self {
        Self(at)
    }

    /// Time left at `now`; zero once it has passed.
    #[must_use]
    pub fn remaining(self, now: Timestamp) -> Duration {
        Duration::try_from(self.0.duration_since(now)).unwrap_or(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::constant(1_000, 500_000_000);

    #[test]
    fn remaining_time_is_exact_to_the_millisecond() {
        let now = Timestamp::constant(999, 499_000_000);
        assert_eq!(Deadline::at(AT).remaining(now), Duration::from_millis(1_001));
    }

    #[test]
    fn nothing_remains_after_the_deadline() {
        assert_eq!(Deadline::at(AT).remaining(AT), Duration::ZERO);
        assert_eq!(Deadline::at(AT).remaining(Timestamp::MAX), Duration::ZERO);
    }
}
