//! `POST /tasks/{id}/approve`, `/reject` and `/retry`: what people decide.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use domain::{Decided, TaskView, Verdict, decide, view};
use serde::Deserialize;

use crate::Console;
use crate::auth::Caller;
use crate::body::{Body, NamedTask, OptionalBody};
use crate::refusal::Refusal;
use crate::task;

/// Bytes of a reason or a note: it rests within the task's item, which must stay small.
const MAX_NOTE_BYTES: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    draft_hash: String,
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rejection {
    draft_hash: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    note: Option<String>,
}

pub(crate) async fn approve(
    State(console): State<Arc<Console>>,
    NamedTask(id): NamedTask,
    Extension(caller): Extension<Caller>,
    Body(approval): Body<Approval>,
) -> Result<Json<TaskView>, Refusal> {
    let verdict = Verdict::Approve { text: approval.text };
    let stores = &console.stores;
    let decided = decide(stores, &id, verdict, &approval.draft_hash, caller.decider()).await?;
    Ok(answer(&console, decided).await)
}

pub(crate) async fn reject(
    State(console): State<Arc<Console>>,
    NamedTask(id): NamedTask,
    Extension(caller): Extension<Caller>,
    Body(rejection): Body<Rejection>,
) -> Result<Json<TaskView>, Refusal> {
    let verdict = Verdict::Reject { reason: short("reason", rejection.reason)? };
    let stores = &console.stores;
    let decided = decide(stores, &id, verdict, &rejection.draft_hash, caller.decider()).await?;
    Ok(answer(&console, decided).await)
}

pub(crate) async fn retry(
    State(console): State<Arc<Console>>,
    NamedTask(id): NamedTask,
    Extension(caller): Extension<Caller>,
    OptionalBody(retry): OptionalBody<Retry>,
) -> Result<Json<TaskView>, Refusal> {
    let note = short("note", retry.and_then(|retry| retry.note))?;
    let decided = domain::retry(&console.stores, &id, note, caller.decider()).await?;
    Ok(answer(&console, decided).await)
}

/// `text`, unless it is too long; an empty one is none.
fn short(field: &str, text: Option<String>) -> Result<Option<String>, Refusal> {
    let text = text.filter(|text| !text.trim().is_empty());
    match text {
        Some(text) if text.len() > MAX_NOTE_BYTES => {
            let length = text.len();
            Err(Refusal::Malformed(format!("`{field}` has {length} bytes; it may have {MAX_NOTE_BYTES}.")))
        }
        text => Ok(text),
    }
}

/// The task after a decision. The decision is stored by now, so nothing that fails from here on may
/// be answered with an error: who decided would try again, and be told that somebody was first.
async fn answer(console: &Console, decided: Decided) -> Json<TaskView> {
    let Decided { task, enqueued } = decided;
    crate::origin::audit(&task);
    if let Err(error) = enqueued {
        tracing::warn!(task_id = %task.id, %error, "the sweeper will wake this task instead of a message");
    }
    match task::show(&console.stores, &task).await {
        Ok(shown) => Json(shown),
        Err(error) => {
            tracing::error!(task_id = %task.id, %error, "a decided draft cannot be shown");
            Json(view(&task, None))
        }
    }
}
