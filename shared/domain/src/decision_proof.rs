//! The proof of a decision, kept where only those can write who may decide.
//!
//! A task can be written by whatever takes webhooks in, and that faces the internet: taken over, it could write an
//! approval into any task. So an approval counts only with a proof in the state store, to which ingest has no access
//! at all. The console writes it before the decision; the processor, for a decision that came by Slack, once it has
//! found the account among the approvers.

use serde_json::json;

use crate::{Expected, StateStore, StoreError, Swap, Task, TaskId, Timestamp};

/// What the keys of proofs begin with: the console's role may write below it.
pub const DECISION_PROOFS: &str = "decision:";

/// Writes that the text of `task` with the hash `publish_hash` may go out, by the word of `by`. Harmless when repeated.
///
/// # Errors
/// [`StoreError`].
pub async fn prove_decision(
    state: &dyn StateStore,
    task: &Task,
    publish_hash: &str,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (key, value) = (key(&task.id, publish_hash), json!({ "by": by }));
    match state.swap(&key, Expected::Absent, &value, now, task.parts_forgotten_at()).await? {
        Swap::Done(_) | Swap::Conflict(_) => Ok(()),
    }
}

/// Whether somebody who may decide has let the text with that hash go out for the task `id`.
///
/// # Errors
/// [`StoreError`].
pub async fn is_proven(
    state: &dyn StateStore,
    id: &TaskId,
    publish_hash: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(state.get(&key(id, publish_hash), now).await?.is_some())
}

fn key(id: &TaskId, publish_hash: &str) -> String {
    format!("{DECISION_PROOFS}{id}:{publish_hash}")
}
