//! Images of an event on their way to the answer model.

use std::sync::Arc;

use domain::*;
use harness::{Bench, LOGIN, SETTINGS, Say, ScriptedService, issue};
use outbound::{FetchError, Fetched, Fetcher};
use serde_json::{Value, json};
use wiring::{Client, OutsideService, Services};

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
        let image = Fetched { mime_type: Some("image/png".to_owned()), data: vec![1] };
        let url = format!("https://acme.zendesk.com/attachments/token/x/?name={name}");
        let files = Fetcher::default().with_file(&url, Ok(image));
        let bench = Bench::at(settings, None, Services { files, ..Services::default() });
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
        let shown = bench.model.calls.lock().unwrap().get(1).map(|answer| media_of(answer).len());
        assert_eq!(shown, is_shown.then_some(1), "{image}");
    }
}

const NOT_FETCHED: &str = "empty: none of its files could be fetched, and the log says why";
const NOT_OPENED: &str = "empty: the model could open none of its files";

/// A comment that is one image.
fn image_alone(id: u64) -> Value {
    comment_of(id, &format!("![a graph of @{LOGIN}]({ASSET})"))
}

fn comment_of(id: u64, words: &str) -> Value {
    let mut event = issue(7);
    event["action"] = json!("created");
    event["comment"] = json!({"id": id, "body": words, "user": {"login": "mona"}});
    event
}

/// A processor that is given a page where it asks for the file at `url`, as by a service whose token may not read files.
fn given_a_page(settings: &str, url: &str) -> Bench {
    given(
        settings,
        url,
        Ok(Fetched { mime_type: Some("text/html".to_owned()), data: b"<html>Log in".to_vec() }),
    )
}

fn given(settings: &str, url: &str, file: Result<Fetched, FetchError>) -> Bench {
    let image = Fetched { mime_type: Some("image/png".to_owned()), data: vec![4] };
    let files = Fetcher::default().with_file(url, file).with_file(OTHER_ASSET, Ok(image));
    let slack = Client::with_threads(Arc::new(ScriptedService::default()));
    let services = Services { files, ..Services::default() }.with(OutsideService::Slack, slack);
    Bench::at(settings, None, services)
}

const OTHER_ASSET: &str = "https://github.com/user-attachments/assets/77aa-0001";

async fn ends_empty(bench: &Bench, id: &TaskId, why: &str, paid: &[&str]) {
    let task = bench.until_settled(id).await;
    assert_eq!(task.control.status, TaskStatus::Ignored, "{:?}", task.doc.error);
    assert_eq!(task.doc.timeline.last().unwrap().note, why);
    assert_eq!((bench.steps(), bench.comments().len()), (paid.iter().map(ToString::to_string).collect(), 0));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_a_file_alone_and_does_not_come_is_ignored_before_anything_is_paid() {
    let bench = given_a_page(SETTINGS, ASSET);
    let id = bench.accept(&image_alone(9)).await;
    ends_empty(&bench, &id, NOT_FETCHED, &[]).await;

    let url = "https://files.slack.com/files-pri/T1-F1/screenshot.png";
    let slack = "[sources.slack]\nevents = [\"message.im\"]\nlogin = \"U05AFTERHK\"\n[sources.github]";
    let settings = SETTINGS.replace("history = 3", "history = 3\nmedia_hosts = [\"files.slack.com\"]");
    let bench = given_a_page(&settings.replace("[sources.github]", slack), url);
    let message = json!({
        "type": "event_callback", "event_id": "Ev1", "team_id": "T1",
        "event": {"type": "message", "subtype": "file_share", "channel": "D1", "channel_type": "im", "user": "U1",
            "ts": "1795169412.000001", "text": "",
            "files": [{"name": "screenshot.png", "mimetype": "image/png", "size": 9, "url_private": url}]},
    });
    let id = bench.accept_from("slack", &message).await;
    ends_empty(&bench, &id, NOT_FETCHED, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_may_come_later_is_tried_again_before_its_message_is_ignored() {
    for (problem, tries) in
        [(FetchError::Status(503), 5), (FetchError::TimedOut, 5), (FetchError::Status(404), 1)]
    {
        let bench = given(SETTINGS, ASSET, Err(problem));
        let id = bench.accept(&image_alone(9)).await;
        ends_empty(&bench, &id, NOT_FETCHED, &[]).await;
        assert_eq!(bench.task(&id).await.control.attempts, tries);
    }
}

#[tokio::test(start_paused = true)]
async fn an_image_of_the_opening_does_not_speak_for_a_comment_whose_own_does_not_come() {
    let bench = given_a_page(SETTINGS, ASSET);
    let mut event = image_alone(9);
    event["issue"]["body"] = json!(format!("Look: ![x]({OTHER_ASSET})"));
    let id = bench.accept(&event).await;
    ends_empty(&bench, &id, NOT_FETCHED, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_only_file_the_model_refuses_is_not_answered_as_if_it_had_been_read() {
    let bench = bench();
    let sorted = Say::Triage { intent: "bug_report", confidence: 0.9, spam: false };
    bench.script([sorted, Say::Fail(ModelFailure::Refused)]);
    let id = bench.accept(&image_alone(9)).await;
    ends_empty(&bench, &id, NOT_OPENED, &["triage", "answer"]).await;
}

#[tokio::test(start_paused = true)]
async fn words_that_it_answers_for_are_answered_though_its_file_does_not_come() {
    let bench = given_a_page(SETTINGS, ASSET);
    let older = bench.accept(&comment_of(8, &format!("@{LOGIN} it crashes"))).await;
    bench.pass(std::time::Duration::from_secs(1));
    let id = bench.accept(&image_alone(9)).await;
    assert_eq!(bench.until_settled(&older).await.control.status, TaskStatus::Ignored);
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
}

/// A processor that can fetch the image, and nothing else.
fn bench() -> Bench {
    let image = Fetched { mime_type: Some("image/png".to_owned()), data: vec![1, 2, 3] };
    let files = Fetcher::default().with_file(ASSET, Ok(image));
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
