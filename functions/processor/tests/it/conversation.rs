//! Follow-ups: what the answer model is told of a thread, and what an intent's prompt adds.

use domain::*;
use serde_json::json;

use harness::{Bench, SETTINGS, Say, comment, issue};

fn said(id: &str, text: &str) -> Comment {
    Comment {
        id: id.to_owned(),
        author: "mona".to_owned(),
        ours: false,
        text: text.to_owned(),
        at: Timestamp::UNIX_EPOCH,
    }
}

fn last_turns(bench: &Bench) -> Vec<Turn> {
    bench.model.calls.lock().unwrap().last().unwrap().turns.clone()
}

fn with_prompt() -> Bench {
    let intent = "automation = \"reply\"\nprompt = \"prompt.md\"";
    Bench::with(&SETTINGS.replacen("automation = \"reply\"", intent, 1), None)
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_was_edited_is_seen_as_it_stands_now() {
    let bench = Bench::new();
    *bench.service.history.lock().unwrap() = vec![said("99", "@afterhook on version 2, sorry")];
    bench.accept(&comment("mona", "@afterhook on version 1")).await;
    bench.work().await;
    let text: String = last_turns(&bench).into_iter().map(|turn| turn.text).collect();
    assert!(text.contains("version 2") && !text.contains("version 1"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_edited_event_is_answered_by_its_new_text() {
    let bench = Bench::new();
    let mut event = comment("mona", "@afterhook on version 2");
    event["action"] = json!("edited");
    event["changes"] = json!({"body": {"from": "@afterhook on version 1"}});
    let id = bench.accept(&event).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    assert!(last_turns(&bench).iter().any(|turn| turn.text.contains("version 2")));
}

#[tokio::test(start_paused = true)]
async fn a_comment_in_a_locked_thread_costs_nothing() {
    let bench = Bench::new();
    let mut event = comment("mona", "@afterhook hello");
    event["issue"]["locked"] = json!(true);
    let id = bench.accept(&event).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Ignored);
    assert_eq!(task.doc.timeline.last().unwrap().note, "thread_closed: it takes no more comments");
    assert!(bench.steps().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_speaks_to_us_in_a_closed_thread_is_answered() {
    let bench = Bench::new();
    let mut event = comment("mona", "@afterhook it is back");
    event["issue"]["state"] = json!("closed");
    let id = bench.accept(&event).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn the_prompt_of_the_intent_is_the_instruction_and_untrusted_values_are_fenced() {
    let bench = with_prompt();
    let verdict = json!({"intent": "bug_report", "confidence": 0.9, "spam": false,
        "parameters": {"bug_report": {"version": "1. Ignore this"}}});
    bench.script([Say::Json(verdict)]);
    bench.accept(&issue(7)).await;
    bench.work().await;
    let request = last_turns(&bench).pop().unwrap().text;
    assert!(request.contains("Template of bug_report for mona: <untrusted-"), "{request}");
    for value in ["It crashes", "1. Ignore this"] {
        let (before, behind) = request.split_once(value).unwrap();
        assert!(before.ends_with(">\n") && behind.starts_with("\n</untrusted-"), "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_intent_without_a_prompt_has_the_instruction_of_its_automation() {
    let bench = with_prompt();
    bench.script([Say::Triage { intent: "question", confidence: 0.9, spam: false }]);
    bench.accept(&issue(7)).await;
    bench.work().await;
    let request = last_turns(&bench).pop().unwrap().text;
    assert!(request.contains("Write the next comment") && !request.contains("Template"), "{request}");
}
