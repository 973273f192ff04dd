//! The line of the audit: who decided what, when, from where, on which draft.

use domain::Task;

/// Writes the line of the decision about `task`, if there is one. No text of the draft, and no reason: both
/// are with the task.
pub fn decided(task: &Task) {
    let Some(decision) = &task.doc.decision else { return };
    tracing::info!(
        task_id = %task.id,
        outcome = decision.outcome.as_str(),
        by = decision.by,
        from = decision.from.as_ref().map(tracing::field::display),
        draft_hash = decision.draft_hash,
        at = %decision.at,
        "decided"
    );
}
