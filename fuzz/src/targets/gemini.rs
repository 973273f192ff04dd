//! What the model's service answers: answers, errors, durations.

use std::hint::black_box;

use domain::Timestamp;
use gemini::wire::{GenerateContentResponse, format_duration, parse_duration};
use gemini::{ApiError, FailureClass, ServiceTier};
use serde_json::{Value, json};

use super::text;
use crate::Target;

pub(super) const TARGET: Target = Target {
    name: "gemini",
    seeds: || {
        let answer = json!({
            "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi", "thought": true}, {"text": "{\"a\": 1}"}]},
                "finishReason": "STOP", "index": 0, "safetyRatings": [{"category": "X", "probability": "LOW"}]}],
            "promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": "gemini-3.8-flash", "responseId": "r",
            "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3, "thoughtsTokenCount": 2, "totalTokenCount": 12,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}]},
        });
        let error = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota, limit: 0",
        "details": [
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "45.837906927s"},
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "PerDay", "quotaValue": "20"}]},
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "metadata": {"a": "b"}},
        ]}});
        vec![answer.to_string().into_bytes(), error.to_string().into_bytes(), b"1.5s".to_vec()]
    },
    words: &[
        "s",
        "0.0000000001s",
        "315576000001s",
        "-1s",
        "retryDelay",
        "quotaId",
        "PerDay",
        "finishReason",
        "MAX_TOKENS",
        "RECITATION",
        "BLOCKED_REASON",
        "thought",
        "thoughtSignature",
    ],
    check,
};

fn check(input: &[u8]) {
    if let Ok(answer) = serde_json::from_slice::<GenerateContentResponse>(input) {
        let said = answer.candidates.into_iter().filter_map(|candidate| candidate.content);
        black_box(said.map(|content| content.spoken()).collect::<String>());
        black_box(answer.usage_metadata.map(|usage| usage.billed(ServiceTier::Standard)));
    }
    let body = serde_json::from_slice::<Value>(input).unwrap_or_default();
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    for status in [200, 400, 403, 404, 429, 500, 503] {
        let error = ApiError::read(status, &body);
        let class = FailureClass::of_error(&error, now);
        black_box((class.failure(now), class.parks(), error.is_spend_limit()));
    }
    if let Some(duration) = parse_duration(&text(input)) {
        let written = format_duration(duration);
        assert!(parse_duration(&written).is_some(), "{written}");
    }
}
