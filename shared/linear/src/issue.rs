//! Issues, checked.

use domain::{ServiceError, Target};
use outbound::{Call, Client};

/// Longest id that is taken: Linear's are UUIDs.
const MAX_ID: usize = 36;

/// An issue of the workspace that we have a key for.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    pub(crate) id: &'a str,
    /// The first comment of the thread that is answered in. Linear nests no deeper.
    pub(crate) parent: Option<&'a str>,
}

impl<'a> Issue<'a> {
    /// Checks a target.
    pub(crate) fn of(client: &Client, call: Call, target: &'a Target) -> Result<Self, ServiceError> {
        let Target::LinearIssue { id, parent } = target else {
            return Err(client.foreign(call, target));
        };
        let parent = parent.as_deref();
        if ![Some(id.as_str()), parent].into_iter().flatten().all(is_id) {
            return Err(client.refused(call, "the id of an issue or a comment is a UUID"));
        }
        Ok(Self { id, parent })
    }
}

fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
