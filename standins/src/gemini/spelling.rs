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
        let is_whole = |number: &f64| *number >= 0.0 && number.fract() == 0.0;
        self.number(camel).filter(is_whole).map(|number| number as u64)
    }
}

impl Fields for Value {
    fn field(&self, camel: &str) -> Option<&Value> {
        self.get(camel).or_else(|| self.get(snake(camel))).filter(|value| !value.is_null())
    }
}

/// `mimeType` → `mime_type`.
fn snake(camel: &str) -> String {
    let mut out = String::with_capacity(camel.len() + 4);
    for c in camel.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The message types: a name and the fields, in camel case. Behind `:` stands the type of what a field holds: one, a list of
/// them (`*`), or a map to them (`{}`). What has none there may hold anything. A `Schema` is OpenAPI's: what JSON Schema has
/// besides (`$ref`, `oneOf`, `const`) belongs in `responseJsonSchema`.
const MESSAGES: &str = "
GenerateContentRequest model contents:Content* systemInstruction:Content tools:Tool* toolConfig \
    safetySettings:SafetySetting* generationConfig:GenerationConfig cachedContent serviceTier store labels continuationToken
CountTokensRequest model contents:Content* generateContentRequest:GenerateContentRequest
VertexCountTokensRequest model instances contents:Content* systemInstruction:Content tools:Tool* \
    generationConfig:GenerationConfig labels
CachedContent name model displayName contents:Content* systemInstruction:Content tools:Tool* toolConfig ttl expireTime \
    createTime updateTime usageMetadata
GenerationConfig temperature topP topK candidateCount maxOutputTokens stopSequences seed presencePenalty frequencyPenalty \
    responseLogprobs logprobs responseMimeType responseSchema:Schema responseJsonSchema responseModalities responseFormat \
    mediaResolution thinkingConfig:ThinkingConfig speechConfig imageConfig audioTranscriptionConfig \
    enableEnhancedCivicAnswers _responseJsonSchema
ThinkingConfig includeThoughts thinkingBudget thinkingLevel
Schema type format title description nullable enum maxItems minItems properties:Schema{} required minProperties \
    maxProperties minLength maxLength pattern example anyOf:Schema* propertyOrdering default items:Schema minimum maximum \
    additionalProperties
Content role parts:Part*
Part text inlineData:Blob fileData:FileData functionCall functionResponse executableCode codeExecutionResult toolCall \
    toolResponse thought thoughtSignature videoMetadata partMetadata mediaResolution mediaProcessing \
    speechMetadata audioMetadata audioTranscription documentMetadata spreadsheetMetadata
Blob mimeType data
FileData mimeType fileUri
Tool functionDeclarations:FunctionDeclaration* googleSearch googleSearchRetrieval codeExecution computerUse urlContext \
    fileSearch googleMaps mcpServers
FunctionDeclaration name description behavior parameters:Schema parametersJsonSchema response:Schema responseJsonSchema
SafetySetting category threshold";

/// The fields of a part of which it must have one.
pub(super) const DATA: &str = "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult toolCall \
     toolResponse thoughtSignature";

/// Refuses members of `node`, and of what it holds, that the message `kind` does not have, in Google's words. `path` is
/// where the message sits in the request, in snake case, empty at the top.
pub(super) fn check(node: &Value, kind: &str, path: &str) -> Result<(), ApiError> {
    let mut messages = MESSAGES.lines().filter_map(|line| line.split_once(' '));
    let fields = messages.find(|(name, _)| *name == kind).map_or("", |(_, fields)| fields);
    let fields = fields.split_whitespace().map(|field| field.split_once(':').unwrap_or((field, "")));
    for (key, value) in node.as_object().ok_or_else(|| invalid_value(path))? {
        let mut known = fields.clone().filter(|(name, _)| name == key || snake(name) == *key);
        let (name, kind) = known.next().ok_or_else(|| unknown_name(key, path))?;
        if kind.is_empty() || value.is_null() {
            continue;
        }
        let at = if path.is_empty() { snake(name) } else { format!("{path}.{}", snake(name)) };
        let wrong = || invalid_value(&at);
        if let Some(kind) = kind.strip_suffix('*') {
            let mut list = value.as_array().ok_or_else(wrong)?.iter().enumerate();
            list.try_for_each(|(index, one)| check(one, kind, &format!("{at}[{index}]")))?;
        } else if let Some(kind) = kind.strip_suffix("{}") {
            let mut map = value.as_object().ok_or_else(wrong)?.values().enumerate();
            map.try_for_each(|(index, one)| check(one, kind, &format!("{at}[{index}].value")))?;
        } else {
            check(value, kind, &at)?;
        }
    }
    Ok(())
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
