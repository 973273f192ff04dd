//! The ports of `domain` on AWS: tasks, payloads and shared state in DynamoDB, payloads above
//! 100 KB in S3, the lanes in SQS, secrets in Secrets Manager.
//!
//! Nothing here sends a request before it is used, and nothing keeps state that a crash would lose:
//! every method is one conditional write or one read, so a future may be dropped at any await point.
//!
//! [`tables`] alone creates resources, for tests and local runs. A deployment gets its resources from the template.

mod client;
mod conditional;
mod config;
mod failure;
mod headers;
mod item;
mod objects;
mod payload_store;
mod queue;
mod secrets;
mod state_store;
mod task_index;
mod task_item;
mod task_store;

pub mod tables;

pub use client::{config_loader, sdk_config};
pub use config::{Aws, AwsConfig};
pub use secrets::{SecretCopy, SecretMap, Secrets, SecretsError};
