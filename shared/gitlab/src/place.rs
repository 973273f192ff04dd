//! Issues and merge requests, checked.

use domain::{ServiceError, Target};
use outbound::{Base, Call, Client, Url};

/// A place for notes in a project that our account sees.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    project: u64,
    path: &'a [String],
    kind: Kind,
    number: u64,
    /// Whether an internal note is to be answered.
    pub(crate) internal: bool,
}

/// What the notes are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An issue.
    Issue,
    /// A merge request.
    MergeRequest,
}

impl Kind {
    /// As paths name it.
    fn name(self) -> &'static str {
        match self {
            Self::Issue => "issues",
            Self::MergeRequest => "merge_requests",
        }
    }
}

impl<'a> Place<'a> {
    /// Checks a target.
    pub(crate) fn of(client: &Client, call: Call, target: &'a Target) -> Result<Self, ServiceError> {
        let place = match target {
            Target::GitlabIssue { project, path, number, internal } => {
                Self { project: *project, path, kind: Kind::Issue, number: *number, internal: *internal }
            }
            Target::GitlabMergeRequest { project, path, number } => {
                Self { project: *project, path, kind: Kind::MergeRequest, number: *number, internal: false }
            }
            other => {
                let message = format!("a thread of {} is none of GitLab's", other.service());
                return Err(client.refused(call, message));
            }
        };
        if place.project == 0 || place.number == 0 {
            return Err(client.refused(call, "the numbers of projects and issues are at least 1"));
        }
        Ok(place)
    }

    pub(crate) fn is_issue(self) -> bool {
        self.kind == Kind::Issue
    }

    /// `/api/v4/projects/7/issues/23`, and what is below it.
    pub(crate) fn url(self, base: &Base, below: &[&str]) -> Url {
        let (project, number) = (self.project.to_string(), self.number.to_string());
        let place = ["api", "v4", "projects", &project, self.kind.name(), &number];
        base.join(&[&place[..], below].concat())
    }

    /// Where a person looks at it; `None` when the project's name is not known.
    pub(crate) fn link(self, base: &Base) -> Option<Url> {
        let number = self.number.to_string();
        let mut parts: Vec<&str> = self.path.iter().map(String::as_str).collect();
        if parts.is_empty() || parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
            return None;
        }
        parts.extend(["-", self.kind.name(), &number]);
        Some(base.join(&parts))
    }
}
