//! How far back the search for the work of an earlier try goes.

use std::time::Duration;

use domain::{Timestamp, between};

/// A search begins so much earlier than asked: our clock may be ahead of the service's, and what the search
/// misses is made twice. Looking too far back is harmless, since a mark belongs to one effect.
pub const CLOCK_SKEW: Duration = Duration::from_secs(300);

/// Whether what was made `at` this time is not much older than `since`.
#[must_use]
pub fn is_recent(at: Timestamp, since: Timestamp) -> bool {
    between(at, since) <= CLOCK_SKEW
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_five_minutes_older_than_asked_is_recent_and_what_is_older_still_is_not() {
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        assert!(is_recent(at(-300), at(0)) && is_recent(at(1), at(0)));
        assert!(!is_recent(at(-301), at(0)));
    }
}
