//! [`Thread`]: an issue or pull request, checked, and its addresses.

use domain::{ServiceError, Target};
use outbound::{Base, Call, Client, Url};

/// Longest name that GitHub gives to a repository; accounts are shorter.
const MAX_NAME: usize = 100;

/// An issue or pull request whose parts are safe to build a path from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thread<'a> {
    /// Account that owns the repository.
    pub(crate) owner: &'a str,
    /// Repository without its owner.
    pub(crate) repo: &'a str,
    number: u64,
}

impl<'a> Thread<'a> {
    /// Checks a target. Its names come from a payload: `..` or `a/b` would move a request that
    /// carries our credentials to another endpoint.
    pub(crate) fn of(client: &Client, call: Call, target: &'a Target) -> Result<Self, ServiceError> {
        let Target::GithubIssue { owner, repo, number } = target else {
            let message = format!("a thread of {} is none of GitHub's", target.service());
            return Err(client.refused(call, message));
        };
        if !is_name(owner) || !is_name(repo) || *number == 0 {
            let message = "owner and repository must be plain names of letters, digits, `-`, `_` and `.`, \
                           and the number at least 1";
            return Err(client.refused(call, message));
        }
        Ok(Self { owner, repo, number: *number })
    }

    /// The address of its comments.
    pub(crate) fn comments(&self, base: &Base) -> Url {
        self.list(base, "comments")
    }

    /// The address of the issue itself, which a pull request is as well.
    pub(crate) fn issue(&self, base: &Base) -> Url {
        base.join(&["repos", self.owner, self.repo, "issues", &self.number.to_string()])
    }

    /// The address of its labels.
    pub(crate) fn labels(&self, base: &Base) -> Url {
        self.list(base, "labels")
    }

    fn list(&self, base: &Base, name: &str) -> Url {
        base.join(&["repos", self.owner, self.repo, "issues", &self.number.to_string(), name])
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
            segments.pop_if_empty().extend([self.owner, self.repo, "issues", &self.number.to_string()]);
        }
        url
    }
}

fn is_name(name: &str) -> bool {
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
