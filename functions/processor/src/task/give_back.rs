//! What gave way to a task that answers nobody: it is worked on by itself after all.
//!
//! A task gives way to one that will be answered, as far as can be known by then. Until that is answered, people close the
//! thread, where only who addresses the agent is answered, make a note among the staff of its comment, or change
//! agent.toml; or it fails before any model sees it. What it was handed would end with it.

use domain::{
    DecideError, Decider, HandedOver, Origin, SPAM, StoreError, Task, TaskId, TaskStatus, mark_given_back,
};
use tracing::warn;
use webhook::IgnoreReason;

use crate::Interrupt;
use crate::resources::Resources;
use crate::task::work::Worked;

/// New wordings of one comment that are followed from one to the next.
const MAX_WORDINGS: usize = 64;

/// Before a task ends without an answer, and not by a model's word, sends what gave way to it around again. As long as that
/// fails, the task does not end.
pub(crate) async fn give_back(resources: &Resources, mut worked: Worked) -> Worked {
    if answers_nobody(&worked)
        && let Err(interrupt) = send_around(resources, &worked.task).await
    {
        worked.outcome = Err(interrupt);
    }
    worked
}

/// A task that has begun to act may have answered already. What a model has seen in vain, a person finds with the failed
/// task, whose retry answers for all.
fn answers_nobody(Worked { task, outcome, .. }: &Worked) -> bool {
    let is_unseen = task.doc.usage.is_empty();
    let ends = match outcome {
        // Its own verdict stands for what it was handed, too.
        Err(Interrupt::Ignore(reason)) if reason == SPAM => false,
        Err(Interrupt::Ignore(reason)) => IgnoreReason::begins(reason),
        Err(Interrupt::Fail(_)) => is_unseen,
        Err(Interrupt::Defer(deferred)) => is_unseen && deferred.is_last(task.control.attempts),
        _ => false,
    };
    ends && task.doc.effects.is_empty()
}

/// Each of them, whatever is met with another.
async fn send_around(resources: &Resources, task: &Task) -> Result<(), Interrupt> {
    let handed = HandedOver::to(&*resources.stores.payloads, &task.id).await?;
    let ids: Vec<TaskId> = handed.tasks().collect();
    let mut outcome = Ok(());
    for older in &ids {
        let sent = again(resources, task, older, &ids).await;
        outcome = outcome.and(sent);
    }
    outcome
}

async fn again(
    resources: &Resources,
    task: &Task,
    older: &TaskId,
    handed: &[TaskId],
) -> Result<(), Interrupt> {
    let stores = &resources.stores;
    let found = stores.tasks.get(older).await?;
    if found.as_ref().is_some_and(|older| older.control.status == TaskStatus::Processing) {
        // Its processor may have handed it over a moment ago, and be about to say so.
        return Err(Interrupt::defer(format!("{older}, which it may answer for, is in work"), None));
    }
    if let Some(heir) = found.and_then(|older| older.gave_way_to())
        && leads_to(resources, &heir, &task.id, handed).await?
    {
        sent_again(resources, task, older, &heir).await?;
    }
    Ok(mark_given_back(&*stores.payloads, task, older).await?)
}

/// Whether `newest` alone answers for what gave way to `heir`. Another one that it was handed carries that as well, and is
/// sent around itself. One that gave way to its own new wording is not among them.
async fn leads_to(
    resources: &Resources,
    heir: &TaskId,
    newest: &TaskId,
    handed: &[TaskId],
) -> Result<bool, StoreError> {
    let mut heir = heir.clone();
    for _ in 0..MAX_WORDINGS {
        if heir == *newest {
            return Ok(true);
        }
        if handed.contains(&heir) {
            return Ok(false);
        }
        let next = resources.stores.tasks.get(&heir).await?.and_then(|task| task.gave_way_to());
        let Some(next) = next else { return Ok(false) };
        heir = next;
    }
    Ok(false)
}

async fn sent_again(
    resources: &Resources,
    task: &Task,
    older: &TaskId,
    heir: &TaskId,
) -> Result<(), Interrupt> {
    let now = resources.clock.now();
    let request = format!("given back {}", task.control.fence);
    let decider = Decider { name: task.id.as_str(), request: &request, at: now, from: &Origin::Sender };
    match domain::give_back(&resources.stores, older, heir, decider).await {
        Ok(()) => Ok(()),
        Err(DecideError::Store(problem)) => Err(problem.into()),
        Err(problem) => {
            warn!(task_id = %older, %problem, "it gave way to a task that answers nobody, and cannot go on by itself");
            Ok(())
        }
    }
}
