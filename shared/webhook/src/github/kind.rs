//! [`Kind`]: what a body is about, by the objects in it.

/// A kind of event that we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Issues,
    IssueComment,
    PullRequest,
    Review,
    ReviewComment,
    Discussion,
    DiscussionComment,
    Release,
    WorkflowRun,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Issues,
        Self::IssueComment,
        Self::PullRequest,
        Self::Review,
        Self::ReviewComment,
        Self::Discussion,
        Self::DiscussionComment,
        Self::Release,
        Self::WorkflowRun,
    ];

    /// The kind of a body that has an object under each key of which `has` says so.
    pub(super) fn of(has: impl Fn(&str) -> bool) -> Option<Self> {
        match () {
            () if has("pull_request") && has("review") => Some(Self::Review),
            () if has("pull_request") && has("comment") => Some(Self::ReviewComment),
            // Resolved and unresolved threads: nothing is said.
            () if has("pull_request") && has("thread") => None,
            () if has("pull_request") => Some(Self::PullRequest),
            () if has("discussion") && has("comment") => Some(Self::DiscussionComment),
            () if has("discussion") => Some(Self::Discussion),
            () if has("issue") && has("comment") => Some(Self::IssueComment),
            () if has("issue") => Some(Self::Issues),
            // Deployments name the run that made them.
            () if has("workflow_run") && has("workflow") && !has("deployment") => Some(Self::WorkflowRun),
            () if has("release") => Some(Self::Release),
            () => None,
        }
    }

    /// Its name in `X-GitHub-Event`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Issues => "issues",
            Self::IssueComment => "issue_comment",
            Self::PullRequest => "pull_request",
            Self::Review => "pull_request_review",
            Self::ReviewComment => "pull_request_review_comment",
            Self::Discussion => "discussion",
            Self::DiscussionComment => "discussion_comment",
            Self::Release => "release",
            Self::WorkflowRun => "workflow_run",
        }
    }

    /// The kind of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The object without which a body is not of this kind.
    pub(super) fn object(self) -> &'static str {
        match self {
            Self::Issues | Self::IssueComment => "issue",
            Self::PullRequest | Self::Review | Self::ReviewComment => "pull_request",
            Self::Discussion | Self::DiscussionComment => "discussion",
            Self::Release => "release",
            Self::WorkflowRun => "workflow_run",
        }
    }
}
