//! Every task ends once the faults stop, and its timeline says why.

use super::After;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (id, at) in &after.history.promised {
        if after.task(id).is_none() {
            found.push(format!("{id}, promised at {at}, is not stored"));
        }
    }
    for task in &after.tasks {
        let (id, status) = (&task.id, task.control.status);
        if !status.is_end() {
            found.push(format!("{id} is still {status}: {:?}", task.control));
        } else if task.control.due_at.is_some() {
            found.push(format!("{id} is {status}, and something is still due: {:?}", task.doc.follow_up));
        }
        let says_why = task.doc.timeline.last().is_some_and(|entry| !entry.note.is_empty());
        if !says_why {
            found.push(format!("{id} is {status} and does not say why"));
        }
        if status == domain::TaskStatus::Failed && task.doc.error.is_none() {
            found.push(format!("{id} failed without an error"));
        }
    }
    found
}
