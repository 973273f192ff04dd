//! What follows from an end that no processor has made: a rejection, an expiry, a task given up for its age.
//!
//! The debt stands in the task since that very end (`domain::FollowUp`), and is paid without a claim, since
//! an ended task has none: every write is bound to the revision that was read, the figures of the day count
//! who has won a write, and the result goes through the ledger. Whoever dies here is succeeded by the next
//! message, which the sweeper sends once the debt is due.

use std::sync::Arc;
use std::time::Duration;

use domain::{Delivery, Effect, Event, TaskId, TaskStatus, Timestamp, after};
use tracing::warn;

use crate::after_end::callback;
use crate::queue::ack::{Disposition, LATE_MESSAGE, Wait, deferral_backoff, wait};
use crate::task::claimed_task::ClaimedTask;
use crate::task::interrupt::Deferred;
use crate::{Interrupt, Processor};

/// How soon a message comes back when somebody else wrote in between, or the stores did not answer.
const RETRY: Duration = Duration::from_secs(5);
/// Times that the last write is tried again because somebody else wrote in between.
const TRIES: usize = 5;

impl Processor {
    /// Pays what is owed after the end `status` of a task, if anything is.
    pub(crate) async fn run_follow_up(
        self: &Arc<Self>,
        delivery: &Delivery,
        id: &TaskId,
        status: TaskStatus,
        deadline: Timestamp,
    ) -> Disposition {
        match status {
            TaskStatus::Rejected | TaskStatus::Expired | TaskStatus::Failed => {}
            TaskStatus::Completed | TaskStatus::Ignored | TaskStatus::AwaitingApproval => {
                return Disposition::Done;
            }
            TaskStatus::Received | TaskStatus::Processing | TaskStatus::Waiting => {
                return Disposition::Again(Some(RETRY));
            }
        }
        let outcome = match self.ended_run(id, deadline).await {
            Ok(None) => return Disposition::Done,
            Ok(Some(claimed)) => match claimed.pay().await {
                Err(Interrupt::Defer(put_off) | Interrupt::ModelUnavailable(put_off)) => {
                    claimed.put_off(*put_off, delivery.receive_count).await
                }
                paid => paid.map(|()| Disposition::Done),
            },
            Err(interrupt) => Err(interrupt),
        };
        outcome.unwrap_or_else(|interrupt| {
            warn!(task_id = %id, ?interrupt, "what follows from the end of a task; the message comes back");
            Disposition::Again(Some(RETRY))
        })
    }

    /// The task, if something is owed after its end. Nothing of its event is needed any more.
    async fn ended_run(
        self: &Arc<Self>,
        id: &TaskId,
        deadline: Timestamp,
    ) -> Result<Option<ClaimedTask>, Interrupt> {
        let task = self.stores.tasks.get(id).await?.filter(|task| task.doc.follow_up.is_some());
        Ok(task.map(|task| {
            let doc = &task.doc;
            let event = Event::new(&doc.event, &doc.tenant, &doc.thread, &doc.actor);
            ClaimedTask::new(Arc::clone(self), task, event, deadline)
        }))
    }
}

impl ClaimedTask {
    async fn pay(&self) -> Result<(), Interrupt> {
        let url = if self.is_requested().await { callback::url(self).await? } else { None };
        self.count(url.is_none()).await?;
        let Some(url) = url else { return Ok(()) };
        callback::deliver_end(self, url).await?;
        self.close().await
    }

    /// Puts the end into the figures of the day, once: after the write that says so, which one of several
    /// wins. What dies between the two is missing in the figures, as they may.
    async fn count(&self, is_all: bool) -> Result<(), Interrupt> {
        let now = self.now();
        let is_counted = self.task.lock().await.doc.follow_up.as_ref().is_none_or(|owed| owed.counted);
        if is_counted && !is_all {
            return Ok(());
        }
        self.update(|task| match &mut task.doc.follow_up {
            Some(owed) if !is_all => owed.counted = true,
            _ => task.close_follow_up(now),
        })
        .await?;
        if !is_counted {
            let task = self.task.lock().await;
            self.processor.sum_up(&task, now);
            self.processor.note_day(&task, now).await;
        }
        Ok(())
    }

    /// Writes that nothing is owed any more. The result has arrived (or never will): whoever wrote about the
    /// task meanwhile must not have it posted again.
    async fn close(&self) -> Result<(), Interrupt> {
        let now = self.now();
        for _ in 0..TRIES {
            match self.update(|task| task.close_follow_up(now)).await {
                Err(Interrupt::Lost) => {}
                other => return other,
            }
            if !self.catch_up().await? {
                return Ok(());
            }
        }
        Err(Interrupt::Lost)
    }

    /// Takes over what others have written, but for the ledger of this run; `false` when
    /// nothing is owed any more: the task has a new life.
    async fn catch_up(&self) -> Result<bool, Interrupt> {
        let current = self.processor.stores.tasks.get(&self.id).await?;
        let Some(mut current) = current.filter(|task| task.doc.follow_up.is_some()) else { return Ok(false) };
        let mut task = self.task.lock().await;
        let done: Vec<Effect> = task.doc.effects.drain(..).collect();
        done.into_iter().for_each(|effect| current.set_effect(effect));
        *task = current;
        Ok(true)
    }

    /// Comes back later: with the same message if that is soon, else with one that the sweeper sends.
    async fn put_off(&self, put_off: Deferred, receive_count: u32) -> Result<Disposition, Interrupt> {
        let now = self.now();
        let tries = self.task.lock().await.doc.follow_up.as_ref().map_or(0, |owed| owed.tries);
        let backoff = self.processor.jitter.spread(deferral_backoff(tries));
        let again = put_off.not_before.unwrap_or_else(|| after(now, backoff));
        let (due, disposition) = match wait(now, again, receive_count) {
            Wait::Delay(delay) => (after(again, LATE_MESSAGE), Disposition::Again(Some(delay))),
            Wait::Sweeper => (again, Disposition::Done),
        };
        warn!(task_id = %self.id, why = put_off.why, "the result is delivered later");
        self.update(|task| task.defer_follow_up(due, now)).await?;
        Ok(disposition)
    }
}
