//! Images of an event on their way to the answer model.

use domain::*;
use harness::{Bench, LOGIN, SETTINGS, Say, issue};
use outbound::{Fetched, Fetcher};
use serde_json::{Value, json};
use wiring::Services;

const ASSET: &str = "https://github.com/user-attachments/assets/0b4a-1e9a";

fn with_image() -> Value {
    let mut event = issue(7);
    event["issue"]["body"] = json!(format!("Look: ![screenshot]({ASSET}) and ![x](https://10.0.0.1/a.png)"));
    event
}

/// A comment that has a file alone, on a ticket that began with a note for the staff.
fn with_file_alone(name: &str) -> Value {
    json!({
        "id": "e1", "type": "zen:event-type:ticket.comment_added", "time": "2026-11-20T10:00:00Z",
        "detail": {"id": "7", "actor_id": "777", "subject": "Refund", "is_public": true,
            "description": "internal: she is on the fraud list"},
        "event": {"comment": {"id": "99", "author": {"id": "778", "is_staff": false, "name": "Kim"}, "body": "",
            "is_public": true, "attachments": [{"filename": name, "size": 9,
                "content_url": format!("https://acme.zendesk.com/attachments/token/x/?name={name}")}]}},
    })
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_shows_nothing_to_the_model_is_ignored_before_it_is_asked() {
    let source = "[sources.zendesk]\nsubdomain = \"acme\"\nlogin = \"1\"\n[sources.github]";
    let settings = SETTINGS.replace("[sources.github]", source);
    let allowing = settings.replace("history = 3", "history = 3\nmedia_hosts = [\"acme.zendesk.com\"]");
    for (settings, name, is_shown) in
        [(&allowing, "a.png", true), (&allowing, "a.zip", false), (&settings, "a.png", false)]
    {
        let bench = Bench::with(settings, None);
        let id = bench.accept_from("zendesk", &with_file_alone(name)).await;
        bench.work().await;
        if is_shown {
            assert_eq!(bench.status(&id).await, TaskStatus::Completed);
            let prompts = format!("{:?}", bench.model.calls.lock().unwrap());
            assert!(!prompts.contains("fraud"), "what the staff said is in no prompt");
        } else {
            assert_eq!(bench.status(&id).await, TaskStatus::Ignored, "{name}");
            assert_eq!(bench.task(&id).await.doc.timeline.pop().unwrap().note, "empty");
            assert!(bench.steps().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_is_an_image_alone_is_answered_where_the_model_may_see_it() {
    for (image, is_shown) in
        [(ASSET, true), ("https://elsewhere.example/x.png", false), ("/uploads/1/x.png", false)]
    {
        let bench = bench();
        let mut event = issue(7);
        event["action"] = json!("created");
        let words = format!("![a graph of @{LOGIN}]({image})");
        event["comment"] = json!({"id": 9, "body": words, "user": {"login": "mona"}});
        let id = bench.accept(&event).await;
        bench.work().await;
        let expected = if is_shown { TaskStatus::Completed } else { TaskStatus::Ignored };
        assert_eq!(bench.status(&id).await, expected, "{image}");
    }
}

/// A processor that can fetch the image, and nothing else.
fn bench() -> Bench {
    let image = Fetched { mime_type: Some("image/png".to_owned()), data: vec![1, 2, 3] };
    let files = Fetcher::default().with_file(ASSET, image);
    Bench::at(SETTINGS, None, Services { files, ..Services::default() })
}

fn media_of(call: &ModelCall) -> Vec<Media> {
    call.turns.iter().flat_map(|turn| turn.media.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_answer_model_sees_the_image_and_triage_does_not() {
    let bench = bench();
    bench.accept(&with_image()).await;
    bench.work().await;
    let calls = bench.model.calls.lock().unwrap();
    assert_eq!(media_of(&calls[0]), []);
    let media = Media { mime_type: "image/png".to_owned(), data: vec![1, 2, 3] };
    assert_eq!(media_of(&calls[1]), [media]);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_cannot_be_opened_costs_no_answer() {
    let bench = bench();
    let sorted = Say::Triage { intent: "bug_report", confidence: 0.9, spam: false };
    bench.script([sorted, Say::Fail(ModelFailure::Refused), Say::Text("I cannot see the image.")]);
    let id = bench.accept(&with_image()).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["I cannot see the image."]);
    assert_eq!(bench.steps(), ["triage", "answer", "answer"]);
    assert_eq!(media_of(&bench.model.calls.lock().unwrap()[2]), []);
    assert_eq!(
        bench.stores.payloads.list(&id, PartKey::CALLS).await.unwrap().len(),
        3,
        "both tries are kept"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_no_image_explains_fails_at_once() {
    let bench = Bench::new();
    let sorted = Say::Triage { intent: "bug_report", confidence: 0.9, spam: false };
    bench.script([sorted, Say::Fail(ModelFailure::Refused)]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Failed);
    assert_eq!(bench.steps(), ["triage", "answer"]);
}
