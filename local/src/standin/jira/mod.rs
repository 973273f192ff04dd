//! The stand-in for Jira Cloud: issues of one site with their comments and the properties of those, and
//! a plain page for every issue.
//!
//! Every issue exists, since it may have come by a sample event.

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
use api::Issues;

/// The account behind every credential.
pub const ACCOUNT: &str = "557058:0e5a7b1c-afte-4h00-8k1d-standin00001";

/// The stand-in for Jira: a cheap handle, all clones of which share one state.
///
/// ```
/// use afterhook::standin::jira::JiraStandin;
///
/// let jira = JiraStandin::new();
/// jira.seed_comment("OPS-7", "5b109f2e9729b51b54dc274d", "It is down.")?;
/// assert!(!jira.comments("OPS-7")[0].is_ours());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct JiraStandin(Rest<Issues>);

impl JiraStandin {
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

    /// Adds a comment of another account, now.
    ///
    /// # Errors
    /// The journal's.
    pub fn seed_comment(&self, issue: &str, account: &str, text: &str) -> io::Result<()> {
        let now = self.0.now();
        self.0.with_state(|_, records| {
            let comment = StoredComment::theirs(records.all().len(), issue, account, text, now);
            records.add(comment)
        })
    }

    /// Hides an issue from our account. Lasts as long as the process.
    pub fn hide(&self, issue: &str) {
        self.0.with_state(|issues, _| issues.hide(issue));
    }

    /// Moves an issue to a status that means it is done. Lasts as long as the process.
    pub fn resolve(&self, issue: &str) {
        self.0.with_state(|issues, _| issues.resolve(issue));
    }

    /// The comments of an issue, oldest first.
    #[must_use]
    pub fn comments(&self, issue: &str) -> Vec<StoredComment> {
        self.0.with_state(|_, records| {
            records.all().iter().filter(|comment| comment.issue == issue).cloned().collect()
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

impl Default for JiraStandin {
    fn default() -> Self {
        Self::new()
    }
}
