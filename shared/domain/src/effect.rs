//! [`Effect`]: one entry of the ledger of outside effects.
//!
//! Every effect in the world (a comment, a label, a refund) goes through three steps: the intent is
//! written, the effect is done, the proof is written. Whoever finds an intent without proof knows
//! that the effect may have happened, and asks the service before doing it again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// An intent younger than this may still be on its way to the service: looking for its proof could miss it.
pub const SETTLING: Duration = Duration::from_secs(60);

/// The same where the service has answered that it failed, and knows a repetition by its key. Nothing is on its way to
/// it any more; and if it lists late what it did, the repetition does no harm.
pub const SETTLING_AFTER_ERROR: Duration = Duration::from_secs(15);

/// What the service can show for an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The service's own id of the thing made.
    pub id: String,
    /// Where a person can look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// How far an effect has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EffectState {
    /// About to happen, or happened without a proof written.
    Intended {
        /// When the intent was written.
        at: Timestamp,
        /// The claim under which it was written.
        fence: u64,
        /// When its proof can be looked for, by the clock of the run that acted; `None` while that run has not said how
        /// the act ended, and for ever if it died.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        settles_at: Option<Timestamp>,
    },
    /// Happened.
    Done {
        /// When the proof was written.
        at: Timestamp,
        /// What the service shows for it.
        proof: Proof,
    },
}

/// What an effect is about: the very text that was let through the gate for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// [`crate::short_sha256`] of the text, which is kept as a draft.
    pub hash: String,
    /// The round that the text was written in.
    pub round: u32,
}

/// One outside effect of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Unique within the task, and the same on every retry: `reply`, `label`.
    pub name: String,
    /// What it is about; `None` if nothing passes a gate for it, or an earlier version wrote the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// How far it has come.
    #[serde(flatten)]
    pub state: EffectState,
}
