//! The stand-in for Jira Cloud: issues of one site with their comments and the properties of those, and
//! a plain page for every issue.
//!
//! Every issue exists, since it may have come by a sample event.

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
use api::Issues;

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
pub type JiraStandin = Rest<Issues>;

impl JiraStandin {
    /// Adds a comment of another account, now.
    ///
    /// # Errors
    /// The journal's.
    pub fn seed_comment(&self, issue: &str, account: &str, text: &str) -> io::Result<()> {
        let now = self.now();
        self.with_state(|_, records| {
            let comment = StoredComment::theirs(records.all().len(), issue, account, text, now);
            records.add(comment)
        })
    }

    /// Hides an issue from our account. Lasts as long as the process.
    pub fn hide(&self, issue: &str) {
        self.with_state(|issues, _| issues.hide(issue));
    }

    /// Moves an issue to a status that means it is done. Lasts as long as the process.
    pub fn resolve(&self, issue: &str) {
        self.with_state(|issues, _| issues.resolve(issue));
    }

    /// The comments of an issue, oldest first.
    #[must_use]
    pub fn comments(&self, issue: &str) -> Vec<StoredComment> {
        self.with_state(|_, records| {
            records.all().iter().filter(|comment| comment.issue == issue).cloned().collect()
        })
    }
}
