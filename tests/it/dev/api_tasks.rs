//! Tasks without a webhook, from the request to the result.

use e2e::world::{World, listen, triage_says};
use http::HeaderMap;
use serde_json::json;
use standins::gemini::GeminiStandin;
use standins::github::GithubStandin;
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;

use super::{System, senders};

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
    assert_eq!((&task["source"], &task["actor"]), (&json!("api"), &json!("bob")));
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

/// Headers and body of what was posted.
type Posted = (HeaderMap, Vec<u8>);

/// Somebody who waits for results, and answers each request with the next of these statuses.
struct Receiver {
    url: String,
    seen: Arc<Mutex<Vec<Posted>>>,
    _server: JoinSet<()>,
}

impl Receiver {
    async fn answering(statuses: &'static [u16]) -> Self {
        let seen: Arc<Mutex<Vec<Posted>>> = Arc::default();
        let (listener, url) = listen().await;
        let kept = Arc::clone(&seen);
        let app =
            axum::Router::new().fallback(move |headers: HeaderMap, body: axum::body::Bytes| async move {
                let mut seen = kept.lock().unwrap();
                let status = statuses.get(seen.len()).or(statuses.last()).copied().unwrap_or(200);
                seen.push((headers, body.to_vec()));
                http::StatusCode::from_u16(status).unwrap()
            });
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url: format!("{url}/done"), seen, _server: server }
    }

    fn seen(&self) -> Vec<(HeaderMap, Vec<u8>)> {
        self.seen.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn the_result_is_posted_once_and_signed() {
    let (system, receiver) = (senders::start("question").await, Receiver::answering(&[204]).await);
    let body =
        json!({"prompt": "How do I export?", "callback_url": receiver.url, "metadata": {"order": "7"}});
    let answer = system.api.request_task(&body, None).await;
    let task = system.api.until(&answer.task_id(), "completed").await;
    let seen = receiver.seen();
    assert_eq!(seen.len(), 1);
    let (headers, body) = &seen[0];
    let told: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!((&told["type"], &told["data"]["task_id"]), (&json!("task.completed"), &task["task_id"]));
    assert_eq!(told["data"]["status"], "completed");
    assert_eq!(told["data"]["metadata"], json!({"order": "7"}));
    assert_eq!(told["data"]["result"]["output"], task["result"]["output"]);
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let secrets = webhook::Secrets(vec![senders::SECRET.into()]);
    let now = domain::Timestamp::now();
    let verified = webhook::Scheme::standard_webhooks().verify(&secrets, headers.as_slice(), body, now);
    assert_eq!(verified, Ok(()));
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).unwrap().1.clone();
    assert_eq!(header("idempotency-key"), header("webhook-id"));
}

#[tokio::test]
async fn a_rejection_in_the_console_is_posted_too() {
    let gemini = GeminiStandin::builder().script(triage_says("question", 0.3, false)).build();
    let system = senders::start_in(World::of(gemini, GithubStandin::new()).await).await;
    let receiver = Receiver::answering(&[204]).await;
    let body = json!({"prompt": "How do I export?", "callback_url": receiver.url});
    let id = system.api.request_task(&body, None).await.task_id();
    let task = system.api.until(&id, "awaiting_approval").await;
    let verdict = json!({"draft_hash": task["draft"]["hash"], "reason": "not ours"});
    let rejected = system.api.post(&format!("/tasks/{id}/reject"), &verdict).await;
    assert_eq!(rejected.json()["status"], "rejected", "visible at once");
    let began = std::time::Instant::now();
    while receiver.seen().is_empty() {
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "the rejection was not posted");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let told: serde_json::Value = serde_json::from_slice(&receiver.seen()[0].1).unwrap();
    assert_eq!((&told["type"], &told["data"]["task_id"]), (&json!("task.rejected"), &json!(id)));
    assert_eq!(told["data"]["decision"]["reason"], "not ours");
}

#[tokio::test]
async fn a_receiver_that_refuses_changes_nothing_about_the_task() {
    let (system, receiver) = (senders::start("question").await, Receiver::answering(&[410]).await);
    let body = json!({"prompt": "How do I export?", "callback_url": receiver.url});
    let answer = system.api.request_task(&body, None).await;
    let task = system.api.until(&answer.task_id(), "completed").await;
    assert_eq!(receiver.seen().len(), 1);
    assert!(task["timeline"].to_string().contains("was not delivered"), "{task:#}");
    assert_eq!(task["result"]["success"], true);
}

#[tokio::test]
async fn a_receiver_that_is_down_is_tried_again_with_the_same_result() {
    let (system, receiver) = (senders::start("question").await, Receiver::answering(&[503, 200]).await);
    let body = json!({"prompt": "How do I export?", "callback_url": receiver.url});
    let answer = system.api.request_task(&body, None).await;
    let task = system.api.until(&answer.task_id(), "completed").await;
    let seen = receiver.seen();
    assert_eq!(seen.len(), 2, "{task:#}");
    let output =
        |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).unwrap()["data"]["result"].clone();
    assert_eq!(output(&seen[0].1)["output"], output(&seen[1].1)["output"]);
    assert_eq!(seen[0].0["webhook-id"], seen[1].0["webhook-id"]);
    assert_eq!(system.world.gemini.counters().requests, 2, "nothing was asked a second time");
}
