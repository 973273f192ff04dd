//! Field names: proto-JSON takes `mimeType` and `mime_type` alike and refuses names it does not know.
//!
//! Google's SDKs send a mix of both spellings in one request. A misspelt field is a 400 at Google, so
//! it is one here: a client that a lenient stand-in let through would fail in production.

use serde_json::{Value, json};

use super::errors::ApiError;

/// The members of a protocol-buffer message in JSON.
pub(super) trait Fields {
    /// A member in either spelling (`mimeType`, `mime_type`). `null` counts as absent, as proto-JSON has it.
    fn field(&self, camel: &str) -> Option<&Value>;

    fn string(&self, camel: &str) -> Option<&str> {
        self.field(camel)?.as_str()
    }

    /// The elements of a list; none when it is absent.
    fn items(&self, camel: &str) -> &[Value] {
        self.field(camel).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

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

/// `mimeType` → `mime_type`.
pub(super) fn snake(camel: &str) -> String {
    let mut out = String::with_capacity(camel.len() + 4);
    for c in camel.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

// Message types: the names of their fields in camel case, with spaces between them.
pub(super) const GENERATE: &str = "model contents systemInstruction tools toolConfig safetySettings \
                                     generationConfig cachedContent serviceTier store labels continuationToken";

pub(super) const GENERATION_CONFIG: &str = "temperature topP topK candidateCount maxOutputTokens stopSequences seed presencePenalty frequencyPenalty \
     responseLogprobs logprobs responseMimeType responseSchema responseJsonSchema responseModalities \
     responseFormat mediaResolution thinkingConfig speechConfig imageConfig audioTranscriptionConfig \
     enableEnhancedCivicAnswers";

pub(super) const THINKING_CONFIG: &str = "includeThoughts thinkingBudget thinkingLevel";

pub(super) const CONTENT: &str = "role parts";

pub(super) const TOOL: &str = "functionDeclarations googleSearch googleSearchRetrieval codeExecution computerUse urlContext \
     fileSearch googleMaps mcpServers";

pub(super) const PART: &str = "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult toolCall \
     toolResponse thought thoughtSignature videoMetadata partMetadata mediaResolution";

/// The fields of a part of which it must have one.
pub(super) const DATA: &str = "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult toolCall \
     toolResponse thoughtSignature";

/// Refuses members of `node` that the message type does not have, in Google's words. `path` is where
/// the message sits in the request, in snake case, empty at the top.
pub(super) fn check(node: &Value, names: &str, path: &str) -> Result<(), ApiError> {
    let members = node.as_object().ok_or_else(|| invalid_value(path))?;
    let unknown = members.keys().find(|key| !names.split(' ').any(|f| f == *key || snake(f) == **key));
    unknown.map_or(Ok(()), |key| Err(unknown_name(key, path)))
}

/// 400 for a name that the message type at `path` does not have.
pub(super) fn unknown_name(key: &str, path: &str) -> ApiError {
    let place = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
    violation(
        path,
        format!("Invalid JSON payload received. Unknown name \"{key}\"{place}: Cannot find field."),
    )
}

/// A member has the wrong JSON type.
pub(super) fn invalid_value(path: &str) -> ApiError {
    violation(path, format!("Invalid value at '{path}'"))
}

fn violation(field: &str, description: String) -> ApiError {
    ApiError::invalid(description.clone()).detail(json!({
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": field, "description": description}],
    }))
}
