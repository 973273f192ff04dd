//! The stand-in for Zendesk: tickets of one account with their comments and audits, and a plain page
//! for every ticket.
//!
//! Every ticket exists, since it may have come by a sample event, and is open until a test closes it.
//! Times are whole seconds, as Zendesk's are, and so is the stamp that guards an update.

mod api;
mod record;

#[cfg(test)]
mod tests;

pub use crate::kit::faults::Scope;
pub use crate::kit::log::ReceivedRequest;
pub use crate::kit::rest::{Fault, FaultRule};
pub use record::StoredComment;

use std::io;

use crate::kit::rest::Rest;
use api::Tickets;

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
pub type ZendeskStandin = Rest<Tickets>;

impl ZendeskStandin {
    /// Adds a comment of another user, now.
    ///
    /// # Errors
    /// The journal's.
    pub fn seed_comment(&self, ticket: u64, author: i64, text: &str, public: bool) -> io::Result<()> {
        let now = self.now();
        self.with_state(|_, records| {
            let comment = StoredComment::theirs(records.all().len(), ticket, author, text, public, now);
            records.add(comment)
        })
    }

    /// Closes a ticket for good. Lasts as long as the process.
    pub fn close(&self, ticket: u64) {
        self.with_state(|tickets, _| tickets.close(ticket));
    }

    /// The comments of a ticket, oldest first.
    #[must_use]
    pub fn comments(&self, ticket: u64) -> Vec<StoredComment> {
        self.with_state(|_, records| {
            records.all().iter().filter(|comment| comment.ticket == ticket).cloned().collect()
        })
    }
}
