//! Durations as people write them: `500ms`, `90s`, `15m`, `48h`, `7d`.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Value, json};

/// Units with their length in milliseconds; `ms` stands before `s` and `m`, which end it.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// What a good duration looks like, for messages.
pub(crate) const EXAMPLE: &str =
    "write a whole number and a unit: \"500ms\", \"90s\", \"15m\", \"48h\", \"7d\"";

/// A duration within `range` in keywords of JSON Schema, which cannot compare them: that is said in words.
pub(crate) fn keywords(range: &RangeInclusive<Duration>) -> Value {
    let units: Vec<&str> = UNITS.iter().map(|(name, _)| *name).collect();
    let (least, most) = (show(*range.start()), show(*range.end()));
    json!({
        "type": "string",
        "pattern": format!("^[0-9]+({})$", units.join("|")),
        "description": format!("A whole number and a unit, from {least} to {most}."),
    })
}

/// Reads a whole number followed by a unit.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let millis = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    number.parse::<u64>().ok()?.checked_mul(millis).map(Duration::from_millis)
}

/// The shortest exact way to write `duration`, at a precision of milliseconds.
pub(crate) fn show(duration: Duration) -> String {
    let millis = duration.as_millis();
    let fits = UNITS.iter().rev().find(|(_, unit)| millis > 0 && millis.is_multiple_of(u128::from(*unit)));
    match fits {
        Some((name, unit)) => format!("{}{name}", millis / u128::from(*unit)),
        None => "0s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, show};
    use std::time::Duration;

    #[test]
    fn every_unit_is_read() {
        let read = ["500ms", "90s", "15m", "48h", "7d"].map(parse);
        let seconds = [0.5, 90.0, 900.0, 172_800.0, 604_800.0].map(|s| Some(Duration::from_secs_f64(s)));
        assert_eq!(read, seconds);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "90",
            "s",
            "1.5h",
            "-1s",
            "90 s",
            "1h30m",
            "90S",
            "99999999999999999999s",
            "9999999999999999999d",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn shown_durations_read_back() {
        for text in ["1ms", "90s", "1m", "36h", "2d"] {
            assert_eq!(parse(text).map(show).as_deref(), Some(text));
        }
        assert_eq!(show(Duration::ZERO), "0s");
    }
}
