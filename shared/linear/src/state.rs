//! Whether an issue is still open. One that is completed or cancelled still takes comments; one in the archive
//! or the trash is out of everybody's sight.

use domain::{ServiceError, ThreadState};
use outbound::Call;
use serde::Deserialize;
use serde_json::json;

use crate::api::Linear;
use crate::issue::Issue;

const QUERY: &str = "query($id: String!) { issue(id: $id) { archivedAt trashed state { type } } }";

#[derive(Debug, Deserialize)]
struct Read {
    issue: WireIssue,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireIssue {
    archived_at: Option<String>,
    trashed: Option<bool>,
    state: Status,
}

#[derive(Debug, Deserialize)]
struct Status {
    /// `triage`, `backlog`, `unstarted`, `started`, `completed`, `canceled` or `duplicate`.
    #[serde(rename = "type")]
    kind: String,
}

/// The present state of an issue.
pub(crate) async fn of(api: &Linear, call: Call, issue: Issue<'_>) -> Result<ThreadState, ServiceError> {
    let read: Read = api.ask(call, QUERY, json!({"id": issue.id})).await?;
    let WireIssue { archived_at, trashed, state } = read.issue;
    Ok(match state.kind.as_str() {
        _ if trashed == Some(true) || archived_at.is_some() => ThreadState::Locked,
        "completed" | "canceled" | "duplicate" => ThreadState::Closed,
        _ => ThreadState::Open,
    })
}
