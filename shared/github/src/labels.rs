//! Labels of an issue or pull request.
//!
//! Source: "REST API endpoints for labels" in GitHub's documentation. Adding is additive: labels that are
//! there stay, and one that the repository does not have yet is made.

use domain::ServiceError;
use outbound::{Call, Request};
use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::thread::Thread;

/// More than an issue can have (100), on one page.
const PER_PAGE: &str = "100";

#[derive(Debug, Deserialize)]
struct WireLabel {
    name: String,
}

#[derive(Debug, Serialize)]
struct NewLabels<'a> {
    labels: &'a [String],
}

/// The labels of a thread.
pub(crate) async fn list(api: &Api, call: Call, thread: Thread<'_>) -> Result<Vec<String>, ServiceError> {
    let request = Request::get(thread.labels(api.client.base()), &[("per_page", PER_PAGE)]);
    let (labels, _): (Vec<WireLabel>, _) = api.call(call, thread, &request).await?;
    Ok(labels.into_iter().map(|label| label.name).collect())
}

/// Adds labels to a thread.
pub(crate) async fn add(
    api: &Api,
    call: Call,
    thread: Thread<'_>,
    labels: &[String],
) -> Result<(), ServiceError> {
    let url = thread.labels(api.client.base());
    let request = api.post(call, url, &NewLabels { labels })?;
    let (_, _): (Vec<WireLabel>, _) = api.call(call, thread, &request).await?;
    Ok(())
}
