//! The promise, tried at every step: whatever fails, hangs or dies, an event whose 202 was sent is
//! stored in full and on its way, and a sender that was not told so succeeds with its next try.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Bytes;
use domain::{Lane, PAYLOAD_MISSING, Save, TaskError, TaskStatus};
use serde_json::{Value, json};

use crate::faulty::{Fault, Faulty, Step};
use crate::rig::{Answer, Parts, Rig, bytes, issue, task_id};

/// More polls than any request here has await points.
const MANY: usize = 100;

fn faulty_rig() -> (Rig, Arc<Faulty>) {
    let parts = Parts::default();
    let (stores, faults) = Faulty::around(parts.stores.clone());
    (Parts { stores, ..parts }.rig(), faults)
}

/// Sends `body` while `step` is broken by `fault`. Only where something hangs is the timeout short:
/// a busy machine must not make a time-out of a healthy request.
async fn post_broken(rig: &Rig, faults: &Faulty, step: Step, fault: Fault, body: &Bytes) -> Answer {
    let hangs = matches!(fault, Fault::Hangs | Fault::HappensAndHangs);
    let store_timeout = if hangs { Duration::from_millis(50) } else { Duration::from_secs(60) };
    faults.break_at(step, fault);
    let stores = rig.stores.clone();
    let broken = Parts { stores, store_timeout, watch: rig.watch.clone(), ..Parts::default() }.rig();
    let answer = broken.post(body).await;
    faults.heal();
    answer
}

/// `future` after `polls` polls, dropped if it is not done by then.
async fn dropped_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..polls {
        if let Poll::Ready(done) = futures::poll!(future.as_mut()) {
            return Some(done);
        }
    }
    None
}

fn event() -> Bytes {
    bytes(&issue(7))
}

fn unreadable() -> Bytes {
    bytes(&json!({ "action": "opened", "issue": { "title": "no number" } }))
}

/// What every 202 for a new event stands for.
async fn assert_kept(rig: &Rig, body: &Bytes, context: &str) {
    assert_eq!(rig.task(body).await.expect(context).control.status, TaskStatus::Received, "{context}");
    assert!(rig.payload(body).await.expect(context) == *body, "{context}");
    assert!(rig.drain(Lane::Standard).await.contains(&task_id(body)), "{context}");
}

#[tokio::test]
async fn step_that_fails_or_hangs_is_answered_503_and_the_next_try_is_accepted() {
    for step in [Step::FirstReport, Step::Insert, Step::PutPayload, Step::Send] {
        for fault in Fault::ALL {
            let (rig, faults) = faulty_rig();
            let context = format!("{step:?} {fault:?}");
            let body = event();
            post_broken(&rig, &faults, step, fault, &body).await.assert_retry("not_stored");
            rig.drain(Lane::Standard).await;
            rig.post(&body).await.assert_taken("accepted", &body);
            assert_kept(&rig, &body, &context).await;
        }
    }
}

#[tokio::test]
async fn unreadable_event_survives_the_same_faults() {
    for step in [Step::Insert, Step::PutPayload, Step::Send] {
        for fault in Fault::ALL {
            let (rig, faults) = faulty_rig();
            let body = unreadable();
            post_broken(&rig, &faults, step, fault, &body).await.assert_retry("not_stored");
            let answer = rig.post(&body).await;
            assert_eq!(answer.status, 202, "{step:?} {fault:?}");
            let task = rig.task(&body).await.unwrap();
            assert_eq!(task.control.status, TaskStatus::Failed);
            assert!(task.control.due_at.is_some(), "the sweeper sends for its follow-up if nobody has");
            assert_eq!(rig.payload(&body).await.unwrap(), body, "{step:?} {fault:?}");
        }
    }
}

/// Sends `body` once for every await point of the request, dropping it there; then again.
async fn drop_everywhere(body: Bytes) -> Vec<Value> {
    let mut words = Vec::new();
    for polls in 0..MANY {
        let (rig, _) = faulty_rig();
        let first = dropped_after(polls, rig.post(&body)).await;
        let done = first.is_some();
        if let Some(answer) = first {
            answer.assert_taken("accepted", &body);
            if body == event() {
                assert_kept(&rig, &body, "first").await;
            }
        }
        let second = rig.post(&body).await;
        assert_eq!(second.status, 202, "dropped after {polls} polls");
        assert!(rig.payload(&body).await.unwrap() == body, "dropped after {polls} polls");
        if body == event() {
            second.assert_taken("accepted", &body);
            assert_kept(&rig, &body, "second").await;
        }
        words.push(second.json["status"].clone());
        if done {
            return words;
        }
    }
    panic!("the request never ended");
}

#[tokio::test]
async fn request_dropped_at_any_await_point_does_not_suppress_the_next_one() {
    let words = drop_everywhere(event()).await;
    // Two steps side by side and one after them, each with two await points, were walked through.
    assert!(words.len() > 4, "{words:?}");
}

#[tokio::test]
async fn unreadable_event_dropped_at_any_await_point_is_kept_by_the_next_try() {
    let words = drop_everywhere(unreadable()).await;
    assert!(words.contains(&json!("accepted")) && words.contains(&json!("duplicate")), "{words:?}");
}

