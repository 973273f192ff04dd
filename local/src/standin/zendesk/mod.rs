//! The stand-in for Zendesk: tickets of one account with their comments and audits, and a plain page
//! for every ticket.
//!
//! Every ticket exists, since it may have come by a sample event, and is open until a test closes it.
//! Times are whole seconds, as Zendesk's are, and so is the stamp that guards an update.

mod api;
mod record;

#[cfg(test)]
mod tests;

pub use crate::standin::log::ReceivedRequest;
pub use crate::standin::rest::{Fault, FaultRule, Scope};
pub use record::StoredComment;

use std::io;
use std::path::Path;

use axum::Router;
use domain::Clock;
use tokio::net::TcpListener;

use super::rest::Rest;
use api::Tickets;

/// The user behind every credential.
pub const AGENT: i64 = 900_100;

/// The stand-in for Zendesk: a cheap handle, all clones of which share one state.
///
/// ```
/// use afterhook::standin::zendesk::ZendeskStandin;
///
/// let zendesk = ZendeskStandin::new();
/// zendesk.seed_comment(35436, 20978392, "My printer is on fire.", true)?;
/// assert!(!zendesk.comments(35436)[0].is_ours());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ZendeskStandin(Rest<Tickets>);

impl ZendeskStandin {
    /// A stand-in that keeps everything in memory.
    #[must_use]
    pub fn new() -> Self {
        Self(Rest::in_memory(Clock::system()))
    }

    /// A stand-in whose comments survive the process in this file.
    ///
    /// # Errors
    /// When it cannot be opened, is in use by another process, or is no such journal.
    pub fn open(clock: Clock, journal: &Path) -> io::Result<Self> {
        Rest::open(clock, journal).map(Self)
    }

    /// All routes.
    pub fn router(&self) -> Router {
        self.0.router()
    }

    /// Serves until the future is dropped.
    ///
    /// # Errors
    /// The listener's.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        self.0.serve(listener).await
    }

    /// Adds a comment of another user, now.
    ///
    /// # Errors
    /// The journal's.
    pub fn seed_comment(&self, ticket: u64, author: i64, text: &str, public: bool) -> io::Result<()> {
        let now = self.0.now();
        self.0.with_state(|_, records| {
            let comment = StoredComment::theirs(records.all().len(), ticket, author, text, public, now);
            records.add(comment)
        })
    }

    /// Closes a ticket for good. Lasts as long as the process.
    pub fn close(&self, ticket: u64) {
        self.0.with_state(|tickets, _| tickets.close(ticket));
    }

    /// The comments of a ticket, oldest first.
    #[must_use]
    pub fn comments(&self, ticket: u64) -> Vec<StoredComment> {
        self.0.with_state(|_, records| {
            records.all().iter().filter(|comment| comment.ticket == ticket).cloned().collect()
        })
    }

    /// The last requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.0.requests()
    }

    /// The requests answered from number `from` on, and the number to go on with.
    pub(crate) fn requests_since(&self, from: u64) -> (u64, Vec<ReceivedRequest>) {
        self.0.requests_since(from)
    }

    /// Replaces the faults that apply; an empty list ends an outage.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        self.0.set_faults(rules);
    }
}

impl Default for ZendeskStandin {
    fn default() -> Self {
        Self::new()
    }
}
