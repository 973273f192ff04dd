//! Whether a newer task answers for this one, too: somebody has said more since.
//!
//! Nothing may be lost by it. A task gives way only before anything was done for it. The newer task must be of the
//! same person in the same thread, and want the same (or be an edit of the very comment). It must be one that
//! will be answered by a model, and is handed this task's text, as long as it carries little: by then the thread may
//! show later comments alone. Images and files are not handed over: a comment that shows any gives way to an edit of
//! itself alone.

use std::time::Duration;

use domain::{Event, StoreError, Task, TaskId, TaskStatus};
use tracing::warn;

use crate::automation::media::shows_more;
use crate::resources::Resources;
use crate::task::carried::{hand_over, is_conversational};
use crate::task::event::{read_event, unwanted};
use crate::task::silent_claims::must_run_alone;

/// A newer task that somebody has just claimed finds the thread taken, and is given back soon.
const GIVEN_BACK: Duration = Duration::from_millis(200);
/// Times that it is waited for.
const LOOKS: usize = 3;

/// Newer tasks of a thread that are looked at. Of a flood, the last ones are in nobody's way.
const LOOKED_AT: usize = 5;

/// The newer task that answers for `task`, if there is one. It costs one request to the store if nobody has said
/// more, which is the rule. If the store does not answer, there is none.
///
/// The store must say that nobody has claimed the newer task, before it is handed the text and again after that:
/// whoever claims it later reads the text with it. The thread's lease alone does not say so: clocks differ.
pub(crate) async fn by_newer(resources: &Resources, task: &Task, event: &Event) -> Option<TaskId> {
    if !may_give_way(resources, task, event) {
        return None;
    }
    let newer = match resources.stores.tasks.newer_in_thread(task, LOOKED_AT).await {
        Ok(newer) => newer,
        Err(problem) => {
            warn!(task_id = %task.id, %problem, "newer tasks of the thread cannot be read; this one is answered by itself");
            return None;
        }
    };
    for other in newer.iter().filter(|other| is_to_come(other)) {
        if gives_way(resources, task, event, other).await {
            return Some(other.id.clone());
        }
    }
    None
}

/// Whether `task` is a person's comment for which nothing has been done or decided yet.
fn may_give_way(resources: &Resources, task: &Task, event: &Event) -> bool {
    // Without a history the newer task would not know what was said before.
    is_conversational(event) && is_untouched(task) && resources.settings.agent.history > 0
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

/// Whether `other` is still to be worked on. A task that has begun may have read the thread before this task's
/// comment was in it: clocks differ, and a task that looks newer may be older. One whose processor died may have its answer
/// already, as a saved step. One that has spent an attempt may spend them all before any model sees what it was handed.
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
    // The present claim is no attempt that was spent.
    let is_fresh = other.control.attempts <= u32::from(is_claimed(other));
    open && is_fresh && is_untouched(other) && !must_run_alone(other)
}

/// Hands `task` over to `other`, if that answers for it; an index may have shown a former state of it. If
/// anything goes wrong, `task` is answered by itself: at worst its text is answered twice.
async fn gives_way(resources: &Resources, task: &Task, event: &Event, other: &Task) -> bool {
    let Ok(newer) = read_event(resources, other).await else { return false };
    let is_shown = resources.asks_a_model(&other.doc.source, &newer);
    let takes_over = is_shown && takes_the_place_of(&newer, event);
    if !takes_over || !matches!(unwanted(resources, other, &newer).await, Ok(None)) {
        return false;
    }
    let is_new_wording = newer.comment_id == event.comment_id;
    if !is_new_wording && shows_more(event, &resources.settings.agent.media_hosts) {
        return false;
    }
    match hand_to(resources, task, event, other, is_new_wording).await {
        Ok(is_handed_over) => is_handed_over,
        Err(problem) => {
            warn!(task_id = %task.id, %problem, "the text cannot be handed over; this task is answered by itself");
            false
        }
    }
}

/// Whether whoever works on `other` next finds what `task` was to answer.
async fn hand_to(
    resources: &Resources,
    task: &Task,
    event: &Event,
    other: &Task,
    is_new_wording: bool,
) -> Result<bool, StoreError> {
    let Some(before) = in_nobodys_hands(resources, &other.id).await? else { return Ok(false) };
    if !hand_over(resources, task, event, &before, is_new_wording).await? {
        return Ok(false);
    }
    let after = resources.stores.tasks.get(&other.id).await?;
    Ok(after.is_some_and(|after| {
        after.control.fence == before.control.fence && is_to_come(&after) && !is_claimed(&after)
    }))
}

/// The task `id`, if it is still to come and nobody has claimed it.
async fn in_nobodys_hands(resources: &Resources, id: &TaskId) -> Result<Option<Task>, StoreError> {
    for _ in 0..LOOKS {
        let present = resources.stores.tasks.get(id).await?.filter(is_to_come);
        if !present.as_ref().is_some_and(is_claimed) {
            return Ok(present);
        }
        tokio::time::sleep(GIVEN_BACK).await;
    }
    Ok(None)
}

fn is_claimed(task: &Task) -> bool {
    task.control.status == TaskStatus::Processing
}

/// Whether `newer` is the same person's next word, or the new wording of the same one.
fn takes_the_place_of(newer: &Event, older: &Event) -> bool {
    let same_person = newer.actor == older.actor && newer.actor_id == older.actor_id;
    let same_kind = newer.name == older.name;
    let same_comment = newer.comment_id == older.comment_id
        && matches!(newer.name.rsplit('.').next(), Some("edited" | "updated"));
    let in_order = newer.occurred_at.zip(older.occurred_at).is_none_or(|(newer, older)| newer >= older);
    // A text among the staff must not stand in a conversation that is answered in public.
    // In a confidential issue a plain note is read by the author, an internal one is not: their targets differ.
    let same_audience = newer.audience == older.audience && newer.target == older.target;
    same_person && same_audience && in_order && (same_kind || same_comment)
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
    fn a_word_to_the_customer_does_not_take_the_place_of_a_note_among_the_staff() {
        let note = Event { audience: domain::Audience::Internal, ..said("comment", "1", "kim", 10) };
        assert!(!takes_the_place_of(&said("comment", "2", "kim", 11), &note));
        assert!(!takes_the_place_of(&note, &said("comment", "0", "kim", 9)));
    }

    #[test]
    fn people_of_one_name_are_told_apart() {
        let mut older = said("comment.created", "1", "Mona", 10);
        let mut newer = said("comment.created", "2", "Mona", 11);
        (older.actor_id, newer.actor_id) = (Some("a".to_owned()), Some("b".to_owned()));
        assert!(!takes_the_place_of(&newer, &older));
    }
}
