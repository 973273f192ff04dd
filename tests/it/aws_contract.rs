//! The adapters on AWS keep the contract of their ports, over the real wire protocols; and they
//! keep it with the fewest requests, when answers get lost, and in items of bounded size.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::contract::{self, Damage, Pause, QueueHooks};
use domain::{Clock, Lane, TaskId, Timestamp};
use e2e::emulator::{Emulator, Resources};

mod failures;
mod lost_answers;
mod requests;
mod secrets;
mod sizes;
mod tables;

/// Real time: the emulator has a clock of its own.
struct Sleep;

#[async_trait]
impl Pause for Sleep {
    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// A second sender on the same queues.
struct ForeignSender {
    sqs: aws_sdk_sqs::Client,
    resources: Resources,
}

#[async_trait]
impl Pause for ForeignSender {
    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[async_trait]
impl QueueHooks for ForeignSender {
    async fn send_raw(&self, lane: Lane, body: &str) {
        let config = &self.resources.config;
        let url = match lane {
            Lane::Express => &config.queue_url_express,
            Lane::Standard => &config.queue_url_standard,
            Lane::Bulk => &config.queue_url_bulk,
        };
        self.sqs.send_message().queue_url(url).message_body(body).send().await.unwrap();
    }
}

fn now() -> Timestamp {
    Clock::system().now()
}

#[tokio::test]
async fn dynamodb_keeps_the_contract_of_tasks() {
    let stores = Emulator::shared().resources().await.stores;
    contract::task_store::all(&*stores.tasks, now(), &Sleep).await;
}

struct Spoiler {
    dynamo: aws_sdk_dynamodb::Client,
    table: String,
}

#[async_trait]
impl Damage for Spoiler {
    async fn damage(&self, id: &TaskId, document: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update = self.dynamo.update_item().table_name(&self.table);
        let update = update.key("task_id", text(id.as_str())).key("part", text("task"));
        let update =
            update.update_expression("SET doc = :doc").expression_attribute_values(":doc", text(document));
        update.condition_expression("attribute_exists(doc)").send().await.unwrap();
    }
}

#[tokio::test]
async fn a_task_that_cannot_be_read_stops_nobody_on_dynamodb() {
    let emulator = Emulator::shared();
    let Resources { stores, config } = emulator.resources().await;
    let dynamo = aws_sdk_dynamodb::Client::new(&emulator.sdk_config().await);
    let spoiler = Spoiler { dynamo, table: config.tasks_table };
    contract::task_store::an_unreadable_task_stops_nobody(&*stores.tasks, &spoiler, now(), &Sleep).await;
    contract::task_store::a_damaged_task_can_be_ended(&*stores.tasks, &spoiler, now()).await;
}

#[tokio::test]
async fn dynamodb_and_s3_keep_the_contract_of_payloads() {
    let stores = Emulator::shared().resources().await.stores;
    contract::payload_store::all(&*stores.payloads, &*stores.tasks, now()).await;
}

#[tokio::test]
async fn dynamodb_keeps_the_contract_of_shared_state() {
    let stores = Emulator::shared().resources().await.stores;
    contract::state_store::all(&*stores.state, now()).await;
}

#[tokio::test]
async fn sqs_keeps_the_contract_of_queues() {
    let emulator = Emulator::shared();
    let resources = emulator.resources().await;
    let sqs = aws_sdk_sqs::Client::new(&emulator.sdk_config().await);
    let hooks = ForeignSender { sqs, resources: resources.clone() };
    contract::queue::all(&*resources.stores.queue, &hooks).await;
}
