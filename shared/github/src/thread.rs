//! [`Thread`]: an issue, pull request or discussion, checked, and its addresses.

use domain::{ServiceError, Target};
use outbound::{Base, Call, Client, Url};

/// Longest name that GitHub gives to a repository; accounts are shorter.
const MAX_NAME: usize = 100;

/// An issue, a pull request, a thread of its review or a discussion, whose parts are safe to build a path from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thread<'a> {
    /// Account that owns the repository.
    pub(crate) owner: &'a str,
    /// Repository without its owner; empty for an organisation as a whole.
    pub(crate) repo: &'a str,
    number: u64,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An issue or pull request.
    Issue,
    /// The thread of a review that began with this comment.
    Review(u64),
    Discussion,
}

impl<'a> Thread<'a> {
    /// Checks a target. Its names come from a payload: `..` or `a/b` would move a request that
    /// carries our credentials to another endpoint.
    pub(crate) fn of(client: &Client, call: Call, target: &'a Target) -> Result<Self, ServiceError> {
        let (owner, repo, number, kind) = match target {
            Target::GithubIssue { owner, repo, number } => (owner, repo, *number, Kind::Issue),
            Target::GithubReview { owner, repo, number, comment } => {
                (owner, repo, *number, Kind::Review(*comment))
            }
            Target::GithubDiscussion { owner, repo, number, .. } => (owner, repo, *number, Kind::Discussion),
            other => {
                return Err(client.foreign(call, other));
            }
        };
        if !is_name(owner) || !is_name(repo) || number == 0 {
            let message = "owner and repository must be plain names of letters, digits, `-`, `_` and `.`, \
                           and the number at least 1";
            return Err(client.refused(call, message));
        }
        Ok(Self { owner, repo, number, kind })
    }

    /// Likewise, of what has labels: those of a discussion are no issue's.
    pub(crate) fn labelled(client: &Client, call: Call, target: &'a Target) -> Result<Self, ServiceError> {
        let thread = Self::of(client, call, target)?;
        match thread.kind {
            Kind::Issue | Kind::Review(_) => Ok(thread),
            Kind::Discussion => Err(client.refused(call, "issues and pull requests alone get labels")),
        }
    }

    /// Likewise for a place in a repository that is named `owner/repo`.
    pub(crate) fn in_repository(client: &Client, call: Call, name: &'a str) -> Result<Self, ServiceError> {
        let (owner, repo) = name.split_once('/').unwrap_or_default();
        if !is_name(owner) || !is_name(repo) {
            return Err(client.refused(call, "it belongs to no repository"));
        }
        Ok(Self { owner, repo, number: 0, kind: Kind::Issue })
    }

    /// Likewise for what `path` is about, where that is a repository or an organisation.
    pub(crate) fn of_path(path: &[&'a str]) -> Option<Self> {
        let (owner, repo) = match path {
            ["repos", owner, repo, ..] => (*owner, *repo),
            ["orgs", owner, ..] => (*owner, ""),
            _ => return None,
        };
        Some(Self { owner, repo, number: 0, kind: Kind::Issue })
    }

    /// The address of its comments; those of a review's thread are among those of the whole review.
    pub(crate) fn comments(&self, base: &Base) -> Url {
        match self.kind {
            Kind::Issue | Kind::Discussion => self.of_number(base, "issues", &["comments"]),
            Kind::Review(_) => self.of_number(base, "pulls", &["comments"]),
        }
    }

    /// Where a comment is added.
    pub(crate) fn new_comment(&self, base: &Base) -> Url {
        match self.kind {
            Kind::Issue | Kind::Discussion => self.comments(base),
            Kind::Review(root) => self.of_number(base, "pulls", &["comments", &root.to_string(), "replies"]),
        }
    }

    /// Whether the comment `id`, which answers `in_reply_to`, is one of its own.
    pub(crate) fn has(&self, id: u64, in_reply_to: Option<u64>) -> bool {
        match self.kind {
            Kind::Issue | Kind::Discussion => true,
            Kind::Review(root) => id == root || in_reply_to == Some(root),
        }
    }

    /// The address of what the thread began with.
    pub(crate) fn itself(&self, base: &Base) -> Url {
        match self.kind {
            Kind::Issue | Kind::Discussion => self.issue(base),
            Kind::Review(root) => self.repository(base, &["pulls", "comments", &root.to_string()]),
        }
    }

    /// The address of the issue itself, which a pull request is as well.
    pub(crate) fn issue(&self, base: &Base) -> Url {
        self.of_number(base, "issues", &[])
    }

    /// The address of its labels.
    pub(crate) fn labels(&self, base: &Base) -> Url {
        self.of_number(base, "issues", &["labels"])
    }

    /// The address of the files that a pull request changes.
    pub(crate) fn files(&self, base: &Base) -> Url {
        self.of_number(base, "pulls", &["files"])
    }

    /// The address of something in its repository.
    pub(crate) fn repository(&self, base: &Base, below: &[&str]) -> Url {
        base.join(&[&["repos", self.owner, self.repo], below].concat())
    }

    fn of_number(&self, base: &Base, list: &str, below: &[&str]) -> Url {
        self.repository(base, &[&[list, &self.number.to_string()], below].concat())
    }

    /// The page for people: on github.com, or on the Enterprise Server that the API belongs to.
    pub(crate) fn page(&self, base: &Base) -> Url {
        let mut url = base.url().clone();
        if url.host_str() == Some("api.github.com") {
            // Fails for addresses without a host only, which no base is.
            let _ = url.set_host(Some("github.com"));
        }
        let path = url.path().trim_end_matches('/');
        let root = path.strip_suffix("/api/v3").unwrap_or(path).to_owned();
        url.set_path(&root);
        if let Ok(mut segments) = url.path_segments_mut() {
            let list = if self.kind == Kind::Discussion { "discussions" } else { "issues" };
            segments.pop_if_empty().extend([self.owner, self.repo, list, &self.number.to_string()]);
        }
        if let Kind::Review(root) = self.kind {
            url.set_fragment(Some(&format!("discussion_r{root}")));
        }
        url
    }
}

/// Whether it is safe as a segment of a path.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && !matches!(name, "." | "..")
}

