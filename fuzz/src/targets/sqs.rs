//! What Lambda hands over: any event is a batch, of which each record is taken or left by itself.

use std::time::Duration;

use domain::{Delivery, Lane, Receipt};
use processor::SqsEvent;
use serde_json::json;

use super::{files, text};
use crate::Target;

pub(super) const TARGET: Target = Target {
    name: "sqs",
    seeds: || {
        let mut seeds: Vec<Vec<u8>> = files("events")
            .into_iter()
            .filter(|(path, _)| path.to_string_lossy().contains("processor-batch"))
            .map(|(_, file)| file)
            .collect();
        seeds.push(
            json!({"Records": [{"messageId": "1", "receiptHandle": "r", "body": "{\"task_id\":\"tsk_1\"}",
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1800000000000"},
            "eventSourceARN": "arn:aws:sqs:eu-central-1:1:x-standard"}]})
            .to_string()
            .into_bytes(),
        );
        seeds
    },
    words: &[
        "Records",
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "ApproximateReceiveCount",
        "SentTimestamp",
        "task_id",
    ],
    check,
};

fn check(input: &[u8]) {
    if let Ok(event) = serde_json::from_slice::<SqsEvent>(input) {
        for record in event.records {
            message(record.body.unwrap_or_default());
        }
    }
    message(text(input));
}

fn message(body: String) {
    let receipt = Receipt { lane: Some(Lane::Standard), handle: "r".to_owned() };
    let delivery =
        Delivery { message_id: "1".to_owned(), receipt, body, receive_count: 1, age: Duration::ZERO };
    if let Err(problem) = delivery.task_id() {
        assert!(!problem.is_empty());
    }
}
