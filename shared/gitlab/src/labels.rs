//! Labels of issues and merge requests.

use domain::ServiceError;
use outbound::{Call, Request};
use serde_json::{Value, json};

use crate::api::Gitlab;
use crate::notes::{explained, noteable};
use crate::place::Place;

pub(crate) async fn list(api: &Gitlab, call: Call, place: Place<'_>) -> Result<Vec<String>, ServiceError> {
    Ok(noteable(api, call, place).await?.labels)
}

/// Adds `labels`; those that are there already stay.
pub(crate) async fn add(
    api: &Gitlab,
    call: Call,
    place: Place<'_>,
    labels: &[String],
) -> Result<(), ServiceError> {
    if let Some(label) = labels.iter().find(|label| label.contains(',')) {
        return Err(api.client.refused(call, format!("GitLab would take `{label}` for several labels")));
    }
    let url = place.url(api.client.base(), &[]);
    let request = Request::put(url, &json!({"add_labels": labels.join(",")}));
    let request = api.client.checked(call, request)?;
    match api.call::<Value>(call, &request).await {
        Ok(_) => Ok(()),
        Err(error) => Err(explained(api, call, place, error).await),
    }
}
