//! What every [`TaskStore::due`], [`TaskStore::list`] and [`TaskStore::newer_in_thread`] must do. All may lag behind writes, so each
//! read is repeated for a while until it is as expected.

use std::collections::HashSet;
use std::time::Duration;

use super::{claimed, in_status, plain_task, request, saved, unique};
use crate::contract::Pause;
use crate::contract::support::{eventually, same};
use crate::{
    Due, Lane, ListQuery, Priority, Stage, StoreError, Task, TaskId, TaskStatus, TaskStore, Timestamp, after,
};

/// Every fact of these operations.
pub async fn all(store: &dyn TaskStore, now: Timestamp, pause: &dyn Pause) {
    due_tasks_come_longest_due_first(store, now, pause).await;
    due_follows_the_status(store, now, pause).await;
    ended_tasks_are_due_only_if_they_say_so(store, now, pause).await;
    a_list_is_newest_first_and_whole(store, now, pause).await;
    pages_lose_and_repeat_nothing(store, now, pause).await;
    a_newer_task_does_not_shift_the_pages(store, now, pause).await;
    a_list_is_filtered_by_status_and_source(store, now, pause).await;
    a_foreign_cursor_is_refused(store).await;
    newer_tasks_of_a_thread_come_newest_first(store, now, pause).await;
}

/// Ten years before `now`: whatever else the store holds is due later.
fn long_ago(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second() - 10 * 365 * 86_400).unwrap()
}

fn seconds_after(at: Timestamp, seconds: u64) -> Timestamp {
    after(at, Duration::from_secs(seconds))
}

async fn due_becomes(
    store: &dyn TaskStore,
    pause: &dyn Pause,
    (status, before, limit): (TaskStatus, Timestamp, usize),
    expected: &[Due],
) {
    eventually(pause, async || {
        let due = store.due(Stage::of(status), before, limit).await.unwrap();
        same(&due.as_slice(), &expected)
    })
    .await;
}

fn due_entry(task: &Task) -> Due {
    Due { task_id: task.id.clone(), due_at: task.control.due_at.unwrap(), lane: task.doc.priority.lane() }
}

/// In order, at most `limit`, up to and including `before`, with the lane of each task's priority.
pub async fn due_tasks_come_longest_due_first(store: &dyn TaskStore, now: Timestamp, pause: &dyn Pause) {
    let start = long_ago(now);
    let mut tasks = Vec::new();
    // 7 is no divisor of 24: the tasks are inserted out of order.
    for n in (0..24_u64).map(|n| n * 7 % 24) {
        let mut task = plain_task("contract-due", now);
        task.control.due_at = Some(seconds_after(start, n));
        task.doc.priority = Priority::new(u8::try_from(n % 5 + 1).unwrap()).unwrap();
        store.insert(&task).await.unwrap();
        tasks.push(task);
    }
    tasks.sort_by_key(|task| task.control.due_at);
    let expected: Vec<Due> = tasks.iter().map(due_entry).collect();
    assert_eq!(expected[3].lane, Lane::Express);
    let received = TaskStatus::Received;
    due_becomes(store, pause, (received, seconds_after(start, 100), 100), &expected).await;
    due_becomes(store, pause, (received, seconds_after(start, 100), 10), &expected[..10]).await;
    due_becomes(store, pause, (received, seconds_after(start, 9), 100), &expected[..10]).await;
    due_becomes(store, pause, (TaskStatus::Waiting, seconds_after(start, 100), 100), &[]).await;
    for task in tasks {
        end(store, task, start).await;
    }
    due_becomes(store, pause, (received, seconds_after(start, 100), 100), &[]).await;
}

/// Claimed at `at` and completed.
async fn end(store: &dyn TaskStore, task: Task, at: Timestamp) {
    let mut task = claimed(store, &task, &request(&unique("owner"), at, 1)).await;
    task.transition(TaskStatus::Completed, at, "done").unwrap();
    saved(store, task).await;
}

/// A task is found under its present status alone, at its present `due_at`, with the lane of its present priority.
pub async fn due_follows_the_status(store: &dyn TaskStore, now: Timestamp, pause: &dyn Pause) {
    let start = long_ago(now);
    let horizon = seconds_after(start, 1_000);
    let mut task = plain_task("contract-due", now);
    task.control.due_at = Some(start);
    store.insert(&task).await.unwrap();
    due_becomes(store, pause, (TaskStatus::Received, horizon, 10), &[due_entry(&task)]).await;
    task = claimed(store, &task, &request("holder", start, 60)).await;
    due_becomes(store, pause, (TaskStatus::Received, horizon, 10), &[]).await;
    due_becomes(store, pause, (TaskStatus::Processing, seconds_after(start, 59), 10), &[]).await;
    // What a task is sorted as may move it to another lane.
    task.doc.priority = Priority::LOWEST;
    task = saved(store, task).await;
    due_becomes(store, pause, (TaskStatus::Processing, horizon, 10), &[due_entry(&task)]).await;
    task.transition(TaskStatus::AwaitingApproval, start, "parked").unwrap();
    task.control.due_at = Some(seconds_after(start, 500));
    task = saved(store, task).await;
    due_becomes(store, pause, (TaskStatus::Processing, horizon, 10), &[]).await;
    due_becomes(store, pause, (TaskStatus::AwaitingApproval, horizon, 10), &[due_entry(&task)]).await;
    task.transition(TaskStatus::Waiting, start, "approved").unwrap();
    task.control.not_before = Some(start);
    task.control.due_at = Some(start);
    task = saved(store, task).await;
    due_becomes(store, pause, (TaskStatus::AwaitingApproval, horizon, 10), &[]).await;
    due_becomes(store, pause, (TaskStatus::Waiting, horizon, 10), &[due_entry(&task)]).await;
    end(store, task, start).await;
    due_becomes(store, pause, (TaskStatus::Waiting, horizon, 10), &[]).await;
}

