//! At most one publication for each task: exactly one if it is `completed`, and one that the task knows of. It is its
//! reply: whatever else is published is one too many, since no automation here has another effect.

use domain::{API_SOURCE, TaskStatus};

use super::After;
use crate::world::Publication;

/// The one effect of the automations that there are here.
const REPLY: &str = "reply";

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for task in &after.tasks {
        let (id, status) = (&task.id, task.control.status);
        let replies: Vec<&str> = after
            .history
            .publications
            .iter()
            .filter(|publication| publication.task == *id)
            .map(|publication| publication.text.as_str())
            .collect();
        let wanted = usize::from(status == TaskStatus::Completed && task.doc.source != API_SOURCE);
        if replies.len() > 1 {
            found.push(format!("{id} is {status} and published {} times: {replies:?}", replies.len()));
        } else if replies.len() != wanted {
            found.push(format!("{id} is {status} and published {} times", replies.len()));
        }
    }
    for publication in &after.history.publications {
        let Publication { task, effect, text, .. } = publication;
        if after.task(task).is_none() {
            found.push(format!("{task} is not stored and published"));
        }
        if effect != REPLY {
            found.push(format!("{task} published {text:?} as {effect}"));
        }
    }
    found
}
