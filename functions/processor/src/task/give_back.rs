//! What gave way to a task that nobody will answer: it is worked on by itself after all.
//!
//! A task gives way to one that will be answered, as far as can be known by then. Until that is worked on, people close the
//! thread, where only who addresses the agent is answered, make a note among the staff of its comment, or change
//! agent.toml. What it was handed would end with it, seen by no model.

use domain::{DecideError, Decider, Origin, PartKey, SPAM, StoreError, Task, TaskId, TaskStatus, retry};
use tracing::warn;

use crate::Interrupt;
use crate::resources::Resources;
use crate::task::work::Worked;

/// What the note of a task says that gave way, before the task that answers for it.
const GAVE_WAY: &str = "superseded by ";

/// The end of a task that gives way to `newer`.
pub(crate) fn superseded_by(newer: &TaskId) -> Interrupt {
    Interrupt::Ignore(format!("{GAVE_WAY}{newer}"))
}

/// Before a task is ignored that no model has seen, sends what gave way to it around again. As long as that fails, the
/// task does not end.
pub(crate) async fn give_back(resources: &Resources, mut worked: Worked) -> Worked {
    let is_ignored = matches!(&worked.outcome, Err(Interrupt::Ignore(reason)) if reason != SPAM && !reason.starts_with(GAVE_WAY));
    if is_ignored
        && is_unseen(&worked.task)
        && let Err(problem) = send_around(resources, &worked.task).await
    {
        worked.outcome = Err(problem.into());
    }
    worked
}

/// A classification of no confidence is none of a model.
fn is_unseen(task: &Task) -> bool {
    let doc = &task.doc;
    doc.usage.is_empty() && doc.classification.as_ref().is_none_or(|known| known.confidence == 0.0)
}

async fn send_around(resources: &Resources, task: &Task) -> Result<(), StoreError> {
    for (part, _) in resources.stores.payloads.list(&task.id, PartKey::SUPERSEDED).await? {
        let Some(older) = part.superseded_task() else { continue };
        if has_given_way(resources, &older).await? {
            again(resources, task, &older).await?;
        }
    }
    Ok(())
}

/// Not so if a former try has sent it around already, or a person has.
async fn has_given_way(resources: &Resources, id: &TaskId) -> Result<bool, StoreError> {
    let task = resources.stores.tasks.get(id).await?;
    Ok(task.is_some_and(|task| {
        let last = task.doc.timeline.last().map_or("", |entry| entry.note.as_str());
        task.control.status == TaskStatus::Ignored && last.starts_with(GAVE_WAY)
    }))
}

async fn again(resources: &Resources, task: &Task, older: &TaskId) -> Result<(), StoreError> {
    let name = format!("{}, which answers nobody", task.id);
    let request = format!("given back {}", task.control.fence);
    let at = resources.clock.now();
    let decider = Decider { name: &name, request: &request, at, from: &Origin::Sender };
    match retry(&resources.stores, older, None, decider).await {
        Ok(decided) => {
            if let Err(problem) = decided.enqueued {
                warn!(task_id = %older, %problem, "the message was not sent; a sweep sends it");
            }
            Ok(())
        }
        Err(DecideError::Store(problem)) => Err(problem),
        Err(problem) => {
            warn!(task_id = %older, %problem, "it gave way to a task that answers nobody, and cannot go on by itself");
            Ok(())
        }
    }
}
