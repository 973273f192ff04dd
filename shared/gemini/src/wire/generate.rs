//! `models/{m}:generateContent`: request and response.

use domain::ServiceTier;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::lenient::{or_default, word};
use super::{Content, UsageMetadata};

/// The request. What never changes comes first, so that calls of one agent share a long prefix and
/// the service's implicit cache can serve it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GenerateContentRequest {
    /// `cachedContents/…`, which then holds the system instruction: that must not be sent too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_content: Option<String>,
    /// Persona and reference material.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_instruction: Option<Content>,
    /// The conversation, oldest first.
    pub contents: Vec<Content>,
    /// Settings under the API's own names, so that new ones need no release of ours.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub generation_config: Map<String, Value>,
    /// How it is to be served; absent is standard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<ServiceTier>,
}

const MAX_OUTPUT_TOKENS: &str = "maxOutputTokens";
const SCHEMA: &str = "responseJsonSchema";

impl GenerateContentRequest {
    /// The bound of the answer, thoughts included, in tokens.
    #[must_use]
    pub fn max_output_tokens(&self) -> Option<u64> {
        self.generation_config.get(MAX_OUTPUT_TOKENS).and_then(Value::as_u64)
    }

    /// The schema of the answer.
    #[must_use]
    pub fn schema(&self) -> Option<&Value> {
        self.generation_config.get(SCHEMA)
    }

    /// Bounds the answer, thoughts included, to `tokens`.
    pub fn set_max_output_tokens(&mut self, tokens: u64) {
        self.generation_config.insert(MAX_OUTPUT_TOKENS.to_owned(), Value::from(tokens));
    }
}

/// The response, and every chunk of a streamed one.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GenerateContentResponse {
    /// The answers; none when the prompt was blocked.
    #[serde(deserialize_with = "or_default")]
    pub candidates: Vec<Candidate>,
    /// What the service thought of the prompt.
    pub prompt_feedback: Option<PromptFeedback>,
    /// What is billed.
    pub usage_metadata: Option<UsageMetadata>,
    /// How long the model will be there.
    #[serde(deserialize_with = "or_default")]
    pub model_status: Option<ModelStatus>,
    /// The model that answered: an alias resolved.
    pub model_version: Option<String>,
}

/// Where a model is in its life.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelStatus {
    /// `STABLE`, `LEGACY`, `DEPRECATED`, `RETIRED` and others.
    #[serde(deserialize_with = "word")]
    pub model_stage: Option<String>,
    /// When it will be gone.
    #[serde(deserialize_with = "word")]
    pub retirement_time: Option<String>,
}

impl ModelStatus {
    /// When the model will be gone, in words, if it is said to go.
    #[must_use]
    pub fn goes(&self) -> Option<String> {
        let stage = self.model_stage.as_deref().unwrap_or_default();
        let is_going = ["LEGACY", "DEPRECATED", "RETIRED"].contains(&stage);
        match &self.retirement_time {
            Some(time) => Some(format!("retires {}", domain::clip(time, 40))),
            None => is_going.then(|| stage.to_ascii_lowercase()),
        }
    }
}

/// One answer.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Candidate {
    /// What was said; may be missing or empty.
    pub content: Option<Content>,
    /// Why it ended, such as `STOP`. To be looked at before the content is.
    #[serde(deserialize_with = "word")]
    pub finish_reason: Option<String>,
}

/// What the service thought of the prompt.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PromptFeedback {
    /// Why it was not let through.
    #[serde(deserialize_with = "word")]
    pub block_reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::super::{Part, Role};
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(json: Value) -> GenerateContentResponse {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_whole_answer_is_read() {
        let response = read(json!({
            "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP", "index": 0,
                "avgLogprobs": -0.1, "citationMetadata": {"citationSources": [{"startIndex": 0, "endIndex": 2}]}}],
            "usageMetadata": {"promptTokenCount": 900, "cachedContentTokenCount": 800, "candidatesTokenCount": 2,
                "thoughtsTokenCount": 34, "toolUsePromptTokenCount": 75, "totalTokenCount": 1011, "serviceTier": "standard",
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 900}]},
            "modelVersion": "gemini-3.8-flash", "responseId": "r-1", "turnToken": "t", "modelStatus": {"modelStage": "STABLE"}
        }));
        let usage = response.usage_metadata.unwrap();
        assert_eq!((usage.input(), usage.cached_content_token_count), (975, Some(800)));
        assert_eq!((usage.candidates_token_count, usage.thoughts_token_count), (Some(2), Some(34)));
        assert_eq!(response.candidates[0].finish_reason.as_deref(), Some("STOP"));
        assert_eq!(response.model_version.as_deref(), Some("gemini-3.8-flash"));
    }

    #[test]
    fn unknown_words_are_kept_and_numbers_in_their_place_do_not_break_parsing() {
        let response = read(json!({
            "candidates": [{"finishReason": "TIRED", "content": {"role": "ghost"}}, {"finishReason": 7}],
            "promptFeedback": {"blockReason": "BAD_MOOD"},
            "usageMetadata": {"serviceTier": "gold"}
        }));
        assert_eq!(response.candidates[0].content.as_ref().unwrap().role, None);
        let reasons = response.candidates.iter().map(|candidate| candidate.finish_reason.as_deref());
        assert_eq!(reasons.collect::<Vec<_>>(), [Some("TIRED"), Some("7")]);
        assert_eq!(response.prompt_feedback.unwrap().block_reason.as_deref(), Some("BAD_MOOD"));
    }

    #[test]
    fn absent_null_and_odd_counts_do_not_break_parsing() {
        let usage = read(json!({"candidates": null, "usageMetadata": {
            "promptTokenCount": "12", "candidatesTokenCount": null, "thoughtsTokenCount": -1,
            "promptTokensDetails": null}}));
        let usage = usage.usage_metadata.unwrap();
        assert_eq!(usage.prompt_token_count, Some(12));
        assert_eq!((usage.candidates_token_count, usage.thoughts_token_count), (None, None));
    }

    #[test]
    fn the_stable_prefix_is_sent_first() {
        let request = GenerateContentRequest {
            system_instruction: Some(Content { role: None, parts: vec![Part::text("Be kind.")] }),
            contents: vec![Content::text(Role::User, "Hi")],
            generation_config: Map::from_iter([("maxOutputTokens".to_owned(), json!(16))]),
            ..GenerateContentRequest::default()
        };
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"systemInstruction":{"parts":[{"text":"Be kind."}]},"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"maxOutputTokens":16}}"#
        );
    }

    /// Any JSON value, nested a little, with keys that the types know.
    fn any_json() -> impl Strategy<Value = Value> {
        let keys = "candidates content parts text thought role finishReason usageMetadata promptTokenCount \
                    promptFeedback blockReason modelVersion index error x";
        let key = prop::sample::select(keys.split(' ').collect::<Vec<_>>());
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[a-zA-Z_]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 48, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn parsing_arbitrary_json_never_panics(json in any_json()) {
            if let Ok(response) = serde_json::from_value::<GenerateContentResponse>(json) {
                for candidate in response.candidates {
                    let _ = candidate.content.unwrap_or_default().spoken();
                }
            }
        }

        #[test]
        fn parsing_arbitrary_bytes_never_panics(bytes: Vec<u8>) {
            let _ = serde_json::from_slice::<GenerateContentResponse>(&bytes);
        }
    }
}
