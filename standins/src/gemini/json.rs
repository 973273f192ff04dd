//! [`Fields`]: looking into messages of Google's, in which a field has two spellings.

use serde_json::Value;

use super::spelling::snake;

/// The members of a protocol-buffer message in JSON.
pub(super) trait Fields {
    /// A member in either spelling (`mimeType`, `mime_type`). `null` counts as absent, as proto-JSON has it.
    fn field(&self, camel: &str) -> Option<&Value>;

    /// A text.
    fn string(&self, camel: &str) -> Option<&str> {
        self.field(camel)?.as_str()
    }

    /// The elements of a list; none when it is absent.
    fn items(&self, camel: &str) -> &[Value] {
        self.field(camel).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Whether a member is true.
    fn is_set(&self, camel: &str) -> bool {
        self.field(camel).and_then(Value::as_bool) == Some(true)
    }

    /// A number. Proto-JSON writes 64-bit integers as strings, so those count too.
    fn number(&self, camel: &str) -> Option<f64> {
        match self.field(camel)? {
            Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
            other => other.as_f64(),
        }
    }

    /// A whole number that is not negative.
    fn whole(&self, camel: &str) -> Option<u64> {
        self.number(camel)
            .filter(|number| *number >= 0.0 && number.fract() == 0.0)
            .map(|number| number as u64)
    }
}

impl Fields for Value {
    fn field(&self, camel: &str) -> Option<&Value> {
        self.get(camel).or_else(|| self.get(snake(camel))).filter(|value| !value.is_null())
    }
}
