//! [`Queue`] on SQS standard queues. The message group makes them fair: a tenant with a thousand
//! messages does not keep the others waiting.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    Message, MessageAttributeValue, MessageSystemAttributeName, MessageSystemAttributeNameForSends,
    MessageSystemAttributeValue, QueueAttributeName,
};
use domain::{Clock, Delivery, Depth, Envelope, Lane, Queue, QueueError, Receipt, Timestamp, Visibility};

use crate::client::waiting_timeouts;
use crate::config::AwsConfig;
use crate::failure::Resource;

/// The longest invisibility that SQS takes: 12 h.
const MAX_VISIBILITY: i32 = 43_200;
/// The longest wait of a receive.
const MAX_WAIT: i32 = 20;
/// Messages of one receive.
const MAX_BATCH: usize = 10;

/// Where the Lambda runtime puts the X-Ray header of the invocation that it works on.
const XRAY_HEADER: &str = "_X_AMZN_TRACE_ID";

type SystemAttributes = HashMap<MessageSystemAttributeNameForSends, MessageSystemAttributeValue>;

/// The three lanes and the dead letters.
pub(crate) struct SqsQueue {
    sqs: Client,
    express: Resource,
    standard: Resource,
    bulk: Resource,
    dead_letters: Option<Resource>,
    /// The age of a message is counted from the time at which SQS got it.
    clock: Clock,
}

impl SqsQueue {
    pub(crate) fn new(sqs: Client, config: AwsConfig) -> Self {
        let queue = |url, variable| Resource::new("SQS queue", url, variable);
        Self {
            sqs,
            express: queue(config.queue_url_express, "QUEUE_URL_EXPRESS"),
            standard: queue(config.queue_url_standard, "QUEUE_URL_STANDARD"),
            bulk: queue(config.queue_url_bulk, "QUEUE_URL_BULK"),
            dead_letters: config.dead_letter_url.map(|url| queue(url, "the URL of the dead-letter queue")),
            clock: Clock::system(),
        }
    }

    fn lane(&self, lane: Lane) -> &Resource {
        match lane {
            Lane::Express => &self.express,
            Lane::Standard => &self.standard,
            Lane::Bulk => &self.bulk,
        }
    }

    fn queue(&self, operation: &'static str, lane: Option<Lane>) -> Result<&Resource, QueueError> {
        match lane {
            Some(lane) => Ok(self.lane(lane)),
            None => self.dead_letters.as_ref().ok_or_else(|| {
                QueueError::new(operation, "the URL of the dead-letter queue is not configured")
            }),
        }
    }
}

#[async_trait]
impl Queue for SqsQueue {
    #[expect(
        clippy::disallowed_methods,
        reason = "no setting: the runtime puts it there for each invocation"
    )]
    async fn send(&self, envelope: &Envelope) -> Result<(), QueueError> {
        let queue = self.lane(envelope.lane);
        let sent = self
            .sqs
            .send_message()
            .queue_url(queue.name())
            .message_body(envelope.body())
            .message_group_id(envelope.group())
            .message_attributes("traceparent", traceparent(envelope)?)
            .set_message_system_attributes(xray_link(std::env::var(XRAY_HEADER).ok())?)
            .send()
            .await;
        sent.map(|_| ()).map_err(|error| queue.queue_error("send", &error))
    }

    async fn receive(
        &self,
        queue: Visibility,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        let (lane, timeout) = (queue.lane, queue.timeout);
        let queue = self.queue("receive", lane)?;
        let wait = whole_seconds(wait, MAX_WAIT);
        let request = self
            .sqs
            .receive_message()
            .queue_url(queue.name())
            .max_number_of_messages(i32::try_from(max.clamp(1, MAX_BATCH)).unwrap_or(1))
            .wait_time_seconds(wait)
            .visibility_timeout(whole_seconds(timeout, MAX_VISIBILITY))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let answer = if wait == 0 {
            request.send().await
        } else {
            let timeouts = waiting_timeouts(Duration::from_secs(u64::from(wait.unsigned_abs())));
            let patient = aws_sdk_sqs::config::Config::builder().timeout_config(timeouts);
            request.customize().config_override(patient).send().await
        };
        let messages =
            answer.map_err(|error| queue.queue_error("receive", &error))?.messages.unwrap_or_default();
        let now = self.clock.now();
        messages.into_iter().map(|message| delivery(message, lane, now)).collect()
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), QueueError> {
        let queue = self.queue("delete", receipt.lane)?;
        let sent =
            self.sqs.delete_message().queue_url(queue.name()).receipt_handle(&receipt.handle).send().await;
        match sent {
            Err(error) if !is_outdated(&error) => Err(queue.queue_error("delete", &error)),
            _ => Ok(()),
        }
    }

    async fn set_visibility(&self, receipt: &Receipt, after: Duration) -> Result<(), QueueError> {
        let queue = self.queue("set the visibility", receipt.lane)?;
        let sent = self
            .sqs
            .change_message_visibility()
            .queue_url(queue.name())
            .receipt_handle(&receipt.handle)
            .visibility_timeout(whole_seconds(after, MAX_VISIBILITY))
            .send()
            .await;
        match sent {
            Err(error) if !is_outdated(&error) => Err(queue.queue_error("set the visibility", &error)),
            _ => Ok(()),
        }
    }

    async fn depth(&self, lane: Option<Lane>) -> Result<Depth, QueueError> {
        let queue = self.queue("depth", lane)?;
        let answer = self
            .sqs
            .get_queue_attributes()
            .queue_url(queue.name())
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
            .send()
            .await
            .map_err(|error| queue.queue_error("depth", &error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let count = |name| {
            let count = attributes.get(&name).and_then(|count| count.parse().ok());
            count.ok_or_else(|| QueueError::new("depth", format!("{queue}: no {name} in the answer")))
        };
        Ok(Depth {
            ready: count(QueueAttributeName::ApproximateNumberOfMessages)?,
            in_flight: count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)?,
        })
    }
}

