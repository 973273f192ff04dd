//! Looking for what an earlier try of ours may have made: how far back.

use std::time::Duration;

use domain::{Timestamp, between};

/// How much earlier than asked our own work may have been made: our clock may be ahead of the
/// service's, and missing it means making it twice. A mark belongs to one effect, so looking too far
/// back is harmless.
pub const SKEW: Duration = Duration::from_secs(300);

/// Whether what was made `at` this time is not much older than `since`.
#[must_use]
pub fn is_recent(at: Timestamp, since: Timestamp) -> bool {
    between(at, since) <= SKEW
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_five_minutes_older_than_asked_is_recent_and_what_is_older_still_is_not() {
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        assert!(is_recent(at(-300), at(0)) && is_recent(at(1), at(0)));
        assert!(!is_recent(at(-301), at(0)));
    }
}
