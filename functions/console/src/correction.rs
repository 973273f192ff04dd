//! `POST /tasks/{id}/correct`: what a person says would have been right. A label: it moves no task.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use domain::{Correction, Label, SPAM, Task, TaskId, Thumb, correct_once};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Console;
use crate::auth::Caller;
use crate::body::{Body, NamedTask};
use crate::refusal::Refusal;
use crate::task::OneTask;

/// Bytes of a name that an error repeats.
const ECHO_BYTES: usize = 64;

/// What a person says of a task; at least one of them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorrectionInput {
    /// The intent that is right, one of agent.toml.
    pub(crate) intent: Option<String>,
    /// Whether it is spam.
    pub(crate) spam: Option<bool>,
    /// Whether its published answer is good.
    pub(crate) thumb: Option<Thumb>,
}

pub(crate) async fn post(
    State(console): State<Arc<Console>>,
    NamedTask(id): NamedTask,
    Extension(caller): Extension<Caller>,
    Body(input): Body<CorrectionInput>,
) -> Result<Json<OneTask>, Refusal> {
    let task = record(&console, &id, &input, &caller).await?;
    Ok(Json(OneTask::of(&console, &task).await?))
}

/// Keeps what `input` says of the task, if that is not what the same person has said last.
pub(crate) async fn record(
    console: &Console,
    id: &TaskId,
    input: &CorrectionInput,
    caller: &Caller,
) -> Result<Task, Refusal> {
    let said = input.labels(console)?;
    let task = console.stores.tasks.get(id).await?.ok_or_else(|| Refusal::NoSuchTask(id.to_string()))?;
    for correction in correct_once(&console.stores, &task, &said, caller.decider()).await? {
        told(console, &task, &correction);
    }
    Ok(task)
}

impl CorrectionInput {
    fn labels(&self, console: &Console) -> Result<Vec<Label<'_>>, Refusal> {
        let intent = self.intent.as_deref().map(|intent| console.intent(intent)).transpose()?;
        if self.spam == Some(true) && intent.is_some() {
            return Err(Refusal::Malformed(
                "Spam has no intent: send `intent`, or `spam` as true.".to_owned(),
            ));
        }
        let said = [self.spam.map(Label::Spam), intent.map(Label::Intent), self.thumb.map(Label::Thumb)];
        let said: Vec<_> = said.into_iter().flatten().collect();
        if said.is_empty() {
            let what = "Say what would have been right: `intent`, `spam` or `thumb`.";
            return Err(Refusal::Malformed(what.to_owned()));
        }
        Ok(said)
    }
}

/// Writes the line of the audit, and counts.
pub(crate) fn told(console: &Console, task: &Task, correction: &Correction) {
    telemetry::corrected(task, correction);
    console.metrics.corrected(correction.kind);
}

impl Console {
    /// `name`, if it is an intent of agent.toml.
    pub(crate) fn intent<'n>(&self, name: &'n str) -> Result<&'n str, Refusal> {
        if self.intents.iter().any(|known| known == name) {
            return Ok(name);
        }
        let name = domain::clip(name, ECHO_BYTES);
        let known = match &self.intents[..] {
            [] => "agent.toml has none".to_owned(),
            known => format!("agent.toml has {}", known.join(", ")),
        };
        let spam = if name == SPAM { " Spam is said by `spam`." } else { "" };
        Err(Refusal::Malformed(format!("There is no intent `{name}`: {known}.{spam}")))
    }
}
