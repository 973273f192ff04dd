//! The stand-in for GitHub: accounts, issues, comments and labels, with GitHub's errors and headers,
//! and a plain page for every issue so that the address of a comment can be opened in a browser.
//!
//! Every issue of every repository exists until a test says otherwise. With a journal the comments
//! survive the process, also a `kill -9`: that is what "no comment twice" is checked against.

mod apps;
mod auth;
mod comments;
mod discussions;
mod hooks;
mod issues;
mod page;
mod state;
mod store;
mod words;

#[cfg(test)]
mod tests;

pub use crate::kit::{Fault, FaultRule, ReceivedRequest, Scope};
pub use store::{Delivery, IssueState, Kind, StoredComment};

use serde_json::Value;
use std::io;

use crate::kit::Standin;
use store::{Change, Github, Place};

/// 403 of the primary rate limit: none remaining until the reset.
pub const PRIMARY_LIMIT: Fault = Fault::Refusal("primary");
/// 403 of the secondary rate limit with `Retry-After: 60`.
pub const SECONDARY_LIMIT: Fault = Fault::Refusal("secondary");

/// The stand-in for GitHub.
///
/// ```
/// use standins::github::GithubStandin;
///
/// let github = GithubStandin::new();
/// github.seed_comment("octo", "repo", 7, "mona", "It crashes for me too.")?;
/// assert_eq!(github.comments("octo", "repo", 7)[0].login, "mona");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type GithubStandin = Standin<Github>;

impl GithubStandin {
    /// Adds a comment of another person, now. Returns its id; the error is the journal's.
    pub fn seed_comment(
        &self,
        owner: &str,
        repo: &str,
        number: u64,
        author: &str,
        body: &str,
    ) -> io::Result<u64> {
        let (now, at) = (self.now(), Place::new(owner, repo, number));
        self.with(|kept| {
            let comment = kept.comment(author, body, now);
            let id = comment.id;
            kept.change(Change::Comment { at, comment }).map(|()| id)
        })
    }

    /// Opens, closes, locks, deletes or hides an issue. Lasts as long as the process.
    pub fn set_issue_state(&self, owner: &str, repo: &str, number: u64, state: IssueState) {
        self.with(|kept| kept.entry(&Place::new(owner, repo, number)).state = state);
    }

    /// Has `login` react to a comment, with `+1` or `-1` for example.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn seed_reaction(&self, comment: u64, login: &str, content: &str) -> io::Result<()> {
        let (login, content) = (login.to_owned(), content.to_owned());
        self.with(|kept| kept.change(Change::Reaction { comment, login, content }))
    }

    /// The comments of an issue, oldest first.
    #[must_use]
    pub fn comments(&self, owner: &str, repo: &str, number: u64) -> Vec<StoredComment> {
        let at = Place::new(owner, repo, number);
        self.with(|kept| kept.thread(&at).map(|thread| thread.comments.clone()).unwrap_or_default())
    }

    /// The comments of all reviews of pull requests, or of all discussions.
    #[must_use]
    pub fn comments_of(&self, kind: Kind) -> Vec<StoredComment> {
        self.with(|kept| {
            let of_kind = kept.comments().filter(|(at, _)| at.kind == kind);
            of_kind.map(|(_, comment)| comment.clone()).collect()
        })
    }

    /// Has webhooks go to `url` from now on, signed with `secret`. That is the hook of every repository and organisation.
    pub fn set_hook(&self, url: &str, secret: &str) {
        self.with(|kept| kept.hook.set(url, secret));
    }

    /// Sends an event to the hook, once, as GitHub does. Returns the status of the answer; 0 is none.
    pub async fn send(&self, event: &str, body: &Value) -> u16 {
        let (hook, now) = (self.with(|kept| kept.hook.clone()), self.now());
        hook.send(event, body, now).await
    }

    /// Every try to deliver a webhook, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.with(|kept| kept.hook.deliveries())
    }

    /// The labels of an issue.
    #[must_use]
    pub fn labels(&self, owner: &str, repo: &str, number: u64) -> Vec<String> {
        let at = Place::new(owner, repo, number);
        self.with(|kept| kept.thread(&at).map(|thread| thread.labels.clone()).unwrap_or_default())
    }

    /// How many comments there are in all issues together.
    #[must_use]
    pub fn comment_count(&self) -> usize {
        self.with(|kept| kept.comments().count())
    }
}
