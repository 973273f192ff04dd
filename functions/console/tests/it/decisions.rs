//! Approve, edit, reject and retry.

use std::time::Duration;

use axum::body::Body;
use console::TokenSource;
use domain::{Claim, ClaimRequest, Lease, Outcome, Task, TaskError, TaskId, TaskStatus, after, short_sha256};
use serde_json::{Value, json};

use crate::rig::{Answer, DRAFT, Rig, TOKENS, request, tokens};
use crate::unsteady::{Down, unsteady};

fn unsteady_rig(down: Down) -> Rig {
    Rig::with(TokenSource::fixed(&tokens(&TOKENS)), |stores| unsteady(stores, down))
}

async fn decide(rig: &Rig, id: &TaskId, verb: &str, body: &Value) -> Answer {
    rig.post(&format!("/tasks/{id}/{verb}"), body).await
}

async fn failed(rig: &Rig) -> Task {
    let mut task = rig.task("github", 1).await;
    task.transition(TaskStatus::Failed, rig.watch.now(), "gave up").unwrap();
    task.doc.error = Some(TaskError::new("answer", "unusable", "no usable answer"));
    rig.save(&mut task).await;
    task
}

#[tokio::test]
async fn approved_draft_is_on_its_way() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let shown = rig.approve(&task).await.ok();
    assert_eq!(shown["status"], "waiting");
    assert_eq!(shown["decision"]["outcome"], "approved");
    assert_eq!(shown["decision"]["by"], "mona");
    assert_eq!(shown["decision"]["at"], json!(rig.watch.now()));
    assert_eq!(shown["draft"]["text"], DRAFT);
    assert_eq!(rig.drain().await, std::slice::from_ref(&task.id));
    assert_eq!(rig.get(&format!("/tasks/{}", task.id)).await.ok(), shown);
}

#[tokio::test]
async fn edited_draft_is_the_one_to_publish() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let text = "Thank you! Fixed in 1.2.1.";
    let body = json!({ "draft_hash": short_sha256(DRAFT), "text": text });
    let shown = decide(&rig, &task.id, "approve", &body).await.ok();
    assert_eq!(shown["decision"]["outcome"], "edited");
    assert_eq!((&shown["draft"]["text"], &shown["draft"]["from"]), (&json!(text), &json!("person")));
    assert_eq!(shown["edited_from"], DRAFT, "what the agent had written stays to be seen");
    let decision = rig.stored(&task.id).await.doc.decision.unwrap();
    assert_eq!(decision.publish_hash, Some(short_sha256(text)));
    assert_eq!(decision.draft_hash, short_sha256(DRAFT));
}

#[tokio::test]
async fn rejected_draft_is_not_published() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let body = json!({ "draft_hash": short_sha256(DRAFT), "reason": "wrong version" });
    let shown = decide(&rig, &task.id, "reject", &body).await.ok();
    assert_eq!((&shown["status"], &shown["decision"]["outcome"]), (&json!("rejected"), &json!("rejected")));
    let decision = rig.stored(&task.id).await.doc.decision.unwrap();
    assert_eq!((decision.publish_hash, decision.reason.as_deref()), (None, Some("wrong version")));
    // A processor counts the end, and tells whoever waits for it.
    assert_eq!(rig.drain().await.len(), 1);
}

#[tokio::test]
async fn second_decision_is_a_conflict() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    rig.approve(&task).await.ok();
    let detail = rig.approve(&task).await.problem(409, "conflict");
    assert!(detail.contains("waiting"), "{detail}");
    let body = json!({ "draft_hash": short_sha256(DRAFT) });
    decide(&rig, &task.id, "reject", &body).await.problem(409, "conflict");
    assert_eq!(rig.stored(&task.id).await.doc.decision.unwrap().outcome, Outcome::Approved);
}

#[tokio::test]
async fn decision_on_another_text_than_the_present_one_is_a_conflict() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    for verb in ["approve", "reject"] {
        let body = json!({ "draft_hash": short_sha256("an older draft") });
        let detail = decide(&rig, &task.id, verb, &body).await.problem(409, "stale_draft");
        assert!(detail.contains(&short_sha256(DRAFT)), "{detail}");
    }
    assert_eq!(rig.stored(&task.id).await, task);
}

