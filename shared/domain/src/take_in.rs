//! [`take_in`]: a new task's way into the stores and onto its lane. What is promised to whoever sent it rests
//! on this order.
//!
//! The future may be dropped at any await point (the sender hangs up, the environment dies). What that
//! leaves behind is one of: nothing; a raw body without a task, which is forgotten in time; a task without a
//! message, which the sweeper finds; or a task without its raw body. The sender has heard nothing then, and
//! its next try completes whatever is missing.

use std::time::Duration;

use futures::join;

use crate::{
    Blob, BlobError, DecideError, Decider, Envelope, Insert, Origin, PAYLOAD_MISSING, PartKey, PutNew,
    QueueError, StoreError, Stores, Task, TaskId, TaskStatus, Timestamp, retry,
};

/// When the sweeper looks whether a new task has been claimed, counted from its receipt.
pub const FIRST_LOOK: Duration = Duration::from_secs(120);

/// What became of a task that was taken in. In either case nothing of it can be lost any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenIn {
    /// It is new.
    New,
    /// An earlier try had left it half-way, and it is complete now.
    Completed,
    /// An earlier try had taken it in.
    Duplicate,
}

/// It is not taken in, or not for certain: the sender must try again.
#[derive(Debug, thiserror::Error)]
pub enum TakeInError {
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its lane.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Its body cannot be compressed.
    #[error(transparent)]
    Compress(#[from] BlobError),
    /// The task is under way without its raw body, which is stored only now. If it has just failed for that,
    /// the next try revives it.
    #[error("the task was under way without its raw body")]
    Incomplete,
    /// A task that never had its body could not be given a new life.
    #[error(transparent)]
    Revive(#[from] DecideError),
}

/// Stores `task` and its raw `body` side by side, then puts the task on its lane. `begin` hears of each step
/// before it is done.
///
/// The raw body is written even if the task is there already: the try that stored the task may have
/// died before it stored the body.
///
/// # Errors
/// [`TakeInError`].
pub async fn take_in(
    stores: &Stores,
    task: &Task,
    body: &[u8],
    now: Timestamp,
    mut begin: impl FnMut(&'static str),
) -> Result<TakenIn, TakeInError> {
    let (payload, part) = (Blob::pack(body)?, PartKey::payload());
    begin("store the task");
    let (inserted, kept) = join!(
        stores.tasks.insert(task),
        stores.payloads.put_new(&task.id, &part, &payload, task.parts_forgotten_at()),
    );
    let inserted = inserted?;
    let kept = kept?;
    match inserted {
        Insert::New if task.control.status.is_end() => Ok(TakenIn::New),
        Insert::New => {
            begin("enqueue the task");
            enqueue(stores, task).await.map(|()| TakenIn::New)
        }
        Insert::Exists(TaskStatus::Received) => {
            begin("enqueue the task");
            enqueue(stores, task).await.map(|()| TakenIn::Completed)
        }
        Insert::Exists(TaskStatus::Failed) => {
            begin("revive the task");
            revive(stores, &task.id, now).await
        }
        // Its processor may have found no body, and be about to say so.
        Insert::Exists(TaskStatus::Processing | TaskStatus::Waiting) if kept == PutNew::Stored => {
            Err(TakeInError::Incomplete)
        }
        Insert::Exists(_) => Ok(TakenIn::Duplicate),
    }
}

/// A message too many does no harm: the claim lets one of them work.
async fn enqueue(stores: &Stores, task: &Task) -> Result<(), TakeInError> {
    let lane = task.doc.priority.lane();
    let envelope = Envelope { task_id: task.id.clone(), lane, tenant: task.doc.tenant.clone() };
    Ok(stores.queue.send(&envelope).await?)
}

/// A task that failed because its raw body was never stored (the try that made it died in between,
/// and the sweeper was quicker than the sender) has its body now: it gets a new life. Calling it a
/// duplicate would suppress the very retry that was asked for.
async fn revive(stores: &Stores, id: &TaskId, now: Timestamp) -> Result<TakenIn, TakeInError> {
    let task = stores.tasks.get(id).await?;
    let bodiless = task.and_then(|task| task.doc.error).is_some_and(|error| error.kind == PAYLOAD_MISSING);
    if !bodiless {
        return Ok(TakenIn::Duplicate);
    }
    // Two revivals at once are one and the same: either may count.
    let sender = Decider { name: "its sender", request: "revival", at: now, from: &Origin::Sender };
    match retry(stores, id, None, sender).await {
        Ok(decided) => {
            decided.enqueued?;
            Ok(TakenIn::Completed)
        }
        // Another delivery of the same has just done it.
        Err(DecideError::Conflict { .. }) => Ok(TakenIn::Duplicate),
        Err(error) => Err(error.into()),
    }
}
