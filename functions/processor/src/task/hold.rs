//! What a run holds while it works: the lease of its task, that of its thread, and the hiding of its message.
//!
//! All of it lasts as long as `lease.rs` says, and is renewed while the run lives.

use std::sync::Arc;
use std::time::Duration;

use domain::{Acquire, Delivery, Save, StoreError, Task, TaskId, Timestamp, after, between};
use futures::future::{Either, select};
use tracing::warn;

use crate::Interrupt;
use crate::resources::Resources;
use crate::task::claimed_task::ClaimedTask;
use crate::task::lease::{end_of, extend, until};
use crate::task::own_write::{self, catch_up};

/// What is left of a lease when it is renewed.
const RENEWED_WITH: Duration = Duration::from_secs(60);
/// How soon a renewal that failed is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// How soon a message comes back whose thread another task is working on.
const THREAD_RETRY: Duration = Duration::from_secs(4);
/// After a crash, the messages of a batch come back within this time and not all at once: they must not make the
/// same batch again.
pub(super) const RETURNS_SPREAD: Duration = Duration::from_secs(60);

/// What a run holds besides its task.
pub(super) struct Hold<'r> {
    resources: &'r Arc<Resources>,
    delivery: &'r Delivery,
    thread: String,
    owner: String,
    deadline: Timestamp,
}

impl<'r> Hold<'r> {
    /// Takes the lease of the thread of `task`: its tasks are worked on one after the other. Its message is hidden for a
    /// little longer than the lease of `task` runs.
    pub(super) async fn take(
        resources: &'r Arc<Resources>,
        task: &Task,
        delivery: &'r Delivery,
        deadline: Timestamp,
    ) -> Result<Self, Interrupt> {
        let now = resources.clock.now();
        let hold = Self {
            resources,
            delivery,
            thread: format!("thread:{}:{}", task.doc.source, task.doc.thread),
            // With the fence: a run that lost its lease must not release its successor's.
            owner: format!("{}:{}", task.id, task.control.fence),
            deadline,
        };
        let until = task.control.lease.as_ref().map_or(deadline, |lease| lease.until);
        hide(resources, delivery, &task.id, between(now, until)).await;
        match resources.stores.state.acquire(&hold.thread, &hold.owner, now, until).await? {
            Acquire::Held => Ok(hold),
            Acquire::Busy { .. } => {
                let at = after(now, resources.jitter.spread(THREAD_RETRY));
                Err(Interrupt::defer("another task of this thread is running", Some(at)))
            }
        }
    }

    /// Does `work` on `claimed`, and renews beside it what is held.
    pub(super) async fn during<T>(&self, claimed: &ClaimedTask, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut held = claimed.task.lock().await.control.lease.as_ref().map(|lease| lease.until);
        while let Some(until) = held.filter(|until| *until < end_of(self.deadline)) {
            let left = between(self.resources.clock.now(), until);
            let due = std::pin::pin!(tokio::time::sleep(left.saturating_sub(RENEWED_WITH)));
            if let Either::Left((done, _)) = select(&mut work, due).await {
                return done;
            }
            let renewal = std::pin::pin!(self.renew(claimed, until));
            held = match select(&mut work, renewal).await {
                // It runs to its end: a write that is dropped may have been made, and then nobody knows the revision.
                Either::Left((done, renewal)) => {
                    renewal.await;
                    return done;
                }
                Either::Right((held, _)) => held,
            };
        }
        work.await
    }

    /// Renews what is held until `held`, and returns the new end; `None` if somebody else has it, which the next
    /// write of the run finds out.
    async fn renew(&self, claimed: &ClaimedTask, held: Timestamp) -> Option<Timestamp> {
        let now = self.resources.clock.now();
        let until = until(now, self.deadline);
        let stores = &self.resources.stores;
        let renewed = match self.write(claimed, until).await {
            Ok(Save::Done) => stores.state.acquire(&self.thread, &self.owner, now, until).await.map(drop),
            Ok(Save::Stale) => return None,
            Err(problem) => Err(problem),
        };
        if let Err(problem) = renewed {
            warn!(task_id = %claimed.id, %problem, "the leases of the task and its thread were not renewed; the renewal is tried again");
            tokio::time::sleep(AGAIN).await;
            return Some(held);
        }
        hide(self.resources, self.delivery, &claimed.id, between(now, until)).await;
        Some(until)
    }

    async fn write(&self, claimed: &ClaimedTask, until: Timestamp) -> Result<Save, StoreError> {
        let mut task = claimed.task.lock().await;
        let mut renewed = task.clone();
        let held = task.control.lease.as_ref().map_or(until, |lease| lease.until);
        extend(&mut renewed, until.max(held));
        renewed.control.updated_at = self.resources.clock.now();
        let saved = own_write::save(self.resources, &mut renewed).await;
        match &saved {
            Ok(Save::Done) => *task = renewed,
            Ok(Save::Stale) => {}
            Err(_) => {
                catch_up(self.resources, &mut task).await?;
            }
        }
        saved
    }

    pub(super) async fn release(self) {
        if let Err(problem) = self.resources.stores.state.release(&self.thread, &self.owner).await {
            warn!(self.thread, %problem, "the thread stays leased until the lease ends");
        }
    }
}

/// Hides the message for a little longer than `time`, so that a crash costs the rest of the lease and not the queue's
/// own, much longer time-out.
pub(super) async fn hide(resources: &Resources, delivery: &Delivery, id: &TaskId, time: Duration) {
    let time = time + RETURNS_SPREAD.mul_f64(resources.jitter.draw());
    if let Err(problem) = resources.stores.queue.set_visibility(&delivery.receipt, time).await {
        warn!(task_id = %id, %problem, "the message could not be hidden for the length of the lease; the queue's own visibility time-out applies");
    }
}
