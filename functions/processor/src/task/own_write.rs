//! Writes of a run to the task that it has claimed.
//!
//! Nobody else writes under its fence but the sweeper, whose clock may be another: it finds the task due and says that it
//! sent a message. A run does not lose its task to that.

use domain::{Save, StoreError, Task, TaskStatus};

use crate::resources::Resources;

/// Writes `task`. [`Save::Stale`]: a successor has it, or it has ended.
pub(crate) async fn save(resources: &Resources, task: &mut Task) -> Result<Save, StoreError> {
    let saved = resources.stores.tasks.save(task).await;
    if matches!(saved, Ok(Save::Stale)) && catch_up(resources, task).await? {
        return resources.stores.tasks.save(task).await;
    }
    saved
}

/// Takes up the revision of what is stored, if the claim still holds the task: a write of its own may have been made
/// although its answer was lost. The answer is whether it holds it.
pub(super) async fn catch_up(resources: &Resources, task: &mut Task) -> Result<bool, StoreError> {
    let current = resources.stores.tasks.get(&task.id).await?;
    let own = current.filter(|current| {
        current.control.fence == task.control.fence && current.control.status == TaskStatus::Processing
    });
    Ok(own.inspect(|current| task.control.revision = current.control.revision).is_some())
}
