//! The stand-in for Zendesk: tickets of one account with their comments and audits, and a plain page
//! for every ticket.
//!
//! Every ticket exists, since it may have come by a sample event, and is open until a test closes it.
//! Times are whole seconds, as Zendesk's are, and so is the stamp that guards an update.

mod record;
mod state;

#[cfg(test)]
mod tests;

pub use crate::kit::{Fault, FaultRule, ReceivedRequest, Scope};
pub use record::StoredComment;

use std::io;

use crate::kit::Standin;
use state::Tickets;

/// The user behind every credential.
pub const AGENT: i64 = 900_100;

/// The stand-in for Zendesk: a cheap handle, all clones of which share one state.
///
/// ```
/// use standins::zendesk::ZendeskStandin;
///
/// let zendesk = ZendeskStandin::new();
/// zendesk.seed_comment(35436, 20978392, "My printer is on fire.", true)?;
/// assert!(!zendesk.comments(35436)[0].is_ours());
/// # Ok::<(), std::io::Error>(())
/// ```
pub type ZendeskStandin = Standin<Tickets>;

impl ZendeskStandin {
    /// Adds a comment of another user, now.
    ///
    /// # Errors
    /// The journal's.
    pub fn seed_comment(&self, ticket: u64, author: i64, text: &str, public: bool) -> io::Result<()> {
        let now = self.now();
        self.with(|kept| {
            kept.change(StoredComment::theirs(kept.comments.len(), ticket, author, text, public, now))
        })
    }

    /// Closes a ticket for good. Lasts as long as the process.
    pub fn close(&self, ticket: u64) {
        self.with(|kept| kept.closed.insert(ticket));
    }

    /// The comments of a ticket, oldest first.
    #[must_use]
    pub fn comments(&self, ticket: u64) -> Vec<StoredComment> {
        self.with(|kept| kept.of(ticket).cloned().collect())
    }
}
