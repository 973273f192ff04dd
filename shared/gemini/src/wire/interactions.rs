//! `interactions`: the newer endpoint, in snake case. Read so far, not used for calls.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lenient::{count, or_default};

/// An interaction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interaction {
    /// Its id.
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    /// The model.
    #[serde(deserialize_with = "or_default")]
    pub model: String,
    /// Where it stands: `completed`, `in_progress` …
    #[serde(deserialize_with = "or_default")]
    pub status: String,
    /// What was thought and said, one object per step.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Value>,
    /// What is billed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<InteractionUsage>,
}

/// Token counts of an interaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InteractionUsage {
    /// Tokens of the prompt.
    #[serde(deserialize_with = "count")]
    pub total_input_tokens: Option<u64>,
    /// Those from a cache.
    #[serde(deserialize_with = "count")]
    pub total_cached_tokens: Option<u64>,
    /// Tokens of the answer.
    #[serde(deserialize_with = "count")]
    pub total_output_tokens: Option<u64>,
    /// Tokens of the thoughts.
    #[serde(deserialize_with = "count")]
    pub total_thought_tokens: Option<u64>,
    /// All tokens.
    #[serde(deserialize_with = "count")]
    pub total_tokens: Option<u64>,
}

/// An event of a streamed interaction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InteractionEvent {
    /// `interaction.created`, `step.delta` …
    #[serde(deserialize_with = "or_default")]
    pub event_type: String,
    /// The interaction, in events about it as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction: Option<Interaction>,
    /// What was added, in `step.delta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta: Option<Value>,
}
