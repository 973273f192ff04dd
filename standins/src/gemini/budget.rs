//! How complex a schema may be.
//!
//! Google publishes no bounds: it names what makes a schema too complex (long names and words, deep nesting,
//! long lists). The bounds here are ours, far above what a sound schema needs.

use serde_json::Value;

use super::errors::ApiError;

const MAX_DEPTH: usize = 32;
/// Characters of all names of properties and all words to choose from.
const MAX_TEXT: usize = 60_000;

/// Refuses a schema that is too complex, in Google's words.
pub(super) fn check(schema: &Value) -> Result<(), ApiError> {
    let mut text = 0;
    if depth(schema, &mut text) > MAX_DEPTH {
        return Err(ApiError::invalid(
            "A schema in GenerationConfig in the request exceeds the maximum allowed nesting depth.",
        ));
    }
    if text > MAX_TEXT {
        return Err(ApiError::invalid(
            "The specified schema produces a constraint that has too many states for serving. Typical causes of \
             this error are schemas with lots of text (for example, very long property or enum names), schemas \
             with long array length limits (especially when nested), or schemas using complex value matchers.",
        ));
    }
    Ok(())
}

/// How deep objects and lists are nested, both counted; what is read of names and words is added to `text`.
fn depth(node: &Value, text: &mut usize) -> usize {
    match node {
        Value::Object(members) => {
            let inner = members.iter().map(|(name, value)| {
                *text += name.len();
                depth(value, text)
            });
            inner.max().unwrap_or(0) + 1
        }
        Value::Array(items) => items.iter().map(|item| depth(item, text)).max().unwrap_or(0),
        Value::String(word) => {
            *text += word.len();
            0
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn deep_and_wordy_schemas_are_refused_and_others_are_not() {
        let nested =
            |levels: usize| (0..levels).fold(json!({"type": "string"}), |inner, _| json!({"items": inner}));
        assert!(check(&nested(20)).is_ok());
        assert!(check(&nested(40)).unwrap_err().message().contains("nesting depth"));
        let words: Vec<String> =
            (0..2_000).map(|n| format!("a word that is rather long, number {n}")).collect();
        assert!(check(&json!({"enum": words[..100]})).is_ok());
        assert!(check(&json!({"enum": words})).unwrap_err().message().contains("too many states"));
    }
}
