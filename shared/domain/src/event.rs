//! [`Event`]: what a sender told us, in the terms of every sender; and [`Target`]: where the answer
//! goes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Happening, Priority, Timestamp};

/// A verified and parsed webhook.
///
/// It is never stored: the raw body is, and the processor parses it again. So a task that failed
/// because of a mistake in a parser can be retried once the parser is mended.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Event {
    /// Kind and action, such as `issues.opened`.
    pub name: String,
    /// Whose quota, budget and share of the queue it uses (`octo/repo`); 1 to 256 bytes.
    pub tenant: String,
    /// The conversation it belongs to (`octo/repo#7`); 1 to 256 bytes.
    pub thread: String,
    /// Who caused it (`mona`).
    pub actor: String,
    /// The actor's account, where the sender has an id for it besides the name. Anybody may take a
    /// name; the loop guard goes by this.
    pub actor_id: Option<String>,
    /// Whether the actor is a machine, by the sender's own word.
    pub actor_is_bot: bool,
    /// Heading, if the sender has such a thing. Untrusted.
    pub title: Option<String>,
    /// What was written. Untrusted.
    pub text: String,
    /// For a comment: what the thread was opened with, so that it can be understood. Untrusted.
    pub opening: Option<String>,
    /// Labels of the thread at the time of the event. Untrusted.
    pub labels: Vec<String>,
    /// The comment that triggered it, if it was one: it counts among the history.
    pub comment_id: Option<String>,
    /// Whether the sender itself says that the agent is spoken to: a mention that it has resolved, a
    /// direct message.
    pub addressed: bool,
    /// The accounts that its author speaks to, by marks of the sender; `None` where the words alone say so.
    #[serde(skip)]
    pub mentioned: Option<Vec<String>>,
    /// Whether it is itself an answer of the staff to whoever asked: it is not answered unless it speaks to the agent.
    #[serde(skip)]
    pub by_staff: bool,
    /// Who can see what caused it: an answer must not be seen by more people.
    pub audience: Audience,
    /// Whether the place that it is about is closed: a private repository, and so the files that its texts show; a
    /// conversation of Slack that is not known to be open to all its members.
    #[serde(skip)]
    pub is_closed_place: bool,
    /// Which happening it reports, by signed facts: kind, action, object and its time. Two deliveries of one happening,
    /// by two subscriptions, have other bytes. `None` where the sender's own id or the body tells as much.
    #[serde(skip)]
    pub happening: Option<Happening>,
    /// Whether the service leaves the comment out of the comments that it lists for the thread, so that no
    /// later task of the thread shows it.
    #[serde(skip)]
    pub unlisted: bool,
    /// Where a person can look at it, by the sender's word. Untrusted.
    pub link: Option<String>,
    /// Files that came with it, as far as the sender lists them. What its text shows is not among them.
    /// Untrusted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Whether people can still be answered in its thread, as of the event.
    pub thread_state: ThreadState,
    /// How urgent the sender says it is. A rule of agent.toml is heard first.
    pub priority: Option<Priority>,
    /// Its date by the sender, if it carries one inside the signed bytes.
    pub occurred_at: Option<Timestamp>,
    /// Where an answer would go.
    pub target: Option<Target>,
    /// What automations may want to know besides; small.
    pub metadata: Map<String, Value>,
}

impl Event {
    /// An event with these facts and no others.
    ///
    /// ```
    /// use domain::Event;
    ///
    /// let text = "It fails.".to_owned();
    /// let event = Event { text, ..Event::new("issues.opened", "octo/repo", "octo/repo#7", "mona") };
    /// # assert_eq!(event.tenant, "octo/repo");
    /// ```
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        tenant: impl Into<String>,
        thread: impl Into<String>,
        actor: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            tenant: tenant.into(),
            thread: thread.into(),
            actor: actor.into(),
            ..Self::default()
        }
    }
}

/// A file that came with an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// What it is called.
    pub name: String,
    /// Its media type, such as `image/png`, by the sender's word.
    pub mime_type: Option<String>,
    /// Where it can be fetched, if it can.
    pub url: Option<String>,
    /// Whether it was posted in this very place, and opens to our credentials alone.
    #[serde(skip)]
    pub needs_login: bool,
    /// Its size in bytes, by the sender's word.
    pub bytes: Option<u64>,
}

/// Who can see a thread, or a comment of it: the widest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everybody whom the thread is for: on GitHub the readers of the repository, in a ticket its customer.
    #[default]
    Public,
    /// The staff alone: an internal note, a confidential issue.
    Internal,
    /// A part of the staff: a role or a group. No answer is that narrow.
    Restricted,
}

impl Audience {
    /// Whether it has people in it who are not in `other`.
    #[must_use]
    pub fn is_wider_than(self, other: Self) -> bool {
        self < other
    }
}

