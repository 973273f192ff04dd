//! Field names: proto-JSON takes `mimeType` and `mime_type` alike and refuses names it does not know.
//!
//! Google's SDKs send a mix of both spellings in one request. A misspelt field is a 400 at Google, so
//! it is one here: a client that a lenient stand-in let through would fail in production.

use serde_json::{Value, json};

use super::errors::ApiError;

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

/// A message type: the names of its fields in camel case, with spaces between them.
pub(super) type Fields = &'static str;

/// Fields of `GenerateContentRequest`.
pub(super) const GENERATE: Fields = "model contents systemInstruction tools toolConfig safetySettings \
                                     generationConfig cachedContent serviceTier store labels continuationToken";

/// Fields of `GenerationConfig`.
pub(super) const GENERATION_CONFIG: Fields = "temperature topP topK candidateCount maxOutputTokens stopSequences seed presencePenalty frequencyPenalty \
     responseLogprobs logprobs responseMimeType responseSchema responseJsonSchema responseModalities \
     responseFormat mediaResolution thinkingConfig speechConfig imageConfig audioTranscriptionConfig \
     enableEnhancedCivicAnswers";

/// Fields of `ThinkingConfig`.
pub(super) const THINKING_CONFIG: Fields = "includeThoughts thinkingBudget thinkingLevel";

/// Fields of `Content`.
pub(super) const CONTENT: Fields = "role parts";

/// Fields of `Part`.
pub(super) const PART: Fields = "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult toolCall \
     toolResponse thought thoughtSignature videoMetadata partMetadata mediaResolution";

/// The fields of a part of which it must have one.
pub(super) const DATA: Fields = "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult toolCall \
     toolResponse thoughtSignature";

/// Refuses members of `node` that the message type does not have, in Google's words. `path` is where
/// the message sits in the request, in snake case, empty at the top.
pub(super) fn check(node: &Value, fields: Fields, path: &str) -> Result<(), ApiError> {
    let Some(members) = node.as_object() else {
        return Err(invalid_value(path));
    };
    let unknown = members.keys().find(|key| !fields.split(' ').any(|f| f == *key || snake(f) == **key));
    match unknown {
        Some(key) => Err(unknown_name(key, path)),
        None => Ok(()),
    }
}

fn unknown_name(key: &str, path: &str) -> ApiError {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_spelling_is_known_and_others_are_refused_by_name() {
        let fine = json!({"maxOutputTokens": 1, "top_k": 2});
        assert!(check(&fine, GENERATION_CONFIG, "generation_config").is_ok());
        let wrong = json!({"maxTokens": 1});
        let error = check(&wrong, GENERATION_CONFIG, "generation_config").unwrap_err();
        assert!(error.message().contains(r#"Unknown name "maxTokens" at 'generation_config'"#));
    }
}
