//! [`AwsConfig`]: the names of the resources; [`Aws::connect`]: the ports on them.

use std::sync::Arc;

use aws_config::SdkConfig;
use domain::Stores;

use crate::client;
use crate::objects::Objects;
use crate::payload_store::DynamoPayloadStore;
use crate::queue::SqsQueue;
use crate::state_store::DynamoStateStore;
use crate::task_store::DynamoTaskStore;

/// The names of the AWS resources, as template.yaml hands them to the functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsConfig {
    /// `TASKS_TABLE`: tasks and their parts.
    pub tasks_table: String,
    /// `STATE_TABLE`: what is shared besides.
    pub state_table: String,
    /// `QUEUE_URL_EXPRESS`.
    pub queue_url_express: String,
    /// `QUEUE_URL_STANDARD`.
    pub queue_url_standard: String,
    /// `QUEUE_URL_BULK`.
    pub queue_url_bulk: String,
    /// URL of the dead-letter queue; only what reads dead letters needs it.
    pub dead_letter_url: Option<String>,
    /// `PAYLOAD_BUCKET`: parts above 100 KB compressed.
    pub payload_bucket: String,
}

/// The adapters of this crate.
#[derive(Debug, Clone, Copy)]
pub struct Aws;

impl Aws {
    /// The ports on the resources of `config`. Sends nothing: a wrong name or a missing permission
    /// shows at the first use, as an error that names the resource and its variable.
    ///
    /// One DynamoDB client serves all three stores, so they share its connections.
    #[must_use]
    pub fn connect(config: AwsConfig, sdk: &SdkConfig) -> Stores {
        let dynamo = client::dynamo(sdk);
        let objects = Objects::new(sdk, config.payload_bucket.clone());
        Stores {
            tasks: Arc::new(DynamoTaskStore::new(dynamo.clone(), config.tasks_table.clone())),
            payloads: Arc::new(DynamoPayloadStore::new(dynamo.clone(), config.tasks_table.clone(), objects)),
            state: Arc::new(DynamoStateStore::new(dynamo, config.state_table.clone())),
            queue: Arc::new(SqsQueue::new(client::sqs(sdk), config)),
        }
    }
}
