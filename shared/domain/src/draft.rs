//! [`Draft`]: a text that waits to be published, and [`Decision`]: what a person said about it.

use serde::{Deserialize, Serialize};

use crate::{Origin, Timestamp, short_sha256};

/// Stands where a person has to write the text, since no model did. It is known by its hash in parked tasks: other words
/// would be a draft like any other there, and could be approved.
pub const UNWRITTEN: &str =
    "No model gave an answer that can be used. A person has to write it: this text is never published.";

/// Who wrote a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum DraftOrigin {
    /// The model.
    Model,
    /// A past answer or a template, because no model could be had; or a note that a person has to write the text.
    Fallback,
    /// A person edited it.
    Person,
}

/// What the task item remembers of its draft; the text is a part of its own, found by the hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftRef {
    /// [`crate::short_sha256`] of the text.
    pub hash: String,
    /// Who wrote it.
    pub from: DraftOrigin,
    /// Why a person must look at it, if one must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked_because: Option<String>,
}

impl DraftRef {
    /// Whether it is nothing but [`UNWRITTEN`]: only an edit of it can be published.
    #[must_use]
    pub fn is_unwritten(&self) -> bool {
        self.hash == short_sha256(UNWRITTEN)
    }
}

/// A draft with its text, as the console shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Draft {
    /// The text to publish.
    pub text: String,
    /// [`crate::short_sha256`] of the text: decisions are bound to it.
    pub hash: String,
    /// Who wrote it.
    pub from: DraftOrigin,
    /// Why it is parked.
    pub parked_because: Option<String>,
}

/// How a decision ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Outcome {
    /// Publish as it is.
    Approved,
    /// Publish the edited text.
    Edited,
    /// Do not publish.
    Rejected,
    /// Nobody decided in time.
    Expired,
}

impl Outcome {
    /// The word in JSON and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Edited => "edited",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

/// Who decided what, when, on which text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decision {
    /// What was decided.
    pub outcome: Outcome,
    /// Name of the console token or account that decided; `afterhook` for an expiry.
    pub by: String,
    /// From where; `None` in decisions of earlier versions.
    #[serde(default)]
    pub from: Option<Origin>,
    /// When the decision was received.
    pub at: Timestamp,
    /// The draft that the person saw.
    pub draft_hash: String,
    /// The draft that is to be published, if any: the edited one after an edit.
    pub publish_hash: Option<String>,
    /// What the person added.
    pub reason: Option<String>,
}
