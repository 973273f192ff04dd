//! Answers, and everything that is not one.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn finished(reason: &str, text: &str) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": reason, "index": 0}]})
}

fn read_as(format: &OutputFormat, response: Value) -> Result<Reading, Flaw> {
    read(&serde_json::from_value(response).unwrap(), format)
}

fn text(response: Value) -> Result<Reading, Flaw> {
    read_as(&OutputFormat::Text, response)
}

/// Wants an object with a number `n`.
fn structured(response: Value) -> Result<Reading, Flaw> {
    let check = |value: &Value| match value["n"].is_u64() {
        true => Ok(()),
        false => Err("`n` must be a whole number".to_owned()),
    };
    read_as(&OutputFormat::Json { schema: json!({}), check: Arc::new(check) }, response)
}

#[test]
fn text_is_read_without_thoughts() {
    let response = json!({"candidates": [{"finishReason": "STOP", "content": {"role": "model", "parts": [
        {"text": "Hm.", "thought": true}, {"text": "Hello"}, {"text": " there.\n"}]}}]});
    assert_eq!(text(response), Ok(Reading { text: "Hello there.".to_owned(), value: None }));
}

#[test]
fn blocking_reasons_block() {
    let reasons = "SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII MODEL_ARMOR IMAGE_SAFETY \
                   IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION";
    for reason in reasons.split(' ') {
        assert_eq!(text(finished(reason, "half a")), Err(Flaw::Withheld(reason.to_owned())));
    }
}

#[test]
fn broken_and_unknown_endings_are_malformed_even_with_text() {
    let reasons = "FINISH_REASON_UNSPECIFIED LANGUAGE OTHER MALFORMED_FUNCTION_CALL MALFORMED_RESPONSE \
                   UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS MISSING_THOUGHT_SIGNATURE ESCALATION \
                   PUP_LIMITED_DISABLED CONTINUATION NO_IMAGE IMAGE_OTHER NEVER_HEARD_OF_IT";
    for reason in reasons.split(' ') {
        assert_eq!(text(finished(reason, "text")), Err(Flaw::Malformed(reason.to_owned())));
    }
}

