//! [`Request`]: a `GenerateContentRequest`, checked as Google checks it.

use domain::{SchemaSize, ServiceTier};
use serde_json::{Value, json};

use super::errors::ApiError;
use super::models::Model;
use super::spelling::{self, Fields, invalid_value};
use super::tokens::Tokens;

/// What the answer must look like.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Format {
    Text,
    Json(Option<Value>),
}

/// A checked request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// The conversation, oldest first.
    pub(super) contents: Vec<Value>,
    /// What the answer must look like.
    pub(super) format: Format,
    /// The cache it builds on, `cachedContents/…`.
    pub(super) cache: Option<String>,
    /// The largest answer, thoughts included.
    pub(super) max_output_tokens: Option<u64>,
    /// Tokens to think with, before the prompt's size is taken into account.
    pub(super) thinking: u64,
    pub(super) tier: ServiceTier,
    /// The tokens of everything above, without the cache.
    pub(super) tokens: Tokens,
}

impl Request {
    pub(super) fn parse(body: &Value, model: &Model) -> Result<Self, ApiError> {
        check_cache(body)?;
        spelling::check(body, "GenerateContentRequest", "")?;
        let contents = contents(body)?;
        if let Some(system) = body.field("systemInstruction") {
            check_content(system, "system_instruction")?;
        }
        let config = body.field("generationConfig").cloned().unwrap_or_else(|| json!({}));
        check_sampling(&config, model)?;
        let thinking = thinking(&config, model)?;
        Ok(Self {
            format: format(&config)?,
            cache: body.string("cachedContent").map(str::to_owned),
            max_output_tokens: count(&config, "maxOutputTokens", model.output_limit)?,
            thinking,
            tier: tier(body)?,
            tokens: Tokens::of(body),
            contents,
        })
    }
}

/// Refuses what the model cannot take together with a cache.
fn check_cache(body: &Value) -> Result<(), ApiError> {
    let clash = ["systemInstruction", "tools", "toolConfig"].iter().any(|f| body.field(f).is_some());
    if body.field("cachedContent").is_some() && clash {
        return Err(ApiError::invalid(
            "CachedContent can not be used with GenerateContent request setting system_instruction, tools or \
             tool_config.\n\nProposed fix: move those values to CachedContent from GenerateContent request.",
        ));
    }
    Ok(())
}

/// The texts of a content's parts, one below the other, thoughts left out.
pub(super) fn text_of(content: &Value) -> String {
    let parts = content.items("parts").iter();
    let spoken = parts.filter(|part| !part.is_set("thought"));
    spoken.filter_map(|part| part.string("text")).collect::<Vec<_>>().join("\n")
}

fn contents(body: &Value) -> Result<Vec<Value>, ApiError> {
    let contents = body.items("contents");
    if contents.is_empty() {
        return Err(ApiError::invalid("* GenerateContentRequest.contents: contents is not specified\n"));
    }
    for (index, content) in contents.iter().enumerate() {
        check_content(content, &format!("contents[{index}]"))?;
    }
    Ok(contents.to_vec())
}

fn check_content(content: &Value, path: &str) -> Result<(), ApiError> {
    let is_said = path != "system_instruction";
    if is_said && !matches!(content.string("role"), None | Some("user" | "model" | "function" | "tool")) {
        return Err(ApiError::invalid("Please use a valid role: user, model."));
    }
    let parts = content.items("parts");
    if parts.is_empty() {
        let message = format!("* GenerateContentRequest.{path}.parts: contents.parts must not be empty.\n");
        return Err(ApiError::invalid(message));
    }
    for (number, part) in parts.iter().enumerate() {
        let path = format!("{path}.parts[{number}]");
        let mut set = spelling::DATA.split(' ').filter(|field| part.field(field).is_some());
        let words = match (set.next(), set.next()) {
            (Some(_), None | Some("thoughtSignature")) => continue,
            (_, Some(_)) => format!("Invalid value at '{path}' (oneof), oneof field 'data' is already set."),
            (None, _) => format!(
                "* GenerateContentRequest.{path}.data: required oneof field 'data' must have one initialized field\n"
            ),
        };
        return deny(&words);
    }
    Ok(())
}

fn deny<T>(words: &str) -> Result<T, ApiError> {
    Err(ApiError::invalid(words))
}

