//! The lines of the audit: who decided what, when, from where, on which draft; and who was refused.

use domain::{Correction, Origin, Task, TaskId};

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
        "a person decided"
    );
}

/// Writes the line of what a person said would have been right.
pub fn corrected(task: &Task, correction: &Correction) {
    tracing::info!(
        task_id = %task.id,
        kind = correction.kind.as_str(),
        said = correction.said,
        by = correction.by,
        from = correction.from.as_ref().map(tracing::field::display),
        at = %correction.at,
        "a person corrected the task"
    );
}

/// Writes the line of something that somebody may not do. `by` is `None` where it is not known who asked. No token,
/// and nothing of what was sent.
pub fn refused(by: Option<&str>, from: &Origin, task: Option<&TaskId>, reason: &str) {
    tracing::warn!(task_id = task.map(tracing::field::display), by, %from, reason, "somebody was refused");
}