#[tokio::test]
async fn decision_counts_until_five_minutes_after_the_expiry() {
    let rig = Rig::new();
    let in_time = rig.parked(1).await;
    let too_late = rig.parked(2).await;
    let grace = Duration::from_secs(300);
    // The first task was parked a second before the second one.
    rig.watch.advance(Duration::from_secs(3_600 - 1) + grace);
    rig.approve(&in_time).await.ok();
    rig.watch.advance(Duration::from_millis(1_001));
    rig.approve(&too_late).await.problem(409, "expired");
    assert_eq!(rig.stored(&too_late.id).await, too_late);
}

#[tokio::test]
async fn of_a_hundred_who_decide_at_once_one_succeeds() {
    let rig = unsteady_rig(Down::Nothing);
    let task = rig.parked(1).await;
    let body = json!({ "draft_hash": short_sha256(DRAFT) });
    let deciders = (0..100).map(|n| decide(&rig, &task.id, ["approve", "reject"][n % 2], &body));
    let answers = futures::future::join_all(deciders).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 99));
    for answer in lost {
        answer.problem(409, "conflict");
    }
    let stored = rig.stored(&task.id).await;
    assert_eq!(stored.control.revision, task.control.revision + 1);
    assert_eq!(rig.drain().await.len(), 1);
}

#[tokio::test]
async fn unknown_task_cannot_be_decided() {
    let rig = Rig::new();
    let id = TaskId::derive("github", b"never stored");
    let body = json!({ "draft_hash": short_sha256(DRAFT) });
    for verb in ["approve", "reject"] {
        decide(&rig, &id, verb, &body).await.problem(404, "unknown_task");
    }
    decide(&rig, &id, "retry", &json!({})).await.problem(404, "unknown_task");
}

#[tokio::test]
async fn body_that_makes_no_sense_is_refused_with_a_hint() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let hash = short_sha256(DRAFT);
    for (verb, body, hint) in [
        ("approve", json!({}), "missing field `draft_hash`"),
        (
            "approve",
            json!({ "draft_hash": hash, "txt": "x" }),
            "unknown field `txt`, expected one of `draft_hash`, `text`, `intent`",
        ),
        ("approve", json!({ "draft_hash": hash, "text": 5 }), "expected a string"),
        ("approve", json!({ "draft_hash": hash, "text": " \n" }), "empty"),
        ("approve", json!([hash, "text"]), "not a JSON object"),
        ("reject", json!({ "draft_hash": hash, "text": "x" }), "unknown field `text`"),
        ("reject", json!({ "draft_hash": hash, "reason": "x".repeat(1_001) }), "`reason` has 1001 bytes"),
        ("retry", json!({ "notes": "x" }), "unknown field `notes`, expected `note`"),
        ("retry", json!({ "note": "x".repeat(1_001) }), "`note` has 1001 bytes"),
    ] {
        let detail = decide(&rig, &task.id, verb, &body).await.problem(400, "malformed");
        assert!(detail.contains(hint), "{verb} {body}: {detail}");
    }
    assert_eq!(rig.stored(&task.id).await, task);
}

#[tokio::test]
async fn body_that_is_missing_too_large_or_no_json_is_refused() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let path = format!("/tasks/{}/approve", task.id);
    rig.send(request("POST", &path, Body::empty())).await.problem(400, "malformed");
    let body = json!({ "draft_hash": short_sha256(DRAFT) }).to_string();
    rig.send(request("POST", &path, Body::from(body))).await.problem(415, "media_type");
    let large = json!({ "draft_hash": short_sha256(DRAFT), "text": "x".repeat(600_000) });
    decide(&rig, &task.id, "approve", &large).await.problem(413, "too_large");
    let mut half = request("POST", &path, Body::from("{\"draft_hash\":"));
    half.headers_mut().insert("content-type", "application/json".parse().unwrap());
    rig.send(half).await.problem(400, "malformed");
    assert_eq!(rig.stored(&task.id).await, task);
}

#[tokio::test]
async fn failed_task_is_retried_with_no_body_at_all() {
    let rig = Rig::new();
    let task = failed(&rig).await;
    let shown = rig.send(request("POST", &format!("/tasks/{}/retry", task.id), Body::empty())).await.ok();
    assert_eq!((&shown["status"], &shown["error"]), (&json!("waiting"), &Value::Null));
    assert_eq!(rig.drain().await, std::slice::from_ref(&task.id));
    assert_eq!(rig.stored(&task.id).await.doc.round, 0);
}