fn format(config: &Value) -> Result<Format, ApiError> {
    let schema = match (config.field("responseSchema"), config.field("responseJsonSchema")) {
        (Some(_), Some(_)) => deny("Only one of response_schema and response_json_schema can be set.")?,
        (schema, other) => schema.or(other).cloned(),
    };
    if schema.as_ref().is_some_and(|schema| SchemaSize::of(schema).exceeded().next().is_some()) {
        return Err(ApiError::invalid(
            "The specified schema produces a constraint that has too many states for serving. Typical causes of this \
             error are schemas with lots of text (for example, very long property or enum names).",
        ));
    }
    match (config.string("responseMimeType").unwrap_or("text/plain"), schema) {
        ("text/plain", None) => Ok(Format::Text),
        ("application/json", schema) => Ok(Format::Json(schema)),
        ("text/plain", Some(_)) => {
            deny("Response schema is only supported with response mime type 'application/json'.")
        }
        (other, _) => Err(ApiError::invalid(format!(
            "* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are `text/plain` \
             and `application/json`; got `{other}`.\n"
        ))),
    }
}

/// A whole number from 1 to `most`.
fn count(config: &Value, name: &str, most: u64) -> Result<Option<u64>, ApiError> {
    let Some(given) = config.field(name) else { return Ok(None) };
    match config.whole(name).filter(|number| (1..=most).contains(number)) {
        None => Err(ApiError::invalid(format!(
            "Unable to submit request because it has a {name} value of {given} but the supported range is from 1 \
             (inclusive) to {} (exclusive). Update the value and try again.",
            most + 1
        ))),
        number => Ok(number),
    }
}

/// The tier that is asked for.
fn tier(body: &Value) -> Result<ServiceTier, ApiError> {
    let Some(word) = body.field("serviceTier") else { return Ok(ServiceTier::Standard) };
    serde_json::from_value(word.clone()).map_err(|_| invalid_value("service_tier"))
}

/// The models give one answer, and know no penalties.
fn check_sampling(config: &Value, model: &Model) -> Result<(), ApiError> {
    if ["presencePenalty", "frequencyPenalty"].iter().any(|key| config.field(key).is_some()) {
        return Err(ApiError::invalid(format!("Penalty is not enabled for models/{}", model.name)));
    }
    if count(config, "candidateCount", 8)?.is_some_and(|count| count > 1) {
        return Err(ApiError::invalid("Multiple candidates is not enabled for this model"));
    }
    for (key, name, most) in [("temperature", "temperature", 2.0), ("topP", "top_p", 1.0)] {
        let number = config.field(key).map_or(Some(1.0), |_| config.number(key));
        if number.is_none_or(|number| !(0.0..=most).contains(&number)) {
            let place = "* GenerateContentRequest.generation_config";
            return Err(ApiError::invalid(format!(
                "{place}.{name}: {name} must be in the range [0.0, {most:.1}].\n"
            )));
        }
    }
    Ok(())
}

