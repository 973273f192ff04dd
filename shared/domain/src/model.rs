//! Port: [`Model`], the thing that thinks.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{Priority, StepUsage, TaskId, Timestamp};

/// A language model behind its quotas, breaker, retries, fallbacks and budgets.
#[async_trait]
pub trait Model: Send + Sync {
    /// One answer, or the reason why there is none. Returns before `call.deadline`.
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError>;

    /// Writes down what earlier calls could not write; tries for no longer than `patience`. To be called before this
    /// environment may be frozen or retired: nobody else knows of it. Whoever wraps a model passes it on.
    async fn write_left(&self, _patience: Duration) {}
}

/// Which of the configured models a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelRole {
    /// The cheap one: classification.
    Triage,
    /// The good one, and its fallbacks.
    Answer,
}

/// A question to the model.
#[derive(Debug, Clone)]
pub struct ModelCall {
    /// The task it is for.
    pub task_id: TaskId,
    /// The step it is for: `triage`, `answer`.
    pub step: String,
    /// Which model.
    pub role: ModelRole,
    /// Whose quota and budget.
    pub tenant: String,
    /// The conversation.
    pub thread: String,
    /// How urgent.
    pub priority: Priority,
    /// The persona: the same for every call of an agent, so that it can be cached.
    pub system: String,
    /// Reference material: likewise.
    pub documents: Vec<Document>,
    /// The conversation and the question, oldest first.
    pub turns: Vec<Turn>,
    /// What the answer must look like.
    pub output: OutputFormat,
    /// The time until which an earlier [`ModelFailure::Defer`] told the task to wait, if one did. The task has waited
    /// its turn and does not queue again.
    pub slot: Option<Timestamp>,
    /// Since when the task waits for a model, if it does: how much patience with a busy one is left.
    pub waiting_since: Option<Timestamp>,
    /// When the answer must be here at the latest.
    pub deadline: Timestamp,
}

/// A piece of reference material.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Document {
    /// Its name, for the model to cite.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// One contribution to the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Whose.
    pub speaker: Speaker,
    /// What was said.
    pub text: String,
    /// What was shown with it.
    #[serde(default)]
    pub media: Vec<Media>,
}

impl Turn {
    /// A contribution of words alone.
    pub fn text(speaker: Speaker, text: impl Into<String>) -> Self {
        Self { speaker, text: text.into(), media: Vec::new() }
    }
}

/// An image, audio, video or document that goes with a [`Turn`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Such as `image/png`.
    pub mime_type: String,
    /// The content.
    pub data: Vec<u8>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// People, and we when we ask.
    User,
    /// The model, in what it wrote before.
    Model,
}

/// Says what is wrong with a structured answer, in words that help the model to repair it.
pub type OutputCheck = Arc<dyn Fn(&Value) -> Result<(), String> + Send + Sync>;

/// What an answer must look like.
#[derive(Clone)]
pub enum OutputFormat {
    /// Free text, not empty.
    Text,
    /// JSON.
    Json {
        /// The JSON Schema that is sent to the model.
        schema: Value,
        /// Checks the answer, since a model may ignore the schema.
        check: OutputCheck,
    },
}

impl fmt::Debug for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("Text"),
            Self::Json { schema, .. } => write!(f, "Json({schema})"),
        }
    }
}

/// An answer that can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelAnswer {
    /// The text; for JSON its source.
    pub text: String,
    /// The checked value, for JSON.
    pub value: Option<Value>,
    /// What it cost, one entry for each call that was billed (a repair is one of its own).
    pub usage: Vec<StepUsage>,
    /// What was sent and received, for the transcript.
    pub exchanges: Vec<Exchange>,
}

/// One request and its response, exactly as they went over the wire. Left out are credentials, the bytes of
/// attachments, and the queries of their addresses, which may be signatures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// The step.
    pub step: String,
    /// The model that was asked.
    pub model: String,
    /// The request's body.
    pub request: Value,
    /// The response's body; for a failure its error body, or a description.
    pub response: Value,
    /// When it was sent.
    pub at: Timestamp,
}

/// No usable answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{step}: {message}")]
pub struct ModelError {
    /// The step.
    pub step: String,
    /// What the caller does next.
    pub failure: ModelFailure,
    /// What happened and how to mend it; free of secrets and of prompt text.
    pub message: String,
    /// What was billed all the same.
    pub usage: Vec<StepUsage>,
    /// What was sent and received.
    pub exchanges: Vec<Exchange>,
}

/// What the caller does when the model gives no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelFailure {
    /// Come back later. Not the task's fault, so no attempt is lost.
    Defer {
        /// Why.
        why: Deferral,
        /// Not before this time, if one is known; else the caller's own back-off.
        not_before: Option<Timestamp>,
    },
    /// It failed in a way that the task itself may have caused, such as a time-out or a server error on this
    /// prompt: come back later, and count the attempt.
    Retry,
    /// The prompt was blocked for its content.
    Blocked,
    /// An answer came, and neither a repair nor another model made it usable.
    Unusable,
    /// The service refuses our requests: wrong key, no access, no such model, malformed request.
    Refused,
}

/// Why a call was put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deferral {
    /// The rate is used up.
    Quota,
    /// The day's requests are used up.
    DailyQuota,
    /// The service is down or overloaded.
    Unavailable,
    /// The money is used up.
    Budget,
    /// The limit of calls under way is reached.
    Busy,
    /// The invocation ends too soon to begin.
    OutOfTime,
}

impl Deferral {
    /// A word for people: why the task waits.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quota => "quota",
            Self::DailyQuota => "daily quota",
            Self::Unavailable => "model unavailable",
            Self::Budget => "budget",
            Self::Busy => "too many calls at once",
            Self::OutOfTime => "out of time",
        }
    }
}
