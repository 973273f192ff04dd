//! [`Github`]: issues with their comments and labels.

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::auth::Tokens;
use super::hooks::Hook;
use super::words::{not_found, of_status};
use crate::kit::Reply;

/// Ids of comments begin behind this.
const FIRST_ID: u64 = 3_100_000_000;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredComment {
    /// Its id, rising with time.
    pub id: u64,
    /// Who wrote it.
    pub login: String,
    /// What it says.
    pub body: String,
    /// When, to the second.
    pub created_at: Timestamp,
    /// The comment that it hangs on, in a review or a discussion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<u64>,
    /// Who has reacted with what, such as `+1`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub reactions: BTreeSet<(String, String)>,
}

/// What an issue lets others do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IssueState {
    /// Everything.
    #[default]
    Open,
    /// It is closed, and takes comments all the same.
    Closed,
    /// It takes no comments: 403.
    Locked,
    /// It was deleted: 410.
    Gone,
    /// It never was, or is hidden from us: 404.
    Missing,
}

/// One change, as the journal holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A comment was added.
    Comment {
        #[serde(flatten)]
        at: Place,
        #[serde(flatten)]
        comment: StoredComment,
    },
    /// An issue has these labels now.
    Labels {
        #[serde(flatten)]
        at: Place,
        labels: Vec<String>,
    },
    /// Somebody has reacted to the comment with this id.
    Reaction { comment: u64, login: String, content: String },
}

/// Where an issue is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub(super) owner: String,
    pub(super) repo: String,
    pub(super) number: u64,
    /// What it is.
    #[serde(default, skip_serializing_if = "Kind::is_issue")]
    pub(super) kind: Kind,
}

/// What has comments under one number: an issue, the review of a pull request, a discussion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An issue or pull request.
    #[default]
    Issue,
    /// The review of a pull request: all its threads.
    Review,
    /// A discussion.
    Discussion,
}

impl Kind {
    fn is_issue(&self) -> bool {
        *self == Self::Issue
    }
}

impl Place {
    pub(super) fn new(owner: &str, repo: &str, number: u64) -> Self {
        Self { owner: owner.to_owned(), repo: repo.to_owned(), number, kind: Kind::Issue }
    }

    /// The issue that a path names.
    pub(super) fn parse(owner: &str, repo: &str, number: &str) -> Result<Self, Reply> {
        check_names(owner, repo)?;
        let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(not_found)?;
        Ok(Self::new(owner, repo, number))
    }

    /// The same number as something else.
    pub(super) fn of_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// GitHub does not tell cases apart.
    fn key(&self) -> Key {
        (self.owner.to_lowercase(), self.repo.to_lowercase(), self.number, self.kind)
    }
}

/// Owner and repository in lower case, the number, and what it is.
type Key = (String, String, u64, Kind);

/// An issue.
#[derive(Debug, Clone, Default)]
pub(super) struct Thread {
    /// Oldest first.
    pub(super) comments: Vec<StoredComment>,
    /// In the order in which they were added.
    pub(super) labels: Vec<String>,
    pub(super) state: IssueState,
}

/// Everything that one stand-in keeps.
#[derive(Debug, Clone, Default)]
pub struct Github {
    pub(super) tokens: Tokens,
    /// All issues that anything happened to, each where it was first written.
    threads: BTreeMap<Key, (Place, Thread)>,
    pub(super) last_id: u64,
    pub(super) hook: Hook,
    /// Manifests of Apps, by the code that each is exchanged for.
    pub(super) manifests: BTreeMap<String, Value>,
    pub(super) last_manifest: Value,
}

/// A try to deliver a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its event's id.
    pub guid: String,
    /// Its kind.
    pub event: String,
    /// Its action.
    pub action: String,
    /// What was answered.
    pub status: u16,
    /// Whether somebody asked for it.
    pub redelivery: bool,
    pub(super) at: Timestamp,
    /// What is posted: the same bytes each time.
    pub(super) body: Arc<str>,
}

impl Delivery {
    /// Whether we have answered that we have it.
    pub(super) fn arrived(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Github {
    /// An issue that something happened to.
    pub(super) fn thread(&self, at: &Place) -> Option<&Thread> {
        self.threads.get(&at.key()).map(|(_, thread)| thread)
    }

    /// All issues that something happened to.
    pub(super) fn threads(&self) -> impl Iterator<Item = &(Place, Thread)> {
        self.threads.values()
    }

    /// All comments, and where each is.
    pub(super) fn comments(&self) -> impl Iterator<Item = (&Place, &StoredComment)> {
        self.threads().flat_map(|(at, thread)| thread.comments.iter().map(move |comment| (at, comment)))
    }

    /// An issue that can be seen.
    pub(super) fn visible(&self, at: &Place) -> Result<Thread, Reply> {
        let thread = self.thread(at).cloned().unwrap_or_default();
        match thread.state {
            IssueState::Missing => Err(not_found()),
            IssueState::Gone => Err(of_status(410)),
            IssueState::Open | IssueState::Closed | IssueState::Locked => Ok(thread),
        }
    }

    /// A comment that somebody makes now.
    pub(super) fn comment(&self, login: &str, body: &str, now: Timestamp) -> StoredComment {
        StoredComment {
            id: self.last_id.max(FIRST_ID) + 1,
            login: login.to_owned(),
            body: body.to_owned(),
            created_at: Timestamp::from_second(now.as_second()).unwrap_or(now),
            in_reply_to: None,
            reactions: BTreeSet::new(),
        }
    }

    /// The comment with this id in a repository, and where it is.
    pub(super) fn find(&self, owner: &str, repo: &str, id: &str) -> Result<(&Place, &StoredComment), Reply> {
        let is_it = |(at, comment): &(&Place, &StoredComment)| {
            at.owner == owner && at.repo == repo && comment.id.to_string() == id
        };
        self.comments().find(is_it).ok_or_else(not_found)
    }

    pub(super) fn react(&mut self, id: u64, login: String, content: String) {
        let mut all = self.threads.values_mut().flat_map(|(_, thread)| &mut thread.comments);
        if let Some(comment) = all.find(|comment| comment.id == id) {
            comment.reactions.insert((login, content));
        }
    }

    /// An issue that something happens to.
    pub(super) fn entry(&mut self, at: &Place) -> &mut Thread {
        &mut self.threads.entry(at.key()).or_insert_with(|| (at.clone(), Thread::default())).1
    }
}

/// Refuses names that no account or repository can have.
pub(super) fn check_names(owner: &str, repo: &str) -> Result<(), Reply> {
    let is_legal = |name: &str| {
        !name.is_empty()
            && name.len() <= 100
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let is_known = is_legal(owner) && is_legal(repo) && repo != ".." && repo != ".";
    if is_known { Ok(()) } else { Err(not_found()) }
}
