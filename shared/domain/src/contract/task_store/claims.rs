//! What every [`TaskStore::claim`] must do.

use std::time::Duration;

use super::{claimed, in_status, plain_task, request, saved, unique};
use crate::contract::support::{Boxed, together};
use crate::{Claim, ClaimRequest, Save, StoreError, Task, TaskStatus, TaskStore, Timestamp, after};

/// Every fact of this operation.
pub async fn all(store: &dyn TaskStore, now: Timestamp) {
    a_received_task_is_claimed(store, now).await;
    a_running_lease_keeps_others_out(store, now).await;
    an_ended_lease_is_taken_over(store, now).await;
    a_claim_sent_twice_is_one_claim(store, now).await;
    a_waiting_task_is_claimed_when_it_is_due(store, now).await;
    parked_and_ended_tasks_are_settled(store, now).await;
    a_refused_claim_changes_nothing(store, now).await;
    one_of_many_claimers_at_once_gets_the_lease(store, now).await;
    a_claim_outdates_what_was_read_before(store, now).await;
    the_fence_never_falls(store, now).await;
}

/// `task` as a claim by `request` must leave it.
fn after_claim(task: &Task, request: &ClaimRequest) -> Task {
    let mut task = task.clone();
    let control = &mut task.control;
    control.status = TaskStatus::Processing;
    control.revision += 1;
    control.fence += 1;
    control.attempts += 1;
    control.lease = Some(request.lease.clone());
    control.not_before = None;
    control.due_at = Some(request.lease.until);
    control.updated_at = request.now;
    task
}

/// The claim raises the counters, ties `due_at` to the lease, and touches nothing else; what it
/// returns is what is stored.
pub async fn a_received_task_is_claimed(store: &dyn TaskStore, now: Timestamp) {
    let task = plain_task("contract", now);
    store.insert(&task).await.unwrap();
    let request = request("first", after(now, Duration::from_secs(1)), 60);
    let claimed = claimed(store, &task, &request).await;
    assert_eq!(claimed, after_claim(&task, &request));
    assert_eq!(store.get(&task.id).await.unwrap(), Some(claimed));
}

/// Until the lease ends, others learn how long it runs.
pub async fn a_running_lease_keeps_others_out(store: &dyn TaskStore, now: Timestamp) {
    let task = plain_task("contract", now);
    store.insert(&task).await.unwrap();
    let first = request("first", now, 60);
    claimed(store, &task, &first).await;
    let just_before = after(now, Duration::from_millis(59_999));
    let second = store.claim(&task.id, &request("second", just_before, 60)).await.unwrap();
    assert_eq!(second, Claim::Busy { until: first.lease.until });
}

/// Past its end anybody may claim: the holder is taken for dead.
pub async fn an_ended_lease_is_taken_over(store: &dyn TaskStore, now: Timestamp) {
    let task = plain_task("contract", now);
    store.insert(&task).await.unwrap();
    let held = claimed(store, &task, &request("first", now, 60)).await;
    let second = request("second", after(now, Duration::from_millis(60_001)), 60);
    assert_eq!(claimed(store, &task, &second).await, after_claim(&held, &second));
}

/// A client that lost the answer asks again under the same owner, and holds the lease as if it had
/// asked once: no try is counted twice.
pub async fn a_claim_sent_twice_is_one_claim(store: &dyn TaskStore, now: Timestamp) {
    let task = plain_task("contract", now);
    store.insert(&task).await.unwrap();
    let request = request(&unique("owner"), now, 60);
    let once = claimed(store, &task, &request).await;
    let twice = claimed(store, &task, &request).await;
    assert_eq!(twice, once);
    assert_eq!(store.get(&task.id).await.unwrap(), Some(twice));
}

/// Not before its `not_before`, and from that very moment on.
pub async fn a_waiting_task_is_claimed_when_it_is_due(store: &dyn TaskStore, now: Timestamp) {
    let task = in_status(store, TaskStatus::Waiting, now).await;
    let not_before = task.control.not_before.unwrap();
    let early = after(now, Duration::from_millis(599_999));
    let answer = store.claim(&task.id, &request("early", early, 60)).await.unwrap();
    assert_eq!(answer, Claim::NotDue { not_before });
    let request = request("punctual", not_before, 60);
    assert_eq!(claimed(store, &task, &request).await, after_claim(&task, &request));
}

