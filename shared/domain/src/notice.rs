//! [`Notice`]: one message that asks people about one parked draft, as the task remembers it.
//!
//! It is a ledger entry like [`crate::Effect`]: intent written, message posted, proof written. The write that parks
//! the task writes the intent too, so no parked task is without one. After a crash the message is found by its own
//! metadata. In the end a notice says how the draft was decided, and the message is changed to say the same.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::CLOCKS_APART;
use crate::{Decision, Origin, Outcome, SETTLING, Task, TaskStatus, Timestamp, after};

/// The age at which an intent to post a message is judged by what is in the channel, whoever's clock says so.
pub(crate) const NOTICE_SETTLING: Duration = SETTLING.saturating_add(CLOCKS_APART);

/// A message that could not be posted or changed is tried again after this.
pub const NOTICE_RETRY: Duration = Duration::from_secs(60);
/// A message that was refused is tried again after this: a person must mend the cause.
pub const NOTICE_REFUSED_RETRY: Duration = Duration::from_secs(300);
/// A message that could not be changed for so long after the decision stays as it is.
pub const NOTICE_GIVES_UP: Duration = Duration::from_secs(86_400);
/// Notices that a task remembers: those of former rounds whose message is still to be changed.
const MAX_NOTICES: usize = 4;

/// A message in the place where people are asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRef {
    /// The place: Slack's channel.
    pub place: String,
    /// The message's id there: Slack's time stamp.
    pub id: String,
    /// Whose place it is, where the service has said so: Slack's workspace. Its buttons count from there alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
}

/// One request for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Unique within the task, and the effect that the message's metadata names.
    pub name: String,
    /// The draft that it asks about.
    pub draft_hash: String,
    /// When the task was parked: nothing of it is older.
    pub since: Timestamp,
    /// How far it has come.
    #[serde(flatten)]
    pub state: NoticeState,
    /// How it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
}

/// How far a notice has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum NoticeState {
    /// Certainly not posted yet.
    Wanted,
    /// About to be posted, or posted without a proof written.
    Intended {
        /// When the intent was written.
        at: Timestamp,
        /// Who wrote it: unique to one claim, or one sweep. Without it two who intend the same in one
        /// millisecond would be the same write, which a store takes for one that was sent twice.
        owner: String,
    },
    /// Posted. The message asks while the notice is open; afterwards it is to be changed.
    Posted {
        /// The message.
        message: MessageRef,
    },
    /// It says how it ended: nothing is left to do.
    Marked {
        /// The message.
        message: MessageRef,
    },
    /// Never posted and no longer wanted, or the message cannot be changed.
    Dropped,
}

/// How a request for a decision ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// What was decided; `None` when a new draft was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Who decided.
    pub by: String,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Origin>,
    /// When.
    pub at: Timestamp,
}

impl Closed {
    /// As `decision` says.
    #[must_use]
    pub fn by_decision(decision: &Decision) -> Self {
        Self {
            outcome: Some(decision.outcome),
            by: decision.by.clone(),
            from: decision.from.clone(),
            at: decision.at,
        }
    }
}

impl NoticeState {
    /// The message, once it is known to be there.
    #[must_use]
    pub fn message(&self) -> Option<&MessageRef> {
        match self {
            Self::Posted { message } | Self::Marked { message } => Some(message),
            Self::Wanted | Self::Intended { .. } | Self::Dropped => None,
        }
    }
}

impl Notice {
    /// Whether nothing is left to do about it.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self.state {
            NoticeState::Marked { .. } | NoticeState::Dropped => true,
            NoticeState::Wanted | NoticeState::Intended { .. } | NoticeState::Posted { .. } => false,
        }
    }

    /// Whether something is to be done now or soon. A posted message whose notice is open only waits.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        let asks = matches!(self.state, NoticeState::Posted { .. }) && self.closed.is_none();
        !asks && !self.is_settled()
    }

    /// When something is to be done next, if nothing delays it; `None` when nothing is.
    fn due(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state {
            _ if !self.is_pending() => None,
            NoticeState::Intended { at, .. } => Some(after(at, NOTICE_SETTLING)),
            _ => Some(now),
        }
    }
}