/// The W3C trace context of the message, for whoever reads the queue with OpenTelemetry.
fn traceparent(envelope: &Envelope) -> Result<MessageAttributeValue, QueueError> {
    let text = MessageAttributeValue::builder().data_type("String").string_value(envelope.traceparent());
    text.build().map_err(|error| QueueError::new("send", error))
}

/// The system attributes that link the trace which X-Ray keeps of this invocation with those of whoever receives the
/// message (AWS X-Ray: "Amazon SQS and AWS X-Ray"). The SDK does not set them. `header` is what the runtime got.
fn xray_link(header: Option<String>) -> Result<Option<SystemAttributes>, QueueError> {
    let Some(header) = header.filter(|header| header.starts_with("Root=1-")) else { return Ok(None) };
    let value = MessageSystemAttributeValue::builder().data_type("String").string_value(header);
    let value = value.build().map_err(|error| QueueError::new("send", error))?;
    Ok(Some(HashMap::from([(MessageSystemAttributeNameForSends::AwsTraceHeader, value)])))
}

/// Whole seconds, which SQS counts in, rounded up. A message that comes back early would be worked on twice, and a
/// wait of 0 would be a busy loop.
fn whole_seconds(time: Duration, max: i32) -> i32 {
    let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    i32::try_from(seconds).unwrap_or(max).min(max)
}

/// What SQS says of such a handle under a code that it has for other parameters as well.
const OUTDATED: [&str; 1] = ["Value … for parameter ReceiptHandle is invalid…"];

/// Whether the message is gone, or its handle belongs to an earlier delivery: it was deleted, or its visibility ran
/// out and it was received again. Then there is nothing left to do.
///
/// SQS says so with `ReceiptHandleIsInvalid` (a handle that it cannot read, also an outdated one),
/// `MessageNotInflight` (visible again), and `InvalidParameterValue` with a text about the receipt
/// handle (expired, or the message does not exist). The query-compatible protocol puts
/// `AWS.SimpleQueueService.` before some of them, and the JSON protocol may append `Exception`.
fn is_outdated(error: &impl ProvideErrorMetadata) -> bool {
    let code = error.code().unwrap_or_default();
    let code = code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code);
    match code.strip_suffix("Exception").unwrap_or(code) {
        "ReceiptHandleIsInvalid" | "MessageNotInflight" => true,
        "InvalidParameterValue" => error.message().is_some_and(|message| domain::says(message, &OUTDATED)),
        _ => false,
    }
}

fn delivery(message: Message, lane: Option<Lane>, now: Timestamp) -> Result<Delivery, QueueError> {
    let attribute = |name| {
        let value = message.attributes.as_ref().and_then(|attributes| attributes.get(&name));
        value.and_then(|value| value.parse::<i64>().ok())
    };
    let missing = |what: &str| QueueError::new("receive", format!("a message without {what}"));
    let sent_at = attribute(MessageSystemAttributeName::SentTimestamp);
    let sent_at = sent_at.and_then(|at| Timestamp::from_millisecond(at).ok());
    let receive_count = attribute(MessageSystemAttributeName::ApproximateReceiveCount);
    Ok(Delivery {
        receive_count: receive_count
            .and_then(|count| u32::try_from(count).ok())
            .ok_or_else(|| missing("a receive count"))?,
        age: sent_at.map(|at| domain::between(at, now)).ok_or_else(|| missing("its time of sending"))?,
        message_id: message.message_id.filter(|id| !id.is_empty()).ok_or_else(|| missing("an id"))?,
        receipt: Receipt { lane, handle: message.receipt_handle.ok_or_else(|| missing("a receipt handle"))? },
        body: message.body.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sqs::error::ErrorMetadata;

    #[test]
    fn times_are_rounded_up_and_bounded() {
        assert_eq!(whole_seconds(Duration::ZERO, MAX_VISIBILITY), 0);
        assert_eq!(whole_seconds(Duration::from_millis(1), MAX_VISIBILITY), 1);
        assert_eq!(whole_seconds(Duration::from_millis(2_001), MAX_VISIBILITY), 3);
        assert_eq!(whole_seconds(Duration::from_secs(50_000), MAX_VISIBILITY), 43_200);
        assert_eq!(whole_seconds(Duration::MAX, MAX_WAIT), 20);
    }

    #[test]
    fn message_is_linked_with_the_trace_of_its_invocation_only_if_there_is_one() {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let link = xray_link(Some(header.to_owned())).unwrap().unwrap();
        assert_eq!(link[&MessageSystemAttributeNameForSends::AwsTraceHeader].string_value(), Some(header));
        assert_eq!(xray_link(Some("Self=1".to_owned())).unwrap(), None, "SQS refuses a malformed one");
        assert_eq!(xray_link(None).unwrap(), None);
    }

    fn error(code: &str, message: &str) -> ErrorMetadata {
        ErrorMetadata::builder().code(code).message(message).build()
    }

    #[test]
    fn outdated_handles_are_told_from_mistakes() {
        for code in ["ReceiptHandleIsInvalid", "AWS.SimpleQueueService.MessageNotInflight"] {
            assert!(is_outdated(&error(code, "")), "{code}");
        }
        let expired =
            "Value AQEB for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.";
        assert!(is_outdated(&error("InvalidParameterValue", expired)));
        let beyond = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
        assert!(!is_outdated(&error("InvalidParameterValue", beyond)));
        assert!(!is_outdated(&error("AWS.SimpleQueueService.NonExistentQueue", "")));
    }
}
