//! The SQS batch: the shape of Lambda's event and answer, and the handling of each record on its own.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::{Delivery, Lane, Receipt, Timestamp, between};
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use tracing::{error, warn};

use crate::Processor;
use crate::queue::ack::Disposition;
use crate::triage::batcher::{Batcher, Member};

/// Kept free at the end of an invocation for telling Lambda what became of the batch.
const ANSWER_MARGIN: Duration = Duration::from_millis(1_500);

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

impl Processor {
    /// Works on a batch of Lambda's. `lane_of` tells the lane by the queue's ARN.
    pub async fn handle_batch(
        self: &Arc<Self>,
        event: SqsEvent,
        lane_of: impl Fn(&str) -> Option<Lane>,
        deadline: Timestamp,
    ) -> SqsBatchResponse {
        let now = self.clock.now();
        let deliveries: Vec<Delivery> = event
            .records
            .into_iter()
            .filter_map(|record| {
                let lane = record.event_source_arn.as_deref().and_then(&lane_of);
                let delivery = record.delivery(lane, now);
                if delivery.is_none() {
                    error!("a record has no messageId or receiptHandle and cannot be given back");
                }
                delivery
            })
            .collect();
        let mut response = SqsBatchResponse::default();
        for (delivery, fate) in self.handle_together(deliveries, deadline).await {
            if fate == Fate::ComesBack {
                response.give_back(delivery.message_id);
            }
        }
        response
    }

    /// Works on deliveries side by side, each as [`Processor::handle`] does. Those that may, put their
    /// questions to the triage model together.
    pub async fn handle_together(
        self: &Arc<Self>,
        deliveries: Vec<Delivery>,
        deadline: Timestamp,
    ) -> Vec<(Delivery, Fate)> {
        let members = Batcher::members(deliveries.len());
        stream::iter(deliveries.into_iter().zip(members))
            .map(|(delivery, member)| {
                let processor = Arc::clone(self);
                async move {
                    let fate = processor.handle_with(&delivery, deadline, member).await;
                    (delivery, fate)
                }
            })
            .buffer_unordered(self.config.concurrency.max(1))
            .collect()
            .await
    }

    /// Works on one delivery and delays its message as it should be. Neither a panic nor a task that
    /// overruns the invocation gets past here: both leave the task leased and the message coming back.
    pub async fn handle(self: &Arc<Self>, delivery: &Delivery, deadline: Timestamp) -> Fate {
        self.handle_with(delivery, deadline, Member::alone()).await
    }

    async fn handle_with(self: &Arc<Self>, delivery: &Delivery, deadline: Timestamp, member: Member) -> Fate {
        let left = between(self.clock.now(), deadline).saturating_sub(ANSWER_MARGIN);
        let work = AssertUnwindSafe(self.process(delivery, deadline, member).boxed()).catch_unwind();
        let disposition = match tokio::time::timeout(left, work).await {
            Ok(Ok(disposition)) => disposition,
            Ok(Err(_)) => {
                error!(message_id = delivery.message_id, "the processor panicked; the message comes back");
                Disposition::Again(None)
            }
            Err(_) => {
                warn!(message_id = delivery.message_id, "the invocation ended first; the message comes back");
                Disposition::Again(None)
            }
        };
        match disposition {
            Disposition::Done => Fate::Gone,
            Disposition::Again(delay) => {
                if let Some(delay) = delay {
                    self.delay(delivery, delay).await;
                }
                Fate::ComesBack
            }
        }
    }

    async fn delay(&self, delivery: &Delivery, delay: Duration) {
        if let Err(problem) = self.stores.queue.set_visibility(&delivery.receipt, delay).await {
            warn!(message_id = delivery.message_id, %problem, "the message comes back later than it should");
        }
    }
}

/// What the caller tells the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Delete the message.
    Gone,
    /// Leave it: it becomes visible again by itself.
    ComesBack,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
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
