//! The conversation that the answer model sees: the thread with roles, then the instruction.

use domain::{Comment, Event, Speaker, TaskId, Turn};

use crate::untrusted::Fence;

/// The thread's opening, its last comments, the text that triggered the task (unless it is one of
/// those comments), and the instruction.
#[must_use]
pub(crate) fn turns(
    id: &TaskId,
    event: &Event,
    history: &[Comment],
    instruction: &str,
    note: Option<&str>,
) -> Vec<Turn> {
    let fence = Fence::of(id);
    let mut turns = vec![user(opening(&fence, event))];
    turns.extend(history.iter().map(|comment| comment_turn(&fence, comment)));
    let known = event.comment_id.as_ref().is_none_or(|id| history.iter().any(|comment| comment.id == *id));
    if !known {
        turns.push(user(fence.around(&format!("comment by {}", event.actor), &event.text)));
    }
    turns.push(user(request(&fence, event, instruction, note)));
    turns
}

/// What the thread began with: for an opened issue the event's own text, for a comment the issue's.
fn opening(fence: &Fence, event: &Event) -> String {
    let mut text = format!("The thread {}:", event.thread);
    if let Some(title) = &event.title {
        text.push('\n');
        text.push_str(&fence.around("title", title));
    }
    let body = event.opening.as_deref().or(event.comment_id.is_none().then_some(event.text.as_str()));
    if let Some(body) = body.filter(|body| !body.trim().is_empty()) {
        text.push('\n');
        text.push_str(&fence.around("opening text", body));
    }
    text
}

fn comment_turn(fence: &Fence, comment: &Comment) -> Turn {
    if comment.ours {
        Turn::text(Speaker::Model, &comment.text)
    } else {
        user(fence.around(&format!("comment by {}", comment.author), &comment.text))
    }
}

fn request(fence: &Fence, event: &Event, instruction: &str, note: Option<&str>) -> String {
    let mut text = format!("{}\n\n{instruction}\nThe person to answer is {}.", fence.rule(), event.actor);
    if let Some(note) = note {
        // Written by a person with a console token, who may instruct.
        text.push_str("\nA maintainer did not like the draft before and says: ");
        text.push_str(note);
    }
    text
}

fn user(text: String) -> Turn {
    Turn::text(Speaker::User, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;

    fn event(comment: Option<&str>) -> Event {
        Event {
            title: Some("It crashes".to_owned()),
            text: "trigger".to_owned(),
            opening: comment.map(|_| "issue body".to_owned()),
            comment_id: comment.map(str::to_owned),
            ..Event::new("issue_comment.created", "octo/repo", "octo/repo#7", "mona")
        }
    }

    fn comment(id: &str, ours: bool) -> Comment {
        Comment {
            id: id.to_owned(),
            author: "x".to_owned(),
            ours,
            text: format!("text of {id}"),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn turns_of(event: &Event, history: &[Comment]) -> Vec<Turn> {
        turns(&TaskId::derive("github", b"1"), event, history, "Answer.", None)
    }

    #[test]
    fn roles_follow_who_wrote() {
        let turns = turns_of(&event(Some("2")), &[comment("1", true), comment("2", false)]);
        let speakers: Vec<Speaker> = turns.iter().map(|turn| turn.speaker).collect();
        assert_eq!(speakers, [Speaker::User, Speaker::Model, Speaker::User, Speaker::User]);
        assert_eq!(turns[1].text, "text of 1");
    }

    #[test]
    fn trigger_among_the_history_is_not_repeated() {
        let turns = turns_of(&event(Some("2")), &[comment("2", false)]);
        assert!(turns.iter().all(|turn| !turn.text.contains("trigger")));
    }

    #[test]
    fn trigger_missing_from_the_history_is_added() {
        let turns = turns_of(&event(Some("9")), &[comment("1", false)]);
        assert_eq!(turns.iter().filter(|turn| turn.text.contains("trigger")).count(), 1);
    }

    #[test]
    fn opened_issue_is_the_opening() {
        let turns = turns_of(&event(None), &[]);
        assert!(turns[0].text.contains("It crashes") && turns[0].text.contains("trigger"));
        assert_eq!(turns.len(), 2);
    }
}