/// Whether a thread goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadState {
    /// It does.
    #[default]
    Open,
    /// It is settled and still takes comments.
    Closed,
    /// It takes no more comments.
    Locked,
}

/// A place that results are published to.
///
/// Always rebuilt from parsed parts, never taken as a URL from a payload or a model's answer: an attacker who
/// controls the URL would receive our credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "service", rename_all = "snake_case")]
pub enum Target {
    /// The comments of a GitHub issue or pull request.
    GithubIssue {
        /// Account that owns the repository.
        owner: String,
        /// Repository without its owner.
        repo: String,
        /// Number of the issue or pull request.
        number: u64,
    },
    /// One thread of the review of a GitHub pull request.
    GithubReview {
        /// Account that owns the repository.
        owner: String,
        /// Repository without its owner.
        repo: String,
        /// Number of the pull request.
        number: u64,
        /// Id of the comment that the thread began with.
        comment: u64,
    },
    /// The comments of a GitHub discussion.
    GithubDiscussion {
        /// Account that owns the repository.
        owner: String,
        /// Repository without its owner.
        repo: String,
        /// Number of the discussion.
        number: u64,
        /// The discussion's node id (`D_…`), by which GraphQL knows it.
        id: String,
        /// Node id of the comment to answer below, or of an answer to that; `None` answers the discussion itself.
        reply_to: Option<String>,
    },
    /// A thread of a Slack channel, or of a direct message.
    SlackThread {
        /// The workspace (`T…`).
        team: String,
        /// The channel or conversation (`C…`, `G…`, `D…`).
        channel: String,
        /// Time stamp of the message that the thread hangs on: its id within the channel.
        thread_ts: String,
    },
    /// The comments of a Zendesk ticket.
    ZendeskTicket {
        /// The account: `acme` of `acme.zendesk.com`. From agent.toml, never from a payload.
        subdomain: String,
        /// Number of the ticket.
        id: u64,
    },
    /// The comments of a Jira issue.
    JiraIssue {
        /// The site, such as `acme.atlassian.net`. From agent.toml, never from a payload.
        host: String,
        /// Key of the issue (`OPS-7`).
        key: String,
    },
    /// The comments of a Linear issue.
    LinearIssue {
        /// The issue's id, a UUID.
        id: String,
        /// Id of the comment whose thread to answer in, the first one there; `None` answers beside all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<String>,
    },
    /// The notes of a GitLab issue.
    GitlabIssue {
        /// Number of the project.
        project: u64,
        /// Its groups and its name, for links alone; empty where they are no plain names.
        path: Vec<String>,
        /// Number of the issue in its project.
        number: u64,
        /// Whether an internal note is to be answered. The answer is an internal note then, too: anything else more
        /// people would see.
        internal: bool,
        /// Id of the discussion to answer in; `None` answers beside all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        discussion: Option<String>,
    },
    /// The notes of a GitLab merge request.
    GitlabMergeRequest {
        /// Number of the project.
        project: u64,
        /// Its groups and its name, for links alone; empty where they are no plain names.
        path: Vec<String>,
        /// Number of the merge request in its project.
        number: u64,
        /// Id of the discussion to answer in; `None` answers beside all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        discussion: Option<String>,
    },
    /// The notes of a PagerDuty incident.
    PagerdutyIncident {
        /// The incident's id (`PGR0VU2`).
        id: String,
    },
    /// The comments of a Sentry issue.
    SentryIssue {
        /// The organisation's short name. From agent.toml, never from a payload.
        organization: String,
        /// Number of the issue.
        id: u64,
    },
}

impl Target {
    /// The service it belongs to, in lower case.
    #[must_use]
    pub fn service(&self) -> &'static str {
        match self {
            Self::GithubIssue { .. } | Self::GithubReview { .. } | Self::GithubDiscussion { .. } => "github",
            Self::SlackThread { .. } => "slack",
            Self::ZendeskTicket { .. } => "zendesk",
            Self::JiraIssue { .. } => "jira",
            Self::LinearIssue { .. } => "linear",
            Self::GitlabIssue { .. } | Self::GitlabMergeRequest { .. } => "gitlab",
            Self::PagerdutyIncident { .. } => "pagerduty",
            Self::SentryIssue { .. } => "sentry",
        }
    }

    /// Whether an answer in it is read by the author of the thread, who may be a customer, even where the thread is hidden
    /// from the public.
    #[must_use]
    pub fn author_reads(&self) -> bool {
        matches!(self, Self::GitlabIssue { internal: false, .. })
    }

    /// Whether it takes labels, if its service has any.
    #[must_use]
    pub fn takes_labels(&self) -> bool {
        !matches!(self, Self::GithubDiscussion { .. })
    }
}
