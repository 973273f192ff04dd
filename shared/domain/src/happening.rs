//! [`first_report`]: one happening that several deliveries report becomes one task.
//!
//! An organisation's webhook and a repository's deliver one comment in two bodies, which have two ids. What they
//! have in common is a happening: signed facts of what happened. The first report of it to come in writes down
//! its task's id under the happening, and every report works on that task from then on, as if it were a second
//! try of the first one. So it does not matter where a report dies: another one completes the very same task.

use crate::{Blob, BlobError, PartKey, PayloadStore, PutNew, StoreError, Task, TaskId};

/// The store does not say which task the reports of a happening are about.
#[derive(Debug, thiserror::Error)]
pub enum HappeningError {
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The id cannot be compressed.
    #[error(transparent)]
    Compress(#[from] BlobError),
}

impl TaskId {
    /// The key under which the happening with these `facts`, reported by `source`, is kept. It is no task's: no
    /// sender's identity begins like this.
    #[must_use]
    pub fn of_happening(source: &str, facts: &str) -> Self {
        Self::derive(source, format!("\0happening\0{facts}").as_bytes())
    }
}

/// The id of the task that the first report of `happening` has made; that of `task`, if this is the first or a
/// later try of it. One conditional write; one request more where it is not the first. The record lives as long
/// as the task.
///
/// # Errors
/// [`HappeningError`].
pub async fn first_report(
    payloads: &dyn PayloadStore,
    happening: &TaskId,
    task: &Task,
) -> Result<TaskId, HappeningError> {
    let part = PartKey::first_report();
    let ours = Blob::pack(task.id.as_str().as_bytes())?;
    match payloads.put_new(happening, &part, &ours, task.forgotten_at()).await? {
        PutNew::Stored => Ok(task.id.clone()),
        PutNew::Exists => {
            let kept = payloads.get(happening, &part).await?;
            // Forgotten in this very moment: whoever reported it first did so a month ago.
            let Some(kept) = kept else { return Ok(task.id.clone()) };
            let text = kept.text().map_err(|error| StoreError::broken("read a happening", error))?;
            text.parse().map_err(|error| StoreError::broken("read a happening", error).into())
        }
    }
}
