//! Port: [`Approver`], a place where people are asked about drafts; and the buttons of its messages.

use async_trait::async_trait;

use crate::{Closed, Mark, MessageRef, Notice, ServiceError, Task, TaskId, Thumb, Timestamp};

/// A service where people are asked about drafts.
///
/// Like [`crate::Publisher`], implementations never retry [`Approver::request`] at the transport: a
/// message that may have been posted is found again by its mark.
#[async_trait]
pub trait Approver: Send + Sync {
    /// Posts a message that asks about a draft, and carries [`Ask::mark`].
    async fn request(&self, ask: &Ask<'_>) -> Result<MessageRef, ServiceError>;

    /// The message with `mark` that our own account has posted at or after `since`, if there is one.
    async fn find(&self, mark: &Mark, since: Timestamp) -> Result<Option<MessageRef>, ServiceError>;

    /// Takes the buttons off `message`, and says who decided what and when. Twice is once.
    async fn update(&self, message: &MessageRef, ask: &Ask<'_>, closed: &Closed) -> Result<(), ServiceError>;

    /// Says something that only the account `user` sees.
    async fn tell(&self, user: &str, what: &str) -> Result<(), ServiceError>;
}

/// What people are asked.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The task.
    pub task: &'a Task,
    /// The request.
    pub notice: &'a Notice,
    /// The text of the draft.
    pub draft: &'a str,
}

impl Ask<'_> {
    /// What makes the message recognisable.
    #[must_use]
    pub fn mark(&self) -> Mark {
        mark(&self.task.id, self.notice)
    }
}

/// What makes the message of `notice` recognisable.
#[must_use]
pub(crate) fn mark(id: &TaskId, notice: &Notice) -> Mark {
    Mark { task_id: id.clone(), effect: notice.name.clone() }
}

/// A button of a message about a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// Publish the draft as it is.
    Approve,
    /// Do not publish it.
    Reject,
    /// Say what the published answer is worth.
    Thumb(Thumb),
}

impl Button {
    /// Every one.
    pub const ALL: [Self; 4] =
        [Self::Approve, Self::Reject, Self::Thumb(Thumb::Up), Self::Thumb(Thumb::Down)];

    /// Its id in messages.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Approve => "afterhook_approve",
            Self::Reject => "afterhook_reject",
            Self::Thumb(Thumb::Up) => "afterhook_thumb_up",
            Self::Thumb(Thumb::Down) => "afterhook_thumb_down",
        }
    }

    /// Its value: which draft of which task it decides about.
    #[must_use]
    pub fn value(task: &TaskId, draft_hash: &str) -> String {
        format!("{task} {draft_hash}")
    }

    /// The button with this `id` and `value`, and what it decides about; `None` when it is not one of ours.
    #[must_use]
    pub fn read<'v>(id: &str, value: &'v str) -> Option<(Self, TaskId, &'v str)> {
        let button = Self::ALL.into_iter().find(|button| button.id() == id)?;
        let (task, draft_hash) = value.split_once(' ')?;
        Some((button, task.parse().ok()?, draft_hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_read_back() {
        let task = TaskId::derive("github", b"1");
        let value = Button::value(&task, "ba7816bf8f01cfea414140de5dae2223");
        for button in Button::ALL {
            let read = Button::read(button.id(), &value);
            assert_eq!(read, Some((button, task.clone(), "ba7816bf8f01cfea414140de5dae2223")));
        }
    }

    #[test]
    fn foreign_buttons_decide_nothing() {
        let value = Button::value(&TaskId::derive("github", b"1"), "h");
        for (id, value) in
            [("afterhook_edit", value.as_str()), ("afterhook_approve", "tsk_1 h"), ("afterhook_approve", "")]
        {
            assert_eq!(Button::read(id, value), None, "{id} {value}");
        }
    }
}
