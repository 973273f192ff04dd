//! Labels of an issue or pull request.
//!
//! Source: "REST API endpoints for labels" in GitHub's documentation. Adding is additive: labels that are
//! there stay, and one that the repository does not have yet is made.

use domain::ServiceError;
use serde::{Deserialize, Serialize};

use crate::api::{Api, Call};
use crate::failure;
use crate::transport::Request;

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
pub(crate) async fn list(api: &Api, call: Call<'_>) -> Result<Vec<String>, ServiceError> {
    let mut url = call.thread.labels(&api.transport.base);
    url.query_pairs_mut().append_pair("per_page", PER_PAGE);
    let (labels, _): (Vec<WireLabel>, _) = api.call(call, &Request::get(url)).await?;
    Ok(labels.into_iter().map(|label| label.name).collect())
}

/// Adds labels to a thread.
pub(crate) async fn add(api: &Api, call: Call<'_>, labels: &[String]) -> Result<(), ServiceError> {
    let json = serde_json::to_vec(&NewLabels { labels })
        .map_err(|error| failure::refused(call.operation, format!("the labels are no JSON: {error}")))?;
    let request = Request::post(call.thread.labels(&api.transport.base), Some(json));
    let (_, _): (Vec<WireLabel>, _) = api.call(call, &request).await?;
    Ok(())
}
