//! Whether an approval was made by somebody who may approve. The task itself is no witness: ingest can write it,
//! and faces the internet.

use domain::{Decision, Origin, is_proven, prove_decision, short_sha256};

use crate::Interrupt;
use crate::task::claimed_task::ClaimedTask;

/// Whether `decision`, which lets the text with the hash `hash` go out, came from the console, as its proof says, or
/// by an account of `approvers`. A decision that did not counts for nothing: the draft waits for a person again, and
/// the log says so.
pub(crate) async fn is_made_by_a_decider(
    claimed: &ClaimedTask,
    decision: &Decision,
    hash: &str,
) -> Result<bool, Interrupt> {
    let state = &*claimed.resources.stores.state;
    let holds = match &decision.from {
        Some(Origin::Slack { user, .. }) => {
            let slack = claimed.resources.settings.approvals.slack.as_ref();
            let is_approver = slack.is_some_and(|slack| slack.approvers.contains(user));
            if is_approver {
                let task = claimed.task.lock().await.clone();
                prove_decision(state, &task, hash, &decision.by, claimed.now()).await?;
            }
            is_approver
        }
        Some(Origin::Sweeper | Origin::Sender) => false,
        Some(Origin::Console { .. } | Origin::Cli { .. }) | None => {
            is_proven(state, &claimed.id, hash, claimed.now()).await?
        }
    };
    if !holds {
        refused(claimed, &decision.by).await;
    }
    Ok(holds)
}

/// Whether `by`, who may approve, has let `text` go out, as a saved answer says.
pub(crate) async fn holds(claimed: &ClaimedTask, text: &str, by: &str) -> Result<bool, Interrupt> {
    let state = &*claimed.resources.stores.state;
    let holds = is_proven(state, &claimed.id, &short_sha256(text), claimed.now()).await?;
    if !holds {
        refused(claimed, by).await;
    }
    Ok(holds)
}

async fn refused(claimed: &ClaimedTask, by: &str) {
    tracing::error!(
        task_id = %claimed.id, by,
        "an approval was not made where people decide; it counts for nothing, and the draft waits for a person"
    );
    let note = format!("an approval in the name of {by} has no proof; it counts for nothing");
    claimed.task.lock().await.note(claimed.now(), &note);
}
