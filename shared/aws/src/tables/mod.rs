//! Creates the resources on an endpoint, for tests and for local runs against an emulator.
//!
//! A deployment does not use this: template.yaml creates its resources, with backups, alarms and permissions that
//! nothing local needs. Both describe the same tables, indexes and queues.

mod bucket;
mod dynamo;
mod queues;

use aws_config::SdkConfig;

use crate::AwsConfig;
use crate::client;
use crate::failure::causes;

/// A resource could not be created.
#[derive(Debug, thiserror::Error)]
#[error("cannot create {resource}: {message}")]
pub struct TablesError {
    /// What it is and how it is called.
    pub resource: String,
    /// What the service said.
    pub message: String,
}

impl TablesError {
    fn new(resource: impl Into<String>, cause: &(dyn std::error::Error + 'static)) -> Self {
        Self { resource: resource.into(), message: causes(cause) }
    }
}

/// Creates the resources called `prefix`-… that do not exist yet, and returns the names of all. Existing resources
/// stay as they are, with their contents.
///
/// # Errors
/// [`TablesError`] when the endpoint cannot be reached or refuses.
pub async fn create(sdk: &SdkConfig, prefix: &str) -> Result<AwsConfig, TablesError> {
    let dynamo = client::dynamo(sdk);
    let sqs = client::sqs(sdk);
    let (tasks_table, state_table) = (format!("{prefix}-tasks"), format!("{prefix}-state"));
    let payload_bucket = format!("{prefix}-payloads");
    dynamo::create_tasks(&dynamo, &tasks_table).await?;
    dynamo::create_state(&dynamo, &state_table).await?;
    bucket::create(sdk, &payload_bucket).await?;
    let dead = queues::create_dead_letters(&sqs, &format!("{prefix}-dead")).await?;
    let lane = async |name: &str| queues::create_lane(&sqs, &format!("{prefix}-{name}"), &dead).await;
    Ok(AwsConfig {
        tasks_table,
        state_table,
        queue_url_express: lane("express").await?,
        queue_url_standard: lane("standard").await?,
        queue_url_bulk: lane("bulk").await?,
        dead_letter_url: Some(dead.url),
        payload_bucket,
    })
}
