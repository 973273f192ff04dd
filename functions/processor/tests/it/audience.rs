//! An answer must not be seen by more people than what caused it.

use domain::*;
use serde_json::{Value, json};

use crate::support::{Bench, SETTINGS};

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

#[tokio::test(start_paused = true)]
async fn an_internal_note_is_not_answered_in_public_where_it_is_to_be_answered_internally() {
    let bench = bench("internal = \"answer_internally\"");
    let id = bench.accept_from("zendesk", &note(false)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.doc.error.map(|error| error.kind).as_deref(), Some("internal"));
    assert!(bench.comments().is_empty() && !bench.steps().contains(&"answer".to_owned()));
}
