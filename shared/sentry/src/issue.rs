//! Issues, checked.

use domain::{ServiceError, Target};
use outbound::{Base, Call, Client, Url};

/// Longest name of an organisation that is taken: Sentry's are at most 50 characters.
const MAX_NAME: usize = 50;

/// An issue of an organisation that we have a token for.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    organization: &'a str,
    id: u64,
}

impl<'a> Issue<'a> {
    /// Checks a target.
    pub(crate) fn of(client: &Client, call: Call, target: &'a Target) -> Result<Self, ServiceError> {
        let Target::SentryIssue { organization, id } = target else {
            return Err(client.foreign(call, target));
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        // It becomes a segment of a path.
        if !(1..=MAX_NAME).contains(&organization.len()) || !organization.bytes().all(plain) || *id == 0 {
            return Err(
                client.refused(call, "an issue is a number, in an organisation whose name looks like acme")
            );
        }
        Ok(Self { organization, id: *id })
    }

    /// `/api/0/organizations/acme/issues/7/`, and what is below it. Sentry's addresses end with a slash.
    pub(crate) fn url(self, base: &Base, below: &[&str]) -> Url {
        let id = self.id.to_string();
        let place = ["api", "0", "organizations", self.organization, "issues", &id];
        base.join(&[&place[..], below, &[""]].concat())
    }

    /// The issues of its organisation.
    pub(crate) fn all(self, base: &Base) -> Url {
        base.join(&["api", "0", "organizations", self.organization, "issues", ""])
    }

    /// Where a person looks at it.
    pub(crate) fn link(self, base: &Base) -> String {
        base.join(&["organizations", self.organization, "issues", &self.id.to_string(), ""]).into()
    }
}
