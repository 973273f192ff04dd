//! Whether an issue or pull request can still be answered.
//!
//! Source: "Get an issue" and "Locking conversations" in GitHub's documentation. A conversation that is
//! locked takes comments of those who may write to the repository alone, which is not what it was locked
//! for; a closed issue takes comments of everybody.

use domain::{ServiceError, ThreadState};
use outbound::{Call, Request};
use serde::Deserialize;

use crate::api::Api;
use crate::thread::Thread;

#[derive(Debug, Deserialize)]
struct WireIssue {
    #[serde(default)]
    state: String,
    #[serde(default)]
    locked: bool,
}

/// The present state of a thread.
pub(crate) async fn of(api: &Api, call: Call, thread: Thread<'_>) -> Result<ThreadState, ServiceError> {
    let request = Request::get(thread.issue(api.client.base()), &[]);
    let (issue, _): (WireIssue, _) = api.call(call, thread, &request).await?;
    Ok(match (issue.locked, issue.state.as_str()) {
        (true, _) => ThreadState::Locked,
        (false, "closed") => ThreadState::Closed,
        (false, _) => ThreadState::Open,
    })
}
