//! Long-running operations: batches and uploads.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lenient::{count, count_as_string, or_default};
use super::open_enum::open_enum;

/// Something that takes a while.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Operation {
    /// Its name: `batches/…`.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// How far it has come, for batches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BatchMetadata>,
    /// Whether it has ended.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// Its result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
}

/// How far a batch has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BatchMetadata {
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<BatchState>,
    /// Which model.
    #[serde(deserialize_with = "or_default")]
    pub model: String,
    /// The name that we gave it.
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    /// When it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<jiff::Timestamp>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_time: Option<jiff::Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<jiff::Timestamp>,
    /// Its requests, counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_stats: Option<BatchStats>,
    /// The answers, or the file that holds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

open_enum! {
    /// Where a batch stands.
    pub enum BatchState {
        /// It has not begun.
        Pending = "BATCH_STATE_PENDING",
        /// It is under way.
        Running = "BATCH_STATE_RUNNING",
        /// It has ended well.
        Succeeded = "BATCH_STATE_SUCCEEDED",
        /// It has failed.
        Failed = "BATCH_STATE_FAILED",
        /// It was stopped.
        Cancelled = "BATCH_STATE_CANCELLED",
        /// It took too long.
        Expired = "BATCH_STATE_EXPIRED",
    }
}

/// Requests of a batch; 64-bit integers, thus strings on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BatchStats {
    /// All of them.
    #[serde(
        deserialize_with = "count",
        serialize_with = "count_as_string",
        skip_serializing_if = "Option::is_none"
    )]
    pub request_count: Option<u64>,
    /// Not yet answered.
    #[serde(
        deserialize_with = "count",
        serialize_with = "count_as_string",
        skip_serializing_if = "Option::is_none"
    )]
    pub pending_request_count: Option<u64>,
    /// Answered.
    #[serde(
        deserialize_with = "count",
        serialize_with = "count_as_string",
        skip_serializing_if = "Option::is_none"
    )]
    pub successful_request_count: Option<u64>,
    /// Failed.
    #[serde(
        deserialize_with = "count",
        serialize_with = "count_as_string",
        skip_serializing_if = "Option::is_none"
    )]
    pub failed_request_count: Option<u64>,
}

/// A page of operations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OperationList {
    /// The operations.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Operation>,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    #[test]
    fn counts_are_strings_on_the_wire() {
        let json = json!({"operations": [{"name": "batches/1", "metadata": {"model": "models/m", "displayName": "d",
            "state": "BATCH_STATE_PENDING", "batchStats": {"requestCount": "5", "pendingRequestCount": "5"}}}]});
        let list: OperationList = serde_json::from_value(json.clone()).unwrap();
        let metadata = list.operations[0].metadata.clone().unwrap();
        assert_eq!(metadata.state, Some(BatchState::Pending));
        assert_eq!(metadata.batch_stats.unwrap().request_count, Some(5));
        assert_eq!(serde_json::to_value(list).unwrap(), json);
    }
}