/// How much the model thinks, and whether it tells.
fn thinking(config: &Value, model: &Model) -> Result<u64, ApiError> {
    let Some(thinking) = config.field("thinkingConfig") else { return Ok(48) };
    let level = thinking.string("thinkingLevel").map(str::to_uppercase);
    let budget = thinking.number("thinkingBudget");
    Ok(match (level.as_deref(), budget) {
        (Some(_), Some(_)) => deny("You can only set only one of thinking budget and thinking level.")?,
        (Some("MINIMAL"), None) if model.name == "gemini-3.8-flash" => {
            return deny("Thinking level MINIMAL is not supported for this model.");
        }
        (Some("MINIMAL"), None) => 0,
        (Some("LOW"), None) => 16,
        (Some("MEDIUM" | "THINKING_LEVEL_UNSPECIFIED") | None, None) => 48,
        (Some("HIGH"), None) => 96,
        (Some("XHIGH"), None) => 192,
        (Some(_), None) => return Err(invalid_value("generation_config.thinking_config.thinking_level")),
        (None, Some(budget)) if budget < 0.0 => 48,
        (None, Some(budget)) => (budget as u64).min(96),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemini::models::resolve;

    /// Of two members of one name, the last one counts.
    fn with(member: &str) -> Result<Request, ApiError> {
        let model = resolve("gemini-3.8-flash", "v1", "generateContent").unwrap();
        let body = format!(r#"{{"contents":[{{"parts":[{{"text":"x"}}]}}],{member}}}"#);
        Request::parse(&serde_json::from_str(&body).unwrap(), model)
    }

    #[test]
    fn mixed_spelling_is_understood() {
        let request = with(
            r#""generationConfig":{"max_output_tokens":"64","top_k":2,"responseMimeType":"application/json","response_schema":
                {"type":"OBJECT","properties":{"const":{}},"property_ordering":["a"]},"thinkingConfig":{"include_thoughts":true,"thinking_level":"LOW"}}"#,
        )
        .unwrap();
        assert_eq!((request.max_output_tokens, request.thinking), (Some(64), 16));
        assert!(matches!(request.format, Format::Json(Some(_))));
        let words = r#"{"responseMimeType":"application/json","responseJsonSchema":{"const":1}}"#;
        assert!(with(&format!(r#""generationConfig":{words}"#)).is_ok(), "JSON Schema has its own");
    }

    #[test]
    fn what_google_refuses_is_refused() {
        let words: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
        let json = r#""responseMimeType":"application/json""#;
        let schema = |it: Value| format!(r#""generationConfig":{{{json},"responseSchema":{it}}}"#);
        for (member, words) in [
            (r#""generationConfig":{"thinkingConfig":{"thinkingLevel":"MINIMAL"}}"#, "MINIMAL"),
            (r#""generationConfig":{"presencePenalty":0.5}"#, "Penalty is not enabled"),
            (r#""generationConfig":{"candidate_count":2}"#, "Multiple candidates is not enabled"),
            (&schema(json!({"enum": words})), "too many states for serving"),
            (r#""generationConfig":{"temperature":3}"#, "temperature"),
            (r#""generationConfig":{"top_p":1.5}"#, "top_p must be in the range [0.0, 1.0]"),
            (r#""generationConfig":{"maxOutputTokens":0}"#, "value of 0 but the supported range is from 1 "),
            (r#""generationConfig":{"maxOutputTokens":65537}"#, "from 1 (inclusive) to 65537 (exclusive)"),
            (r#""generationConfig":{"responseSchema":{"type":"STRING"}}"#, "mime type"),
            (r#""systemInstruction":"x""#, "Invalid value at 'system_instruction'"),
            (r#""systemInstruction":{"text":"x"}"#, "Unknown name \"text\" at 'system_instruction'"),
            (r#""systemInstruction":{"parts":[{}]}"#, "system_instruction.parts[0].data"),
            (r#""serviceTier":"cheap""#, "Invalid value at 'service_tier'"),
            (r#""contents":[{"parts":[{"inlineData":{"mime":1}}]}]"#, "'contents[0].parts[0].inline_data'"),
            (r#""contents":[{"parts":[{"file_data":{"url":1}}]}]"#, "'contents[0].parts[0].file_data'"),
            (&schema(json!({"$ref": "#"})), "Unknown name \"$ref\" at 'generation_config.response_schema'"),
            (&schema(json!({"properties": {"const": {"const": 1}}})), "response_schema.properties[0].value'"),
            (&schema(json!({"anyOf": [{"items": {"oneOf": []}}]})), "response_schema.any_of[0].items'"),
            (r#""tools":[{"google_search":{}},{"find":{}}]"#, "Unknown name \"find\" at 'tools[1]'"),
            (r#""safetySettings":[{"level":"OFF"}]"#, "Unknown name \"level\" at 'safety_settings[0]'"),
            (r#""contents":null"#, "contents is not specified"),
            (r#""contents":"x""#, "Invalid value at 'contents'"),
            (r#""contents":[{"text":"x"}]"#, "Unknown name"),
            (r#""contents":[{"role":"user","parts":[]}]"#, "parts"),
            (r#""contents":[{"parts":[{}]}]"#, "'data'"),
            (r#""contents":[{"parts":[{"text":"x","inlineData":{}}]}]"#, "'contents[0].parts[0]' (oneof)"),
            (r#""contents":[{"role":"system","parts":[{"text":"x"}]}]"#, "valid role"),
        ] {
            assert!(with(member).unwrap_err().message.contains(words), "{member}");
        }
    }
}
