//! Nothing is published after a rejection or an expiry, unless somebody asks for another try.

use domain::TaskStatus;

use super::After;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for publication in &after.history.publications {
        let (task, at) = (&publication.task, publication.at);
        let before = after.history.ends.iter().filter(|end| end.task == *task && end.at <= at);
        let Some(last) = before.max_by_key(|end| end.at) else { continue };
        let revived =
            after.history.lives.iter().any(|(id, began)| id == task && last.at <= *began && *began <= at);
        if matches!(last.status, TaskStatus::Rejected | TaskStatus::Expired) && !revived {
            found.push(format!("{task} was {} at {} and published at {at}", last.status, last.at));
        }
    }
    found
}
