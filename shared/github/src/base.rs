//! Addresses: the configured base of the API, and paths under it built from checked parts.

use domain::{ServiceError, Target};
use reqwest::Url;

use crate::config::BuildError;
use crate::failure;
use crate::operation::Operation;

/// Longest name that GitHub gives to a repository; accounts are shorter.
const LONGEST_NAME: usize = 100;

/// The base of the API, such as `https://host/api/v3`.
#[derive(Debug, Clone)]
pub(crate) struct Base(Url);

impl Base {
    /// Checks a configured base. A trailing slash is welcome.
    pub(crate) fn parse(text: &str) -> Result<Self, BuildError> {
        let url = Url::parse(text.trim()).map_err(|_| BuildError::BaseUrl("is no URL"))?;
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return Err(BuildError::BaseUrl("must start with https:// or http:// and a host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BuildError::BaseUrl("must not hold a user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BuildError::BaseUrl("must not have a query or fragment"));
        }
        if url.host_str() == Some("github.com") {
            return Err(BuildError::BaseUrl("is that of the web site, not of the API"));
        }
        Ok(Self(url))
    }

    /// Whether the base is plain `http://`.
    pub(crate) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Whether the base is on this machine, where no proxy may come between.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    }

    /// The address of `segments` under the base, each percent-encoded.
    pub(crate) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        // `path_segments_mut` fails for addresses without a host only, which `parse` refuses.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// The address that a redirect from `from` leads to, if our credentials may follow it there: the
    /// same scheme, host and port, under the base's path.
    pub(crate) fn redirect(&self, from: &Url, location: &str) -> Option<Url> {
        let to = from.join(location).ok()?;
        let prefix = self.0.path().trim_end_matches('/');
        let under = to.path().strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
        let plain = to.username().is_empty() && to.password().is_none();
        (to.origin() == self.0.origin() && under && plain).then_some(to)
    }
}

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
    pub(crate) fn of(target: &'a Target, operation: Operation) -> Result<Self, ServiceError> {
        let Target::GithubIssue { owner, repo, number } = target else {
            let message = format!("a thread of {} is none of GitHub's", target.service());
            return Err(failure::refused(operation, message));
        };
        if !is_name(owner) || !is_name(repo) || *number == 0 {
            let message = "owner and repository must be plain names of letters, digits, `-`, `_` and `.`, \
                           and the number at least 1"
                .to_owned();
            return Err(failure::refused(operation, message));
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

    /// Where a person looks at it: on github.com, or on the server of one's own that the API belongs to.
    pub(crate) fn page(&self, base: &Base) -> Url {
        let mut url = base.0.clone();
        if url.host_str() == Some("api.github.com") {
            // Fails for addresses without a host only, and this one has one.
            let _ = url.set_host(Some("github.com"));
        }
        let path = url.path().trim_end_matches('/');
        let root = path.strip_suffix("/api/v3").unwrap_or(path).to_owned();
        url.set_path(&root);
        Base(url).join(&[self.owner, self.repo, "issues", &self.number.to_string()])
    }
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && !matches!(name, "." | "..")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn comments_of(base: &str, owner: &str, repo: &str) -> Result<String, ServiceError> {
        let target = Target::GithubIssue { owner: owner.into(), repo: repo.into(), number: 7 };
        let thread = Thread::of(&target, Operation::History)?;
        Ok(thread.comments(&Base::parse(base).unwrap()).into())
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
        let thread = Thread::of(&target, Operation::History).unwrap();
        for (base, page) in [
            ("https://api.github.com", "https://github.com/octo/hello/issues/7"),
            ("https://ghe.example.com/api/v3/", "https://ghe.example.com/octo/hello/issues/7"),
            ("http://127.0.0.1:3001", "http://127.0.0.1:3001/octo/hello/issues/7"),
        ] {
            assert_eq!(thread.page(&Base::parse(base).unwrap()).as_str(), page);
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
        assert!(Thread::of(&target, Operation::Publish).is_err());
    }

    #[test]
    fn unusable_bases_are_refused_without_repeating_a_password() {
        for base in
            ["", "api.github.com", "ftp://x", "https://u:hunter2@x", "https://x/?q", "https://github.com"]
        {
            let error = Base::parse(base).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn redirects_stay_on_the_host_and_under_the_base() {
        let base = Base::parse("https://ghe.example.com/api/v3").unwrap();
        let from = base.join(&["repos", "old", "name"]);
        let allowed = |location| base.redirect(&from, location).is_some();
        assert!(allowed("https://ghe.example.com/api/v3/repositories/1"));
        assert!(allowed("/api/v3/repositories/1"));
        assert!(!allowed("https://evil.example/api/v3/repositories/1"));
        assert!(!allowed("//evil.example/api/v3/repositories/1"));
        assert!(!allowed("http://ghe.example.com/api/v3/repositories/1"));
        assert!(!allowed("https://ghe.example.com:8443/api/v3/repositories/1"));
        assert!(!allowed("https://x:y@ghe.example.com/api/v3/repositories/1"));
        assert!(!allowed("https://ghe.example.com/api/v3evil"));
        assert!(!allowed("/api/v3/../../raw/secret"));
    }

    #[test]
    fn loopback_is_recognised() {
        for (base, expected) in [
            ("http://127.0.0.1:3001", true),
            ("http://[::1]:3001", true),
            ("http://localhost", true),
            ("https://api.github.com", false),
        ] {
            assert_eq!(Base::parse(base).unwrap().is_loopback(), expected, "{base}");
        }
    }
}
