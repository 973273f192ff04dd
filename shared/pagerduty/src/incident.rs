//! Incidents, checked.

use domain::{ServiceError, Target};
use outbound::{Call, Client};

/// Longest id that is taken: PagerDuty's have 14 characters, older ones 7.
const MAX_ID: usize = 32;

/// An incident of the account that we have a token for.
#[derive(Debug, Clone, Copy)]
pub struct Incident<'a>(&'a str);

impl<'a> Incident<'a> {
    /// Checks a target.
    pub(crate) fn of(client: &Client, call: Call, target: &'a Target) -> Result<Self, ServiceError> {
        let Target::PagerdutyIncident { id } = target else {
            return Err(client.foreign(call, target));
        };
        // It becomes a segment of a path.
        if !(1..=MAX_ID).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(client.refused(call, "an incident's id looks like PGR0VU2"));
        }
        Ok(Self(id))
    }

    pub(crate) fn path(self) -> [&'a str; 2] {
        ["incidents", self.0]
    }

    pub(crate) fn notes(self) -> [&'a str; 3] {
        ["incidents", self.0, "notes"]
    }
}
