//! The shape of Lambda's event for an SQS queue, and of the answer to it.

use domain::{Delivery, Lane, Receipt, Timestamp, between};
use serde::{Deserialize, Serialize};

/// Lambda's event for an SQS queue. Every field may be absent: one odd record must not make the whole
/// batch unreadable.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct SqsEvent {
    /// The records.
    #[serde(rename = "Records", default)]
    pub records: Vec<SqsRecord>,
}

/// One message of the batch.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SqsRecord {
    /// The queue's name for it.
    pub message_id: Option<String>,
    /// What deletes or delays it.
    pub receipt_handle: Option<String>,
    /// Its text.
    pub body: Option<String>,
    /// `ApproximateReceiveCount`, `SentTimestamp` and others.
    pub attributes: SqsAttributes,
    /// Which queue it came from.
    #[serde(rename = "eventSourceARN")]
    pub event_source_arn: Option<String>,
}

/// The attributes that we look at; numbers are strings.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SqsAttributes {
    /// How often it was received.
    pub approximate_receive_count: Option<String>,
    /// Milliseconds since the epoch.
    pub sent_timestamp: Option<String>,
}

/// Lambda's partial batch response: who is not named has been dealt with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsBatchResponse {
    /// The messages that come back.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// A message that comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Its `messageId`. An empty or unknown one would fail the whole batch.
    pub item_identifier: String,
}

impl SqsBatchResponse {
    /// Names one more message that comes back.
    pub fn give_back(&mut self, message_id: String) {
        self.batch_item_failures.push(BatchItemFailure { item_identifier: message_id });
    }
}

impl SqsRecord {
    /// The record as a delivery from `lane`; `None` when it lacks what names it, and so cannot even
    /// be given back.
    #[must_use]
    pub fn delivery(self, lane: Option<Lane>, now: Timestamp) -> Option<Delivery> {
        let sent = self.attributes.sent_timestamp.and_then(|millis| millis.parse().ok());
        let sent = sent.and_then(|millis| Timestamp::from_millisecond(millis).ok()).unwrap_or(now);
        let count = self.attributes.approximate_receive_count.and_then(|count| count.parse().ok());
        Some(Delivery {
            message_id: self.message_id.filter(|id| !id.is_empty())?,
            receipt: Receipt { lane, handle: self.receipt_handle? },
            body: self.body.unwrap_or_default(),
            receive_count: count.unwrap_or(1),
            age: between(sent, now),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_records_do_not_make_the_batch_unreadable() {
        let event: SqsEvent = serde_json::from_str(
            r#"{"Records":[{"messageId":"1","receiptHandle":"r","body":null,"attributes":{},"new":1},{}]}"#,
        )
        .unwrap();
        assert_eq!(event.records.len(), 2);
        let now = Timestamp::UNIX_EPOCH;
        let mut records = event.records.into_iter();
        assert_eq!(records.next().unwrap().delivery(None, now).unwrap().receive_count, 1);
        assert!(records.next().unwrap().delivery(None, now).is_none());
    }

    #[test]
    fn response_has_lambdas_field_names() {
        let failure = BatchItemFailure { item_identifier: "m1".to_owned() };
        let response = SqsBatchResponse { batch_item_failures: vec![failure] };
        assert_eq!(
            serde_json::to_string(&response).unwrap(),
            r#"{"batchItemFailures":[{"itemIdentifier":"m1"}]}"#
        );
    }
}
