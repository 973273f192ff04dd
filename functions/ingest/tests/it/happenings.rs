//! One happening, one task: whatever subscriptions deliver it, and wherever a delivery dies.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::body::Bytes;
use domain::{Lane, ListQuery, Save, TaskId, TaskStatus, after};
use serde_json::{Value, json};

use crate::faulty::{Fault, Faulty, Step};
use crate::rig::{Parts, Rig, bytes, issue, task_id};

/// A comment as the repository's hook delivers it.
fn comment() -> Value {
    let mut event = issue(7);
    event["action"] = json!("created");
    event["comment"] = json!({
        "id": 99, "body": "@afterhook-bot help", "user": { "login": "mona" },
        "created_at": "2026-11-18T10:00:00Z", "updated_at": "2026-11-18T10:00:00Z",
    });
    event
}

/// The same, as its organisation's hook delivers it.
fn of_organisation(event: &Value) -> Value {
    let mut event = event.clone();
    event["organization"] = json!({ "login": "octo" });
    event["installation"] = json!({ "id": 5 });
    event
}

async fn tasks(rig: &Rig) -> Vec<TaskId> {
    let query = ListQuery { limit: 10, ..ListQuery::default() };
    rig.stores.tasks.list(&query).await.unwrap().tasks.into_iter().map(|task| task.id).collect()
}

fn answer(word: &str, id: &TaskId) -> Value {
    json!({ "status": word, "task_id": id })
}

#[tokio::test]
async fn second_delivery_of_a_happening_is_a_duplicate_of_the_first() {
    for event in [comment(), issue(7)] {
        let rig = Parts::default().rig();
        let (first, second) = (bytes(&event), bytes(&of_organisation(&event)));
        rig.post(&first).await.assert_taken("accepted", &first);
        let id = task_id(&first);
        rig.post(&second).await.assert(202, &answer("duplicate", &id));
        rig.post(&second).await.assert(202, &answer("duplicate", &id));
        assert_eq!(tasks(&rig).await, [id]);
        assert_eq!(rig.payload(&first).await.unwrap(), first);
        assert_eq!((rig.task(&second).await, rig.payload(&second).await), (None, None));
    }
}

#[tokio::test]
async fn retry_of_the_first_delivery_is_the_first_again() {
    let rig = Parts::default().rig();
    let (first, second) = (bytes(&comment()), bytes(&of_organisation(&comment())));
    rig.post(&first).await.assert_taken("accepted", &first);
    rig.post(&second).await;
    rig.post(&first).await.assert_taken("accepted", &first);
    let mut task = rig.task(&first).await.unwrap();
    task.transition(TaskStatus::Processing, rig.watch.now(), "claimed").unwrap();
    assert_eq!(rig.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    rig.post(&first).await.assert_taken("duplicate", &first);
    rig.post(&second).await.assert(202, &answer("duplicate", &task.id));
}

#[tokio::test]
async fn another_happening_of_the_same_object_is_another_task() {
    let rig = Parts::default().rig();
    let mut edited = comment();
    edited["action"] = json!("edited");
    edited["comment"]["updated_at"] = json!("2026-11-18T10:05:00Z");
    for body in [bytes(&comment()), bytes(&edited)] {
        rig.post(&body).await.assert_taken("accepted", &body);
    }
    assert_eq!(tasks(&rig).await.len(), 2);
}

#[tokio::test]
async fn what_was_ignored_before_keeps_nobody_from_the_task() {
    let mut parts = Parts::default();
    parts.source.max_event_age = Some(Duration::from_secs(3_600));
    let rig = parts.rig();
    let mut event = comment();
    let first = bytes(&event);
    rig.post(&first).await.assert(200, &json!({ "status": "ignored", "reason": "stale" }));
    let now = after(rig.watch.now(), Duration::ZERO);
    event["comment"]["created_at"] = json!(now);
    let second = bytes(&of_organisation(&event));
    rig.post(&second).await.assert_taken("accepted", &second);
}

/// `future` after `polls` polls, dropped if it is not done by then.
async fn dropped_after<T>(polls: usize, future: impl Future<Output = T>) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        if let Poll::Ready(_) = futures::poll!(future.as_mut()) {
            return true;
        }
    }
    false
}

/// One task, complete and on its lane.
async fn assert_one_kept(rig: &Rig, context: &str) {
    let all = tasks(rig).await;
    let [id] = &all[..] else { panic!("{context}: {all:?}") };
    let task = rig.stores.tasks.get(id).await.unwrap().unwrap();
    assert_eq!(task.control.status, TaskStatus::Received, "{context}");
    let payload = rig.stores.payloads.get(id, &domain::PartKey::payload()).await.unwrap();
    assert!(payload.is_some(), "{context}: no payload");
    assert!(rig.drain(Lane::Standard).await.contains(id), "{context}: no message");
}

#[tokio::test]
async fn first_delivery_that_dies_anywhere_is_completed_by_the_other_one() {
    let (first, second): (Bytes, Bytes) = (bytes(&comment()), bytes(&of_organisation(&comment())));
    for polls in 0..100 {
        let parts = Parts::default();
        let (stores, _) = Faulty::around(parts.stores.clone());
        let rig = Parts { stores, ..parts }.rig();
        let done = dropped_after(polls, rig.post(&first)).await;
        let answer = rig.post(&second).await;
        assert_eq!(answer.status, 202, "dropped after {polls} polls: {answer:?}");
        assert_one_kept(&rig, &format!("dropped after {polls} polls")).await;
        // GitHub never tries again, and where somebody does it changes nothing.
        rig.post(&first).await;
        assert_eq!(tasks(&rig).await.len(), 1, "dropped after {polls} polls");
        if done {
            return;
        }
    }
    panic!("the request never ended");
}

#[tokio::test]
async fn first_delivery_whose_step_fails_is_completed_by_the_other_one() {
    let (first, second): (Bytes, Bytes) = (bytes(&comment()), bytes(&of_organisation(&comment())));
    for step in [Step::FirstReport, Step::Insert, Step::PutPayload, Step::Send] {
        for fault in [Fault::Fails, Fault::HappensAndFails] {
            let parts = Parts::default();
            let (stores, faults) = Faulty::around(parts.stores.clone());
            let rig = Parts { stores, ..parts }.rig();
            faults.break_at(step, fault);
            rig.post(&first).await.assert_retry("not_stored");
            faults.heal();
            assert_eq!(rig.post(&second).await.status, 202, "{step:?} {fault:?}");
            assert_one_kept(&rig, &format!("{step:?} {fault:?}")).await;
        }
    }
}

#[tokio::test]
async fn deliveries_at_once_make_one_task() {
    let parts = Parts::default();
    let (stores, _) = Faulty::around(parts.stores.clone());
    let rig = Parts { stores, ..parts }.rig();
    let bodies: Vec<Bytes> = (0..20)
        .map(|number| {
            let mut event = comment();
            event["installation"] = json!({ "id": number });
            bytes(&event)
        })
        .collect();
    let answers = futures::future::join_all(bodies.iter().map(|body| rig.post(body))).await;
    let accepted = answers.iter().filter(|answer| answer.json["status"] == "accepted").count();
    assert!(answers.iter().all(|answer| answer.status == 202) && accepted >= 1);
    assert_one_kept(&rig, "at once").await;
}
