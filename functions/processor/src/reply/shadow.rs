//! `mode = "shadow"`: a task that drafts and changes nothing outside.
//!
//! It goes the way of every task up to where something outside would change, or a person would be asked, and ends
//! there with what it would have done. The two places are `effect::once` and `approval::keep_draft`: nothing is
//! published, labelled, called or refunded that does not pass the one, and nobody is asked who is not asked by the
//! other. The result of a task of `POST /tasks` is posted all the same, and says that it is a shadow.

use domain::TaskOutput;

use crate::task::claimed_task::ClaimedTask;
use crate::{Finished, Interrupt};

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

/// The end of a task in shadow that has `output` to show.
pub(crate) fn ended(output: TaskOutput) -> Interrupt {
    Interrupt::Shadow(Box::new(Finished { success: true, output, output_url: None }))
}
