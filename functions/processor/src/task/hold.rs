//! What a run holds while it works: the lease of its task, that of its thread, and the hiding of its message.
//!
//! All of it lasts for a minute and a half and is renewed while the run lives, so that a processor that died costs its
//! tasks no more than that. Whoever acts outside holds the task until after the invocation's end ([`end_of`]): it may
//! stand still at that very moment, and go on later.

use std::sync::Arc;
use std::time::Duration;

use domain::{Acquire, Delivery, Save, StoreError, Task, TaskId, Timestamp, after, between};
use futures::future::{Either, select};
use tracing::warn;

use crate::Interrupt;
use crate::resources::Resources;
use crate::task::claimed_task::ClaimedTask;
use crate::task::own_write::{self, catch_up};

/// How long a dead processor holds its tasks.
const LEASE: Duration = Duration::from_secs(90);
/// What is left of a lease when it is renewed.
const RENEWED_WITH: Duration = Duration::from_secs(60);
/// How soon a renewal that failed is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// A lease outlives the invocation by this at most: clocks differ, and a last write may be under way.
const LEASE_MARGIN: Duration = Duration::from_secs(10);
/// How soon a message comes back whose thread another task is working on.
const THREAD_RETRY: Duration = Duration::from_secs(4);
/// After a crash, the messages of a batch come back within this time and not all at once: they must not make the
/// same batch again.
pub(super) const RETURNS_SPREAD: Duration = Duration::from_secs(60);

/// When the last lease of an invocation ends that must be over by `deadline`.
pub(crate) fn end_of(deadline: Timestamp) -> Timestamp {
    after(deadline, LEASE_MARGIN)
}

/// When a lease ends that is taken or renewed at `now`.
pub(super) fn until(now: Timestamp, deadline: Timestamp) -> Timestamp {
    after(now, LEASE).min(end_of(deadline))
}

/// Lets the next write of `task` hold it until `until`.
pub(crate) fn extend(task: &mut Task, until: Timestamp) {
    if let Some(lease) = &mut task.control.lease {
        lease.until = until;
        task.control.due_at = Some(until);
    }
}

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
                // To its end: a write that is dropped may have been made, and nobody knows the revision.
                Either::Left((done, renewal)) => {
                    renewal.await;
                    return done;
                }
                Either::Right((held, _)) => held,
            };
        }
        work.await
    }

    /// Renews what is held until `held`. The answer is until when it is then; `None` if somebody else has it, which the
    /// next write of the run finds out.
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
            warn!(task_id = %claimed.id, %problem, "what the task holds is not renewed; it is tried again");
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
        warn!(task_id = %id, %problem, "the message keeps the queue's visibility time-out");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../../template.yaml");

    /// What stands behind `key` in template.yaml, first behind the line `from`.
    fn of_template<'t>(from: &str, key: &str) -> &'t str {
        let part = TEMPLATE.split_once(from).unwrap().1;
        part.split_once(key).unwrap().1.split('\n').next().unwrap().trim()
    }

    /// The worst case is a processor that dies right after a renewal.
    #[test]
    fn task_of_a_dead_processor_is_taken_up_again_within_150_seconds() {
        let (now, hour) = (Timestamp::UNIX_EPOCH, Duration::from_secs(3_600));
        assert_eq!(between(now, until(now, after(now, hour))), LEASE);
        // The message comes back; or it was lost, and the sweeper finds the task due at the lease's end.
        assert_eq!(LEASE + RETURNS_SPREAD, Duration::from_secs(150));
        assert_eq!(of_template("\n  SweeperFunction:", " Schedule:"), "rate(1 minute)");
    }

    #[test]
    fn task_of_a_processor_that_died_while_it_acted_is_held_until_its_invocation_is_over() {
        let timeout: u64 = of_template("\n  ProcessorFunction:", " Timeout:").parse().unwrap();
        let deadline = after(Timestamp::UNIX_EPOCH, Duration::from_secs(timeout));
        assert_eq!(between(Timestamp::UNIX_EPOCH, end_of(deadline)), Duration::from_secs(310));
        assert_eq!(until(deadline, deadline), end_of(deadline), "nothing is held for longer");
    }
}
