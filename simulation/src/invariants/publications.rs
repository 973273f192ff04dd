//! At most one publication for each task: exactly one if it is `completed`, and one that the task knows of.

use domain::{API_SOURCE, TaskStatus};

use super::After;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for task in &after.tasks {
        let (id, status) = (&task.id, task.control.status);
        let replies: Vec<&str> = after
            .history
            .publications
            .iter()
            .filter(|publication| publication.task == *id && publication.effect == "reply")
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
        if after.task(&publication.task).is_none() {
            found.push(format!("{} is not stored and published", publication.task));
        }
    }
    found
}
