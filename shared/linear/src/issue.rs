//! Issues, checked.

use domain::{ServiceError, Target};
use outbound::{Call, Client};

/// Longest id that is taken: Linear's are UUIDs.
const MAX_ID: usize = 36;

/// An issue of the workspace that we have a key for.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a>(pub(crate) &'a str);

impl<'a> Issue<'a> {
    /// Checks a target.
    pub(crate) fn of(client: &Client, call: Call, target: &'a Target) -> Result<Self, ServiceError> {
        let Target::LinearIssue { id } = target else {
            let message = format!("a thread of {} is none of Linear's", target.service());
            return Err(client.refused(call, message));
        };
        if !is_id(id) {
            return Err(client.refused(call, "an issue's id is a UUID"));
        }
        Ok(Self(id))
    }
}

fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
