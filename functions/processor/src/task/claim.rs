//! One message: claim its task, work on it, settle it.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Acquire, Claim, ClaimRequest, Delivery, Lease, MAX_ATTEMPTS, Task, TaskError, TaskId, Timestamp, after,
    between, claim_owner, short_sha256,
};
use futures::FutureExt;
use tracing::{Instrument, error, info, info_span, warn};

use crate::queue::ack::{Disposition, MAX_DELAY};
use crate::reply::fallback;
use crate::task::settle;
use crate::task::work;
use crate::triage::batcher::Member;
use crate::{Interrupt, Processor};

/// The lease outlives the invocation by this: clocks differ, and a last write may be under way.
const LEASE_MARGIN: Duration = Duration::from_secs(10);
/// How soon a message comes back when the stores did not answer.
const STORE_RETRY: Duration = Duration::from_secs(5);
/// How soon a message comes back whose thread another task is working on.
const THREAD_RETRY: Duration = Duration::from_secs(4);
/// A message that is none of ours comes back this slowly, until the queue gives it up.
const FOREIGN_RETRY: Duration = Duration::from_secs(60);

impl Processor {
    /// Works on the task that `delivery` names, and returns before `deadline`.
    ///
    /// Everything that goes wrong within one task stays within it. By `member` it may put its question
    /// to the triage model together with others.
    pub(crate) async fn process(
        self: &Arc<Self>,
        delivery: &Delivery,
        deadline: Timestamp,
        member: Member,
    ) -> Disposition {
        let id = match delivery.task_id() {
            Ok(id) => id,
            Err(problem) => {
                error!(message_id = delivery.message_id, %problem, "message left for the dead letters");
                return Disposition::Again(Some(FOREIGN_RETRY));
            }
        };
        let request = ClaimRequest {
            now: self.clock.now(),
            // Unique to this delivery: the handle changes on every receive.
            lease: Lease {
                owner: short_sha256(&delivery.receipt.handle),
                until: after(deadline, LEASE_MARGIN),
            },
        };
        match self.stores.tasks.claim(&id, &request).await {
            Ok(Claim::Claimed(task)) => {
                let owner = claim_owner(task.control.fence);
                let disposition = self.hold(delivery, *task, deadline, member).await;
                self.deliver_notices(&id, &owner).await;
                disposition
            }
            Ok(Claim::Settled(status)) => {
                info!(task_id = %id, %status, "nothing to work on");
                self.deliver_notices(&id, &request.lease.owner).await;
                self.run_follow_up(delivery, &id, status, deadline).await
            }
            Ok(other) => self.unclaimed(&id, other, request.now),
            Err(problem) => {
                warn!(task_id = %id, %problem, "claim failed");
                Disposition::Again(Some(STORE_RETRY))
            }
        }
    }

    fn unclaimed(&self, id: &TaskId, claim: Claim, now: Timestamp) -> Disposition {
        match claim {
            Claim::Busy { until } => Disposition::Again(Some(between(now, until).min(MAX_DELAY))),
            Claim::NotDue { not_before } if between(now, not_before) <= MAX_DELAY => {
                Disposition::Again(Some(between(now, not_before)))
            }
            // The sweeper sends a fresh message when it is due.
            Claim::NotDue { .. } => Disposition::Done,
            Claim::Missing => {
                error!(task_id = %id, "message names a task that is not stored; left for the dead letters");
                Disposition::Again(Some(FOREIGN_RETRY))
            }
            // The caller has taken these cases.
            Claim::Claimed(_) | Claim::Settled(_) => Disposition::Again(None),
        }
    }

    /// Works under the lease. The message's visibility is set to match, so that a crash costs the
    /// rest of the lease and not the queue's own, much longer time-out.
    async fn hold(
        self: &Arc<Self>,
        delivery: &Delivery,
        mut task: Task,
        deadline: Timestamp,
        member: Member,
    ) -> Disposition {
        let started = self.clock.now();
        self.metrics.claimed(delivery.age);
        task.note(started, "claimed");
        let lease_until = task.control.lease.as_ref().map_or(deadline, |lease| lease.until);
        let visible = between(started, lease_until);
        if let Err(problem) = self.stores.queue.set_visibility(&delivery.receipt, visible).await {
            warn!(task_id = %task.id, %problem, "the message keeps the queue's visibility time-out");
        }
        let thread = format!("thread:{}:{}", task.doc.source, task.doc.thread);
        // With the fence: a run that lost its lease must not release its successor's.
        let owner = format!("{}:{}", task.id, task.control.fence);
        match self.stores.state.acquire(&thread, &owner, started, lease_until).await {
            Ok(Acquire::Held) => {
                let span = info_span!("task", task_id = %task.id, source = task.doc.source);
                let worked = work::run(self, task, deadline, member).boxed().instrument(span).await;
                let disposition = settle::settle(self, worked.task, worked.outcome, started, delivery).await;
                self.release(&thread, &owner).await;
                if let (Some(memory), Disposition::Done) = (worked.memory, disposition) {
                    fallback::keep(self, memory).await;
                }
                disposition
            }
            Ok(Acquire::Busy { .. }) => {
                let at = after(started, self.jitter.spread(THREAD_RETRY));
                let busy = Interrupt::defer("another task of this thread is running", Some(at));
                settle::settle(self, task, Err(busy), started, delivery).await
            }
            Err(problem) => {
                settle::settle(self, task, Err(Interrupt::Store(problem)), started, delivery).await
            }
        }
    }

    async fn release(&self, thread: &str, owner: &str) {
        if let Err(problem) = self.stores.state.release(thread, owner).await {
            warn!(thread, %problem, "the thread stays leased until the lease ends");
        }
    }
}

/// The error of a task that has used up its tries: the last one's own, or that nothing came back.
pub(crate) fn attempts_exhausted(task: &Task) -> TaskError {
    task.doc.error.clone().unwrap_or_else(|| {
        let message = format!(
            "{MAX_ATTEMPTS} tries ended without a word: the processor crashed or ran out of time or memory each time"
        );
        TaskError::new("processing", "no_attempts_left", message)
    })
}
