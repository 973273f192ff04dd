//! Requests as they are sent, and answers that cannot be used.

use domain::{Model, ModelFailure};
use serde_json::{Value, json};

use crate::calls::*;
use crate::server::{Server, Step};

#[tokio::test]
async fn a_request_carries_the_key_in_its_header_alone() {
    let server = Server::start([says("Hello.")]).await;
    answered(&server, &call()).await;
    let asked = server.finish().remove(0);
    assert_eq!(asked.uri, format!("/v1beta/models/{ANSWER}:generateContent"));
    assert_eq!(asked.headers["x-goog-api-key"], KEY);
    assert_eq!(asked.headers["x-server-timeout"], "60");
    assert_eq!(asked.headers["content-type"], "application/json");
    assert!(!asked.headers.contains_key("authorization") && !asked.raw.contains(KEY));
}

#[tokio::test]
async fn what_never_changes_is_sent_first() {
    let server = Server::start([says("Hello.")]).await;
    let call = call();
    answered(&server, &call).await;
    let asked = server.finish().remove(0);
    assert!(asked.raw.starts_with(r#"{"systemInstruction":{"parts":[{"text":"You maintain a project."}"#));
    assert_eq!(asked.body["contents"], json!([{"role": "user", "parts": [{"text": call.turns[0].text}]}]));
    let generation = json!({"maxOutputTokens": 4096, "thinkingConfig": {"thinkingLevel": "LOW"}});
    assert_eq!(asked.body["generationConfig"], generation);
}

#[tokio::test]
async fn without_a_key_no_header_is_sent() {
    let server = Server::start([says("Hello.")]).await;
    let config = gemini::Config { api_key: None, ..config(&server.url) };
    gemini(config).generate(&call()).await.unwrap();
    assert!(!server.finish()[0].headers.contains_key("x-goog-api-key"));
}

#[tokio::test]
async fn a_structured_answer_is_checked_and_returned_with_its_source() {
    let server = Server::start([says(r#"{"n": 7}"#)]).await;
    let answer = answered(&server, &structured()).await;
    assert_eq!((answer.text.as_str(), answer.value), (r#"{"n": 7}"#, Some(json!({"n": 7}))));
    let config = &server.finish()[0].body["generationConfig"];
    assert_eq!(config["responseMimeType"], "application/json");
    assert_eq!(config["responseJsonSchema"]["required"], json!(["n"]));
}

#[tokio::test]
async fn a_cut_off_answer_is_asked_for_again_with_twice_the_bound() {
    let server = Server::start([ends("MAX_TOKENS", "Once upon a"), says("The end.")]).await;
    let answer = gemini(thinking_high(&server.url)).generate(&call()).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.usage.len()), ("The end.", 2));
    let asked = server.finish();
    assert_eq!((bound(&asked[0].body), bound(&asked[1].body)), (4096, 8192));
    assert_eq!(level(&asked[1]), "HIGH", "it needs room, and not less thinking");
    assert_eq!(asked[1].body["contents"], asked[0].body["contents"], "cut-off text went back");
}

fn bound(request: &Value) -> u64 {
    request["generationConfig"]["maxOutputTokens"].as_u64().unwrap()
}

#[tokio::test]
async fn an_answer_that_no_second_try_mends_goes_to_the_next_model_and_is_then_unusable() {
    for (step, call, word) in [
        (ends("MAX_TOKENS", "SECRET"), call(), "max_output_tokens"),
        (says(r#"{"n": "SECRET"}"#), structured(), "did not fit"),
    ] {
        let Step::Json(_, body) = step else { panic!("no JSON") };
        let server = Server::start((0..4).map(|_| Step::Json(200, body.clone()))).await;
        let error = gemini(config(&server.url)).generate(&call).await.unwrap_err();
        assert_eq!((error.failure, error.usage.len()), (ModelFailure::Unusable, 4));
        assert!(error.message.contains(word) && !error.message.contains("SECRET"), "{}", error.message);
        assert_eq!(server.models(), [ANSWER, ANSWER, FALLBACK, FALLBACK]);
    }
}

#[tokio::test]
async fn a_blocked_prompt_ends_the_matter() {
    let body = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 9}, "modelVersion": "gemini-3.8-flash"});
    let server = Server::start([Step::Json(200, body)]).await;
    let error = gemini(config(&server.url)).generate(&call()).await.unwrap_err();
    assert_eq!((error.failure, error.usage.len()), (ModelFailure::Blocked, 1));
    assert!(error.message.contains("PROHIBITED_CONTENT"), "{}", error.message);
    assert_eq!(server.models(), [ANSWER]);
}

#[tokio::test]
async fn an_answer_that_is_withheld_or_broken_is_asked_for_once_more_and_then_of_the_next_model() {
    for reason in ["RECITATION", "SAFETY", "OTHER", "MALFORMED_FUNCTION_CALL", "BRAND_NEW_REASON"] {
        for (times, models) in [(1, &[ANSWER; 2][..]), (2, &[ANSWER, ANSWER, FALLBACK])] {
            let server =
                Server::start((0..times).map(|_| ends(reason, "Half a")).chain([says("Fine.")])).await;
            assert_eq!(answered(&server, &call()).await.text, "Fine.");
            assert_eq!(server.models(), models);
        }
        let server = Server::start((0..4).map(|_| ends(reason, "Half a"))).await;
        let error = gemini(config(&server.url)).generate(&call()).await.unwrap_err();
        assert_eq!((error.failure, error.usage.len()), (ModelFailure::Unusable, 4));
        assert!(error.message.contains(reason) && !error.message.contains("Half a"), "{}", error.message);
    }
}

#[tokio::test]
async fn an_answer_against_its_schema_is_repaired_once() {
    let server = Server::start([says(r#"{"n": "seven"}"#), says(r#"{"n": 7}"#)]).await;
    assert_eq!(answered(&server, &structured()).await.value, Some(json!({"n": 7})));
    let contents = server.finish()[1].body["contents"].clone();
    assert_eq!(contents[1], json!({"role": "model", "parts": [{"text": r#"{"n": "seven"}"#}]}));
    let problem = contents[2]["parts"][0]["text"].as_str().unwrap();
    assert!(problem.contains("`n` must be a whole number"), "{problem}");
}

#[tokio::test]
async fn json_that_breaks_off_is_repaired_without_showing_it() {
    let server = Server::start([says(r#"{"n": 7, "leak"#), says(r#"{"n": 7}"#)]).await;
    answered(&server, &structured()).await;
    let repair = server.finish().remove(1);
    assert!(!repair.raw.contains("leak") && repair.raw.contains("not JSON"), "{}", repair.raw);
    assert_eq!(repair.body["contents"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_paid_in_vain_is_not_put_off() {
    let server =
        Server::start([ends("OTHER", ""), ends("OTHER", ""), throttled(PER_MINUTE, Some("30s"))]).await;
    let error = gemini(config(&server.url)).generate(&call()).await.unwrap_err();
    assert_eq!(error.failure, ModelFailure::Unusable);
}

fn level(asked: &crate::server::Asked) -> &serde_json::Value {
    &asked.body["generationConfig"]["thinkingConfig"]["thinkingLevel"]
}

#[tokio::test]
async fn sorting_asks_for_the_least_thinking_that_the_model_takes_and_remembers_it() {
    let unknown = || error(400, "Thinking level MINIMAL is not supported for this model.", json!([]));
    let server = Server::start([unknown(), says("One."), says("Two.")]).await;
    let model = gemini(config(&server.url));
    for _ in 0..2 {
        model.generate(&triage()).await.unwrap();
    }
    let asked = server.finish();
    assert_eq!(asked.iter().map(level).collect::<Vec<_>>(), ["MINIMAL", "LOW", "LOW"]);
    assert!(asked.iter().all(|asked| asked.model() == TRIAGE), "another model was asked instead");
}

#[tokio::test]
async fn thinking_that_is_configured_is_asked_for_and_steps_down_where_a_model_refuses_it() {
    let server =
        Server::start([error(400, "Thinking level HIGH is not supported.", json!([])), says("Hm.")]).await;
    let mut config = alone(&server.url);
    config.triage_generation.others.insert("thinkingConfig".to_owned(), json!({"thinkingLevel": "HIGH"}));
    gemini(config).generate(&triage()).await.unwrap();
    assert_eq!(server.finish().iter().map(level).collect::<Vec<_>>(), ["HIGH", "MEDIUM"]);
}

fn thinking_high(base_url: &str) -> gemini::Config {
    let mut config = alone(base_url);
    config.generation.others.insert("thinkingConfig".to_owned(), json!({"thinkingLevel": "HIGH"}));
    config
}

fn eaten_by_thoughts() -> Step {
    let body = json!({"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}],
        "usageMetadata": {"promptTokenCount": 15, "thoughtsTokenCount": 4096}, "modelVersion": "gemini-3.8-flash"});
    Step::Json(200, body)
}

#[tokio::test]
async fn thoughts_that_eat_the_answer_are_lessened_before_the_bound_goes_up() {
    let no_minimal = || error(400, "Thinking level MINIMAL is not supported for this model.", json!([]));
    let cases = [
        (thinking_high as fn(&str) -> gemini::Config, eaten_by_thoughts(), ["HIGH", "LOW", "LOW"]),
        (config, eaten_by_thoughts(), ["LOW", "MINIMAL", "MINIMAL"]),
        (config, no_minimal(), ["LOW", "MINIMAL", "LOW"]),
    ];
    for (config, second, levels) in cases {
        let server = Server::start([eaten_by_thoughts(), second, says("The end.")]).await;
        assert_eq!(gemini(config(&server.url)).generate(&call()).await.unwrap().text, "The end.");
        let asked = server.finish();
        assert_eq!(asked.iter().map(level).collect::<Vec<_>>(), levels);
        assert_eq!(asked.iter().map(|asked| bound(&asked.body)).collect::<Vec<_>>(), [4096, 4096, 8192]);
    }
}
