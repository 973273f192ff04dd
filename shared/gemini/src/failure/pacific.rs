//! Google's day: quotas begin anew at midnight in California.

use domain::Timestamp;
use jiff::SignedDuration;
use jiff::tz::TimeZone;

/// The next midnight in California after `now`: when requests per day are counted anew.
#[must_use]
pub(crate) fn next_midnight(now: Timestamp) -> Timestamp {
    // The database is compiled in; standard time is right for five months and an hour late else.
    let zone = TimeZone::get("America/Los_Angeles").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(-8)));
    next_midnight_in(zone, now)
}

/// The next midnight in `zone` after `now`.
pub(crate) fn next_midnight_in(zone: TimeZone, now: Timestamp) -> Timestamp {
    let midnight = now.to_zoned(zone).tomorrow().and_then(|day| day.start_of_day());
    // Only at the end of time is there no such midnight.
    midnight.map_or_else(
        |_| now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX),
        |day| day.timestamp(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_is_at_eight_utc_in_winter_and_at_seven_in_summer() {
        for (now, midnight) in [
            ("2026-11-20T12:00:00Z", "2026-11-21T08:00:00Z"),
            ("2026-07-01T12:00:00Z", "2026-07-02T07:00:00Z"),
            // Midnight itself waits for the next.
            ("2026-11-20T07:59:59.999Z", "2026-11-20T08:00:00Z"),
            ("2026-11-20T08:00:00Z", "2026-11-21T08:00:00Z"),
            // 2026-11-01 has 25 hours in California.
            ("2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z"),
        ] {
            assert_eq!(next_midnight(now.parse().unwrap()).to_string(), midnight);
        }
    }

    #[test]
    fn the_end_of_time_has_no_midnight_and_no_panic() {
        let nearly = Timestamp::MAX.saturating_sub(SignedDuration::from_secs(1)).unwrap();
        assert!(next_midnight(Timestamp::MAX) >= nearly);
    }
}
