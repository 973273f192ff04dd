//! How deep JSON of others may nest that is kept within documents of ours.

use serde_json::Value;

/// Levels that it may have. Readers of JSON take some number of levels (`serde_json` 128) and refuse the whole document
/// above it: what was read at the limit and is kept a few levels deeper can be read by nobody any more.
pub const MAX_NESTING: usize = 16;

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
