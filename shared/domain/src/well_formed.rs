//! JSON of others, in which a text may hold half of a surrogate pair.
//!
//! JSON has UTF-16 in its escapes, and texts that were cut between the two halves of a character are JSON all the same
//! (RFC 8259, section 8.2: what a reader makes of them is its own affair). JavaScript's `JSON.stringify` writes them so;
//! no `String` holds them, and serde refuses the whole document for one. What was signed stays as it was received.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::DeserializeOwned;

/// First halves of a pair.
const HIGH: Range<u16> = 0xD800..0xDC00;
/// Second halves.
const LOW: Range<u16> = 0xDC00..0xE000;
/// Bytes of `\uXXXX`.
const UNIT: usize = 6;

/// `json` with U+FFFD for each escape that is half of a pair without the other, as JavaScript's `toWellFormed` has it.
/// No other byte changes, and none moves: places in errors stay what they were.
///
/// ```
/// assert_eq!(domain::well_formed(r#""smile \ud83d""#), r#""smile \ufffd""#);
/// assert_eq!(domain::well_formed(r#""\ud83d\ude00, \\ud83d""#), r#""\ud83d\ude00, \\ud83d""#);
/// ```
#[must_use]
pub fn well_formed(json: &str) -> Cow<'_, str> {
    let (mut mended, mut kept, mut at) = (String::new(), 0, 0);
    while let Some(rest) = escape(json.as_bytes(), &mut at) {
        let is_low = |unit: u16| LOW.contains(&unit);
        at += match unit(rest) {
            // The character behind the backslash may be one itself.
            None => 2,
            Some(high) if HIGH.contains(&high) && unit(&rest[UNIT..]).is_some_and(is_low) => 2 * UNIT,
            Some(lone) if HIGH.contains(&lone) || is_low(lone) => {
                mended.push_str(&json[kept..at]);
                mended.push_str("\\ufffd");
                kept = at + UNIT;
                UNIT
            }
            Some(_) => UNIT,
        };
    }
    if kept == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(&json[kept..]);
    Cow::Owned(mended)
}

/// What the JSON `bytes` of others hold, read as [`well_formed`] has it.
///
/// # Errors
/// It is not JSON, or not what a `T` is.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(&well_formed(text)),
        // serde says where; or it stands where nobody reads it.
        Err(_) => serde_json::from_slice(bytes),
    }
}

/// What begins with the next backslash, not before `at`, which is moved there.
fn escape<'j>(json: &'j [u8], at: &mut usize) -> Option<&'j [u8]> {
    let rest = json.get(*at..)?;
    let found = rest.iter().position(|byte| *byte == b'\\')?;
    *at += found;
    rest.get(found..)
}

/// The code unit of the escape `\uXXXX` that `rest` begins with.
fn unit(rest: &[u8]) -> Option<u16> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    let digit =
        |unit: u16, digit: &u8| Some(unit << 4 | u16::try_from(char::from(*digit).to_digit(16)?).ok()?);
    digits.iter().try_fold(0, digit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// What texts with escapes are made of.
    const PIECES: [&str; 15] = [
        r"\ud83d", r"\ude00", r"\uD83D", r"\uDE00", r"\ufffd", r"\u00e9", r"\\", r"\", "u", r#"\""#, r"\n",
        "d83d", "é", "🦀", r"\ud8",
    ];

    fn read(json: &str) -> Value {
        serde_json::from_str(&well_formed(json)).unwrap()
    }

    #[test]
    fn half_a_pair_is_a_replacement_character_wherever_it_stands() {
        assert_eq!(
            read(r#"{"\udc00":["smile \ud83d","\ude00\ud83d\ud83d\ude00"]}"#),
            serde_json::json!({
                "\u{fffd}": ["smile \u{fffd}", "\u{fffd}\u{fffd}😀"]
            })
        );
    }

    #[test]
    fn what_is_no_escape_stays_what_it_is() {
        for json in [
            r#""\\ud83d""#,
            r#""\ud83d\ude00""#,
            r#""ud83d""#,
            r#""\\\\ude00""#,
            r"\",
            r"\é",
            r"\u",
            r#""\ud83""#,
        ] {
            assert!(matches!(well_formed(json), Cow::Borrowed(same) if same == json), "{json}");
        }
        assert_eq!(read(r#""\\\ud83d\\ud83d""#), Value::from("\\\u{fffd}\\ud83d"));
    }

    #[test]
    fn bytes_that_are_no_text_are_read_as_far_as_anybody_looks_at_them() {
        assert_eq!(read_json::<String>(br#""\ud83d""#).unwrap(), "\u{fffd}");
        assert!(read_json::<Value>(b"\"\xff\"").is_err());
        assert!(read_json::<serde::de::IgnoredAny>(b"{\"x\":\"\xff\"}").is_ok());
    }

    proptest! {
        #[test]
        fn what_serde_reads_is_not_touched(pieces in prop::collection::vec(0_usize..PIECES.len(), 0..12)) {
            let json = format!("\"{}\"", pieces.iter().map(|at| PIECES[*at]).collect::<String>());
            let mended = well_formed(&json);
            prop_assert_eq!(mended.len(), json.len());
            if serde_json::from_str::<Value>(&json).is_ok() {
                prop_assert!(matches!(mended, Cow::Borrowed(_)), "{}", json);
            }
        }

        #[test]
        fn any_value_that_serde_writes_is_not_touched(text: String, key: String) {
            let json = serde_json::json!({key: text}).to_string();
            prop_assert!(matches!(well_formed(&json), Cow::Borrowed(_)));
        }

        /// As every decoder of UTF-16 has it.
        #[test]
        fn escapes_are_read_as_utf_16(units in prop::collection::vec(prop_oneof![any::<u16>(), 0xD7F0_u16..0xE010], 0..12)) {
            let escapes: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            prop_assert_eq!(read(&format!("\"{escapes}\"")), Value::from(String::from_utf16_lossy(&units)));
        }

        #[test]
        fn no_text_makes_a_panic(text: String) {
            let _ = well_formed(&text);
        }
    }
}
