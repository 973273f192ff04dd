//! One issue's way from the webhook to the comment.

use std::collections::BTreeSet;

use afterhook::Backend;
use e2e::hooks;
use e2e::world::World;
use serde_json::Value;

use super::System;

/// The fields of a task, as its public contract names them.
const TASK: [&str; 30] = [
    "task_id",
    "source",
    "event",
    "tenant",
    "thread",
    "actor",
    "priority",
    "metadata",
    "status",
    "received_at",
    "updated_at",
    "not_before",
    "attempts",
    "classification",
    "draft",
    "decision",
    "result",
    "usage",
    "cost_usd",
    "error",
    "timeline",
    "title",
    "asked",
    "edited_from",
    "link",
    "shadow",
    "shadow_draft",
    "version",
    "corrections",
    "reactions",
];

fn assert_fields(value: &Value, expected: &[&str]) {
    let found: BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(found, expected.iter().copied().collect(), "{value:#}");
}

async fn assert_walk(system: &System) {
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "completed").await;
    assert_task(&task, &id);
    let comments = system.world.comments(7);
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0].login, "afterhook");
    assert!(comments[0].body.contains(task["result"]["output"].as_str().unwrap()), "{}", comments[0].body);
    assert!(comments[0].body.contains(&format!("<!-- afterhook:{id}")), "{}", comments[0].body);
    let url = task["result"]["output_url"].as_str().unwrap();
    let link = task["link"].as_str().unwrap();
    assert!(url.starts_with(&format!("{link}#")), "the thread is where the comment is: {link}, {url}");
    assert!(url.ends_with(&format!("issuecomment-{}", comments[0].id)), "{url}");
    let payload = system.api.get(&format!("/tasks/{id}/payload")).await;
    assert_eq!(payload.body, hooks::bytes(&hooks::issue(7)), "the payload is what was received, to the byte");
    assert_eq!(payload.content_type(), "application/json");
    assert_transcript(system, &id, &task).await;
}

fn assert_task(task: &Value, id: &str) {
    assert_fields(task, &TASK);
    assert_fields(&task["classification"], &["intent", "confidence", "parameters"]);
    assert_fields(&task["draft"], &["text", "hash", "from", "parked_because"]);
    assert_fields(&task["result"], &["success", "output", "output_url", "execution_time_ms", "tokens_used"]);
    for usage in task["usage"].as_array().unwrap() {
        let fields =
            "step model prompt_tokens cached_tokens output_tokens thought_tokens cost_usd attempts ms";
        assert_fields(usage, &fields.split(' ').collect::<Vec<_>>());
    }
    for entry in task["timeline"].as_array().unwrap() {
        assert_fields(entry, &["at", "status", "note"]);
    }
    assert_eq!(task["task_id"], id);
    let named = ["source", "event", "tenant", "thread", "actor"].map(|field| task[field].as_str().unwrap());
    assert_eq!(named, ["github", "issues.opened", "octo/tidepool", "octo/tidepool#7", "mona"]);
    assert_eq!(task["classification"]["intent"], "bug_report");
    assert_eq!((&task["attempts"], &task["priority"]), (&1.into(), &4.into()));
    assert_eq!((&task["draft"]["from"], &task["result"]["success"]), (&"model".into(), &true.into()));
    for absent in ["not_before", "decision", "error"] {
        assert!(task[absent].is_null(), "{absent}: {}", task[absent]);
    }
    let tokens = |field: &str| {
        task["usage"].as_array().unwrap().iter().map(|u| u[field].as_u64().unwrap()).sum::<u64>()
    };
    let used = tokens("prompt_tokens") + tokens("output_tokens") + tokens("thought_tokens");
    assert_eq!(task["result"]["tokens_used"], used);
    assert!(task["cost_usd"].as_f64().unwrap() > 0.0);
}

async fn assert_transcript(system: &System, id: &str, task: &Value) {
    let transcript = system.api.get(&format!("/tasks/{id}/transcript")).await.json();
    let calls = transcript["calls"].as_array().unwrap();
    assert_eq!(
        calls.iter().map(|call| call["step"].as_str().unwrap()).collect::<Vec<_>>(),
        ["triage", "answer"]
    );
    let received = system.world.gemini.requests();
    assert_eq!(calls.len(), received.len());
    for (call, request) in calls.iter().zip(&received) {
        assert_fields(call, &["step", "model", "request", "response", "at"]);
        assert_eq!(call["request"], request.body, "every prompt is kept exactly");
        assert_eq!(call["model"].as_str(), request.model.as_deref());
        assert!(call["response"]["candidates"].is_array(), "{call:#}");
    }
    let answered_by = |n: usize| &calls[n]["response"]["modelVersion"];
    let billed = |n: usize| &task["usage"][n]["model"];
    assert_eq!([answered_by(0), answered_by(1)], [billed(0), billed(1)]);
}

#[tokio::test]
async fn an_issue_gets_one_comment_and_a_whole_record_in_memory() {
    assert_walk(&System::start().await).await;
}

#[tokio::test]
async fn an_issue_gets_one_comment_and_a_whole_record_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let backend = Backend::Sqlite(dir.path().to_owned());
    assert_walk(&System::start_on(backend, World::new().await).await).await;
}

#[tokio::test]
async fn a_task_is_still_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let on_disk = || Backend::Sqlite(dir.path().to_owned());
    let before = System::start_on(on_disk(), World::new().await).await;
    let id = before.api.accept(7).await;
    let task = before.api.until(&id, "completed").await;
    before.running.stop().await;
    let after = System::start_on(on_disk(), before.world).await;
    assert_eq!(after.api.task(&id).await, task);
    let again = after.api.hook("issues", &hooks::issue(7)).await;
    assert_eq!((again.word(), again.task_id()), ("duplicate".to_owned(), id));
    assert_eq!(after.world.comments(7).len(), 1);
}

#[tokio::test]
async fn a_thread_is_shown_to_the_model_with_its_last_comments() {
    let system = System::start().await;
    for (author, text) in [("mona", "It happens daily."), ("kim", "For me as well.")] {
        system.world.github.seed_comment(hooks::OWNER, hooks::REPO, 7, author, text).unwrap();
    }
    let event = hooks::comment(7, "mona", "@afterhook what do you think?");
    let answer = system.api.hook("issue_comment", &event).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    system.api.until(&answer.task_id(), "completed").await;
    let last = system.world.gemini.requests().pop().unwrap().body.to_string();
    for text in ["It happens daily.", "For me as well.", "what do you think?"] {
        assert!(last.contains(text), "{text} is not in {last}");
    }
    assert_eq!(system.world.comments(7).len(), 3);
}
