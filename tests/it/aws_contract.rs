//! The adapters on AWS keep the contract of their ports, over the real wire protocols; and they
//! keep it with the fewest requests, when answers get lost, and in items of bounded size.

use std::time::Duration;

use async_trait::async_trait;
use domain::contract::{self, Pause, QueueHooks};
use domain::{Clock, Lane, Timestamp};
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
