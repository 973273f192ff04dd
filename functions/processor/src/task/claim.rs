//! The claim of the task that a message names: nobody works on a task without one.

use std::sync::Arc;
use std::time::Duration;

use domain::{Claim, ClaimRequest, Delivery, Lease, Task, Timestamp, between, short_sha256};
use tracing::{error, info, warn};

use crate::Processor;
use crate::after_end::{follow_up, notices};
use crate::observe;
use crate::queue::ack::{Ack, MAX_DELAY, store_failed, until_then};
use crate::task::lease;

/// A message that is none of ours comes back this slowly, until the queue gives it up.
const FOREIGN_RETRY: Duration = Duration::from_secs(60);

/// Claims the task that `delivery` names, for an invocation that is over by `deadline`.
///
/// # Errors
/// What becomes of the message if there is nothing to work on. If the task has ended, its follow-up is done by then.
pub(crate) async fn claim(
    processor: &Arc<Processor>,
    delivery: &Delivery,
    deadline: Timestamp,
) -> Result<Task, Ack> {
    let id = delivery.task_id().map_err(|problem| {
        error!(message_id = delivery.message_id, %problem, "the body names no task of ours; the message is left for the dead letters");
        Ack::Retry(Some(FOREIGN_RETRY))
    })?;
    let now = processor.clock().now();
    // Unique to this delivery: the handle changes on every receive.
    let owner = short_sha256(&delivery.receipt.handle);
    let lease = Lease { owner: owner.clone(), until: lease::until(now, deadline) };
    let claim = processor.stores().tasks.claim(&id, &ClaimRequest { now, lease }).await;
    Err(match claim {
        Ok(Claim::Claimed(task)) => return Ok(*task),
        Ok(Claim::Settled(status)) => {
            info!(task_id = %id, %status, "the message is deleted, because its task has ended");
            notices::deliver(processor, &id, &owner).await;
            follow_up::run(&processor.resources, delivery, &id, status, deadline).await
        }
        Ok(Claim::Busy { until }) => until_then(between(now, until).min(MAX_DELAY), delivery.receive_count),
        Ok(Claim::NotDue { not_before }) => until_then(between(now, not_before), delivery.receive_count),
        Ok(Claim::Missing) => {
            error!(task_id = %id, "the task is not stored; the message is left for the dead letters");
            Ack::Retry(Some(FOREIGN_RETRY))
        }
        Err(problem) => {
            warn!(task_id = %id, %problem, "the task could not be claimed; the message comes back");
            observe::store_failed(&processor.resources.metrics, &problem);
            store_failed(delivery.receive_count)
        }
    })
}
