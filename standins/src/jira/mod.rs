//! The stand-in for Jira Cloud: issues of one site with their comments and the properties of those, and
//! a plain page for every issue.
//!
//! Every issue exists, since it may have come by a sample event.

mod record;
mod state;

#[cfg(test)]
mod tests;

pub use crate::kit::{Fault, FaultRule, ReceivedRequest, Scope};
pub use record::StoredComment;

use std::io;

use crate::kit::Standin;
use state::Issues;

/// The account behind every credential.
pub const ACCOUNT: &str = "557058:0e5a7b1c-afte-4h00-8k1d-standin00001";

/// The stand-in for Jira: a cheap handle, all clones of which share one state.
///
/// ```
/// use standins::jira::JiraStandin;
///
/// let jira = JiraStandin::new();
/// jira.seed_comment("OPS-7", "5b109f2e9729b51b54dc274d", "It is down.")?;
/// assert!(!jira.comments("OPS-7")[0].is_ours());
/// # Ok::<(), std::io::Error>(())
/// ```
pub type JiraStandin = Standin<Issues>;

impl JiraStandin {
    /// Adds a comment of another account, now.
    ///
    /// # Errors
    /// The journal's.
    pub fn seed_comment(&self, issue: &str, account: &str, text: &str) -> io::Result<()> {
        let now = self.now();
        self.with(|kept| kept.change(StoredComment::theirs(kept.comments.len(), issue, account, text, now)))
    }

    /// Hides an issue from our account. Lasts as long as the process.
    pub fn hide(&self, issue: &str) {
        self.with(|kept| kept.hidden.insert(issue.to_owned()));
    }

    /// Moves an issue to a status that means it is done. Lasts as long as the process.
    pub fn resolve(&self, issue: &str) {
        self.with(|kept| kept.done.insert(issue.to_owned()));
    }

    /// The comments of an issue, oldest first.
    #[must_use]
    pub fn comments(&self, issue: &str) -> Vec<StoredComment> {
        self.with(|kept| kept.of(issue).cloned().collect())
    }
}
