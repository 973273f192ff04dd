//! [`Aftermath`]: what is still to be done about a task that somebody else than a processor has ended.
//!
//! A person who rejects a draft, and the sweeper that lets one expire or gives a task up, end it with one
//! write; they hold neither the clients nor the time for what follows from it: the figures of the day, and
//! the result that somebody waits for at a `callback_url`. So the end and the debt are one and the same
//! write. Whoever made it sends a message then; if they die first, the sweeper sends it once the debt is
//! due. A processor pays, and writes that it has.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Task, Timestamp, after};

/// The message that is sent right after an end is missed so long after it.
const MISSED: Duration = Duration::from_secs(120);

/// What is owed after an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aftermath {
    /// When the sweeper sends a message for it.
    pub due_at: Timestamp,
    /// Whether the end is put into the figures of the day: written before it is, so that a repeated message
    /// does not count it again.
    pub counted: bool,
    /// Tries that were put off.
    pub tries: u32,
}

impl Task {
    /// Owes what follows from the end that the caller is about to write. To be called before the move to that
    /// end, which sets when the sweeper looks.
    pub fn owe_aftermath(&mut self, now: Timestamp) {
        self.doc.aftermath = Some(Aftermath { due_at: after(now, MISSED), counted: false, tries: 0 });
    }

    /// The next try is the sweeper's to send for at `due_at`.
    pub fn put_off_aftermath(&mut self, due_at: Timestamp, now: Timestamp) {
        if let Some(aftermath) = &mut self.doc.aftermath {
            aftermath.due_at = due_at;
            aftermath.tries = aftermath.tries.saturating_add(1);
        }
        self.set_due_for_notices(now, None);
    }

    /// A message is on its way; the sweeper looks again at `look_again`.
    pub fn aftermath_sent_for(&mut self, look_again: Timestamp, now: Timestamp) {
        if let Some(aftermath) = &mut self.doc.aftermath {
            aftermath.due_at = look_again;
        }
        self.set_due_for_notices(now, None);
    }

    /// Nothing is owed any more.
    pub fn close_aftermath(&mut self, now: Timestamp) {
        self.doc.aftermath = None;
        self.set_due_for_notices(now, None);
    }

    /// When the sweeper sends for what is owed after its end; `None` when nothing is.
    #[must_use]
    pub fn aftermath_due_at(&self) -> Option<Timestamp> {
        self.doc.aftermath.as_ref().map(|aftermath| aftermath.due_at)
    }
}
