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
    /// The discussion to answer in.
    pub(crate) discussion: Option<&'a str>,
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
            Target::GitlabIssue { project, path, number, internal, discussion } => {
                let (kind, discussion) = (Kind::Issue, discussion.as_deref());
                Self { project: *project, path, kind, number: *number, internal: *internal, discussion }
            }
            Target::GitlabMergeRequest { project, path, number, discussion } => {
                let (kind, discussion) = (Kind::MergeRequest, discussion.as_deref());
                Self { project: *project, path, kind, number: *number, internal: false, discussion }
            }
            other => {
                return Err(client.foreign(call, other));
            }
        };
        if place.project == 0 || place.number == 0 {
            return Err(client.refused(call, "the numbers of projects and issues are at least 1"));
        }
        if place.discussion.is_some_and(|id| !is_id(id)) {
            return Err(client.refused(call, "the id of a discussion has hexadecimal digits alone"));
        }
        Ok(place)
    }

    pub(crate) fn is_issue(self) -> bool {
        self.kind == Kind::Issue
    }

    /// Whether what is answered here was said among the staff, and so is the answer: in an internal note. No merge request
    /// is confidential: what is internal there is a note (since GitLab 16.9, which refuses it before).
    pub(crate) fn is_among_staff(self) -> bool {
        self.internal || !self.is_issue()
    }

    /// `/api/v4/projects/7/issues/23`, and what is below it.
    pub(crate) fn url(self, base: &Base, below: &[&str]) -> Url {
        let (project, number) = (self.project.to_string(), self.number.to_string());
        let place = ["api", "v4", "projects", &project, self.kind.name(), &number];
        base.join(&[&place[..], below].concat())
    }

    /// Its project.
    pub(crate) fn project_url(self, base: &Base) -> Url {
        base.join(&["api", "v4", "projects", &self.project.to_string()])
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

/// It becomes a segment of a path.
fn is_id(discussion: &str) -> bool {
    (1..=64).contains(&discussion.len()) && discussion.bytes().all(|byte| byte.is_ascii_hexdigit())
}
