//! [`take_in`]: stores a new task and puts it on its lane. The promise to the sender rests on the order of these
//! writes.
//!
//! The future may be dropped at any await point (the sender hangs up, the environment dies). It leaves behind one
//! of: nothing; a raw body without a task, which the store forgets in time; a task without a message, which the
//! sweeper finds; or a task without its raw body. The sender has had no answer then, and its next try completes
//! what is missing.

use std::time::Duration;

use futures::join;

use crate::{
    Blob, BlobError, DecideError, Decider, Envelope, Insert, Origin, PAYLOAD_MISSING, PartKey, PutNew,
    QueueError, StoreError, Stores, Task, TaskId, TaskStatus, Timestamp, retry,
};

/// When the sweeper looks whether a new task has been claimed, counted from its receipt.
pub const FIRST_LOOK: Duration = Duration::from_secs(120);

/// What became of a task that was taken in. In every case nothing of it can be lost any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenIn {
    /// It is new.
    New,
    /// An earlier try had left it half-way, and it is complete now.
    Completed,
    /// An earlier try had taken it in.
    Duplicate,
}

/// Why the task is perhaps not taken in: the sender must try again.
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
        // One that has ended already has a follow-up.
        Insert::New => {
            begin("enqueue the task");
            enqueue(stores, task).await.map(|()| TakenIn::New)
        }
        Insert::Exists(TaskStatus::Received) => {
            begin("enqueue the task");
            enqueue(stores, task).await.map(|()| TakenIn::Completed)
        }
        // Its processor may have found no body, and be about to say so.
        Insert::Exists(TaskStatus::Processing | TaskStatus::Waiting) if kept == PutNew::Stored => {
            Err(TakeInError::Incomplete)
        }
        Insert::Exists(TaskStatus::Failed | TaskStatus::Processing | TaskStatus::Waiting) => {
            begin("revive the task");
            revive(stores, &task.id, now).await
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

/// Revives a task that failed because its raw body was never stored: the try that made it died in between, and the
/// sweeper was quicker than the sender. Its body is stored now. Calling the event a duplicate would suppress the very
/// retry that we asked for. The same holds while its last try is under way: that may have looked before the body came.
async fn revive(stores: &Stores, id: &TaskId, now: Timestamp) -> Result<TakenIn, TakeInError> {
    let Some(task) = stores.tasks.get(id).await? else { return Ok(TakenIn::Duplicate) };
    let bodiless = task.doc.error.is_some_and(|error| error.kind == PAYLOAD_MISSING);
    match task.control.status {
        TaskStatus::Failed if bodiless => {}
        TaskStatus::Processing if bodiless => return Err(TakeInError::Incomplete),
        // The next try of one that waits finds the body.
        _ => return Ok(TakenIn::Duplicate),
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
