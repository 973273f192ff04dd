//! JSON of others: how deep it may nest where it is kept within documents of ours, and how it is shown.

use serde_json::Value;

/// Levels that it may have. Readers of JSON take some number of levels (`serde_json` 128) and refuse the whole document
/// above it: what was read at the limit and is kept a few levels deeper can be read by nobody any more.
pub const MAX_NESTING: usize = 16;

/// JSON that is longer is not indented, bytes.
const MAX_INDENTED: usize = 64 * 1024;

/// Whether `value` has more than [`MAX_NESTING`] levels of arrays and objects.
///
/// ```
/// let nested = |levels| (0..levels).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
/// assert!(!domain::nests_too_deep(&nested(16)));
/// assert!(domain::nests_too_deep(&nested(17)));
/// ```
#[must_use]
pub fn nests_too_deep(value: &Value) -> bool {
    fn is_deeper(value: &Value, levels: usize) -> bool {
        let Some(left) = levels.checked_sub(1) else { return value.is_array() || value.is_object() };
        match value {
            Value::Array(items) => items.iter().any(|inner| is_deeper(inner, left)),
            Value::Object(fields) => fields.values().any(|inner| is_deeper(inner, left)),
            _ => false,
        }
    }
    is_deeper(value, MAX_NESTING)
}

/// `value` as people read it: indented, unless that would make much more of it. A line is as much longer as it lies deep.
#[must_use]
pub fn readable(value: &Value) -> String {
    let plain = value.to_string();
    if plain.len() > MAX_INDENTED || nests_too_deep(value) {
        return plain;
    }
    serde_json::to_string_pretty(value).unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nests_deep_or_is_long_is_not_made_much_longer() {
        assert_eq!(readable(&json!({"a": [1]})), "{\n  \"a\": [\n    1\n  ]\n}");
        let deep = (0..100).fold(json!([1, 1]), |inner, _| json!([inner]));
        let long = json!(vec![1; 40_000]);
        for value in [deep, long] {
            assert_eq!(readable(&value), value.to_string());
        }
    }
}
