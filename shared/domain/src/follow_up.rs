//! [`FollowUp`]: what is still to be done for a task that was ended by somebody other than a processor.
//!
//! A person who rejects a draft ends a task with one write, and so does the sweeper when a draft expires or a
//! task is given up. Neither holds the clients or the time for what follows: the figures of the day, and the
//! post to the `callback_url`. The end and the follow-up are therefore recorded in the same write. Whoever
//! wrote it sends a message; if they die first, the sweeper sends one once the follow-up is due. A processor
//! runs the follow-up and records that it did.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Task, Timestamp, after};

/// How long after an end the sweeper assumes that its message was never sent.
const MISSED: Duration = Duration::from_secs(120);

/// The work that follows an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// When the sweeper sends a message for it.
    pub due_at: Timestamp,
    /// Whether the end was counted in the figures of the day. Set before it is counted, so that a repeated
    /// message does not count it twice.
    pub counted: bool,
    /// Tries that were deferred.
    pub tries: u32,
}

impl Task {
    /// Records the follow-up of the end that the caller is about to write. Call this before the move to that
    /// end: the move sets when the sweeper looks.
    pub fn record_follow_up(&mut self, now: Timestamp) {
        self.doc.follow_up = Some(FollowUp { due_at: after(now, MISSED), counted: false, tries: 0 });
    }

    /// The sweeper sends a message for the next try at `due_at`.
    pub fn defer_follow_up(&mut self, due_at: Timestamp, now: Timestamp) {
        if let Some(follow_up) = &mut self.doc.follow_up {
            follow_up.due_at = due_at;
            follow_up.tries = follow_up.tries.saturating_add(1);
        }
        self.set_due_for_notices(now, None);
    }

    /// A message was sent; the sweeper looks again at `look_again`.
    pub fn follow_up_sent(&mut self, look_again: Timestamp, now: Timestamp) {
        if let Some(follow_up) = &mut self.doc.follow_up {
            follow_up.due_at = look_again;
        }
        self.set_due_for_notices(now, None);
    }

    /// The follow-up is done.
    pub fn close_follow_up(&mut self, now: Timestamp) {
        self.doc.follow_up = None;
        self.set_due_for_notices(now, None);
    }

    /// When the sweeper sends a message for the follow-up; `None` if there is none.
    #[must_use]
    pub fn follow_up_due_at(&self) -> Option<Timestamp> {
        self.doc.follow_up.as_ref().map(|follow_up| follow_up.due_at)
    }
}
