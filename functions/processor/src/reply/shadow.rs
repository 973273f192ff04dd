//! `mode = "shadow"`: a task that drafts and changes nothing outside.
//!
//! It goes the way of every task up to where something outside would change, or a person would be asked, and ends
//! there with what it would have done. The two places are `effect::once` and `approval::keep_draft`: nothing is
//! published, labelled, called or refunded that does not pass the one, and nobody is asked who is not asked by the
//! other. The result of a task of `POST /tasks` is posted all the same, and says that it is a shadow.

use domain::{Task, TaskOutput};

use crate::task::claimed_task::ClaimedTask;
use crate::{Finished, Interrupt};

/// What the result of a task begins with that has ended before it could read.
const UNREAD: &str = "stopped before ";

/// Ends a task in shadow in place of the effect `name`; `Ok` for every other task.
pub(crate) async fn instead_of(claimed: &ClaimedTask, name: &str) -> Result<(), Interrupt> {
    if !claimed.shadow {
        return Ok(());
    }
    claimed.task.lock().await.note(claimed.now(), &format!("shadow: would {name}"));
    let output = match claimed.released(name).await {
        Some(content) => TaskOutput::Draft(content.hash),
        None => TaskOutput::Text(format!("shadow: would {name}")),
    };
    Err(ended(output))
}

/// Ends a task that runs offline before it reads from `service`, which nobody can ask; `Ok` for every other task.
pub(crate) fn offline(claimed: &ClaimedTask, service: &str) -> Result<(), Interrupt> {
    if !(claimed.shadow && claimed.resources.services.is_offline) {
        return Ok(());
    }
    Err(ended(TaskOutput::Text(format!("{UNREAD}{service} could be read"))))
}

/// Before which service a task that ran offline has ended, in words: what it would have come to is not known. `None` for one
/// that has come to its own end.
#[must_use]
pub fn unread(task: &Task) -> Option<&str> {
    match task.doc.result.as_ref().map(|result| &result.output) {
        Some(TaskOutput::Text(text)) if task.doc.shadow && text.starts_with(UNREAD) => Some(text),
        _ => None,
    }
}

/// The end of a task in shadow that has `output` to show.
pub(crate) fn ended(output: TaskOutput) -> Interrupt {
    Interrupt::Shadow(Box::new(Finished { success: true, output, output_url: None }))
}
