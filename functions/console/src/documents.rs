//! `GET /tasks/{id}/documents`: what the agent had to read when it worked on a task, where the transcript does not say
//! so, since a context cache at the model held it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::{Document, TaskId, documents_of};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Console;
use crate::body::NamedTask;
use crate::refusal::Refusal;

/// The reference documents of a task's version of the agent.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Documents {
    /// `null` if they are not kept: no context cache was asked for, or they are larger than 1 MB, or 100 KB compressed.
    documents: Option<Vec<Document>>,
}

pub(crate) async fn of_task(
    State(console): State<Arc<Console>>,
    NamedTask(id): NamedTask,
) -> Result<Json<Documents>, Refusal> {
    let documents = read(&console, &id).await?;
    Ok(Json(Documents { documents }))
}

async fn read(console: &Console, id: &TaskId) -> Result<Option<Vec<Document>>, Refusal> {
    let stores = &console.stores;
    let task = stores.tasks.get(id).await?.ok_or_else(|| Refusal::NoSuchTask(id.to_string()))?;
    let Some(version) = &task.doc.version else { return Ok(None) };
    Ok(documents_of(&*stores.payloads, version).await?)
}
