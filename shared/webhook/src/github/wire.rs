//! The few fields of GitHub's payloads that we read. Everything else is skipped unread.

use serde::Deserialize;

use crate::lenient::{Flag, List, Object, Scalar};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Payload<'a> {
    #[serde(borrow)]
    pub(super) action: Scalar<'a>,
    #[serde(borrow)]
    pub(super) issue: Object<Subject<'a>>,
    #[serde(borrow)]
    pub(super) pull_request: Object<Subject<'a>>,
    #[serde(borrow)]
    pub(super) discussion: Object<Subject<'a>>,
    #[serde(borrow)]
    pub(super) release: Object<Subject<'a>>,
    #[serde(borrow)]
    pub(super) comment: Object<Words<'a>>,
    #[serde(borrow)]
    pub(super) review: Object<Words<'a>>,
    #[serde(borrow)]
    pub(super) workflow_run: Object<Run<'a>>,
    /// The label that was given or taken.
    #[serde(borrow)]
    pub(super) label: Object<Label<'a>>,
    #[serde(borrow)]
    pub(super) assignee: Object<Account<'a>>,
    #[serde(borrow)]
    pub(super) repository: Object<Repository<'a>>,
    #[serde(borrow)]
    pub(super) sender: Object<Account<'a>>,
    #[serde(borrow)]
    pub(super) installation: Object<Installation<'a>>,
    /// With `hook_id` the mark of a ping.
    #[serde(borrow)]
    pub(super) zen: Scalar<'a>,
    #[serde(borrow)]
    pub(super) hook_id: Scalar<'a>,
    pub(super) thread: Object<Presence>,
    pub(super) workflow: Object<Presence>,
    pub(super) deployment: Object<Presence>,
}

impl Payload<'_> {
    /// Whether there is an object under `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        match key {
            "issue" => self.issue.is_there(),
            "pull_request" => self.pull_request.is_there(),
            "discussion" => self.discussion.is_there(),
            "release" => self.release.is_there(),
            "comment" => self.comment.is_there(),
            "review" => self.review.is_there(),
            "workflow_run" => self.workflow_run.is_there(),
            "thread" => self.thread.is_there(),
            "workflow" => self.workflow.is_there(),
            "deployment" => self.deployment.is_there(),
            _ => false,
        }
    }
}

/// An issue, a pull request, a discussion or a release.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Subject<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) node_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) number: Scalar<'a>,
    #[serde(borrow)]
    pub(super) title: Scalar<'a>,
    /// Of a release.
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
    /// Of a release.
    #[serde(borrow)]
    pub(super) tag_name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) body: Scalar<'a>,
    #[serde(borrow)]
    pub(super) state: Scalar<'a>,
    pub(super) locked: Flag,
    pub(super) draft: Flag,
    pub(super) prerelease: Flag,
    #[serde(borrow)]
    pub(super) user: Object<Account<'a>>,
    #[serde(borrow)]
    pub(super) labels: List<Object<Label<'a>>>,
    #[serde(borrow)]
    pub(super) author_association: Scalar<'a>,
    #[serde(borrow)]
    pub(super) created_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) updated_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) published_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) html_url: Scalar<'a>,
    /// There when the issue is a pull request.
    pub(super) pull_request: Object<Presence>,
    /// Where a pull request comes from.
    #[serde(borrow)]
    pub(super) head: Object<Branch<'a>>,
    /// Where it goes.
    #[serde(borrow)]
    pub(super) base: Object<Branch<'a>>,
    /// Of a discussion.
    #[serde(borrow)]
    pub(super) category: Object<Label<'a>>,
}

/// A comment or a review.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Words<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) node_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) body: Scalar<'a>,
    #[serde(borrow)]
    pub(super) user: Object<Account<'a>>,
    #[serde(borrow)]
    pub(super) author_association: Scalar<'a>,
    #[serde(borrow)]
    pub(super) created_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) updated_at: Scalar<'a>,
    /// Of a review.
    #[serde(borrow)]
    pub(super) submitted_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) html_url: Scalar<'a>,
    /// Of a review: `approved`, `changes_requested`, `commented`.
    #[serde(borrow)]
    pub(super) state: Scalar<'a>,
    /// The comment that a thread of a review began with.
    #[serde(borrow)]
    pub(super) in_reply_to_id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) path: Scalar<'a>,
    #[serde(borrow)]
    pub(super) line: Scalar<'a>,
    #[serde(borrow)]
    pub(super) diff_hunk: Scalar<'a>,
}

/// A run of a workflow.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Run<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) display_title: Scalar<'a>,
    #[serde(borrow)]
    pub(super) run_number: Scalar<'a>,
    #[serde(borrow)]
    pub(super) run_attempt: Scalar<'a>,
    #[serde(borrow)]
    pub(super) event: Scalar<'a>,
    #[serde(borrow)]
    pub(super) conclusion: Scalar<'a>,
    #[serde(borrow)]
    pub(super) head_branch: Scalar<'a>,
    #[serde(borrow)]
    pub(super) head_sha: Scalar<'a>,
    #[serde(borrow)]
    pub(super) head_commit: Object<Commit<'a>>,
    #[serde(borrow)]
    pub(super) updated_at: Scalar<'a>,
    #[serde(borrow)]
    pub(super) html_url: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Commit<'a> {
    #[serde(borrow)]
    pub(super) message: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Branch<'a> {
    #[serde(borrow, rename = "ref")]
    pub(super) name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) sha: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Account<'a> {
    #[serde(borrow)]
    pub(super) login: Scalar<'a>,
    /// `User`, `Bot`, `Organization` …
    #[serde(borrow, rename = "type")]
    pub(super) kind: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Repository<'a> {
    #[serde(borrow)]
    pub(super) full_name: Scalar<'a>,
    pub(super) archived: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Label<'a> {
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Installation<'a> {
    #[serde(borrow)]
    pub(super) id: Scalar<'a>,
}

/// An object whose fields do not matter.
#[derive(Debug, Deserialize)]
pub(super) struct Presence {}