/// What has ended wants nothing any more, but for a message that is still to say so.
pub async fn ended_tasks_are_due_only_if_they_say_so(
    store: &dyn TaskStore,
    now: Timestamp,
    pause: &dyn Pause,
) {
    let (start, horizon) = (long_ago(now), seconds_after(long_ago(now), 1_000));
    for status in TaskStatus::ALL.into_iter().filter(|status| status.is_end()) {
        let mut task = in_status(store, status, start).await;
        due_becomes(store, pause, (status, horizon, 100), &[]).await;
        task.control.due_at = Some(seconds_after(start, 5));
        task = saved(store, task).await;
        due_becomes(store, pause, (status, horizon, 100), &[due_entry(&task)]).await;
        task.control.due_at = None;
        saved(store, task).await;
        due_becomes(store, pause, (status, horizon, 100), &[]).await;
    }
}

/// All pages of `query`, one after the other. A page may be short, or empty with a cursor.
async fn walk(store: &dyn TaskStore, query: &ListQuery) -> Result<Vec<Task>, StoreError> {
    let mut query = query.clone();
    let mut tasks = Vec::new();
    for _ in 0..500 {
        let page = store.list(&query).await?;
        assert!(page.tasks.len() <= query.limit, "{} tasks on a page of {}", page.tasks.len(), query.limit);
        tasks.extend(page.tasks);
        if page.cursor.is_none() {
            return Ok(tasks);
        }
        query.cursor = page.cursor;
    }
    panic!("a list of few tasks has no end");
}

fn of_source(source: &str, limit: usize) -> ListQuery {
    ListQuery { source: Some(source.to_owned()), limit, ..ListQuery::default() }
}

fn ids(tasks: &[Task]) -> Vec<TaskId> {
    tasks.iter().map(|task| task.id.clone()).collect()
}

/// Stores one task for each of `ages`, in seconds before `now`.
async fn inserted(store: &dyn TaskStore, source: &str, now: Timestamp, ages: &[i64]) -> Vec<Task> {
    let mut tasks = Vec::new();
    for age in ages {
        let received_at = Timestamp::from_millisecond(now.as_millisecond() - age * 1_000).unwrap();
        let task = plain_task(source, received_at);
        store.insert(&task).await.unwrap();
        tasks.push(task);
    }
    tasks
}

/// By the time of receipt, also over several days; each task with all its fields.
pub async fn a_list_is_newest_first_and_whole(store: &dyn TaskStore, now: Timestamp, pause: &dyn Pause) {
    let source = unique("listed");
    let ages = [90_000, 5, 400_000, 0, 86_400, 7_200];
    let mut expected = inserted(store, &source, now, &ages).await;
    expected.sort_by_key(|task| std::cmp::Reverse(task.doc.received_at));
    eventually(pause, async || same(&walk(store, &of_source(&source, 100)).await.unwrap(), &expected)).await;
    let page = ListQuery { limit: 3, ..ListQuery::default() };
    eventually(pause, async || {
        let newest = store.list(&page).await.unwrap().tasks;
        let ordered = newest.is_sorted_by_key(|task| std::cmp::Reverse(task.doc.received_at));
        if ordered && !newest.is_empty() { Ok(()) } else { Err(format!("{:?}", ids(&newest))) }
    })
    .await;
}

/// However the pages are cut, also among tasks of the same millisecond.
pub async fn pages_lose_and_repeat_nothing(store: &dyn TaskStore, now: Timestamp, pause: &dyn Pause) {
    let source = unique("paged");
    let ages: Vec<i64> = (0..25).map(|n| n / 8 * 30_000).collect();
    let expected: HashSet<TaskId> =
        inserted(store, &source, now, &ages).await.into_iter().map(|task| task.id).collect();
    for limit in [1, 4, 8, 25, 100] {
        eventually(pause, async || {
            let tasks = walk(store, &of_source(&source, limit)).await.unwrap();
            assert!(tasks.is_sorted_by_key(|task| std::cmp::Reverse(task.doc.received_at)));
            let seen: HashSet<TaskId> = ids(&tasks).into_iter().collect();
            assert_eq!(seen.len(), tasks.len(), "a task came twice");
            same(&seen, &expected)
        })
        .await;
    }
}

