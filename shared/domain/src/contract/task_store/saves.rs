//! What every [`TaskStore::save`] must do.

use std::time::Duration;

use super::{claimed, plain_task, request, saved};
use crate::contract::support::{Boxed, together};
use crate::{Save, StoreError, Task, TaskStatus, TaskStore, Timestamp, after};

/// Every fact of this operation.
pub async fn all(store: &dyn TaskStore, now: Timestamp) {
    a_save_raises_the_revision_in_store_and_argument(store, now).await;
    a_stale_save_changes_nothing(store, now).await;
    a_save_sent_twice_is_one_save(store, now).await;
    a_save_that_differs_in_one_field_is_not_the_same_save(store, now).await;
    an_old_save_is_stale_even_if_it_was_done_once(store, now).await;
    one_of_many_savers_at_once_succeeds(store, now).await;
    fields_that_end_are_gone(store, now).await;
}

/// One write, one revision.
pub async fn a_save_raises_the_revision_in_store_and_argument(store: &dyn TaskStore, now: Timestamp) {
    let mut task = plain_task("contract", now);
    store.insert(&task).await.unwrap();
    for revision in 2..5 {
        task.note(now, "again");
        assert_eq!(store.save(&mut task).await.unwrap(), Save::Done);
        assert_eq!(task.control.revision, revision);
        assert_eq!(store.get(&task.id).await.unwrap().as_ref(), Some(&task));
    }
}

/// Of two writers that read the same revision the second is refused, and its copy stays as it was.
pub async fn a_stale_save_changes_nothing(store: &dyn TaskStore, now: Timestamp) {
    let mut first = plain_task("contract", now);
    store.insert(&first).await.unwrap();
    let mut second = first.clone();
    first.doc.wakes = 1;
    second.doc.wakes = 2;
    assert_eq!(store.save(&mut first).await.unwrap(), Save::Done);
    let before = second.clone();
    assert_eq!(store.save(&mut second).await.unwrap(), Save::Stale);
    assert_eq!(second, before);
    assert_eq!(store.get(&first.id).await.unwrap(), Some(first));
}

/// A client that lost the answer sends the same write again, which counts as done. The numbers are
/// such as come out of sums of prices: they must compare equal to themselves once stored.
pub async fn a_save_sent_twice_is_one_save(store: &dyn TaskStore, now: Timestamp) {
    let task = plain_task("contract", now);
    store.insert(&task).await.unwrap();
    let mut once = claimed(store, &task, &request("holder", now, 60)).await;
    once.doc.older_cost_usd = 0.1 + 0.2 + 1.0 / 3.0 * 1e-7;
    once.doc.metadata.insert("κ".to_owned(), serde_json::json!({"b": 1, "a": [0.1, "ü"]}));
    let mut twice = once.clone();
    assert_eq!(store.save(&mut once).await.unwrap(), Save::Done);
    assert_eq!(store.save(&mut twice).await.unwrap(), Save::Done);
    assert_eq!(twice, once);
    let stored = store.get(&task.id).await.unwrap().unwrap();
    assert_eq!(stored.control, once.control);
    // And the copy that was saved twice can go on from there.
    twice.doc.wakes += 1;
    assert_eq!(store.save(&mut twice).await.unwrap(), Save::Done);
}

/// Somebody else's write that happens to be one revision ahead is not ours: no field may differ, in
/// the document or among the control fields.
pub async fn a_save_that_differs_in_one_field_is_not_the_same_save(store: &dyn TaskStore, now: Timestamp) {
    let later = after(now, Duration::from_secs(1));
    let changes: [fn(&mut Task, Timestamp); 7] = [
        |task, _| task.control.attempts += 1,
        |task, _| task.control.fence += 1,
        |task, later| task.control.due_at = Some(later),
        |task, later| task.control.updated_at = later,
        |task, _| task.control.status = TaskStatus::Failed,
        |task, _| task.doc.wakes += 1,
        |task, _| task.doc.actor.push('x'),
    ];
    for change in changes {
        let mut ours = plain_task("contract", now);
        store.insert(&ours).await.unwrap();
        let mut theirs = ours.clone();
        change(&mut theirs, later);
        let theirs = saved(store, theirs).await;
        assert_eq!(store.save(&mut ours).await.unwrap(), Save::Stale);
        assert_eq!(store.get(&ours.id).await.unwrap(), Some(theirs));
    }
}

/// A write that arrives once more after others have followed is refused.
pub async fn an_old_save_is_stale_even_if_it_was_done_once(store: &dyn TaskStore, now: Timestamp) {
    let mut delayed = plain_task("contract", now);
    store.insert(&delayed).await.unwrap();
    let first = saved(store, delayed.clone()).await;
    let second = saved(store, first).await;
    assert_eq!(store.save(&mut delayed).await.unwrap(), Save::Stale);
    assert_eq!(store.get(&second.id).await.unwrap(), Some(second));
}

/// Exactly one of several different writes of one revision is done.
pub async fn one_of_many_savers_at_once_succeeds(store: &dyn TaskStore, now: Timestamp) {
    let task = plain_task("contract", now);
    store.insert(&task).await.unwrap();
    let mut copies: Vec<Task> = vec![task.clone(); 8];
    for (n, copy) in (1..).zip(&mut copies) {
        copy.doc.wakes = n;
    }
    let saves: Vec<Boxed<'_, Result<Save, StoreError>>> =
        copies.iter_mut().map(|copy| store.save(copy)).collect();
    let answers: Vec<Save> = together(saves).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| **answer == Save::Done).count(), 1, "{answers:?}");
    let stored = store.get(&task.id).await.unwrap().unwrap();
    assert_eq!(stored.control.revision, 2);
    let winner = answers.iter().position(|answer| *answer == Save::Done).unwrap();
    assert_eq!(stored, copies[winner]);
}

/// A lease, a `not_before` and a `due_at` that are gone from the task are gone from the store.
pub async fn fields_that_end_are_gone(store: &dyn TaskStore, now: Timestamp) {
    let task = plain_task("contract", now);
    store.insert(&task).await.unwrap();
    let mut task = claimed(store, &task, &request("holder", now, 60)).await;
    task.transition(TaskStatus::Waiting, now, "later").unwrap();
    task.control.not_before = Some(now);
    task.control.due_at = Some(now);
    let task = saved(store, task).await;
    assert_eq!(store.get(&task.id).await.unwrap().unwrap().control.lease, None);
    let mut task = claimed(store, &task, &request("next holder", now, 60)).await;
    task.transition(TaskStatus::Completed, now, "done").unwrap();
    let task = saved(store, task).await;
    let control = store.get(&task.id).await.unwrap().unwrap().control;
    assert_eq!((control.lease, control.not_before, control.due_at), (None, None, None));
}
