//! Durations in proto JSON: `"34s"`, `"45.837906927s"`.

use std::time::Duration;

use jiff::SignedDuration;

/// Reads a duration, exact to the nanosecond; also as sentences have it, `9h12m3.5s`. `None` when the text is not a
/// duration, or is negative.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    text.trim().parse::<SignedDuration>().ok()?.try_into().ok()
}

/// The proto JSON form of a duration, in whole seconds, rounded up: `7200s`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    format!("{}s", duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn seconds_are_exact_to_the_nanosecond() {
        for (text, seconds, nanos) in [
            ("34s", 34, 0),
            ("0s", 0, 0),
            ("45.837906927s", 45, 837_906_927),
            ("34.4s", 34, 400_000_000),
            ("0.000000001s", 0, 1),
            ("9h12m3.5s", 33_123, 500_000_000),
            ("500ms", 0, 500_000_000),
        ] {
            assert_eq!(parse_duration(text), Some(Duration::new(seconds, nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "s", "34", "-3s", "1e3s", ".5s", "1.2.3s", "soon", "NaNs", "99999999999999999999s"] {
            assert_eq!(parse_duration(text), None, "{text:?}");
        }
    }

    #[test]
    fn durations_are_written_in_whole_seconds() {
        assert_eq!(format_duration(Duration::from_secs(7_200)), "7200s");
        assert_eq!(format_duration(Duration::from_millis(1)), "1s");
        assert_eq!(format_duration(Duration::MAX), format!("{}s", u64::MAX));
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = parse_duration(&text);
        }

        #[test]
        fn every_duration_is_read_back(seconds in 0..=u64::from(u32::MAX), nanos in 0u32..1_000_000_000) {
            let duration = Duration::new(seconds, nanos);
            prop_assert_eq!(parse_duration(&format!("{seconds}.{nanos:09}s")), Some(duration));
        }
    }
}
