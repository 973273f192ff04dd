//! What a task that gave way to a newer one was asked, the model was shown with the newer one.

use domain::{Task, TaskId, TaskStatus};

use super::After;
use crate::world::text_of;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    after.tasks.iter().filter_map(|task| problem(after, task)).collect()
}

fn problem(after: &After<'_>, task: &Task) -> Option<String> {
    let mut newer = by(task)?;
    // The newer one may have given way as well.
    while let Some(next) = after.task(&newer).and_then(by) {
        newer = next;
    }
    let answered = after.task(&newer)?;
    if answered.control.status != TaskStatus::Completed {
        return None;
    }
    let text = text_of(after.world, &task.id)?;
    let shown = after.history.was_shown(&newer, &text);
    (!shown).then(|| format!("{} gave way to {newer}, whose model never saw {text:?}", task.id))
}

/// What `task` was superseded by.
fn by(task: &Task) -> Option<TaskId> {
    if task.control.status != TaskStatus::Ignored {
        return None;
    }
    task.doc.timeline.last()?.note.strip_prefix("superseded by ")?.parse().ok()
}
