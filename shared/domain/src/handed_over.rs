//! [`HandedOver`]: what tasks that gave way to a newer one have left to it.

use crate::{Blob, PartKey, PayloadStore, StoreError, Task, TaskId, TaskStatus};

/// What the last note of a task says that gave way, before the one that answers for it.
const GAVE_WAY: &str = "superseded by ";

/// The last note of a task that gives way to `newer`.
#[must_use]
pub fn superseded_by(newer: &TaskId) -> String {
    format!("{GAVE_WAY}{newer}")
}

impl Task {
    /// The newer task that answers for this one; `None` if it did not give way, or has gone on since.
    #[must_use]
    pub fn gave_way_to(&self) -> Option<TaskId> {
        let note = &self.doc.timeline.last().filter(|_| self.control.status == TaskStatus::Ignored)?.note;
        note.strip_prefix(GAVE_WAY)?.parse().ok()
    }
}

/// What a task was handed by those that gave way to it.
#[derive(Debug, Default)]
pub struct HandedOver {
    /// What it answers for.
    pub parts: Vec<(PartKey, Blob)>,
    /// Tasks that it was handed, and has given back: they are worked on by themselves.
    pub given_back: Vec<TaskId>,
}

impl HandedOver {
    /// What the task `id` was handed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn to(payloads: &dyn PayloadStore, id: &TaskId) -> Result<Self, StoreError> {
        let mut parts = payloads.list(id, PartKey::SUPERSEDED).await?;
        let given_back: Vec<TaskId> = parts.iter().filter_map(|(part, _)| part.given_back_task()).collect();
        parts.retain(|(part, _)| part.superseded_task().is_none_or(|id| !given_back.contains(&id)));
        parts.retain(|(part, _)| part.given_back_task().is_none());
        Ok(Self { parts, given_back })
    }

    /// The tasks that it answers for.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> {
        self.parts.iter().filter_map(|(part, _)| part.superseded_task())
    }
}

/// Notes that `task` answers for `older` no more.
///
/// # Errors
/// [`StoreError`].
pub async fn mark_given_back(
    payloads: &dyn PayloadStore,
    task: &Task,
    older: &TaskId,
) -> Result<(), StoreError> {
    let mark = Blob::pack(&[]).map_err(|error| StoreError::broken("give a text back", error))?;
    let part = PartKey::given_back(older);
    let _first_or_again = payloads.put_new(&task.id, &part, &mark, task.parts_forgotten_at()).await?;
    Ok(())
}