/// A task without its raw body that a processor has given up, since the sweeper was quicker than
/// the sender.
async fn given_up(rig: &Rig, faults: &Faulty, body: &Bytes) {
    post_broken(rig, faults, Step::PutPayload, Fault::Fails, body).await.assert_retry("not_stored");
    let mut task = rig.task(body).await.unwrap();
    task.transition(TaskStatus::Processing, rig.watch.now(), "claimed").unwrap();
    task.transition(TaskStatus::Failed, rig.watch.now(), "no body").unwrap();
    task.doc.error = Some(TaskError::new("read the event", PAYLOAD_MISSING, "the payload is missing"));
    assert_eq!(rig.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
}

#[tokio::test]
async fn task_given_up_for_its_missing_body_lives_again_when_the_body_comes() {
    let (rig, faults) = faulty_rig();
    let body = event();
    given_up(&rig, &faults, &body).await;
    rig.post(&body).await.assert_taken("accepted", &body);
    assert_eq!(rig.task(&body).await.unwrap().control.status, TaskStatus::Waiting);
    assert_eq!(rig.payload(&body).await.unwrap(), body);
    assert_eq!(rig.drain(Lane::Express).await, [task_id(&body)]);
    rig.post(&body).await.assert_taken("duplicate", &body);
}

#[tokio::test]
async fn revival_that_dies_anywhere_is_completed_by_the_next_try_or_the_sweeper() {
    for polls in 0..MANY {
        let (rig, faults) = faulty_rig();
        let body = event();
        given_up(&rig, &faults, &body).await;
        let done = dropped_after(polls, rig.post(&body)).await.is_some();
        assert_eq!(rig.post(&body).await.status, 202, "dropped after {polls} polls");
        let task = rig.task(&body).await.unwrap();
        // Waiting and due: the sweeper sends the message if nobody has.
        assert_eq!(task.control.status, TaskStatus::Waiting, "dropped after {polls} polls");
        assert!(task.control.due_at.unwrap() <= rig.watch.now());
        assert_eq!(rig.payload(&body).await.unwrap(), body);
        if done {
            return;
        }
    }
    panic!("the request never ended");
}

#[tokio::test]
async fn revival_whose_steps_fail_is_answered_503() {
    for step in [Step::Get, Step::Save, Step::Send] {
        for fault in Fault::ALL {
            let (rig, faults) = faulty_rig();
            let body = event();
            given_up(&rig, &faults, &body).await;
            post_broken(&rig, &faults, step, fault, &body).await.assert_retry("not_stored");
            assert_eq!(rig.post(&body).await.status, 202);
            assert_eq!(
                rig.task(&body).await.unwrap().control.status,
                TaskStatus::Waiting,
                "{step:?} {fault:?}"
            );
        }
    }
}

#[tokio::test]
async fn task_that_failed_for_another_reason_stays_failed() {
    let (rig, _) = faulty_rig();
    let body = event();
    rig.post(&body).await;
    let mut task = rig.task(&body).await.unwrap();
    task.transition(TaskStatus::Failed, rig.watch.now(), "gave up").unwrap();
    task.doc.error = Some(TaskError::new("answer", "blocked_prompt", "blocked"));
    assert_eq!(rig.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    rig.post(&body).await.assert_taken("duplicate", &body);
    assert_eq!(rig.task(&body).await.unwrap(), task);
}

#[tokio::test]
async fn deliveries_at_once_make_one_task() {
    let (rig, _) = faulty_rig();
    let body = event();
    let answers = futures::future::join_all((0..20).map(|_| rig.post(&body))).await;
    for answer in answers {
        answer.assert_taken("accepted", &body);
    }
    let task = rig.task(&body).await.unwrap();
    assert_eq!((task.control.status, task.control.revision), (TaskStatus::Received, 1));
}

/// The sweeper's message was claimed before the sender tried again: its processor may be about to say that
/// there is no body.
#[tokio::test]
async fn body_that_comes_while_its_task_is_under_way_is_answered_503_until_it_is_certain() {
    for status in [TaskStatus::Processing, TaskStatus::Waiting] {
        let (rig, faults) = faulty_rig();
        let body = event();
        post_broken(&rig, &faults, Step::PutPayload, Fault::Fails, &body).await.assert_retry("not_stored");
        let mut task = rig.task(&body).await.unwrap();
        task.transition(TaskStatus::Processing, rig.watch.now(), "claimed").unwrap();
        if status == TaskStatus::Waiting {
            task.transition(status, rig.watch.now(), "no body").unwrap();
        }
        task.doc.error = Some(TaskError::new("read the event", PAYLOAD_MISSING, "the payload is missing"));
        assert_eq!(rig.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
        rig.post(&body).await.assert_retry("not_stored");
        match status {
            // Its try may have looked before the body was stored.
            TaskStatus::Processing => rig.post(&body).await.assert_retry("not_stored"),
            _ => rig.post(&body).await.assert_taken("duplicate", &body),
        }
        task.transition(TaskStatus::Failed, rig.watch.now(), "no body").unwrap();
        assert_eq!(rig.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
        rig.post(&body).await.assert_taken("accepted", &body);
        assert_eq!(rig.task(&body).await.unwrap().control.status, TaskStatus::Waiting);
    }
}
