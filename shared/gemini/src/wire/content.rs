//! [`Content`]: a turn of the conversation, made of [`Part`]s.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::lenient::{known, or_default};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// People, and programs that ask.
    User,
    /// The model.
    Model,
}

/// A turn. In answers it may be `{}`, or lack its parts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Content {
    /// Who speaks; a system instruction needs none.
    #[serde(deserialize_with = "known", skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What is said.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

impl Content {
    /// A turn of text parts.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role: Some(role), parts: vec![Part::text(text)] }
    }

    /// The text of all parts together, without the model's thoughts.
    #[must_use]
    pub fn spoken(&self) -> String {
        let spoken = self.parts.iter().filter(|part| !part.thought);
        spoken.filter_map(|part| part.text.as_deref()).collect()
    }
}

/// A piece of a turn. It may be empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Part {
    /// Text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether this is a summary of the model's thoughts, not part of the answer.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    pub thought: bool,
    /// Opaque; goes back unchanged when the turn does, or Gemini 3 refuses its own function calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thought_signature: Option<String>,
    /// Bytes, such as an image's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline_data: Option<InlineData>,
    /// Every other kind of part (function calls, executed code …), unchanged.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Part {
    /// A part of text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// Whether it holds nothing but perhaps a signature.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.as_deref().unwrap_or_default().is_empty()
            && self.inline_data.is_none()
            && self.other.is_empty()
    }
}

/// Bytes inside a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InlineData {
    /// Media type.
    pub mime_type: String,
    /// The bytes, base64.
    pub data: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(json: Value) -> Content {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn thoughts_are_not_spoken() {
        let content = read(json!({"role": "model", "parts": [
            {"text": "Let me think.", "thought": true},
            {"text": "Hel"}, {}, {"text": "lo"}, {"text": "", "thoughtSignature": "c2ln"}]}));
        assert_eq!(content.spoken(), "Hello");
    }

    #[test]
    fn empty_content_and_missing_parts_are_silent() {
        for json in [json!({}), json!({"role": "model"}), json!({"parts": null}), json!({"new": [1]})] {
            assert_eq!(read(json).spoken(), "");
        }
    }

    #[test]
    fn unknown_parts_and_signatures_survive_the_round_trip() {
        let json = json!({"role": "model", "parts": [
            {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"},
            {"hologram": {"volume": 3}}]});
        assert_eq!(serde_json::to_value(read(json.clone())).unwrap(), json);
    }
}
