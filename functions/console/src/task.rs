//! `GET /tasks/{id}`, and the public form of a task, its draft's text included.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::{
    Correction, Labelled, PartKey, Reactions, ShadowDraft, StoreError, Stores, Task, TaskView, labels, view,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Console;
use crate::asked::{self, Asked};
use crate::body::NamedTask;
use crate::refusal::Refusal;

/// A task, with what it is about.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OneTask {
    #[serde(flatten)]
    task: TaskView,
    /// What its sender wrote, where it can be read.
    asked: Option<Asked>,
    /// What the agent had drafted, where a person has edited it: `draft` is their text then.
    edited_from: Option<String>,
    /// What the agent of `[shadow]` made of the event, if it worked on it.
    shadow_draft: Option<ShadowDraft>,
    /// What people said would have been right, in the order in which they said it.
    corrections: Vec<Correction>,
    /// How many people reacted to the answer where it was published; `null` while nobody has, or where that is not read.
    reactions: Option<Reactions>,
}

impl OneTask {
    pub(crate) async fn of(console: &Console, task: &Task) -> Result<Self, StoreError> {
        let (shown, edited_from, asked, shadow_draft, labelled) = futures::try_join!(
            show(&console.stores, task),
            edited_from(&console.stores, task),
            asked::of(console, task),
            shadow_draft(&console.stores, task),
            labels(&*console.stores.payloads, &task.id)
        )?;
        let (Labelled { corrections, reactions }, asked) = (labelled, asked.map(Asked::bounded));
        Ok(Self { task: shown, edited_from, asked, shadow_draft, corrections, reactions })
    }

    /// The same where neither draft nor event can be read.
    pub(crate) fn bare(task: &Task) -> Self {
        Self {
            task: view(task, None),
            edited_from: None,
            asked: None,
            shadow_draft: None,
            corrections: Vec::new(),
            reactions: None,
        }
    }
}

pub(crate) async fn one(
    State(console): State<Arc<Console>>,
    NamedTask(id): NamedTask,
) -> Result<Json<OneTask>, Refusal> {
    let task = console.stores.tasks.get(&id).await?.ok_or_else(|| Refusal::NoSuchTask(id.to_string()))?;
    Ok(Json(OneTask::of(&console, &task).await?))
}

/// The public form of `task`.
///
/// A draft that is stored and cannot be read shows as an empty text, and in the log: one damaged
/// draft must not hide a whole list.
///
/// # Errors
/// [`StoreError::Unavailable`] when the draft cannot be read now.
pub(crate) async fn show(stores: &Stores, task: &Task) -> Result<TaskView, StoreError> {
    match draft_text(stores, task).await {
        Ok(text) => Ok(view(task, text)),
        Err(error @ StoreError::Unavailable { .. }) => Err(error),
        Err(error @ StoreError::Broken { .. }) => {
            tracing::error!(task_id = %task.id, %error, "a draft cannot be read");
            Ok(view(task, None))
        }
    }
}

/// The text of the present draft, if there is one.
async fn draft_text(stores: &Stores, task: &Task) -> Result<Option<String>, StoreError> {
    const OPERATION: &str = "read a draft";
    let Some(draft) = &task.doc.draft else { return Ok(None) };
    let Some(blob) = stores.payloads.get(&task.id, &PartKey::draft(&draft.hash)).await? else {
        return Err(StoreError::broken(OPERATION, "its text is not stored"));
    };
    blob.text().map(Some).map_err(|error| StoreError::broken(OPERATION, error))
}

/// The text that a person has edited, if one has. One that cannot be read is none.
async fn edited_from(stores: &Stores, task: &Task) -> Result<Option<String>, StoreError> {
    let edit = task.doc.draft.as_ref().map(|draft| draft.hash.as_str());
    let Some(hash) = task.drafted_hash().filter(|hash| Some(*hash) != edit) else { return Ok(None) };
    let blob = stores.payloads.get(&task.id, &PartKey::draft(hash)).await?;
    Ok(blob.and_then(|blob| blob.text().ok()))
}

/// What the agent of `[shadow]` made of the event. One that cannot be read is none.
///
/// # Errors
/// When the store does not answer.
pub(crate) async fn shadow_draft(stores: &Stores, task: &Task) -> Result<Option<ShadowDraft>, StoreError> {
    let Some(blob) = stores.payloads.get(&task.id, &PartKey::shadow_draft()).await? else { return Ok(None) };
    match blob.json("read a second draft") {
        Ok(draft) => Ok(Some(draft)),
        Err(error) => {
            tracing::error!(task_id = %task.id, %error, "a second draft cannot be read");
            Ok(None)
        }
    }
}
