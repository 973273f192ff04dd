//! What was paid for and what was said are written down, whatever came of it.

use serde_json::{Value, json};

use crate::calls::*;
use crate::server::Server;

#[tokio::test]
async fn usage_is_billed_by_the_model_that_answered() {
    let usage = json!({"promptTokenCount": 10_000, "cachedContentTokenCount": 6_000, "candidatesTokenCount": 300,
        "thoughtsTokenCount": 700, "toolUsePromptTokenCount": 1_000, "totalTokenCount": 12_000});
    let step = says_hi(json!({"usageMetadata": usage, "modelVersion": "gemini-3.1-pro-preview"}));
    let server = Server::start([step]).await;
    let usage = answered(&server, &call()).await.usage.remove(0);
    assert_eq!((usage.step.as_str(), usage.model.as_str()), ("answer", "gemini-3.1-pro-preview"));
    assert_eq!((usage.prompt_tokens, usage.cached_tokens), (11_000, 6_000));
    assert_eq!((usage.output_tokens, usage.thought_tokens, usage.attempts), (300, 700, 1));
    // 5,000 × 2.00 + 6,000 × 0.20 + 1,000 × 12.00, per million.
    assert!((usage.cost_usd.unwrap() - 0.0232).abs() < 1e-12, "{:?}", usage.cost_usd);
}

#[tokio::test]
async fn an_unknown_model_has_an_unknown_cost() {
    let usage = json!({"promptTokenCount": 10, "candidatesTokenCount": 1});
    for (version, model) in [(json!("gemini-9-xenon"), "gemini-9-xenon"), (json!(null), ANSWER)] {
        let server = Server::start([says_hi(json!({"usageMetadata": usage, "modelVersion": version}))]).await;
        let usage = answered(&server, &call()).await.usage.remove(0);
        assert_eq!((usage.model.as_str(), usage.cost_usd), (model, None));
    }
}

#[tokio::test]
async fn every_try_is_in_the_transcript_and_only_answers_are_billed() {
    let server = Server::start([bare(500), ends("OTHER", ""), says("Done.")]).await;
    let answer = answered(&server, &call()).await;
    assert_eq!(answer.usage.len(), 2);
    let said: Vec<&Value> = answer.exchanges.iter().map(|exchange| &exchange.response).collect();
    assert!(said[0].get("error").is_some(), "{}", said[0]);
    assert_eq!([1, 2].map(|n| &said[n]["candidates"][0]["finishReason"]), ["OTHER", "STOP"]);
    for (exchange, asked) in answer.exchanges.iter().zip(server.finish()) {
        assert_eq!((exchange.step.as_str(), exchange.model.as_str()), ("answer", ANSWER));
        assert_eq!(exchange.request, asked.body);
        assert!(exchange.at >= now());
    }
}
