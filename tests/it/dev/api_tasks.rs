//! Tasks without a webhook, from the request to the result.

use afterhook::standin::gemini::GeminiStandin;
use afterhook::standin::github::GithubStandin;
use e2e::world::{World, triage_says};
use serde_json::json;

use super::System;

async fn start(confidence: f64) -> System {
    let gemini = GeminiStandin::builder().script(triage_says("question", confidence, false)).build();
    System::start_in(World::of(gemini, GithubStandin::new()).await).await
}

#[tokio::test]
async fn the_answer_to_a_requested_task_is_its_result() {
    let system = start(0.95).await;
    let body = json!({"source": "api", "prompt": "How do I export my data?", "metadata": {"order": "7"}});
    let answer = system.api.request_task(&body, Some("order-7")).await;
    assert_eq!((answer.status, answer.word()), (202, "accepted".to_owned()), "{answer:?}");
    let task = system.api.until(&answer.task_id(), "completed").await;
    assert_eq!((&task["source"], &task["actor"]), (&json!("api"), &json!("ann")));
    assert_eq!(task["metadata"]["order"], "7");
    let output = task["result"]["output"].as_str().unwrap();
    assert!(!output.is_empty() && task["result"]["output_url"].is_null(), "{task:#}");
    assert_eq!(task["result"]["success"], true);
    let again = system.api.request_task(&body, Some("order-7")).await;
    assert_eq!(again.task_id(), answer.task_id());
    assert_eq!(system.world.gemini.counters().requests, 2, "a repeated request costs no model call");
    assert_eq!(system.world.github.comment_count(), 0);
}

#[tokio::test]
async fn a_draft_that_nobody_is_sure_of_waits_for_a_person_here_too() {
    let system = start(0.3).await;
    let answer = system.api.request_task(&json!({"payload": {"question": "Refund?"}}), None).await;
    let id = answer.task_id();
    let task = system.api.until(&id, "awaiting_approval").await;
    assert!(task["result"].is_null());
    let edited = json!({"draft_hash": task["draft"]["hash"], "text": "No."});
    assert_eq!(system.api.post(&format!("/tasks/{id}/approve"), &edited).await.status, 200);
    let task = system.api.until(&id, "completed").await;
    assert_eq!(task["result"]["output"], "No.");
}

#[tokio::test]
async fn a_callback_to_a_host_that_is_not_listed_is_refused() {
    let system = start(0.95).await;
    let body = json!({"prompt": "x", "callback_url": "https://evil.example/"});
    system.api.request_task(&body, None).await.assert_problem(422, "invalid_task");
}
