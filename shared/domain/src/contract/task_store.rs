//! What every [`TaskStore`] must do.

use std::time::Duration;

use crate::{
    Claim, ClaimRequest, Clock, Insert, ListQuery, Save, Task, TaskError, TaskId, TaskStatus, TaskStore,
    Timestamp, after,
};

use super::sample::{full_task, new_task, plain_task, unique};
use super::support::{eventually, same};
use super::{Damage, Pause, fresh_id};

pub mod claims;
pub mod indexes;
pub mod saves;

/// Every fact of this port. `now` is the present of the store's own clock.
pub async fn all(store: &dyn TaskStore, now: Timestamp, pause: &dyn Pause) {
    let now = Clock::fixed(now).now();
    an_unknown_task_is_absent(store, now).await;
    the_first_insert_wins(store, now).await;
    an_insert_of_a_taken_id_reports_the_present_status(store, now).await;
    every_field_survives_an_insert(store, now).await;
    every_field_survives_a_save(store, now).await;
    an_unreadable_task_is_stored_as_failed(store, now).await;
    claims::all(store, now).await;
    saves::all(store, now).await;
    indexes::all(store, now, pause).await;
}

/// A document of a later version that this one cannot read.
const LATER: &str = r#"{"format":4000000000}"#;

/// A task that cannot be read is named, and keeps nobody from the others.
pub async fn an_unreadable_task_stops_nobody(
    store: &dyn TaskStore,
    damage: &dyn Damage,
    now: Timestamp,
    pause: &dyn Pause,
) {
    let [older, damaged, newer] = [0, 1, 2].map(|second| {
        let mut task = plain_task("contract", after(now, Duration::from_secs(second)));
        task.doc.thread = "unreadable".to_owned();
        task
    });
    for task in [&older, &damaged, &newer] {
        assert_eq!(store.insert(task).await.unwrap(), Insert::New);
    }
    damage.damage(&damaged.id, LATER).await;
    assert!(store.get(&damaged.id).await.is_err());
    assert!(store.claim(&damaged.id, &request("somebody", now, 60)).await.is_err());
    eventually(pause, async || {
        let page = store.list(&ListQuery { limit: 3, ..ListQuery::default() }).await.unwrap();
        let listed: Vec<&TaskId> = page.tasks.iter().map(|task| &task.id).collect();
        let named: Vec<&TaskId> = page.unreadable.iter().map(|unreadable| &unreadable.task_id).collect();
        same(&(listed, named), &(vec![&newer.id, &older.id], vec![&damaged.id]))?;
        let of_thread = store.newer_in_thread(&older, 10).await.unwrap();
        same(&of_thread.iter().map(|task| &task.id).collect(), &vec![&newer.id])
    })
    .await;
}

/// A task whose document is damaged is claimed and written like any other, and what was there is kept.
pub async fn a_damaged_task_can_be_ended(store: &dyn TaskStore, damage: &dyn Damage, now: Timestamp) {
    for document in ["", "{}", "{\"source\":", "no document"] {
        let task = plain_task("contract", now);
        assert_eq!(store.insert(&task).await.unwrap(), Insert::New);
        damage.damage(&task.id, document).await;
        let read = store.get(&task.id).await.unwrap().unwrap();
        assert_eq!((read.doc.damaged.as_deref(), &read.control), (Some(document), &task.control));
        let mut ended = claimed(store, &task, &request("somebody", now, 60)).await;
        ended.transition(TaskStatus::Failed, now, "damaged").unwrap();
        let ended = saved(store, ended).await;
        assert_eq!(store.get(&task.id).await.unwrap(), Some(ended.clone()));
        assert_eq!(ended.doc.damaged.as_deref(), Some(document));
    }
}

/// Nothing is there before it was inserted, and neither a claim nor a save creates it.
pub async fn an_unknown_task_is_absent(store: &dyn TaskStore, now: Timestamp) {
    let mut task = plain_task("contract", now);
    assert_eq!(store.get(&task.id).await.unwrap(), None);
    let request = request("nobody", now, 60);
    assert_eq!(store.claim(&task.id, &request).await.unwrap(), Claim::Missing);
    assert_eq!(store.save(&mut task).await.unwrap(), Save::Stale);
    assert_eq!(store.get(&task.id).await.unwrap(), None);
}