#[tokio::test]
async fn note_asks_for_a_new_draft() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let shown = decide(&rig, &task.id, "retry", &json!({ "note": "be brief" })).await.ok();
    assert_eq!((&shown["status"], &shown["draft"]), (&json!("waiting"), &Value::Null));
    let doc = rig.stored(&task.id).await.doc;
    assert_eq!((doc.round, doc.retry_note.as_deref()), (1, Some("be brief")));
}

#[tokio::test]
async fn task_that_is_under_way_cannot_be_retried() {
    let rig = Rig::new();
    let task = rig.task("github", 1).await;
    for body in [json!({}), json!({ "note": null }), json!({ "note": "" })] {
        decide(&rig, &task.id, "retry", &body).await.problem(409, "conflict");
    }
}

#[tokio::test]
async fn a_task_that_got_lost_goes_on_where_it_was_once_a_person_retries_it() {
    let rig = Rig::new();
    let (hour, late) = (Duration::from_secs(3_600), Duration::from_secs(15 * 60));
    for (number, status) in [(1, TaskStatus::Received), (2, TaskStatus::Processing), (3, TaskStatus::Waiting)]
    {
        for is_due in [false, true] {
            let mut task = rig.task("github", number + u32::from(is_due) * 10).await;
            if status != TaskStatus::Received {
                task.transition(TaskStatus::Processing, rig.watch.now(), "claimed").unwrap();
                let until = after(rig.watch.now(), late);
                task.control.lease = Some(Lease { owner: "the dead".to_owned(), until });
            }
            if status == TaskStatus::Waiting {
                task.transition(status, rig.watch.now(), "quota").unwrap();
                task.control.not_before = Some(after(rig.watch.now(), hour));
            }
            task.control.due_at = is_due.then(|| rig.watch.now());
            (task.control.attempts, task.doc.round) = (2, 1);
            rig.save(&mut task).await;
            rig.watch.advance(late - Duration::from_secs(1));
            if is_due || status == TaskStatus::Processing {
                decide(&rig, &task.id, "retry", &json!({})).await.problem(409, "conflict");
            }
            rig.watch.advance(Duration::from_secs(1));
            let noted = decide(&rig, &task.id, "retry", &json!({ "note": "be brief" })).await;
            let detail = noted.problem(409, "conflict");
            assert!(detail.contains("retry it without a note"), "{status}: {detail}");
            assert_eq!(rig.stored(&task.id).await, task);
            let shown = decide(&rig, &task.id, "retry", &json!({})).await.ok();
            let word = shown["timeline"].as_array().unwrap().last().unwrap();
            assert_eq!(word["note"], "set going again by mona: it had got lost", "{status}");
            assert!(rig.drain().await.contains(&task.id), "{status}");
            let stored = rig.stored(&task.id).await;
            assert_eq!((stored.control.status, stored.control.attempts, stored.doc.round), (status, 2, 1));
            assert_eq!(stored.control.due_at, Some(rig.watch.now()), "a sweep finds it, too");
            decide(&rig, &task.id, "retry", &json!({})).await.problem(409, "conflict");
            let lease = Lease { owner: "the next".to_owned(), until: after(rig.watch.now(), hour) };
            let claim = ClaimRequest { now: rig.watch.now(), lease };
            let claimed = rig.stores.tasks.claim(&task.id, &claim).await.unwrap();
            assert!(matches!(claimed, Claim::Claimed(_)), "{status}: {claimed:?}");
        }
    }
}

#[tokio::test]
async fn decision_stands_though_its_message_could_not_be_sent() {
    let rig = unsteady_rig(Down::Queue);
    let task = rig.parked(1).await;
    assert_eq!(rig.approve(&task).await.ok()["status"], "waiting");
    // Due at once, so the sweeper sends the message.
    let stored = rig.stored(&task.id).await;
    assert_eq!(stored.control.due_at, Some(rig.watch.now()));
}

#[tokio::test]
async fn decision_stands_though_its_draft_cannot_be_shown() {
    let rig = unsteady_rig(Down::Payloads);
    let task = rig.parked(1).await;
    let shown = rig.approve(&task).await.ok();
    assert_eq!((&shown["status"], &shown["draft"]["text"]), (&json!("waiting"), &json!("")));
}

#[tokio::test]
async fn decision_that_could_not_be_stored_is_503() {
    let rig = unsteady_rig(Down::Tasks);
    let task = rig.parked(1).await;
    rig.approve(&task).await.problem(503, "unavailable");
    assert_eq!(rig.stored(&task.id).await, task);
}
