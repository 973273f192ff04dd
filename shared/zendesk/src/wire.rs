//! Tickets, comments and audits as the API has them.

use std::collections::HashMap;

use domain::{Audience, Mark, ThreadState, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Our metadata, as it is put on an update and read from its audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ours {
    /// The task.
    pub(crate) afterhook_task_id: String,
    /// The effect's name in the ledger.
    pub(crate) afterhook_effect: String,
}

impl Ours {
    pub(crate) fn of(mark: &Mark) -> Self {
        Self { afterhook_task_id: mark.task_id.to_string(), afterhook_effect: mark.effect.clone() }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct UpdateRequest<'a> {
    pub(crate) ticket: Update<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Update<'a> {
    pub(crate) comment: NewComment<'a>,
    pub(crate) metadata: Ours,
    pub(crate) safe_update: bool,
    /// `updated_at` of the ticket that was read.
    pub(crate) updated_stamp: &'a str,
}

#[derive(Debug, Serialize)]
pub(crate) struct NewComment<'a> {
    pub(crate) html_body: &'a str,
    pub(crate) public: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TicketAnswer {
    pub(crate) ticket: TicketState,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TicketState {
    #[serde(default)]
    status: String,
    /// As it is written, to be sent back letter by letter.
    pub(crate) updated_at: String,
}

impl TicketState {
    /// A solved ticket opens again with the next comment; a closed one takes nothing more.
    pub(crate) fn thread(&self) -> ThreadState {
        if self.status.eq_ignore_ascii_case("closed") { ThreadState::Locked } else { ThreadState::Open }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct UpdateAnswer {
    pub(crate) audit: Audit,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Audit {
    pub(crate) id: u64,
    pub(crate) author_id: i64,
    pub(crate) created_at: Timestamp,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    events: Vec<AuditEvent>,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    custom: Value,
}

#[derive(Debug, Deserialize)]
struct AuditEvent {
    id: u64,
    #[serde(rename = "type", default)]
    kind: String,
    public: Option<bool>,
}

impl Audit {
    /// Whether it is that of the update with `mark`.
    pub(crate) fn carries(&self, mark: &Mark) -> bool {
        Ours::deserialize(&self.metadata.custom).is_ok_and(|ours| ours == Ours::of(mark))
    }

    /// The comment of the update, and whether customers see it.
    pub(crate) fn comment(&self) -> Option<(u64, bool)> {
        let comment = self.events.iter().find(|event| event.kind == "Comment")?;
        Some((comment.id, comment.public.unwrap_or(true)))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct AuditsPage {
    pub(crate) audits: Vec<Audit>,
    #[serde(default)]
    pub(crate) meta: Meta,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CommentsPage {
    pub(crate) comments: Vec<WireComment>,
    #[serde(default)]
    users: Vec<WireUser>,
    #[serde(default)]
    pub(crate) meta: Meta,
}

/// Where the next page begins.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Meta {
    #[serde(default)]
    pub(crate) has_more: bool,
    pub(crate) after_cursor: Option<String>,
}

impl Meta {
    /// The next page's cursor; `None` at the end.
    pub(crate) fn next(self) -> Option<String> {
        self.after_cursor.filter(|cursor| self.has_more && !cursor.is_empty())
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireComment {
    pub(crate) id: u64,
    pub(crate) author_id: i64,
    plain_body: Option<String>,
    body: Option<String>,
    #[serde(default)]
    public: bool,
    pub(crate) created_at: Timestamp,
}

impl WireComment {
    /// Who can see it.
    pub(crate) fn audience(&self) -> Audience {
        if self.public { Audience::Public } else { Audience::Internal }
    }

    /// What it says, without markup if Zendesk gives that.
    pub(crate) fn text(&mut self) -> String {
        self.plain_body.take().or_else(|| self.body.take()).unwrap_or_default()
    }
}

#[derive(Debug, Deserialize)]
struct WireUser {
    id: i64,
    name: Option<String>,
}

impl CommentsPage {
    /// Names by user.
    pub(crate) fn names(&self) -> HashMap<i64, String> {
        self.users.iter().filter_map(|user| Some((user.id, user.name.clone()?))).collect()
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct MeAnswer {
    pub(crate) user: Me,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Me {
    /// `None` when nobody is logged in: Zendesk answers 200 then, too.
    pub(crate) id: Option<i64>,
    pub(crate) name: Option<String>,
    /// `end-user`, `agent` or `admin`.
    #[serde(default)]
    role: String,
    /// The tickets that an agent sees: `organization`, `groups`, `assigned` or `requested`; `None` for all.
    ticket_restriction: Option<String>,
}

impl Me {
    /// Whether our account may answer, in words. An agent may be meant to see some tickets alone.
    pub(crate) fn rights(&self) -> Option<Result<String, String>> {
        let limit = self.ticket_restriction.as_deref();
        let sees = limit.map_or("all tickets".to_owned(), |limit| format!("some tickets alone (`{limit}`)"));
        match self.role.as_str() {
            "" => None,
            "end-user" => Some(Err("the account is an end user, who may not answer others".to_owned())),
            role => Some(Ok(format!("the account's role is {role}, and it sees {sees}"))),
        }
    }

    /// Whether our account sees every ticket.
    pub(crate) fn sees_all(&self) -> bool {
        matches!(self.role.as_str(), "agent" | "admin") && self.ticket_restriction.is_none()
    }
}
