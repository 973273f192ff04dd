//! Notes, issues and merge requests as the API has them.

use domain::{ThreadState, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) username: String,
}

/// The body of a request that adds a note.
#[derive(Debug, Serialize)]
pub(crate) struct NewNote<'a> {
    pub(crate) body: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) internal: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Project {
    #[serde(default)]
    pub(crate) archived: bool,
    #[serde(default)]
    permissions: Permissions,
}

/// The roles that our account has, by membership of the project or its group.
#[derive(Debug, Default, Deserialize)]
struct Permissions {
    project_access: Option<Access>,
    group_access: Option<Access>,
}

#[derive(Debug, Deserialize)]
struct Access {
    access_level: u32,
}

/// The role that sees confidential issues (Planner; Reporter is 20).
const PLANNER: u32 = 15;

impl Project {
    /// Whether our account sees its confidential issues.
    pub(crate) fn shows_all(&self) -> bool {
        let Permissions { project_access, group_access } = &self.permissions;
        [project_access, group_access].into_iter().flatten().any(|access| access.access_level >= PLANNER)
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Created {
    pub(crate) id: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireNote {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) body: String,
    /// `None` when the account was deleted.
    pub(crate) author: Option<Account>,
    pub(crate) created_at: Timestamp,
    /// Whether GitLab wrote it itself, such as "changed the description".
    #[serde(default)]
    pub(crate) system: bool,
    #[serde(default)]
    internal: bool,
    /// What `internal` was called before GitLab 15.5.
    #[serde(default)]
    confidential: bool,
}

impl WireNote {
    /// Whether the staff alone can see it.
    pub(crate) fn is_internal(&self) -> bool {
        self.internal || self.confidential
    }
}

/// Notes that answer each other, oldest first.
#[derive(Debug, Deserialize)]
pub(crate) struct Discussion {
    #[serde(default)]
    pub(crate) notes: Vec<WireNote>,
}

/// An issue, or a merge request, which is never confidential.
#[derive(Debug, Deserialize)]
pub(crate) struct Noteable {
    #[serde(default)]
    state: String,
    discussion_locked: Option<bool>,
    #[serde(default)]
    pub(crate) confidential: bool,
    #[serde(default)]
    pub(crate) labels: Vec<String>,
}

impl Noteable {
    /// What is closed or merged still takes notes; a locked discussion takes those of members alone.
    pub(crate) fn thread(&self) -> ThreadState {
        match self.state.as_str() {
            _ if self.discussion_locked == Some(true) => ThreadState::Locked,
            "closed" | "merged" => ThreadState::Closed,
            _ => ThreadState::Open,
        }
    }
}

/// What a token says of itself.
#[derive(Debug, Deserialize)]
pub(crate) struct OwnToken {
    pub(crate) scopes: Vec<String>,
}