#[test]
fn cut_off_answers_are_truncated_with_text_and_without() {
    assert_eq!(text(finished("MAX_TOKENS", "Once upon a")), Err(Flaw::Truncated { by_thoughts: false }));
    let thinking = json!({"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS", "index": 0}],
        "usageMetadata": {"promptTokenCount": 15, "thoughtsTokenCount": 60}});
    assert_eq!(text(thinking), Err(Flaw::Truncated { by_thoughts: true }));
    assert_eq!(structured(finished("MAX_TOKENS", r#"{"n":1}"#)), Err(Flaw::Truncated { by_thoughts: false }));
}

#[test]
fn blocked_prompts_are_told_by_their_feedback() {
    let blocked = |feedback: Value| text(json!({"promptFeedback": feedback})).unwrap_err();
    assert_eq!(blocked(json!({"blockReason": "BLOCKLIST"})), Flaw::Blocked("BLOCKLIST".into()));
    assert_eq!(blocked(json!({"blockReason": "BAD_MOOD"})), Flaw::Blocked("BAD_MOOD".into()));
    assert_eq!(blocked(json!({"blockReasonMessage": "No."})), Flaw::Blocked("no reason given".into()));
}

#[test]
fn feedback_beside_an_answer_blocks_nothing() {
    let mut response = finished("STOP", "Fine.");
    response["promptFeedback"] =
        json!({"safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}]});
    assert_eq!(text(response).unwrap().text, "Fine.");
}

#[test]
fn empty_answers_are_malformed() {
    let empties = [
        json!({}),
        json!({"candidates": []}),
        json!({"candidates": [{}]}),
        json!({"candidates": [{"content": {}, "index": 0}]}),
        json!({"candidates": [{"content": {"parts": [{"text": "no finish reason"}]}}]}),
        json!({"candidates": [{"content": {}, "finishReason": "STOP"}]}),
        json!({"candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": " \n"}]}}]}),
        json!({"candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "only a thought", "thought": true}]}}]}),
        json!({"candidates": [{"finishReason": "OTHER", "finishMessage": "Model failed."}]}),
    ];
    for response in empties {
        assert!(matches!(text(response.clone()), Err(Flaw::Malformed(_))), "{response}");
    }
}

#[test]
fn json_is_parsed_and_checked() {
    let reading = structured(finished("STOP", "{\"n\": 7}\n")).unwrap();
    assert_eq!((reading.text.as_str(), reading.value), ("{\"n\": 7}", Some(json!({"n": 7}))));
}

#[test]
fn a_markdown_fence_around_json_is_forgiven() {
    for fenced in ["```json\n{\"n\": 7}\n```", "```\n{\"n\": 7}\n```"] {
        assert_eq!(structured(finished("STOP", fenced)).unwrap().value, Some(json!({"n": 7})));
    }
}

#[test]
fn json_that_breaks_off_is_not_shown_to_the_model_again() {
    let Err(Flaw::Unfit { problem, said }) = structured(finished("STOP", "{\"n\": 7, \"secret")) else {
        panic!("taken for JSON");
    };
    assert_eq!(said, None);
    assert!(problem.starts_with("it is not JSON: EOF") && !problem.contains("secret"), "{problem}");
}

#[test]
fn json_against_its_schema_is_shown_with_the_problem_and_without_thoughts() {
    let response = json!({"candidates": [{"finishReason": "STOP", "content": {"role": "model", "parts": [
        {"text": "Hm.", "thought": true}, {"text": "{\"n\":\"x\"}", "thoughtSignature": "c2ln"}]}}]});
    let Err(Flaw::Unfit { problem, said: Some(said) }) = structured(response) else { panic!("it fits") };
    assert_eq!(problem, "`n` must be a whole number");
    let parts = json!([{"text": "{\"n\":\"x\"}", "thoughtSignature": "c2ln"}]);
    assert_eq!(serde_json::to_value(said).unwrap(), json!({"role": "model", "parts": parts}));
}

proptest! {
    #[test]
    fn no_answer_panics(reason: String, answer: String) {
        let _ = text(finished(&reason, &answer));
        let _ = structured(finished("STOP", &answer));
    }
}

#[test]
fn a_truncated_answer_that_loops_is_broken_not_short() {
    let looping = format!("{{\"n\": 1, \"s\": \"{}", "and so on, ".repeat(400));
    assert!(matches!(structured(finished("MAX_TOKENS", &looping)), Err(Flaw::Malformed(_))));
    let spaces = format!("{{\"n\": 1{}", " \n".repeat(500));
    assert!(matches!(structured(finished("MAX_TOKENS", &spaces)), Err(Flaw::Malformed(_))));
    let zeros = format!("{{\"n\": 0.{}", "0".repeat(500));
    assert!(matches!(structured(finished("MAX_TOKENS", &zeros)), Err(Flaw::Malformed(_))));
    let prose: String = (0..200).map(|n| format!("Sentence {n} says something else. ")).collect();
    assert_eq!(text(finished("MAX_TOKENS", &prose)), Err(Flaw::Truncated { by_thoughts: false }));
}

#[test]
fn a_repair_repeats_neither_thoughts_nor_parts_that_hold_nothing() {
    let answer = |parts: Value| json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]});
    let said = |parts: Value| match structured(answer(parts)) {
        Err(Flaw::Unfit { said, .. }) => said.unwrap().parts,
        other => panic!("{other:?}"),
    };
    let odd = json!([{"text": "Hm.", "thought": true}, {}, {"text": "{}"}, {"text": "", "thoughtSignature": "c2ln"}]);
    assert_eq!(said(odd), [crate::wire::Part::text("{}")]);
}
