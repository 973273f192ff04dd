//! What senders are answered, and what becomes of it.

use std::time::{Duration, Instant};

use e2e::hooks;
use serde_json::json;

use super::System;

#[tokio::test]
async fn a_second_delivery_is_a_duplicate_of_the_same_task() {
    let system = System::start().await;
    let id = system.api.accept(7).await;
    system.api.until(&id, "completed").await;
    let again = system.api.hook("issues", &hooks::issue(7)).await;
    assert_eq!((again.status, again.word(), again.task_id()), (202, "duplicate".to_owned(), id));
    assert_eq!(system.world.comments(7).len(), 1);
    assert_eq!(system.world.gemini.counters().requests, 2, "a duplicate costs no model call");
}

#[tokio::test]
async fn deliveries_of_one_event_at_once_become_one_task_and_one_comment() {
    let system = System::start().await;
    let event = hooks::issue(7);
    let answers = futures::future::join_all((0..10).map(|_| system.api.hook("issues", &event))).await;
    let id = answers[0].task_id();
    for answer in &answers {
        assert_eq!((answer.status, answer.task_id()), (202, id.clone()));
    }
    system.api.until(&id, "completed").await;
    assert_eq!(system.world.comments(7).len(), 1);
    assert_eq!(system.api.get("/tasks").await.json()["tasks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_ping_is_answered_and_becomes_no_task() {
    let system = System::start().await;
    let answer = system.api.hook("ping", &hooks::ping()).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"status": "pong"})));
    assert_eq!(system.api.get("/tasks").await.json(), json!({"tasks": [], "cursor": null}));
}

#[tokio::test]
async fn a_form_encoded_webhook_is_taken_like_json() {
    let system = System::start().await;
    let payload = hooks::issue(7).to_string();
    let body = form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload).finish();
    let mut headers = hooks::signed("issues", body.as_bytes());
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    let answer = system.api.raw_hook("github", headers, body.clone().into_bytes()).await;
    assert_eq!((answer.status, answer.word()), (202, "accepted".to_owned()), "{answer:?}");
    let task = system.api.until(&answer.task_id(), "completed").await;
    assert_eq!(task["thread"], "octo/tidepool#7");
    let kept = system.api.get(&format!("/tasks/{}/payload", answer.task_id())).await;
    assert_eq!(kept.body, body.into_bytes(), "the raw form is kept, not what it holds");
    assert_eq!(system.world.comments(7).len(), 1);
}

#[tokio::test]
async fn events_that_nobody_wants_are_ignored_and_leave_nothing() {
    let system = System::start().await;
    let mut closed = hooks::issue(7);
    closed["action"] = json!("closed");
    let mut by_bot = hooks::issue(8);
    by_bot["sender"]["type"] = json!("Bot");
    by_bot["sender"]["login"] = json!("dependabot[bot]");
    let ignored = |reason: &str| json!({"status": "ignored", "reason": reason});
    for (event, reason) in [(closed, "unsubscribed"), (by_bot, "bot")] {
        let answer = system.api.hook("issues", &event).await;
        assert_eq!((answer.status, answer.json()), (200, ignored(reason)));
    }
    let push = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/github/push.json")).unwrap();
    let answer = system.api.raw_hook("github", hooks::signed("push", &push), push).await;
    assert_eq!((answer.status, answer.word()), (200, "ignored".to_owned()), "{answer:?}");
    assert_eq!(system.api.get("/tasks").await.json()["tasks"], json!([]));
    assert_eq!(system.world.gemini.counters().requests, 0);
}

/// The agent's login is learnt from GitHub right after the start; until then the processor ignores
/// what ingest lets through, so a comment is never answered either way.
#[tokio::test]
async fn its_own_comments_and_those_that_do_not_mention_it_are_ignored() {
    let system = System::start().await;
    let (mut issue, began) = (100, Instant::now());
    for (author, text, reason) in
        [("afterhook", "@afterhook again?", "own_account"), ("mona", "no agent is asked", "not_mentioned")]
    {
        loop {
            issue += 1;
            let answer = system.api.hook("issue_comment", &hooks::comment(issue, author, text)).await;
            if answer.status == 200 {
                assert_eq!(answer.json(), json!({"status": "ignored", "reason": reason}));
                break;
            }
            let task = system.api.until(&answer.task_id(), "ignored").await;
            assert!(task["timeline"].to_string().contains(reason), "{task:#}");
            assert!(began.elapsed() < Duration::from_secs(10), "the login is never learnt");
        }
        assert_eq!(system.world.github.comment_count(), 0);
    }
    assert_eq!(system.world.gemini.counters().requests, 0);
}
