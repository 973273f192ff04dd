//! A decision that somebody was told to have made is the one that counts.

use domain::{Outcome, TaskStatus};

use super::After;
use crate::world::Acknowledged;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let decided = after.history.acknowledged.iter().filter(|done| done.what != "retry");
    let mut found: Vec<String> = decided.clone().filter_map(|done| problem(after, done)).collect();
    for done in decided {
        let same = |other: &&Acknowledged| other.task == done.task && other.draft_hash == done.draft_hash;
        let told = after.history.acknowledged.iter().filter(|it| it.what != "retry").filter(same).count();
        let written = after.history.decisions.iter().filter(|(task, decision, _)| {
            *task == done.task
                && decision.draft_hash == done.draft_hash
                && decision.outcome != Outcome::Expired
        });
        if written.count() < told {
            found.push(format!("{}: {told} people were told that they decided on one draft", done.task));
        }
    }
    found
}

fn problem(after: &After<'_>, done: &Acknowledged) -> Option<String> {
    let Acknowledged { task: id, what, draft_hash, at, by } = done;
    let approves = *what == "approve";
    let stored = after.history.decisions.iter().find(|(task, decision, written)| {
        task == id
            && written <= at
            && decision.draft_hash == *draft_hash
            && (decision.outcome != Outcome::Rejected) == approves
            && decision.outcome != Outcome::Expired
    });
    let Some((_, _, written)) = stored else {
        return Some(format!("{id}: {by} was told to {what}, and no such decision is stored"));
    };
    let task = after.task(id)?;
    // Since it was made: somebody else may send the task around again before its maker is answered.
    let later_life = after.history.lives.iter().any(|(other, began)| other == id && began >= written);
    if later_life {
        return None;
    }
    let status = task.control.status;
    let fits = match status {
        TaskStatus::Completed => approves,
        TaskStatus::Rejected => !approves,
        // What keeps an approved text from being published is told by others.
        TaskStatus::Failed => approves,
        TaskStatus::Ignored => {
            let last = task.doc.timeline.last().map(|entry| entry.note.as_str()).unwrap_or_default();
            approves && last.starts_with("thread_closed")
        }
        _ => false,
    };
    (!fits).then(|| format!("{id}: {by} was told to {what}, and it is {status}"))
}
