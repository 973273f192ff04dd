//! Whether an issue is still open, by the category of its status. An issue that is done still takes comments.
//!
//! Source: "Get issue" of Jira Cloud's REST API; the keys of the categories are `new`, `indeterminate`,
//! `done` and `undefined`.

use domain::{ServiceError, ThreadState};
use outbound::{Call, Request};
use serde::Deserialize;

use crate::api::Jira;
use crate::issue::Issue;

#[derive(Debug, Deserialize)]
struct WireIssue {
    fields: Fields,
}

#[derive(Debug, Deserialize)]
struct Fields {
    status: Status,
}

#[derive(Debug, Deserialize)]
struct Status {
    #[serde(rename = "statusCategory")]
    category: Category,
}

#[derive(Debug, Deserialize)]
struct Category {
    key: String,
}

/// The present state of an issue.
pub(crate) async fn of(api: &Jira, call: Call, issue: Issue<'_>) -> Result<ThreadState, ServiceError> {
    let url = api.client.base().join(&issue.path());
    let issue: WireIssue = api.call(call, &Request::get(url, &[("fields", "status")])).await?;
    let done = issue.fields.status.category.key == "done";
    Ok(if done { ThreadState::Closed } else { ThreadState::Open })
}