/// The owner of the intents that are written under the claim with this fence.
#[must_use]
pub fn claim_owner(fence: u64) -> String {
    format!("claim {fence}")
}

impl Task {
    /// Asks people about the present draft, which is being parked at `now`. The caller writes the task,
    /// then posts the message.
    pub fn ask_people(&mut self, now: Timestamp) {
        let Some(draft) = &self.doc.draft else { return };
        let notice = Notice {
            name: format!("approval:{}", self.control.fence),
            draft_hash: draft.hash.clone(),
            since: now,
            state: NoticeState::Intended { at: now, owner: claim_owner(self.control.fence) },
            closed: None,
        };
        let notices = &mut self.doc.notices;
        notices.retain(|known| !known.is_settled() && known.name != notice.name);
        if notices.len() >= MAX_NOTICES {
            notices.remove(0);
        }
        notices.push(notice);
    }

    /// The notice called `name`.
    #[must_use]
    pub fn notice(&self, name: &str) -> Option<&Notice> {
        self.doc.notices.iter().find(|notice| notice.name == name)
    }

    /// Ends every open request for a decision.
    pub(crate) fn close_notices(&mut self, closed: &Closed) {
        for notice in self.doc.notices.iter_mut().filter(|notice| notice.closed.is_none()) {
            // What certainly was not posted needs no message any more.
            if notice.state == NoticeState::Wanted {
                notice.state = NoticeState::Dropped;
            }
            notice.closed = Some(closed.clone());
        }
    }

    /// Whether a message is still to be posted or changed.
    #[must_use]
    pub fn has_pending_notices(&self) -> bool {
        self.doc.notices.iter().any(Notice::is_pending)
    }

    /// When somebody has to look after its messages; `None` when nobody has to.
    #[must_use]
    pub fn notices_due_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.doc.notices.iter().filter_map(|notice| notice.due(now)).min()
    }

    /// Sets when the sweeper looks at a parked or ended task next: at its expiry if it is parked, at the time of its
    /// follow-up if it has one, or when its messages need it. Never before `earliest`.
    pub fn set_due_for_notices(&mut self, now: Timestamp, earliest: Option<Timestamp>) {
        let status = self.control.status;
        let parked = status == TaskStatus::AwaitingApproval;
        if !parked && !status.is_end() {
            return;
        }
        let messages = self.notices_due_at(now).map(|due| earliest.map_or(due, |earliest| due.max(earliest)));
        let expiry = self.doc.expires_at.filter(|_| parked);
        let follow_up = self.follow_up_due_at().filter(|_| !parked);
        self.control.due_at = messages.into_iter().chain(expiry).chain(follow_up).min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(state: NoticeState, closed: bool) -> Notice {
        let at = Timestamp::UNIX_EPOCH;
        let closed = closed.then(|| Closed { outcome: None, by: "ada".to_owned(), from: None, at });
        Notice { name: "approval:1".to_owned(), draft_hash: "h".to_owned(), since: at, state, closed }
    }

    fn posted() -> NoticeState {
        NoticeState::Posted {
            message: MessageRef { place: "C1".to_owned(), id: "1.1".to_owned(), team: None },
        }
    }

    #[test]
    fn an_open_message_that_asks_waits_and_a_closed_one_is_to_be_changed() {
        assert!(!notice(posted(), false).is_pending());
        assert!(notice(posted(), true).is_pending());
        let intended = NoticeState::Intended { at: Timestamp::UNIX_EPOCH, owner: claim_owner(1) };
        for state in [NoticeState::Wanted, intended] {
            assert!(notice(state, false).is_pending());
        }
        assert!(notice(NoticeState::Dropped, true).is_settled());
    }

    #[test]
    fn json_reads_back() {
        for closed in [false, true] {
            let notice = notice(posted(), closed);
            let json = serde_json::to_value(&notice).unwrap();
            assert_eq!(json["state"], "posted");
            assert_eq!(serde_json::from_value::<Notice>(json).unwrap(), notice);
        }
    }
}