/// A second insert under the same id leaves the first task as it is.
pub async fn the_first_insert_wins(store: &dyn TaskStore, now: Timestamp) {
    let first = plain_task("contract", now);
    assert_eq!(store.insert(&first).await.unwrap(), Insert::New);
    let mut second = first.clone();
    second.doc.actor = "somebody else".to_owned();
    second.control.revision = 9;
    assert_eq!(store.insert(&second).await.unwrap(), Insert::Exists(TaskStatus::Received));
    assert_eq!(store.get(&first.id).await.unwrap(), Some(first));
}

/// What a repeated insert learns is the status as it is now.
pub async fn an_insert_of_a_taken_id_reports_the_present_status(store: &dyn TaskStore, now: Timestamp) {
    for status in TaskStatus::ALL {
        let task = in_status(store, status, now).await;
        assert_eq!(store.insert(&task).await.unwrap(), Insert::Exists(status));
    }
}

/// What is read is what was inserted, to the last field.
pub async fn every_field_survives_an_insert(store: &dyn TaskStore, now: Timestamp) {
    let task = full_task(now);
    assert_eq!(store.insert(&task).await.unwrap(), Insert::New);
    assert_eq!(store.get(&task.id).await.unwrap(), Some(task));
}

/// What is read is what was saved, to the last field; optional parts come and go.
pub async fn every_field_survives_a_save(store: &dyn TaskStore, now: Timestamp) {
    let mut task = plain_task("contract", now);
    store.insert(&task).await.unwrap();
    let filled = full_task(now);
    task.doc = filled.doc;
    task.control.fence = 7;
    task.control.attempts = 3;
    assert_eq!(store.save(&mut task).await.unwrap(), Save::Done);
    assert_eq!(store.get(&task.id).await.unwrap(), Some(task.clone()));
    task.doc = plain_task("contract", now).doc;
    task.control.due_at = None;
    assert_eq!(store.save(&mut task).await.unwrap(), Save::Done);
    assert_eq!(store.get(&task.id).await.unwrap(), Some(task));
}

/// A task whose event could not be read is kept, ended from its first write on.
pub async fn an_unreadable_task_is_stored_as_failed(store: &dyn TaskStore, now: Timestamp) {
    let error = TaskError::new("parse", "unreadable", "no field `issue`");
    let task = Task::unreadable(fresh_id("unreadable"), new_task("contract"), now, error);
    assert_eq!(store.insert(&task).await.unwrap(), Insert::New);
    assert_eq!(store.get(&task.id).await.unwrap().as_ref(), Some(&task));
    assert_eq!(store.insert(&task).await.unwrap(), Insert::Exists(TaskStatus::Failed));
}

/// A request for a lease that begins at `now` and runs for `seconds`.
fn request(owner: &str, now: Timestamp, seconds: u64) -> ClaimRequest {
    let until = crate::after(now, std::time::Duration::from_secs(seconds));
    ClaimRequest { now, lease: crate::Lease { owner: owner.to_owned(), until } }
}

/// Claims the task, which must succeed.
async fn claimed(store: &dyn TaskStore, task: &Task, request: &ClaimRequest) -> Task {
    match store.claim(&task.id, request).await.unwrap() {
        Claim::Claimed(task) => *task,
        other => panic!("expected a claim, got {other:?}"),
    }
}

/// Saves the task, which must succeed.
async fn saved(store: &dyn TaskStore, mut task: Task) -> Task {
    assert_eq!(store.save(&mut task).await.unwrap(), Save::Done);
    task
}

/// A stored task that has come to `status` by the moves that lead there.
async fn in_status(store: &dyn TaskStore, status: TaskStatus, now: Timestamp) -> Task {
    let task = plain_task("contract", now);
    store.insert(&task).await.unwrap();
    if status == TaskStatus::Received {
        return task;
    }
    let mut task = claimed(store, &task, &request(&unique("owner"), now, 60)).await;
    let way: &[TaskStatus] = match status {
        TaskStatus::Received | TaskStatus::Processing => &[],
        TaskStatus::Rejected | TaskStatus::Expired => &[TaskStatus::AwaitingApproval, status],
        _ => &[status],
    };
    for step in way {
        task.transition(*step, now, "moved").unwrap();
        if *step == TaskStatus::Waiting {
            task.control.not_before = Some(crate::after(now, std::time::Duration::from_secs(600)));
            task.control.due_at = task.control.not_before;
        }
        task = saved(store, task).await;
    }
    task
}