/// A cursor is a place in the list, not a count: what arrives meanwhile does not move it.
pub async fn a_newer_task_does_not_shift_the_pages(store: &dyn TaskStore, now: Timestamp, pause: &dyn Pause) {
    let source = unique("shifted");
    let mut expected = inserted(store, &source, now, &[50, 40, 30, 20, 10]).await;
    expected.reverse();
    eventually(pause, async || same(&walk(store, &of_source(&source, 100)).await.unwrap(), &expected)).await;
    let first = store.list(&of_source(&source, 2)).await.unwrap();
    let newer = inserted(store, &source, now, &[0, 0, 0]).await;
    eventually(pause, async || {
        let all = walk(store, &of_source(&source, 100)).await.unwrap();
        same(&all.len(), &(expected.len() + newer.len()))
    })
    .await;
    let mut seen = first.tasks;
    if first.cursor.is_some() {
        let rest = ListQuery { cursor: first.cursor, ..of_source(&source, 2) };
        seen.extend(walk(store, &rest).await.unwrap());
    }
    assert_eq!(ids(&seen), ids(&expected));
}

/// Each filter alone and both together.
pub async fn a_list_is_filtered_by_status_and_source(
    store: &dyn TaskStore,
    now: Timestamp,
    pause: &dyn Pause,
) {
    let (source, other) = (unique("filtered"), unique("other"));
    let tasks = inserted(store, &source, now, &[3, 2, 1]).await;
    inserted(store, &other, now, &[3, 2, 1]).await;
    let running = claimed(store, &tasks[1], &request("holder", now, 60)).await;
    let query = |status| ListQuery { status: Some(status), ..of_source(&source, 10) };
    eventually(pause, async || {
        let received = walk(store, &query(TaskStatus::Received)).await.unwrap();
        same(&ids(&received), &vec![tasks[2].id.clone(), tasks[0].id.clone()])?;
        let processing = walk(store, &query(TaskStatus::Processing)).await.unwrap();
        same(&processing, &vec![running.clone()])?;
        same(&walk(store, &query(TaskStatus::Failed)).await.unwrap(), &Vec::new())
    })
    .await;
    let any_source = ListQuery { status: Some(TaskStatus::Processing), limit: 100, ..ListQuery::default() };
    eventually(pause, async || {
        let tasks = walk(store, &any_source).await.unwrap();
        assert!(tasks.iter().all(|task| task.control.status == TaskStatus::Processing));
        if ids(&tasks).contains(&running.id) { Ok(()) } else { Err("not listed".to_owned()) }
    })
    .await;
}

/// A cursor comes from outside, through the API: one that no list has returned is an error of the
/// caller, neither a panic nor an empty page.
pub async fn a_foreign_cursor_is_refused(store: &dyn TaskStore) {
    for cursor in ["", "nonsense", "e30", "💥", "-1"] {
        let query = ListQuery { limit: 10, cursor: Some(cursor.to_owned()), ..ListQuery::default() };
        let answer = store.list(&query).await;
        assert!(matches!(answer, Err(StoreError::Broken { .. })), "{cursor}: {answer:?}");
    }
}

/// Those of the same source and thread alone, whatever their status, at most as many as asked for.
pub async fn newer_tasks_of_a_thread_come_newest_first(
    store: &dyn TaskStore,
    now: Timestamp,
    pause: &dyn Pause,
) {
    let (source, thread) = (unique("threaded"), unique("octo/repo#"));
    let mut tasks = Vec::new();
    // The last two are of the same millisecond: then the ids say which is newer.
    for (source, thread, age) in [
        (source.as_str(), thread.as_str(), 50),
        (&source, &thread, 40),
        (&source, &unique("another thread"), 30),
        (&unique("another source"), &thread, 20),
        (&source, &thread, 10),
        (&source, &thread, 10),
    ] {
        let received_at = Timestamp::from_millisecond(now.as_millisecond() - age * 1_000).unwrap();
        let mut task = plain_task(source, received_at);
        task.doc.thread = thread.to_owned();
        store.insert(&task).await.unwrap();
        tasks.push(task);
    }
    let running = claimed(store, &tasks[1], &request("holder", now, 60)).await;
    let mut latest = tasks.split_off(4);
    latest.sort_by(|a, b| b.id.cmp(&a.id));
    let expected = [latest[0].clone(), latest[1].clone(), running];
    eventually(pause, async || {
        same(&store.newer_in_thread(&tasks[0], 10).await.unwrap().as_slice(), &expected.as_slice())
    })
    .await;
    assert_eq!(ids(&store.newer_in_thread(&tasks[0], 1).await.unwrap()), ids(&expected[..1]));
    assert_eq!(ids(&store.newer_in_thread(&expected[2], 10).await.unwrap()), ids(&expected[..2]));
    assert_eq!(ids(&store.newer_in_thread(&expected[1], 10).await.unwrap()), ids(&expected[..1]));
    assert_eq!(store.newer_in_thread(&expected[0], 10).await.unwrap(), []);
}
