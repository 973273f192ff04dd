//! `GET /tasks/{id}/transcript`: every request to a model and its response, to the letter.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::{Blob, PartKey, StoreError, Task, TaskId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Console;
use crate::body::NamedTask;
use crate::refusal::Refusal;

/// Every call of a task.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Transcript {
    calls: Vec<Call>,
}

/// A [`domain::Exchange`] whose bodies are passed on as they are stored: parsing them anew could
/// change the order of keys or the digits of a number.
#[derive(Deserialize, Serialize, JsonSchema)]
pub(crate) struct Call {
    /// The step that called.
    pub(crate) step: String,
    /// The model that was asked.
    pub(crate) model: String,
    /// The request's body.
    #[schemars(with = "serde_json::Value")]
    pub(crate) request: Box<RawValue>,
    /// The response's body.
    #[schemars(with = "serde_json::Value")]
    pub(crate) response: Box<RawValue>,
    /// When it was sent.
    pub(crate) at: String,
}

pub(crate) async fn calls(
    State(console): State<Arc<Console>>,
    NamedTask(id): NamedTask,
) -> Result<Json<Transcript>, Refusal> {
    Ok(Json(Transcript { calls: of_task(&console, &id).await?.1 }))
}

/// The task and its calls, in their order.
pub(crate) async fn of_task(console: &Console, id: &TaskId) -> Result<(Task, Vec<Call>), Refusal> {
    let stores = &console.stores;
    let (task, parts) = futures::try_join!(stores.tasks.get(id), stores.payloads.list(id, PartKey::CALLS))?;
    let task = task.ok_or_else(|| Refusal::NoSuchTask(id.to_string()))?;
    let mut calls = Vec::with_capacity(parts.len());
    for (part, blob) in &parts {
        calls.extend(read(part, blob)?);
    }
    Ok((task, calls))
}

/// The calls of one part: one as an object, or several as a list.
fn read(part: &PartKey, blob: &Blob) -> Result<Vec<Call>, StoreError> {
    let broken = |cause: &dyn std::fmt::Display| {
        StoreError::broken("read a transcript", format!("part {part}: {cause}"))
    };
    let bytes = blob.unpack().map_err(|error| broken(&error))?;
    if bytes.first() == Some(&b'[') {
        serde_json::from_slice(&bytes).map_err(|error| broken(&error))
    } else {
        serde_json::from_slice(&bytes).map(|call| vec![call]).map_err(|error| broken(&error))
    }
}
