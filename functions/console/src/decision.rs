//! `POST /tasks/{id}/approve`, `/reject` and `/retry`: what people decide.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use domain::{DecideError, Decided, Decision, DecisionInput, Task, TaskId, decide};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Console;
use crate::auth::Caller;
use crate::body::{Body, NamedTask, OptionalBody};
use crate::correction::{CorrectionInput, record, told};
use crate::refusal::Refusal;
use crate::task::OneTask;

/// Bytes of a reason or a note: it rests within the task's item, which must stay small.
const MAX_NOTE_BYTES: usize = 1_000;

/// An approval.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    /// The hash of the draft that was seen.
    draft_hash: String,
    /// What to publish in its place.
    text: Option<String>,
    /// The intent that would have been right, one of agent.toml. It is kept as a correction; what is published is the
    /// draft that was seen, or `text`.
    intent: Option<String>,
}

/// A rejection.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rejection {
    /// The hash of the draft that was seen.
    draft_hash: String,
    /// Why; at most 1,000 bytes.
    reason: Option<String>,
}

/// A wish for another try.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    /// What the new draft should do differently; at most 1,000 bytes.
    note: Option<String>,
}

pub(crate) async fn approve(
    State(console): State<Arc<Console>>,
    NamedTask(id): NamedTask,
    Extension(caller): Extension<Caller>,
    Body(approval): Body<Approval>,
) -> Result<Json<OneTask>, Refusal> {
    let input = DecisionInput::Approve { text: approval.text, intent: approval.intent };
    let decided = settle(&console, &id, input, &approval.draft_hash, &caller).await?;
    Ok(answer(&console, decided).await)
}

pub(crate) async fn reject(
    State(console): State<Arc<Console>>,
    NamedTask(id): NamedTask,
    Extension(caller): Extension<Caller>,
    Body(rejection): Body<Rejection>,
) -> Result<Json<OneTask>, Refusal> {
    let input = DecisionInput::Reject { reason: short("reason", rejection.reason)? };
    let decided = settle(&console, &id, input, &rejection.draft_hash, &caller).await?;
    Ok(answer(&console, decided).await)
}

pub(crate) async fn retry(
    State(console): State<Arc<Console>>,
    NamedTask(id): NamedTask,
    Extension(caller): Extension<Caller>,
    OptionalBody(retry): OptionalBody<Retry>,
) -> Result<Json<OneTask>, Refusal> {
    let note = short("note", retry.and_then(|retry| retry.note))?;
    let decided = again(&console, &id, note, &caller).await?;
    Ok(answer(&console, decided).await)
}

/// Decides about a draft.
pub(crate) async fn settle(
    console: &Console,
    id: &TaskId,
    input: DecisionInput,
    seen_hash: &str,
    caller: &Caller,
) -> Result<Task, Refusal> {
    if let DecisionInput::Approve { intent: Some(intent), .. } = &input {
        console.intent(intent)?;
    }
    let decided = decide(&console.stores, id, input, seen_hash, caller.decider()).await;
    let correction = decided.as_ref().ok().and_then(|decided| decided.correction.clone());
    let task = settled(decided, id, caller)?;
    telemetry::decided(&task);
    if let Some(correction) = correction {
        told(console, &task, &correction);
    }
    Ok(task)
}

/// As [`settle`], for a form that may be sent twice: the same decision by the same person is done once, and is no error.
/// One that differs in anything, as in the text to publish, is refused.
pub(crate) async fn settle_once(
    console: &Console,
    id: &TaskId,
    input: DecisionInput,
    seen_hash: &str,
    caller: &Caller,
) -> Result<Task, Refusal> {
    let refusal = match settle(console, id, input.clone(), seen_hash, caller).await {
        Err(refusal @ Refusal::Conflict { .. }) => refusal,
        decided => return decided,
    };
    let is_same = |made: &Decision| made.is(&input, seen_hash, caller.decider().name);
    let task = console.stores.tasks.get(id).await?;
    let Some(task) = task.filter(|task| task.doc.decision.as_ref().is_some_and(is_same)) else {
        return Err(refusal);
    };
    // An intent is a label beside the decision: one that only the second names is kept too.
    if let DecisionInput::Approve { intent: intent @ Some(_), .. } = input {
        record(console, id, &CorrectionInput { intent, ..CorrectionInput::default() }, caller).await?;
    }
    Ok(task)
}

/// Sends a task around again.
pub(crate) async fn again(
    console: &Console,
    id: &TaskId,
    note: Option<String>,
    caller: &Caller,
) -> Result<Task, Refusal> {
    let decided = domain::retry(&console.stores, id, note, caller.decider()).await;
    settled(decided, id, caller)
}

/// The task after a decision; a refusal, which is in the audit, if it was not taken.
fn settled(decided: Result<Decided, DecideError>, id: &TaskId, caller: &Caller) -> Result<Task, Refusal> {
    decided.map(stored).map_err(|error| {
        if let Some(reason) = refused_for(&error) {
            caller.refused(Some(id), reason);
        }
        error.into()
    })
}

/// Why a decision was refused, in the audit; `None` when it was not refused but could not be taken.
fn refused_for(error: &DecideError) -> Option<&'static str> {
    match error {
        DecideError::Unknown(_) => Some("unknown_task"),
        DecideError::Conflict { .. } => Some("conflict"),
        DecideError::StaleDraft { .. } => Some("stale_draft"),
        DecideError::Expired { .. } => Some("expired"),
        DecideError::OwnTask { .. } => Some("own_task"),
        DecideError::EmptyText => Some("empty_text"),
        DecideError::Unwritten(_) => Some("unwritten"),
        DecideError::Store(_) => None,
    }
}

/// The task after a decision. The decision is stored by now, so nothing that fails from here on may
/// be answered with an error: who decided would try again, and be told that somebody was first.
fn stored(decided: Decided) -> Task {
    let Decided { task, enqueued, .. } = decided;
    if let Err(error) = enqueued {
        tracing::warn!(task_id = %task.id, %error, "the task could not be enqueued; the sweeper wakes it");
    }
    task
}

/// `text`, unless it is too long; an empty one is none.
pub(crate) fn short(field: &str, text: Option<String>) -> Result<Option<String>, Refusal> {
    let text = text.filter(|text| !text.trim().is_empty());
    match text {
        Some(text) if text.len() > MAX_NOTE_BYTES => {
            let length = text.len();
            Err(Refusal::Malformed(format!("`{field}` has {length} bytes; it may have {MAX_NOTE_BYTES}.")))
        }
        text => Ok(text),
    }
}

async fn answer(console: &Console, task: Task) -> Json<OneTask> {
    match OneTask::of(console, &task).await {
        Ok(shown) => Json(shown),
        Err(error) => {
            tracing::error!(task_id = %task.id, %error, "a decided draft cannot be shown");
            Json(OneTask::bare(&task))
        }
    }
}
