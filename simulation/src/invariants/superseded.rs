//! What a task that gave way to a newer one was asked, the model was shown with the newer one. If that one ended before
//! an answer was asked for, triage saw the text, or no model could be had and a person decided about a fallback answer; and it
//! still carries the text: who decides or retries finds both. One that nobody answers gives it back.

use domain::{PartKey, Task, TaskStatus};
use webhook::IgnoreReason;

use super::After;
use crate::world::text_of;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    after.tasks.iter().filter_map(|task| problem(after, task)).collect()
}

fn problem(after: &After<'_>, task: &Task) -> Option<String> {
    let mut newer = task.gave_way_to()?;
    // The newer one may have given way as well.
    while let Some(next) = after.task(&newer).and_then(Task::gave_way_to) {
        newer = next;
    }
    let Some(answered) = after.task(&newer) else {
        return Some(format!("{} gave way to {newer}, which is not stored", task.id));
    };
    let text = text_of(after.world, &task.id)?;
    let note = answered.doc.timeline.last().map_or("", |entry| entry.note.as_str());
    let kept = if answered.control.status == TaskStatus::Ignored && IgnoreReason::begins(note) {
        // Nobody answers there any more: what it was handed, it had to give back.
        false
    } else if after.history.was_asked(&newer) {
        after.history.was_shown(&newer, &text)
    } else {
        let is_carried = || after.world.parts.get(&newer, &PartKey::superseded(&task.id)).is_some();
        (after.history.was_triaged(&newer, &text) || is_decided_fallback(answered)) && is_carried()
    };
    (!kept).then(|| format!("{} gave way to {newer}, whose model never saw {text:?}", task.id))
}

/// No model could be had, so a person was shown a fallback answer, with all that was asked, and decided about it.
fn is_decided_fallback(task: &Task) -> bool {
    matches!(task.control.status, TaskStatus::Completed | TaskStatus::Rejected)
        && task.doc.timeline.iter().any(|entry| entry.note.contains("it is a fallback answer"))
}
