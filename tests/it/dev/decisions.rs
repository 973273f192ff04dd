//! Drafts that a person decides about, over HTTP.

use e2e::world::{PERSON, World, triage_says};
use serde_json::{Value, json};

use super::System;

/// A system with a parked draft on issue 7.
async fn parked() -> (System, String, Value) {
    let world = World::scripted(triage_says("question", 0.4, false)).await;
    let system = System::start_in(world).await;
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "awaiting_approval").await;
    (system, id, task)
}

fn hash(task: &Value) -> Value {
    json!({"draft_hash": task["draft"]["hash"]})
}

#[tokio::test]
async fn low_confidence_parks_the_draft_and_says_why() {
    let (system, id, task) = parked().await;
    assert_eq!(task["draft"]["parked_because"], "confidence 0.40 is below 0.80");
    assert!(!task["draft"]["text"].as_str().unwrap().is_empty());
    assert!(task["decision"].is_null() && task["result"].is_null());
    assert!(system.world.comments(7).is_empty());
    let waiting = system.api.get("/tasks?status=awaiting_approval").await.json();
    assert_eq!(waiting["tasks"][0]["task_id"], id);
}

#[tokio::test]
async fn an_approved_draft_is_published_as_it_was_seen() {
    let (system, id, task) = parked().await;
    let decided = system.api.post(&format!("/tasks/{id}/approve"), &hash(&task)).await;
    assert_eq!(decided.status, 200, "{decided:?}");
    let done = system.api.until(&id, "completed").await;
    assert_eq!((&done["decision"]["outcome"], &done["decision"]["by"]), (&json!("approved"), &json!(PERSON)));
    assert!(done["decision"]["at"].is_string());
    let comments = system.world.comments(7);
    assert_eq!(comments.len(), 1);
    assert!(comments[0].body.starts_with(task["draft"]["text"].as_str().unwrap()), "{}", comments[0].body);
    assert_eq!(system.world.gemini.counters().requests, 2, "publishing an approved draft asks no model");
}

#[tokio::test]
async fn an_edited_draft_is_published_as_edited() {
    let (system, id, task) = parked().await;
    let mut body = hash(&task);
    body["text"] = json!("Thanks! A person wrote this.");
    let decided = system.api.post(&format!("/tasks/{id}/approve"), &body).await;
    assert_eq!(decided.status, 200, "{decided:?}");
    let done = system.api.until(&id, "completed").await;
    assert_eq!((&done["decision"]["outcome"], &done["draft"]["from"]), (&json!("edited"), &json!("person")));
    assert_eq!(done["result"]["output"], "Thanks! A person wrote this.");
    let comments = system.world.comments(7);
    assert_eq!(comments.len(), 1);
    assert!(comments[0].body.starts_with("Thanks! A person wrote this."), "{}", comments[0].body);
}

#[tokio::test]
async fn a_rejected_draft_is_never_published() {
    let (system, id, task) = parked().await;
    let mut body = hash(&task);
    body["reason"] = json!("off topic");
    let decided = system.api.post(&format!("/tasks/{id}/reject"), &body).await;
    assert_eq!((decided.status, &decided.json()["status"]), (200, &json!("rejected")));
    let task = system.api.task(&id).await;
    assert_eq!(task["decision"]["outcome"], "rejected");
    system.api.post(&format!("/tasks/{id}/approve"), &hash(&task)).await.assert_problem(409, "conflict");
    assert!(system.world.comments(7).is_empty());
}

#[tokio::test]
async fn the_first_decision_wins() {
    let (system, id, task) = parked().await;
    let body = hash(&task);
    let (approve, reject) = (format!("/tasks/{id}/approve"), format!("/tasks/{id}/reject"));
    let posts = (0..8).map(|n| system.api.post(if n % 2 == 0 { &approve } else { &reject }, &body));
    let answers = futures::future::join_all(posts).await;
    let taken: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(taken.len(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.assert_problem(409, "conflict");
    }
    let approved = taken[0].json()["decision"]["outcome"] == "approved";
    system.api.until(&id, if approved { "completed" } else { "rejected" }).await;
    assert_eq!(system.world.comments(7).len(), usize::from(approved));
}

#[tokio::test]
async fn a_decision_about_another_draft_than_the_present_one_is_409() {
    let (system, id, task) = parked().await;
    let stale = json!({"draft_hash": "0123456789abcdef"});
    system.api.post(&format!("/tasks/{id}/approve"), &stale).await.assert_problem(409, "stale_draft");
    assert_eq!(system.api.task(&id).await, task, "nothing was decided");
}

#[tokio::test]
async fn a_note_asks_for_another_draft() {
    let (system, id, _) = parked().await;
    let retried = system.api.post(&format!("/tasks/{id}/retry"), &json!({"note": "Name the version."})).await;
    assert_eq!(retried.status, 200, "{retried:?}");
    let parked_again =
        |task: &Value| task["status"] == "awaiting_approval" && task["usage"].as_array().unwrap().len() > 2;
    let task = system.api.until_that(&id, "parked again", parked_again).await;
    let asked = system.world.gemini.requests().pop().unwrap().body.to_string();
    assert!(asked.contains("Name the version."), "{asked}");
    system.api.post(&format!("/tasks/{id}/approve"), &hash(&task)).await;
    system.api.until(&id, "completed").await;
    assert_eq!(system.world.comments(7).len(), 1);
}

#[tokio::test]
async fn a_completed_task_cannot_be_decided_or_retried() {
    let system = System::start().await;
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "completed").await;
    system.api.post(&format!("/tasks/{id}/approve"), &hash(&task)).await.assert_problem(409, "conflict");
    system.api.post(&format!("/tasks/{id}/retry"), &json!({})).await.assert_problem(409, "conflict");
}
