//! Issues, checked.

use domain::{ServiceError, Target};
use outbound::{Base, Call, Client};

/// Longest key that is taken: Jira's are at most 10 letters, a hyphen and a number.
const MAX_KEY: usize = 40;

/// An issue of the site that we have credentials for.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a>(&'a str);

impl<'a> Issue<'a> {
    /// Checks a target: it must be of our site, whose host is that of the base. A base that is not a site's
    /// own (a stand-in on this machine, Atlassian's gateway) was configured for all sites.
    pub(crate) fn of(client: &Client, call: Call, target: &'a Target) -> Result<Self, ServiceError> {
        let Target::JiraIssue { host, key } = target else {
            return Err(client.foreign(call, target));
        };
        let base = client.base();
        if is_site(base) && !host.eq_ignore_ascii_case(base.host()) {
            let message =
                format!("the issue is on another site than {}, whose credentials we have", base.host());
            return Err(client.refused(call, message));
        }
        if !is_key(key) {
            return Err(client.refused(call, "an issue's key looks like OPS-7"));
        }
        Ok(Self(key))
    }

    /// The path of the issue itself.
    pub(crate) fn path(self) -> [&'a str; 5] {
        ["rest", "api", "3", "issue", self.0]
    }

    /// The path of its project; `None` where it is named by an id.
    pub(crate) fn project(self) -> Option<[&'a str; 5]> {
        let (project, _) = self.0.rsplit_once('-')?;
        Some(["rest", "api", "3", "project", project])
    }

    /// The path of its comments.
    pub(crate) fn comments(self) -> [&'a str; 6] {
        ["rest", "api", "3", "issue", self.0, "comment"]
    }

    /// Where a person looks at it; `None` when we do not know the site's address.
    pub(crate) fn link(self, base: &Base) -> Option<String> {
        (base.host() != GATEWAY).then(|| base.join(&["browse", self.0]).into())
    }

    /// Where a person looks at a comment of it; `None` when we do not know the site's address.
    pub(crate) fn page(self, base: &Base, comment: &str) -> Option<String> {
        let gateway = base.host() == GATEWAY;
        let mut url = (!gateway).then(|| base.join(&["browse", self.0]))?;
        url.query_pairs_mut().append_pair("focusedCommentId", comment);
        Some(url.into())
    }
}

/// Where tokens with scopes are sent, for every site.
const GATEWAY: &str = "api.atlassian.com";

fn is_site(base: &Base) -> bool {
    !base.is_loopback() && base.host() != GATEWAY
}

/// A key, or an id. It becomes a segment of a path.
fn is_key(key: &str) -> bool {
    let (project, number) = key.split_once('-').unwrap_or(("ID", key));
    key.len() <= MAX_KEY
        && project.starts_with(|c: char| c.is_ascii_alphabetic())
        && project.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_everything_else() {
        for good in ["OPS-7", "A1_B-123", "ops-7", "10042"] {
            assert!(is_key(good), "{good}");
        }
        for bad in
            ["", "-7", "OPS-", "OPS", "OPS-7/x", "..", "OPS-7?x", "1OPS-7", "OPS 7", "ÖPS-7", "OPS-7-8"]
        {
            assert!(!is_key(bad), "{bad}");
        }
        assert!(!is_key(&format!("{}-7", "A".repeat(40))));
    }
}
