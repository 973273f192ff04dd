//! The receiver of a result hears of the task's end: of the last one last, and never of one that is not.

use std::collections::BTreeMap;

use domain::{API_SOURCE, PAYLOAD_MISSING, Task};

use super::After;
use crate::world::Callback;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let wanted = |task: &&Task| {
        task.doc.source == API_SOURCE && after.world.wants_result(&task.id) && !came_too_late(after, task)
    };
    let mut found: Vec<String> =
        after.tasks.iter().filter(wanted).filter_map(|task| problem(after, task)).collect();
    let mut bodies: BTreeMap<&str, &str> = BTreeMap::new();
    for Callback { task, id, body, .. } in &after.history.callbacks {
        if *bodies.entry(id).or_insert(body) != body {
            found.push(format!("{task}: two bodies were posted as {id}"));
        }
    }
    found
}

/// Nobody knew the receiver of a task that failed before its body came; whoever sent it was never told that it was taken in.
fn came_too_late(after: &After<'_>, task: &Task) -> bool {
    let lacked_body = task.doc.error.as_ref().is_some_and(|error| error.kind == PAYLOAD_MISSING);
    lacked_body && !after.history.promised.contains_key(&task.id)
}

fn problem(after: &After<'_>, task: &Task) -> Option<String> {
    let (id, status) = (&task.id, task.control.status);
    let mut told = after.history.callbacks.iter().filter(|told| told.task == *id);
    let is_damaged = after.history.results_damaged.contains(id);
    match told.next_back() {
        // What cannot be read cannot be posted: the timeline says so.
        _ if is_damaged && says_so(task) => None,
        None => Some(format!("{id} is {status}, and nobody was told")),
        Some(told) if told.status != status.as_str() => {
            Some(format!("{id} is {status}, and its receiver was told {}", told.status))
        }
        Some(_) => None,
    }
}

fn says_so(task: &Task) -> bool {
    task.doc.timeline.iter().any(|entry| entry.note.contains("the result was not delivered"))
}
