//! The follow-up of an end that came without work: a rejection, an expiry, a task given up for its age, or one
//! whose every try crashed.
//!
//! It is recorded in the task with that very end (`domain::FollowUp`), and runs without a claim, since an ended
//! task has none. So every write is bound to the revision that was read, whoever wins a write counts the end in
//! the figures of the day, and the result goes through the effect ledger. If a processor dies here, the next
//! message goes on: the sweeper sends one once the follow-up is due.

use std::sync::Arc;

use domain::{Delivery, Effect, Event, Task, TaskId, TaskStatus, Timestamp, after, short_sha256};
use tracing::warn;

use crate::Interrupt;
use crate::after_end::callback;
use crate::observe;
use crate::queue::ack::{Ack, deferral_backoff, store_failed, wait};
use crate::resources::Resources;
use crate::task::claimed_task::ClaimedTask;
use crate::task::interrupt::Deferred;

/// Times that the last write is tried again because somebody else wrote in between.
const TRIES: usize = 5;

/// Runs the follow-up of the end `status` of a task, if one is recorded.
pub(crate) async fn run(
    resources: &Arc<Resources>,
    delivery: &Delivery,
    id: &TaskId,
    status: TaskStatus,
    deadline: Timestamp,
) -> Ack {
    match status {
        TaskStatus::Rejected
        | TaskStatus::Expired
        | TaskStatus::Failed
        | TaskStatus::Completed
        | TaskStatus::Ignored => {}
        TaskStatus::AwaitingApproval => return Ack::Delete,
        TaskStatus::Received | TaskStatus::Processing | TaskStatus::Waiting => {
            return store_failed(delivery.receive_count);
        }
    }
    let outcome = match ended_task(resources, id, deadline).await {
        Ok(None) => return Ack::Delete,
        Ok(Some(ended)) => match follow_up(&ended, short_sha256(&delivery.receipt.handle)).await {
            Err(Interrupt::Defer(why) | Interrupt::ModelUnavailable(why)) => {
                put_off(&ended, *why, delivery.receive_count).await
            }
            done => done.map(|()| Ack::Delete),
        },
        Err(interrupt) => Err(interrupt),
    };
    outcome.unwrap_or_else(|interrupt| {
        warn!(task_id = %id, ?interrupt, "follow-up failed; the message comes back");
        store_failed(delivery.receive_count)
    })
}

/// The task, if its end has a follow-up. Nothing of its event is needed any more.
async fn ended_task(
    resources: &Arc<Resources>,
    id: &TaskId,
    deadline: Timestamp,
) -> Result<Option<ClaimedTask>, Interrupt> {
    let task = resources.stores.tasks.get(id).await?.filter(|task| task.doc.follow_up.is_some());
    Ok(task.map(|task| {
        let doc = &task.doc;
        let event = Event::new(&doc.event, &doc.tenant, &doc.thread, &doc.actor);
        ClaimedTask::new(Arc::clone(resources), task, event, deadline)
    }))
}

/// `receive` is whoever received the message, and when: no two are alike.
async fn follow_up(ended: &ClaimedTask, receive: String) -> Result<(), Interrupt> {
    let url = if ended.is_requested().await { callback::url(ended).await? } else { None };
    count(ended, receive, url.is_none()).await?;
    let Some(url) = url else { return Ok(()) };
    callback::deliver_end(ended, url).await?;
    close(ended).await
}

/// Counts the end in the figures of the day, once: one of several processors wins the write that says so, and then
/// counts. If it dies in between, the figures lack the end, which they may. If that `is_all` there is to do, the same
/// write closes the follow-up. No two such writes are alike: else a second processor could take the first one's for
/// its own within the same millisecond.
async fn count(ended: &ClaimedTask, receive: String, is_all: bool) -> Result<(), Interrupt> {
    let now = ended.now();
    let is_counted = ended.task.lock().await.doc.follow_up.as_ref().is_none_or(|known| known.counted);
    if is_counted && !is_all {
        return Ok(());
    }
    ended
        .update(|task| {
            task.doc.written_in = Some(receive);
            match &mut task.doc.follow_up {
                Some(follow_up) if !is_all => follow_up.counted = true,
                _ => task.close_follow_up(now),
            }
        })
        .await?;
    if !is_counted {
        let task = ended.task.lock().await;
        observe::settled(&ended.resources, &task, now).await;
    }
    Ok(())
}

/// Writes that the follow-up is done. The result has arrived, or never will: it must not be posted again,
/// whoever wrote about the task meanwhile.
async fn close(ended: &ClaimedTask) -> Result<(), Interrupt> {
    let now = ended.now();
    for _ in 0..TRIES {
        match ended.update(|task| task.close_follow_up(now)).await {
            Err(Interrupt::Lost) => {}
            other => return other,
        }
        if !catch_up(ended).await? {
            return Ok(());
        }
    }
    Err(Interrupt::Lost)
}

/// Takes over what others have written, except for the effects, which are those of this try. `false` if the task has
/// no follow-up any more, or only that of a later life, whose end is still to be told.
async fn catch_up(ended: &ClaimedTask) -> Result<bool, Interrupt> {
    let Some(mut current) = ended.resources.stores.tasks.get(&ended.id).await? else { return Ok(false) };
    let mut task = ended.task.lock().await;
    if !has_follow_up_of(&current, task.doc.opened_at) {
        return Ok(false);
    }
    let done: Vec<Effect> = task.doc.effects.drain(..).collect();
    done.into_iter().for_each(|effect| current.set_effect(effect));
    *task = current;
    Ok(true)
}

/// Whether the follow-up of `task` is that of the life that began at `opened_at`. A processor may stand still while a
/// person retries the task: it must not close the follow-up of a later end.
fn has_follow_up_of(task: &Task, opened_at: Timestamp) -> bool {
    task.doc.follow_up.is_some() && task.doc.opened_at == opened_at
}

/// Comes back later: with the same message if that is soon, else with one that the sweeper sends. What can never
/// go well is given up like any failure.
async fn put_off(ended: &ClaimedTask, deferred: Deferred, receive_count: u32) -> Result<Ack, Interrupt> {
    let now = ended.now();
    let tries = ended.task.lock().await.doc.follow_up.as_ref().map_or(0, |known| known.tries);
    if deferred.is_last(tries) {
        let note = format!("the result was not delivered: {}", deferred.why);
        ended.task.lock().await.note(now, &note);
        return close(ended).await.map(|()| Ack::Delete);
    }
    let backoff = ended.resources.jitter.spread(deferral_backoff(tries));
    let (ack, due) = wait(now, deferred.not_before.unwrap_or_else(|| after(now, backoff)), receive_count);
    warn!(task_id = %ended.id, why = deferred.why, "the result is delivered later");
    ended.update(|task| task.defer_follow_up(due, now)).await?;
    Ok(ack)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::contract::plain_task;

    use super::*;

    #[test]
    fn follow_up_of_a_later_life_is_not_closed_for_the_one_that_was_told() {
        let now = Timestamp::UNIX_EPOCH;
        let mut task = plain_task("api", now);
        assert!(!has_follow_up_of(&task, task.doc.opened_at), "it has none");
        task.record_follow_up(now);
        let told = task.doc.opened_at;
        assert!(has_follow_up_of(&task, told));
        task.doc.opened_at = after(told, Duration::from_secs(60));
        assert!(!has_follow_up_of(&task, told), "retried, and ended again");
    }
}
