//! Whether somebody has said more since: then the newer task answers for both.
//!
//! Nothing may be lost by it. A task gives way only before anything was done for it, only to a newer one of
//! the same person in the same thread that wants the same (or is an edit of the very comment), only if that
//! one will be answered, and only if its own text is in the conversation that the other shows the model.

use std::sync::Arc;

use domain::{Event, Task, TaskId, TaskStatus};
use tracing::warn;

use crate::{Processor, work};

/// Newer tasks of a thread that are looked at. Of a flood, the last ones are in nobody's way.
const LOOKED_AT: usize = 5;

/// The newer task that answers for `task`, if there is one. One request to the store where nobody has said
/// more, which is the rule. What cannot be found out counts as no.
pub(crate) async fn by_newer(processor: &Arc<Processor>, task: &Task, event: &Event) -> Option<TaskId> {
    if !may_give_way(processor, task, event) {
        return None;
    }
    let newer = match processor.stores.tasks.newer_in_thread(task, LOOKED_AT).await {
        Ok(newer) => newer,
        Err(problem) => {
            warn!(task_id = %task.id, %problem, "whether somebody has said more since is not known");
            return None;
        }
    };
    for other in newer.iter().filter(|other| is_to_come(other)) {
        if answers_for(processor, other, event).await {
            return Some(other.id.clone());
        }
    }
    None
}

/// Whether `task` is a person's comment for which nothing has been done or decided yet.
fn may_give_way(processor: &Processor, task: &Task, event: &Event) -> bool {
    let conversational = event.comment_id.is_some() && event.target.is_some() && !event.unlisted;
    // Without a history the newer task would not know what was said before.
    conversational && is_untouched(task) && processor.config.agent.history > 0
}

fn is_untouched(task: &Task) -> bool {
    let doc = &task.doc;
    doc.round == 0
        && doc.classification.is_none()
        && doc.draft.is_none()
        && doc.decision.is_none()
        && doc.effects.is_empty()
        && doc.usage.is_empty()
}

/// Whether `other` is still to be worked on. What has begun may have read the thread before this task's
/// comment was in it: clocks differ, and what looks newer may be older.
fn is_to_come(other: &Task) -> bool {
    let open = match other.control.status {
        TaskStatus::Received | TaskStatus::Processing | TaskStatus::Waiting => true,
        TaskStatus::AwaitingApproval
        | TaskStatus::Completed
        | TaskStatus::Ignored
        | TaskStatus::Rejected
        | TaskStatus::Expired
        | TaskStatus::Failed => false,
    };
    open && is_untouched(other)
}

async fn answers_for(processor: &Arc<Processor>, other: &Task, event: &Event) -> bool {
    let Ok(newer) = work::read_event(processor, other).await else { return false };
    takes_the_place_of(&newer, event) && matches!(work::unwanted(processor, other, &newer).await, Ok(None))
}

/// Whether `newer` is the same person's next word, or the new wording of the same one.
fn takes_the_place_of(newer: &Event, older: &Event) -> bool {
    let same_person = newer.actor == older.actor && newer.actor_id == older.actor_id;
    let same_kind = newer.name == older.name;
    let same_comment = newer.comment_id == older.comment_id
        && matches!(newer.name.rsplit('.').next(), Some("edited" | "updated"));
    let in_order = newer.occurred_at.zip(older.occurred_at).is_none_or(|(newer, older)| newer >= older);
    same_person && in_order && (same_kind || same_comment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, comment: &str, actor: &str, at: i64) -> Event {
        Event {
            comment_id: Some(comment.to_owned()),
            occurred_at: domain::Timestamp::from_second(at).ok(),
            ..Event::new(name, "o/r", "o/r#1", actor)
        }
    }

    #[test]
    fn the_next_word_of_the_same_person_takes_the_place() {
        let older = said("issue_comment.created", "1", "mona", 10);
        assert!(takes_the_place_of(&said("issue_comment.created", "2", "mona", 11), &older));
        assert!(!takes_the_place_of(&said("issue_comment.created", "2", "kim", 11), &older));
        assert!(!takes_the_place_of(&said("issue_comment.created", "2", "mona", 9), &older));
        assert!(!takes_the_place_of(&said("issues.labeled", "2", "mona", 11), &older));
    }

    #[test]
    fn an_edit_takes_the_place_of_its_own_comment_alone() {
        let older = said("issue_comment.created", "1", "mona", 10);
        assert!(takes_the_place_of(&said("issue_comment.edited", "1", "mona", 11), &older));
        assert!(!takes_the_place_of(&said("issue_comment.edited", "2", "mona", 11), &older));
        assert!(!takes_the_place_of(&said("issue_comment.deleted", "1", "mona", 11), &older));
        for name in ["message.im", "app_mention"] {
            let older = said(name, "1795170000.000100", "U05MONA123", 10);
            assert!(takes_the_place_of(
                &said("message.edited", "1795170000.000100", "U05MONA123", 10),
                &older
            ));
        }
    }

    #[test]
    fn people_of_one_name_are_told_apart() {
        let mut older = said("comment.created", "1", "Mona", 10);
        let mut newer = said("comment.created", "2", "Mona", 11);
        (older.actor_id, newer.actor_id) = (Some("a".to_owned()), Some("b".to_owned()));
        assert!(!takes_the_place_of(&newer, &older));
    }
}
