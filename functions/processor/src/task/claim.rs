//! The claim of the task that a message names: nobody works on a task without one.

use std::sync::Arc;
use std::time::Duration;

use domain::{Claim, ClaimRequest, Delivery, Lease, Task, Timestamp, after, between, short_sha256};
use tracing::{error, info, warn};

use crate::Processor;
use crate::after_end::{follow_up, notices};
use crate::queue::ack::{Ack, MAX_DELAY, store_backoff};

/// The lease outlives the invocation by this: clocks differ, and a last write may be under way.
const LEASE_MARGIN: Duration = Duration::from_secs(10);
/// A message that is none of ours comes back this slowly, until the queue gives it up.
const FOREIGN_RETRY: Duration = Duration::from_secs(60);

/// Claims the task that `delivery` names, under a lease until shortly after `deadline`.
///
/// # Errors
/// What becomes of the message if there is nothing to work on. What follows the end of a task that has ended
/// is done by then.
pub(crate) async fn claim(
    processor: &Arc<Processor>,
    delivery: &Delivery,
    deadline: Timestamp,
) -> Result<Task, Ack> {
    let id = delivery.task_id().map_err(|problem| {
        error!(message_id = delivery.message_id, %problem, "message left for the dead letters");
        Ack::Retry(Some(FOREIGN_RETRY))
    })?;
    let now = processor.clock().now();
    // Unique to this delivery: the handle changes on every receive.
    let owner = short_sha256(&delivery.receipt.handle);
    let lease = Lease { owner: owner.clone(), until: after(deadline, LEASE_MARGIN) };
    let claim = processor.stores().tasks.claim(&id, &ClaimRequest { now, lease }).await;
    Err(match claim {
        Ok(Claim::Claimed(task)) => return Ok(*task),
        Ok(Claim::Settled(status)) => {
            info!(task_id = %id, %status, "nothing to work on");
            notices::deliver(processor, &id, &owner).await;
            follow_up::run(&processor.resources, delivery, &id, status, deadline).await
        }
        Ok(Claim::Busy { until }) => Ack::Retry(Some(between(now, until).min(MAX_DELAY))),
        Ok(Claim::NotDue { not_before }) if between(now, not_before) <= MAX_DELAY => {
            Ack::Retry(Some(between(now, not_before)))
        }
        // The sweeper sends a fresh message when it is due.
        Ok(Claim::NotDue { .. }) => Ack::Delete,
        Ok(Claim::Missing) => {
            error!(task_id = %id, "message names a task that is not stored; left for the dead letters");
            Ack::Retry(Some(FOREIGN_RETRY))
        }
        Err(problem) => {
            warn!(task_id = %id, %problem, "claim failed; the message comes back");
            Ack::Retry(Some(store_backoff(delivery.receive_count)))
        }
    })
}
