//! Durations in proto JSON: `"34s"`, `"45.837906927s"`.

use std::time::Duration;

/// Reads a proto JSON duration. `None` when the text is not a duration, or is negative.
///
/// Decimal digits are taken exactly, not by way of a float: `45.837906927s` is 45 s and
/// 837,906,927 ns. Digits beyond the nanosecond are rounded up: a wait must not end too early.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let number = text.trim().strip_suffix('s')?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if !is_digits(whole) || !(fraction.is_empty() || is_digits(fraction)) {
        return None;
    }
    let seconds = Duration::from_secs(whole.parse().ok()?);
    seconds.checked_add(nanoseconds(fraction))
}

/// The proto JSON form of a duration, in whole seconds, rounded up: `7200s`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    format!("{}s", duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn nanoseconds(digits: &str) -> Duration {
    let head = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = head.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    let more = digits.bytes().skip(9).any(|digit| digit != b'0');
    Duration::from_nanos(nanos + u64::from(more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn seconds_are_exact_to_the_nanosecond_and_what_is_beyond_is_rounded_up() {
        for (text, seconds, nanos) in [
            ("34s", 34, 0),
            ("0s", 0, 0),
            ("45.837906927s", 45, 837_906_927),
            ("34.4s", 34, 400_000_000),
            ("0.000000001s", 0, 1),
            ("1.9999999991s", 2, 0),
        ] {
            assert_eq!(parse_duration(text), Some(Duration::new(seconds, nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "s", "34", "-3s", "1e3s", ".5s", "1.2.3s", "NaNs", "99999999999999999999s", "+1s"] {
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
        fn every_duration_is_read_back(seconds: u64, nanos in 0u32..1_000_000_000) {
            let duration = Duration::new(seconds, nanos);
            prop_assert_eq!(parse_duration(&format!("{seconds}.{nanos:09}s")), Some(duration));
        }
    }
}
