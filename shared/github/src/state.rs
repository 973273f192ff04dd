//! Whether an issue or pull request can still be answered.
//!
//! Source: "Get an issue" and "Locking conversations" in GitHub's documentation. A conversation that is
//! locked takes comments of those who may write to the repository alone, which is not what it was locked
//! for; a closed issue takes comments of everybody. An archived repository takes none at all.

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

#[derive(Debug, Deserialize)]
struct WireRepository {
    #[serde(default)]
    archived: bool,
}

/// The present state of a thread. Whether its repository is archived only the repository says.
pub(crate) async fn of(api: &Api, call: Call, thread: Thread<'_>) -> Result<ThreadState, ServiceError> {
    let base = api.client.base();
    let (issue, repository) =
        (Request::get(thread.issue(base), &[]), Request::get(thread.repository(base, &[]), &[]));
    let (issue, repository) =
        tokio::join!(api.call(call, thread, &issue), api.call(call, thread, &repository));
    let (issue, _): (WireIssue, _) = issue?;
    // What the issue says is enough where the repository says nothing.
    let archived = repository.is_ok_and(|(repository, _): (WireRepository, _)| repository.archived);
    Ok(match (issue.locked || archived, issue.state.as_str()) {
        (true, _) => ThreadState::Locked,
        (false, "closed") => ThreadState::Closed,
        (false, _) => ThreadState::Open,
    })
}
