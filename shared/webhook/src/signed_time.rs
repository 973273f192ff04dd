//! [`Tolerance`]: where the signed time stands, how it is written and how far from now it may be.

use std::time::Duration;

use domain::{Timestamp, read_json};
use serde_json::Value;

/// The longest RFC 3339 time: date, time, nine digits of fraction, numeric offset.
const RFC3339_BYTES: usize = 35;

/// The signed time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tolerance {
    /// Where it stands.
    pub place: TimePlace,
    /// How it is written.
    pub format: TimeFormat,
    /// How far from now it may be, either way.
    pub within: Duration,
}

/// Where the signed time stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimePlace {
    /// A header of its own, by its lower-case name.
    Header(String),
    /// An item of the signature header, by its prefix (Stripe's `t=`).
    Item(String),
    /// The body, by a JSON pointer. Read only after the signature holds.
    Body(String),
}

/// How the signed time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFormat {
    /// Seconds since 1970.
    UnixSeconds,
    /// Milliseconds since 1970.
    UnixMillis,
    /// Such as `2026-11-20T10:00:00Z`.
    Rfc3339,
}

impl TimePlace {
    pub(crate) fn header(&self) -> Option<&str> {
        match self {
            Self::Header(name) => Some(name),
            Self::Item(_) | Self::Body(_) => None,
        }
    }

    pub(crate) fn is_in_headers(&self) -> bool {
        !matches!(self, Self::Body(_))
    }
}

impl Tolerance {
    /// Whether `at` is close enough to `now`. A time far ahead is as bad as one long past: it would
    /// keep a captured request replayable until then.
    pub(crate) fn accepts(&self, at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(at).unsigned_abs() <= self.within
    }

    /// The time at `pointer` of a JSON body.
    pub(crate) fn read_body(&self, pointer: &str, body: &[u8]) -> Option<Timestamp> {
        let body: Value = read_json(body).ok()?;
        match body.pointer(pointer)? {
            Value::String(text) => self.format.read(text),
            Value::Number(number) => self.format.read(&number.to_string()),
            _ => None,
        }
    }
}

impl TimeFormat {
    /// Reads exactly what a sender would write: no signs, blanks, annotations or dates before 1970.
    pub(crate) fn read(self, text: &str) -> Option<Timestamp> {
        match self {
            Self::UnixSeconds => Timestamp::from_second(digits(text)?).ok(),
            Self::UnixMillis => Timestamp::from_millisecond(digits(text)?).ok(),
            Self::Rfc3339 => rfc3339(text),
        }
    }

    pub(crate) fn write(self, at: Timestamp) -> String {
        match self {
            Self::UnixSeconds => at.as_second().to_string(),
            Self::UnixMillis => at.as_millisecond().to_string(),
            Self::Rfc3339 => Timestamp::from_second(at.as_second()).unwrap_or(at).to_string(),
        }
    }
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn rfc3339(text: &str) -> Option<Timestamp> {
    let plain = |byte: u8| byte.is_ascii_digit() || b"TZ:.+-".contains(&byte);
    (text.len() <= RFC3339_BYTES && text.bytes().all(plain)).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [TimeFormat; 3] = [TimeFormat::UnixSeconds, TimeFormat::UnixMillis, TimeFormat::Rfc3339];

    #[test]
    fn each_format_reads_what_it_writes() {
        let at: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        for format in ALL {
            assert_eq!(format.read(&format.write(at)), Some(at), "{format:?}");
        }
        let later: Timestamp = "2026-11-20T10:00:00.9Z".parse().unwrap();
        assert_eq!(TimeFormat::Rfc3339.write(later), "2026-11-20T10:00:00Z");
    }

    #[test]
    fn anything_but_digits_is_no_unix_time() {
        for text in ["", "-1", "+1", " 1", "1.5", "1e9", "१", "99999999999999999999", "9223372036854775807"]
        {
            assert_eq!(TimeFormat::UnixSeconds.read(text), None, "{text}");
        }
    }

    #[test]
    fn annotations_and_local_times_are_no_rfc3339() {
        for text in ["2026-11-20T10:00:00", "2026-11-20T10:00:00Z[UTC]", "2026-11-20", "now", ""] {
            assert_eq!(TimeFormat::Rfc3339.read(text), None, "{text}");
        }
        assert!(TimeFormat::Rfc3339.read("2026-11-20T11:00:00.25+01:00").is_some());
    }

    #[test]
    fn tolerance_ends_on_the_second_in_both_directions() {
        let tolerance = Tolerance {
            place: TimePlace::Header("x".to_owned()),
            format: TimeFormat::UnixSeconds,
            within: Duration::from_secs(300),
        };
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(tolerance.accepts(at(1000), at(1300)));
        assert!(!tolerance.accepts(at(1000), at(1301)));
        assert!(tolerance.accepts(at(1300), at(1000)));
        assert!(!tolerance.accepts(at(1301), at(1000)));
        assert!(!tolerance.accepts(Timestamp::MIN, Timestamp::MAX));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_panic(text: String) {
            for format in ALL {
                let _ = format.read(&text);
            }
        }
    }
}