#[cfg(test)]
mod tests {
    use domain::Clock;

    use super::*;
    use crate::config::{self, Config};
    use crate::operation::HISTORY;

    fn client(base: &str) -> Client {
        let config = Config { base_url: base.to_owned(), ..Config::default() };
        config::client(&config, Clock::system()).unwrap()
    }

    fn with_thread<T>(
        base: &str,
        target: &Target,
        see: impl FnOnce(Thread<'_>, &Base) -> T,
    ) -> Result<T, ServiceError> {
        let client = client(base);
        Ok(see(Thread::of(&client, client.begin(HISTORY), target)?, client.base()))
    }

    fn comments_of(base: &str, owner: &str, repo: &str) -> Result<String, ServiceError> {
        let target = Target::GithubIssue { owner: owner.into(), repo: repo.into(), number: 7 };
        with_thread(base, &target, |thread, base| thread.comments(base).into())
    }

    #[test]
    fn path_is_kept_under_an_enterprise_base_with_or_without_slash() {
        for base in ["https://ghe.example.com/api/v3", "https://ghe.example.com/api/v3/"] {
            assert_eq!(
                comments_of(base, "octo", "hello.world").unwrap(),
                "https://ghe.example.com/api/v3/repos/octo/hello.world/issues/7/comments"
            );
        }
    }

    #[test]
    fn page_of_a_thread_is_on_the_web_site_of_its_api() {
        let target = Target::GithubIssue { owner: "octo".into(), repo: "hello".into(), number: 7 };
        for (base, page) in [
            ("https://api.github.com", "https://github.com/octo/hello/issues/7"),
            ("https://ghe.example.com/api/v3/", "https://ghe.example.com/octo/hello/issues/7"),
            ("http://127.0.0.1:3001", "http://127.0.0.1:3001/octo/hello/issues/7"),
        ] {
            let seen = with_thread(base, &target, |thread, base| thread.page(base)).unwrap();
            assert_eq!(seen.as_str(), page);
        }
    }

    #[test]
    fn names_that_would_change_the_path_are_refused() {
        let long = "a".repeat(101);
        let hostile =
            ["", ".", "..", "a/b", "%2e%2e", "%2e", "a\\b", "a?b", "a#b", "a b", "a@b", "é", "a\n", &long];
        for name in hostile {
            assert!(comments_of("https://api.github.com", name, "repo").is_err(), "owner {name:?}");
            assert!(comments_of("https://api.github.com", "octo", name).is_err(), "repo {name:?}");
        }
    }

    #[test]
    fn issue_zero_does_not_exist() {
        let target = Target::GithubIssue { owner: "octo".into(), repo: "repo".into(), number: 0 };
        assert!(with_thread("https://api.github.com", &target, |_, _| ()).is_err());
    }
}