/// Nobody works on what a person decides or what has ended.
pub async fn parked_and_ended_tasks_are_settled(store: &dyn TaskStore, now: Timestamp) {
    for status in TaskStatus::ALL.into_iter().filter(|status| !status.is_claimable()) {
        let task = in_status(store, status, now).await;
        let much_later = after(now, Duration::from_secs(864_000));
        let answer = store.claim(&task.id, &request("late", much_later, 60)).await.unwrap();
        assert_eq!(answer, Claim::Settled(status));
    }
}

/// A refusal leaves every field as it was.
pub async fn a_refused_claim_changes_nothing(store: &dyn TaskStore, now: Timestamp) {
    for status in [TaskStatus::Processing, TaskStatus::Waiting, TaskStatus::Completed] {
        let task = in_status(store, status, now).await;
        let answer = store.claim(&task.id, &request("refused", now, 60)).await.unwrap();
        assert!(!matches!(answer, Claim::Claimed(_)), "{status} was claimed");
        assert_eq!(store.get(&task.id).await.unwrap(), Some(task));
    }
}

/// Of claimers at the same time exactly one wins, the others learn its lease.
pub async fn one_of_many_claimers_at_once_gets_the_lease(store: &dyn TaskStore, now: Timestamp) {
    let task = plain_task("contract", now);
    store.insert(&task).await.unwrap();
    let requests: Vec<ClaimRequest> = (0..8).map(|n| request(&format!("claimer {n}"), now, 60)).collect();
    let claims: Vec<Boxed<'_, Result<Claim, StoreError>>> =
        requests.iter().map(|request| store.claim(&task.id, request)).collect();
    let answers: Vec<Claim> = together(claims).await.into_iter().map(Result::unwrap).collect();
    let winners = answers.iter().filter(|answer| matches!(answer, Claim::Claimed(_))).count();
    assert_eq!(winners, 1, "{answers:?}");
    let busy = Claim::Busy { until: requests[0].lease.until };
    assert_eq!(answers.iter().filter(|answer| **answer == busy).count(), 7, "{answers:?}");
    let stored = store.get(&task.id).await.unwrap().unwrap();
    assert_eq!((stored.control.fence, stored.control.attempts), (1, 1));
}

/// Who read the task before a claim can no longer write it.
pub async fn a_claim_outdates_what_was_read_before(store: &dyn TaskStore, now: Timestamp) {
    let mut outdated = plain_task("contract", now);
    store.insert(&outdated).await.unwrap();
    let first = claimed(store, &outdated, &request("first", now, 60)).await;
    outdated.doc.wakes += 1;
    assert_eq!(store.save(&mut outdated).await.unwrap(), Save::Stale);
    // The holder that lost its lease cannot write either.
    let later = after(now, Duration::from_secs(61));
    let second = claimed(store, &first, &request("second", later, 60)).await;
    let mut lost = first;
    lost.transition(TaskStatus::Completed, later, "too late").unwrap();
    assert_eq!(store.save(&mut lost).await.unwrap(), Save::Stale);
    assert_eq!(store.get(&second.id).await.unwrap(), Some(second));
}

/// `attempts` is given back by an orderly deferral; `fence` goes on rising all the same.
pub async fn the_fence_never_falls(store: &dyn TaskStore, now: Timestamp) {
    let mut task = plain_task("contract", now);
    store.insert(&task).await.unwrap();
    for round in 1..=3 {
        let request = request(&format!("round {round}"), now, 60);
        task = claimed(store, &task, &request).await;
        assert_eq!((task.control.fence, task.control.attempts), (round, 1));
        task.transition(TaskStatus::Waiting, now, "deferred").unwrap();
        task.control.not_before = Some(now);
        task.control.due_at = Some(now);
        task.control.attempts -= 1;
        task = saved(store, task).await;
    }
}
