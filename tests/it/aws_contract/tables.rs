//! The resources of local runs: as those that are deployed, and safe to create at every start.

use std::time::Duration;

use aws::tables;
use aws_sdk_sqs::types::QueueAttributeName;
use domain::contract::plain_task;
use domain::{Envelope, Lane, Visibility};
use e2e::emulator::{Emulator, unique_prefix};

use super::now;

#[tokio::test]
async fn creating_again_keeps_what_is_there() {
    let sdk = Emulator::shared().sdk_config().await;
    let prefix = unique_prefix();
    let first = tables::create(&sdk, &prefix).await.unwrap();
    let stores = aws::Aws::connect(first.clone(), &sdk);
    let task = plain_task("tables", now());
    stores.tasks.insert(&task).await.unwrap();
    let envelope = Envelope { task_id: task.id.clone(), lane: Lane::Bulk, tenant: task.doc.tenant.clone() };
    stores.queue.send(&envelope).await.unwrap();
    assert_eq!(tables::create(&sdk, &prefix).await.unwrap(), first);
    let from = Visibility { lane: Some(Lane::Bulk), timeout: Duration::from_secs(60) };
    assert_eq!(stores.queue.receive(from, 10, Duration::ZERO).await.unwrap().len(), 1);
    assert_eq!(stores.tasks.get(&task.id).await.unwrap(), Some(task));
}

#[tokio::test]
async fn lanes_and_dead_letters_keep_messages_for_14_days() {
    let emulator = Emulator::shared();
    let config = emulator.resources().await.config;
    let sqs = aws_sdk_sqs::Client::new(&emulator.sdk_config().await);
    let retention = QueueAttributeName::MessageRetentionPeriod;
    let urls = [
        Some(config.queue_url_express),
        Some(config.queue_url_standard),
        Some(config.queue_url_bulk),
        config.dead_letter_url,
    ];
    for url in urls {
        let request = sqs.get_queue_attributes().queue_url(url.unwrap()).attribute_names(retention.clone());
        let attributes = request.send().await.unwrap().attributes.unwrap();
        assert_eq!(attributes[&retention], (14 * 86_400).to_string());
    }
}

#[tokio::test]
async fn both_tables_forget_by_ttl() {
    let emulator = Emulator::shared();
    let config = emulator.resources().await.config;
    let dynamo = aws_sdk_dynamodb::Client::new(&emulator.sdk_config().await);
    for table in [config.tasks_table, config.state_table] {
        let answer = dynamo.describe_time_to_live().table_name(table).send().await.unwrap();
        let ttl = answer.time_to_live_description.unwrap();
        assert_eq!(ttl.attribute_name(), Some("ttl"));
        assert_eq!(ttl.time_to_live_status().unwrap().as_str(), "ENABLED");
    }
}

#[tokio::test]
async fn a_message_bears_the_trace_context_of_its_task() {
    let emulator = Emulator::shared();
    let resources = emulator.resources().await;
    let task_id = plain_task("traced", now()).id;
    let envelope = Envelope { task_id, lane: Lane::Express, tenant: "octo/repo".to_owned() };
    resources.stores.queue.send(&envelope).await.unwrap();
    let sqs = aws_sdk_sqs::Client::new(&emulator.sdk_config().await);
    let request = sqs.receive_message().queue_url(resources.config.queue_url_express);
    let received = request.message_attribute_names("All").send().await.unwrap();
    let attributes = received.messages()[0].message_attributes().unwrap();
    assert_eq!(attributes["traceparent"].string_value(), Some(envelope.traceparent().as_str()));
}
