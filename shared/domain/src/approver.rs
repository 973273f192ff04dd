//! Port: [`Approver`], a place where people are asked about drafts; and the buttons of its messages.

use async_trait::async_trait;

use crate::{Closed, Mark, MessageRef, Notice, SPAM, ServiceError, Task, TaskId, Thumb, Timestamp};

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

/// What a message about a draft offers: buttons, and a menu of what else would have been right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button<'v> {
    /// Publish the draft as it is.
    Approve,
    /// The same; this intent would have been right.
    ApproveAs(&'v str),
    /// Do not publish it.
    Reject,
    /// Do not publish it: what it answers is spam.
    RejectSpam,
    /// Say what the published answer is worth.
    Thumb(Thumb),
}

/// The id of the menu.
const MENU: &str = "afterhook_choose";
/// What a choice of an intent begins with.
const APPROVE_AS: &str = "approve ";

impl<'v> Button<'v> {
    /// Every one that is a button of its own.
    const PLAIN: [Button<'static>; 4] =
        [Button::Approve, Button::Reject, Button::Thumb(Thumb::Up), Button::Thumb(Thumb::Down)];

    /// Its id in messages.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Approve => "afterhook_approve",
            Self::Reject => "afterhook_reject",
            Self::Thumb(Thumb::Up) => "afterhook_thumb_up",
            Self::Thumb(Thumb::Down) => "afterhook_thumb_down",
            Self::ApproveAs(_) | Self::RejectSpam => MENU,
        }
    }

    /// Its value: which draft of which task it decides about, and in the menu, what was chosen.
    #[must_use]
    pub fn value(self, task: &TaskId, draft_hash: &str) -> String {
        match self {
            Self::ApproveAs(intent) => format!("{task} {draft_hash} {APPROVE_AS}{intent}"),
            Self::RejectSpam => format!("{task} {draft_hash} {SPAM}"),
            Self::Approve | Self::Reject | Self::Thumb(_) => format!("{task} {draft_hash}"),
        }
    }

    /// The button with this `id` and `value`, and what it decides about; `None` when it is not one of ours.
    #[must_use]
    pub fn read(id: &str, value: &'v str) -> Option<(Self, TaskId, &'v str)> {
        let (task, draft_hash) = value.split_once(' ')?;
        let (button, draft_hash) = if id == MENU {
            let (draft_hash, chosen) = draft_hash.split_once(' ')?;
            let intent = chosen.strip_prefix(APPROVE_AS).map(Self::ApproveAs);
            (intent.or_else(|| (chosen == SPAM).then_some(Self::RejectSpam))?, draft_hash)
        } else {
            (Self::PLAIN.into_iter().find(|button| button.id() == id)?, draft_hash)
        };
        Some((button, task.parse().ok()?, draft_hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_read_back() {
        let task = TaskId::derive("github", b"1");
        let hash = "ba7816bf8f01cfea414140de5dae2223";
        let chosen = [Button::ApproveAs("question"), Button::ApproveAs(SPAM), Button::RejectSpam];
        for button in Button::PLAIN.into_iter().chain(chosen) {
            let value = button.value(&task, hash);
            assert_eq!(Button::read(button.id(), &value), Some((button, task.clone(), hash)));
        }
    }

    #[test]
    fn foreign_buttons_decide_nothing() {
        let value = Button::Approve.value(&TaskId::derive("github", b"1"), "h");
        let unknown = format!("{value} publish");
        for (id, value) in [
            ("afterhook_edit", value.as_str()),
            ("afterhook_approve", "tsk_1 h"),
            ("afterhook_approve", ""),
            (MENU, &value),
            (MENU, &unknown),
        ] {
            assert_eq!(Button::read(id, value), None, "{id} {value}");
        }
    }
}
