//! A model that fails, for a while or for good.

use e2e::hooks;
use e2e::world::{World, is_triage, triage_says};
use serde_json::json;
use standins::gemini::{Fault, FaultRule, ReceivedRequest, Refusal, Scripted};
use standins::github::IssueState;

use super::System;

#[tokio::test]
async fn an_outage_of_every_model_is_waited_out_and_costs_no_attempt() {
    let system = System::start().await;
    system.world.break_model(FaultRule::always(Fault::Status(503)));
    let id = system.api.accept(7).await;
    let waiting = system.api.until(&id, "waiting").await;
    assert!(waiting["not_before"].is_string(), "{waiting:#}");
    assert_eq!(waiting["attempts"], 0);
    system.world.mend_model();
    let task = system.api.until(&id, "completed").await;
    assert_eq!((&task["attempts"], &task["error"]), (&json!(1), &json!(null)), "{task:#}");
    assert_eq!(system.world.comments(7).len(), 1);
}

#[tokio::test]
async fn a_sick_answer_model_is_replaced_by_its_fallback() {
    let system = System::start().await;
    system.world.break_model(FaultRule::always(Fault::Status(503)).on("gemini-pro-latest"));
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "completed").await;
    assert!(task["usage"].to_string().contains("flash"), "{task:#}");
    assert_eq!(task["attempts"], 1);
    assert_eq!(system.world.comments(7).len(), 1);
}

#[tokio::test]
async fn a_hiccup_is_retried_in_place() {
    let system = System::start().await;
    system.world.break_model(FaultRule::always(Fault::Reset).first(1));
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "completed").await;
    let statuses: Vec<&str> =
        task["timeline"].as_array().unwrap().iter().map(|entry| entry["status"].as_str().unwrap()).collect();
    assert!(!statuses.contains(&"waiting"), "{statuses:?}");
    assert_eq!(task["attempts"], 1);
}

#[tokio::test]
async fn a_blocked_prompt_fails_the_task_with_a_clear_error_and_can_be_retried() {
    let system = System::start().await;
    system.world.break_model(FaultRule::always(Fault::Blocked));
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "failed").await;
    assert_eq!(
        (&task["error"]["kind"], &task["error"]["step"]),
        (&json!("blocked_prompt"), &json!("triage"))
    );
    assert!(task["error"]["message"].as_str().unwrap().contains("block"), "{task:#}");
    assert!(system.world.comments(7).is_empty());
    system.world.mend_model();
    assert_eq!(system.api.post(&format!("/tasks/{id}/retry"), &json!({})).await.status, 200);
    let task = system.api.until(&id, "completed").await;
    assert!(task["error"].is_null(), "{task:#}");
    assert_eq!(system.world.comments(7).len(), 1);
}

#[tokio::test]
async fn an_account_that_is_refused_makes_tasks_wait_and_says_why() {
    for (refusal, words) in [
        (Refusal::LeakedKey, "reported as leaked"),
        (Refusal::Location, "location is not supported"),
        (Refusal::Credits, "credits are depleted"),
    ] {
        let system = System::start().await;
        system.world.break_model(FaultRule::always(Fault::Refused(refusal)));
        for issue in [7, 8] {
            let id = system.api.accept(issue).await;
            let task = system.api.until(&id, "waiting").await;
            assert!(task["timeline"].to_string().contains(words), "{task:#}");
        }
        assert_eq!(system.world.gemini.counters().requests, 1, "the second task need not ask");
    }
}

#[tokio::test]
async fn a_triage_model_that_cannot_write_json_is_replaced_by_the_fallback() {
    let system = System::start().await;
    system.world.break_model(FaultRule::always(Fault::Malformed).on("gemini-flash-lite-latest"));
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "completed").await;
    assert_eq!((&task["classification"]["intent"], &task["attempts"]), (&json!("bug_report"), &json!(1)));
    assert_eq!(system.world.comments(7).len(), 1);
}

#[tokio::test]
async fn an_event_that_no_model_can_sort_is_answered_by_a_draft_that_parks() {
    let malformed =
        |request: &ReceivedRequest| is_triage(&request.body).then_some(Scripted::Fault(Fault::Malformed));
    let system = System::start_in(World::scripted(malformed).await).await;
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "awaiting_approval").await;
    assert_eq!(task["classification"]["confidence"], 0.0, "{task:#}");
    assert!(!task["draft"]["text"].as_str().unwrap().is_empty());
    assert!(system.world.comments(7).is_empty());
}

#[tokio::test]
async fn a_locked_issue_is_left_alone() {
    let system = System::start().await;
    system.world.github.set_issue_state(hooks::OWNER, hooks::REPO, 7, IssueState::Locked);
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "ignored").await;
    assert!(task["timeline"].to_string().contains("thread_closed"), "{task:#}");
    assert_eq!(system.world.gemini.counters().requests, 0, "nothing is paid for");
}

#[tokio::test]
async fn spam_is_ignored_and_costs_one_call() {
    let system = System::start_in(World::scripted(triage_says("question", 0.99, true)).await).await;
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "ignored").await;
    assert!(task["timeline"].to_string().contains("spam"), "{task:#}");
    assert_eq!(system.world.gemini.counters().requests, 1);
    assert!(system.world.comments(7).is_empty());
}
