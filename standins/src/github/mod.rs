//! The stand-in for GitHub: accounts, issues, comments and labels, with GitHub's errors and headers,
//! and a plain page for every issue so that the address of a comment can be opened in a browser.
//!
//! Every issue of every repository exists until a test says otherwise. With a journal the comments
//! survive the process, also a `kill -9`: that is what "no comment twice" is checked against.

mod auth;
mod comments;
mod config;
mod faults;
mod issues;
mod journal;
mod page;
mod respond;
mod router;
mod shared;
mod store;

#[cfg(test)]
mod tests;

pub use crate::kit::faults::Scope;
pub use crate::kit::log::ReceivedRequest;
pub use config::Builder;
pub use faults::{Fault, FaultRule};
pub use store::{IssueState, StoredComment};

use std::io;

use crate::kit::handle::Standin;
use crate::kit::lock;
use shared::Shared;

/// The stand-in for GitHub: a cheap handle, all clones of which share one state.
///
/// ```
/// use standins::github::GithubStandin;
///
/// let github = GithubStandin::new();
/// github.seed_comment("octo", "repo", 7, "mona", "It crashes for me too.")?;
/// assert_eq!(github.comments("octo", "repo", 7)[0].login, "mona");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type GithubStandin = Standin<Shared>;

impl GithubStandin {
    /// The settings to choose from.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Gives an issue its title, text and author, for its page and for `GET …/issues/N`. The error is
    /// the journal's.
    pub fn seed_issue(
        &self,
        owner: &str,
        repo: &str,
        number: u64,
        author: &str,
        title: &str,
        body: &str,
    ) -> io::Result<()> {
        lock(&self.0.store).describe_issue(owner, repo, number, author, title, body)
    }

    /// Adds a comment of another person, now. Returns its id; the error is the journal's.
    pub fn seed_comment(
        &self,
        owner: &str,
        repo: &str,
        number: u64,
        author: &str,
        body: &str,
    ) -> io::Result<u64> {
        let now = self.now();
        lock(&self.0.store).comment(owner, repo, number, author, body, now).map(|comment| comment.id)
    }

    /// Opens, closes, locks, deletes or hides an issue. Lasts as long as the process.
    pub fn set_issue_state(&self, owner: &str, repo: &str, number: u64, state: IssueState) {
        lock(&self.0.store).set_state(owner, repo, number, state);
    }

    /// The comments of an issue, oldest first.
    #[must_use]
    pub fn comments(&self, owner: &str, repo: &str, number: u64) -> Vec<StoredComment> {
        lock(&self.0.store).thread(owner, repo, number).map(|t| t.comments.clone()).unwrap_or_default()
    }

    /// The labels of an issue.
    #[must_use]
    pub fn labels(&self, owner: &str, repo: &str, number: u64) -> Vec<String> {
        lock(&self.0.store).thread(owner, repo, number).map(|t| t.labels.clone()).unwrap_or_default()
    }

    /// How many comments there are in all issues together.
    #[must_use]
    pub fn comment_count(&self) -> usize {
        lock(&self.0.store).threads().map(|(_, thread)| thread.comments.len()).sum()
    }
}
