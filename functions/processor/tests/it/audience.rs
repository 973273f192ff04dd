//! An answer must not be seen by more people than what caused it.

use domain::*;
use serde_json::{Value, json};

use harness::{Bench, Post, SETTINGS};

fn note(is_public: bool) -> Value {
    json!({
        "id": "e1", "type": "zen:event-type:ticket.comment_added", "time": "2026-11-20T10:00:00Z",
        "detail": {"id": "7", "actor_id": "777", "subject": "Refund", "is_public": true},
        "event": {"comment": {"id": "99", "author": {"id": "777", "is_staff": true, "name": "Kim"},
            "body": "she is on the fraud list", "is_public": is_public}},
    })
}

fn bench(internal: &str) -> Bench {
    let source =
        format!("[sources.zendesk]\nsubdomain = \"acme\"\nlogin = \"1\"\n{internal}\n[sources.github]");
    Bench::with(&SETTINGS.replace("[sources.github]", &source), None)
}

#[tokio::test(start_paused = true)]
async fn an_internal_note_that_got_past_ingest_is_ignored_before_a_model_is_asked() {
    let bench = bench("");
    let id = bench.accept_from("zendesk", &note(false)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Ignored);
    assert_eq!(bench.task(&id).await.doc.timeline.pop().unwrap().note, "internal");
    assert!(bench.steps().is_empty() && bench.comments().is_empty());
}

/// A source that answers notes among the staff, in a service that has such notes.
fn answering() -> Bench {
    let bench = bench("internal = \"answer_internally\"");
    *bench.service.has_notes.lock().unwrap() = true;
    bench
}

fn notes(bench: &Bench) -> usize {
    bench.service.notes.lock().unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn an_internal_note_is_ignored_where_the_service_has_no_notes() {
    let bench = bench("internal = \"answer_internally\"");
    let id = bench.accept_from("zendesk", &note(false)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Ignored);
    assert!(bench.task(&id).await.doc.timeline.pop().unwrap().note.starts_with("internal"));
    assert!(bench.comments().is_empty() && !bench.steps().contains(&"answer".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_internal_note_is_answered_among_the_staff_and_by_nothing_public() {
    let bench = answering();
    let id = bench.accept_from("zendesk", &note(false)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    assert_eq!((bench.comments().len(), notes(&bench)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_public_comment_is_answered_in_public_where_notes_are_answered_too() {
    let bench = answering();
    let id = bench.accept_from("zendesk", &note(true)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    assert_eq!((bench.comments().len(), notes(&bench)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_note_whose_answer_was_lost_is_found_and_not_written_again() {
    let bench = answering();
    bench.service.posts.lock().unwrap().push_back(Post::Lost);
    let id = bench.accept_from("zendesk", &note(false)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    assert_eq!((bench.comments().len(), notes(&bench)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_the_service_calls_internal_by_now_gets_no_public_answer() {
    for (answers, ends, noted) in [(false, TaskStatus::Ignored, 0), (true, TaskStatus::Completed, 1)] {
        let bench = if answers { answering() } else { bench("") };
        *bench.service.has_notes.lock().unwrap() = true;
        *bench.service.audience.lock().unwrap() = Some(Audience::Internal);
        let id = bench.accept_from("zendesk", &note(true)).await;
        bench.work().await;
        assert_eq!(bench.status(&id).await, ends);
        assert_eq!((bench.comments().len(), notes(&bench)), (0, noted));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_role_alone_can_see_is_answered_nowhere() {
    let bench = answering();
    *bench.service.audience.lock().unwrap() = Some(Audience::Restricted);
    let id = bench.accept_from("zendesk", &note(true)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Ignored);
    assert_eq!((bench.comments().len(), notes(&bench)), (0, 0));
}
