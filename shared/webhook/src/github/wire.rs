//! The few fields of GitHub's payloads that we read. Everything else is skipped unread.

use serde::Deserialize;

use crate::lenient::{Flag, List, Object, Scalar};

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Payload<'a> {
    pub(super) action: Scalar<'a>,
    pub(super) issue: Object<Subject<'a>>,
    pub(super) pull_request: Object<Subject<'a>>,
    pub(super) discussion: Object<Subject<'a>>,
    pub(super) release: Object<Subject<'a>>,
    pub(super) comment: Object<Words<'a>>,
    pub(super) review: Object<Words<'a>>,
    pub(super) workflow_run: Object<Run<'a>>,
    /// The label that was given or taken.
    pub(super) label: Object<Label<'a>>,
    pub(super) assignee: Object<Account<'a>>,
    pub(super) requested_reviewer: Object<Account<'a>>,
    pub(super) requested_team: Object<Team<'a>>,
    pub(super) milestone: Object<Milestone<'a>>,
    /// The type that an issue was given or has lost.
    #[serde(rename = "type")]
    pub(super) issue_type: Object<Label<'a>>,
    /// The commit that a branch ends in after a push.
    pub(super) after: Scalar<'a>,
    /// The comment that is a discussion's answer.
    pub(super) answer: Object<Answer<'a>>,
    pub(super) old_answer: Object<Answer<'a>>,
    pub(super) repository: Object<Repository<'a>>,
    pub(super) sender: Object<Account<'a>>,
    pub(super) installation: Object<Installation<'a>>,
    /// The mark of a ping.
    pub(super) zen: Scalar<'a>,
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
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Subject<'a> {
    pub(super) id: Scalar<'a>,
    pub(super) node_id: Scalar<'a>,
    pub(super) number: Scalar<'a>,
    pub(super) title: Scalar<'a>,
    /// Of a release.
    pub(super) name: Scalar<'a>,
    /// Of a release.
    pub(super) tag_name: Scalar<'a>,
    pub(super) body: Scalar<'a>,
    pub(super) state: Scalar<'a>,
    pub(super) locked: Flag,
    pub(super) draft: Flag,
    pub(super) prerelease: Flag,
    pub(super) user: Object<Account<'a>>,
    pub(super) labels: List<Object<Label<'a>>>,
    pub(super) author_association: Scalar<'a>,
    pub(super) created_at: Scalar<'a>,
    pub(super) updated_at: Scalar<'a>,
    pub(super) published_at: Scalar<'a>,
    pub(super) html_url: Scalar<'a>,
    /// There when the issue is a pull request.
    pub(super) pull_request: Object<Presence>,
    /// Where a pull request comes from.
    pub(super) head: Object<Branch<'a>>,
    /// Where it goes.
    pub(super) base: Object<Branch<'a>>,
    /// Of a discussion.
    pub(super) category: Object<Label<'a>>,
    /// Of a discussion: when its answer was chosen.
    pub(super) answer_chosen_at: Scalar<'a>,
}

/// A comment or a review.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Words<'a> {
    pub(super) id: Scalar<'a>,
    pub(super) node_id: Scalar<'a>,
    pub(super) body: Scalar<'a>,
    pub(super) user: Object<Account<'a>>,
    pub(super) author_association: Scalar<'a>,
    pub(super) created_at: Scalar<'a>,
    pub(super) updated_at: Scalar<'a>,
    /// Of a review.
    pub(super) submitted_at: Scalar<'a>,
    pub(super) html_url: Scalar<'a>,
    /// Of a review: `approved`, `changes_requested`, `commented`.
    pub(super) state: Scalar<'a>,
    /// The comment that a thread of a review began with.
    pub(super) in_reply_to_id: Scalar<'a>,
    pub(super) path: Scalar<'a>,
    pub(super) line: Scalar<'a>,
    pub(super) diff_hunk: Scalar<'a>,
}

/// A run of a workflow.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Run<'a> {
    pub(super) id: Scalar<'a>,
    pub(super) name: Scalar<'a>,
    pub(super) display_title: Scalar<'a>,
    pub(super) run_number: Scalar<'a>,
    pub(super) run_attempt: Scalar<'a>,
    pub(super) event: Scalar<'a>,
    pub(super) conclusion: Scalar<'a>,
    pub(super) head_branch: Scalar<'a>,
    pub(super) head_sha: Scalar<'a>,
    pub(super) head_commit: Object<Commit<'a>>,
    pub(super) updated_at: Scalar<'a>,
    pub(super) html_url: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Commit<'a> {
    pub(super) message: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Branch<'a> {
    #[serde(rename = "ref")]
    pub(super) name: Scalar<'a>,
    pub(super) sha: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Account<'a> {
    pub(super) login: Scalar<'a>,
    /// `User`, `Bot`, `Organization` …
    #[serde(rename = "type")]
    pub(super) kind: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Repository<'a> {
    pub(super) full_name: Scalar<'a>,
    pub(super) archived: Flag,
    pub(super) private: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Label<'a> {
    pub(super) name: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Team<'a> {
    pub(super) slug: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Milestone<'a> {
    pub(super) title: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Answer<'a> {
    pub(super) node_id: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Installation<'a> {
    pub(super) id: Scalar<'a>,
}

/// An object whose fields do not matter.
#[derive(Debug, Deserialize)]
pub(super) struct Presence {}
