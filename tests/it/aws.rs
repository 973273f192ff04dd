//! The system on DynamoDB, SQS and S3, over their real wire protocols.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Clock, Lane};
use e2e::assembly::Assembly;
use e2e::emulator::{Emulator, Resources, Wire};
use e2e::hooks;
use e2e::world::{PERSON, World, triage_says};
use processor::{SqsAttributes, SqsEvent, SqsRecord};
use serde_json::json;

/// The ARN of a lane, as Lambda hands it over.
const ARN: &str = "arn:aws:sqs:us-east-1:123456789012:afterhook-standard";

/// What one task costs from its claim to its end, when it goes well.
const COMPLETING: [&str; 30] = [
    "UpdateItem",              // the claim
    "ChangeMessageVisibility", // as long as the lease
    "UpdateItem",              // the lease of the thread
    "GetItem",                 // the event
    "UpdateItem",              // triage: the day's budget
    "UpdateItem",              // its tenant's
    "UpdateItem",              // breaker and quota
    "UpdateItem",              // what came of it
    "UpdateItem",              // what it cost: the day
    "UpdateItem",              // the tenant
    "PutItem",                 // the transcript of triage
    "PutItem",                 // its answer
    "GetItem",                 // an answer that a former try has saved
    "UpdateItem",              // the answer: the day's budget
    "UpdateItem",              // its tenant's
    "UpdateItem",              // breaker and quota
    "UpdateItem",              // what came of it
    "UpdateItem",              // what it cost: the day
    "UpdateItem",              // the tenant
    "PutItem",                 // the transcript of the answer
    "PutItem",                 // the answer
    "GetItem",                 // the replies of the thread in the last hour
    "UpdateItem",              // and this one
    "PutItem",                 // the draft
    "PutItem",                 // the intent to publish it
    "PutItem",                 // the end, with the proof
    "UpdateItem",              // the day's figures
    "DeleteItem",              // the lease of the thread
    "GetItem",                 // past answers of the tenant and intent; one was kept within the last minute
    "DeleteMessage",
];

struct Cloud {
    world: World,
    resources: Resources,
    wire: Wire,
    system: Assembly,
}

impl Cloud {
    async fn new() -> Self {
        Self::of(World::new().await).await
    }

    async fn of(world: World) -> Self {
        let (emulator, wire) = (Emulator::shared(), Wire::default());
        let resources = emulator.resources_with(&wire.under(&emulator.sdk_config().await)).await;
        let system = Assembly::new(&world, resources.stores.clone(), &Clock::system()).await;
        Self { world, resources, wire, system }
    }

    /// The requests since the last time, by name.
    fn requests(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for name in self.wire.take() {
            *counts.entry(name).or_default() += 1;
        }
        counts
    }
}

fn counts<const N: usize>(names: [(&str, usize); N]) -> BTreeMap<String, usize> {
    names.map(|(name, count)| (name.to_owned(), count)).into()
}

#[tokio::test]
async fn an_issue_gets_one_comment_on_aws() {
    let cloud = Cloud::new().await;
    let api = &cloud.system.api;
    let id = api.accept(7).await;
    let task = cloud.system.work_until(&id, "completed").await;
    assert_eq!((&task["attempts"], &task["thread"]), (&json!(1), &json!("octo/tidepool#7")));
    let comments = cloud.world.comments(7);
    assert_eq!(comments.len(), 1);
    assert!(comments[0].body.contains(task["result"]["output"].as_str().unwrap()));
    let payload = api.get(&format!("/tasks/{id}/payload")).await;
    assert_eq!(payload.body, hooks::bytes(&hooks::issue(7)));
    let transcript = api.get(&format!("/tasks/{id}/transcript")).await.json();
    assert_eq!(transcript["calls"].as_array().unwrap().len(), 2);
    assert_eq!(api.get("/tasks").await.json()["tasks"][0]["task_id"], id);
}

#[tokio::test]
async fn a_second_delivery_is_a_duplicate_on_aws() {
    let cloud = Cloud::new().await;
    let api = &cloud.system.api;
    let id = api.accept(7).await;
    cloud.system.work_until(&id, "completed").await;
    let again = api.hook("issues", &hooks::issue(7)).await;
    assert_eq!((again.status, again.word(), again.task_id()), (202, "duplicate".to_owned(), id));
    assert_eq!(cloud.system.work().await, 0);
    assert_eq!(cloud.world.comments(7).len(), 1);
}

#[tokio::test]
async fn an_event_that_comes_again_before_it_is_worked_on_is_sent_again_and_done_once() {
    let cloud = Cloud::new().await;
    let id = cloud.system.api.accept(7).await;
    assert_eq!(cloud.system.api.accept(7).await, id);
    cloud.system.work_until(&id, "completed").await;
    while cloud.system.work().await > 0 {}
    assert_eq!((cloud.world.comments(7).len(), cloud.world.gemini.counters().requests), (1, 2));
}

#[tokio::test]
async fn a_parked_draft_is_approved_and_published_on_aws() {
    let cloud = Cloud::of(World::scripted(triage_says("question", 0.2, false)).await).await;
    let api = &cloud.system.api;
    let id = api.accept(7).await;
    let task = cloud.system.work_until(&id, "awaiting_approval").await;
    assert!(cloud.world.comments(7).is_empty());
    let hash = json!({"draft_hash": task["draft"]["hash"]});
    assert_eq!(api.post(&format!("/tasks/{id}/approve"), &hash).await.status, 200);
    let task = cloud.system.work_until(&id, "completed").await;
    assert_eq!(task["decision"]["by"], PERSON);
    assert_eq!(cloud.world.comments(7).len(), 1);
    api.post(&format!("/tasks/{id}/approve"), &hash).await.assert_problem(409, "conflict");
}

#[tokio::test]
async fn a_large_event_goes_by_way_of_s3() {
    let cloud = Cloud::new().await;
    let mut event = hooks::issue(7);
    // Base 32 of hashes does not compress below 100 KB.
    event["padding"] =
        (0..10_000_u32).map(|n| domain::TaskId::derive("padding", &n.to_be_bytes()).to_string()).collect();
    let answer = cloud.system.api.hook("issues", &event).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert!(cloud.requests().contains_key("PUT"), "it is too large for an item");
    cloud.system.work_until(&answer.task_id(), "completed").await;
    let payload = cloud.system.api.get(&format!("/tasks/{}/payload", answer.task_id())).await;
    assert_eq!(payload.body, hooks::bytes(&event));
}

/// What Lambda makes of the messages on the standard lane.
async fn batch(cloud: &Cloud, size: usize) -> SqsEvent {
    let mut records = Vec::new();
    while records.len() < size {
        for delivery in cloud.system.receive(Lane::Standard).await {
            records.push(SqsRecord {
                message_id: Some(delivery.message_id),
                receipt_handle: Some(delivery.receipt.handle),
                body: Some(delivery.body),
                attributes: SqsAttributes {
                    approximate_receive_count: Some(delivery.receive_count.to_string()),
                    sent_timestamp: None,
                },
                event_source_arn: Some(ARN.to_owned()),
            });
        }
    }
    SqsEvent { records }
}

#[tokio::test]
async fn a_malformed_message_fails_alone_in_its_batch() {
    let cloud = Cloud::new().await;
    let sqs = aws_sdk_sqs::Client::new(&Emulator::shared().sdk_config().await);
    let lane = &cloud.resources.config.queue_url_standard;
    sqs.send_message().queue_url(lane).message_body("{not json").send().await.unwrap();
    let mut ids = Vec::new();
    for issue in 1..=3 {
        ids.push(cloud.system.api.accept(issue).await);
    }
    let event = tokio::time::timeout(Duration::from_secs(10), batch(&cloud, 4)).await.unwrap();
    let malformed = event.records.iter().find(|record| record.body.as_deref() == Some("{not json")).unwrap();
    let malformed = malformed.message_id.clone().unwrap();
    let deadline = domain::after(Clock::system().now(), Duration::from_secs(120));
    let lane_of = |arn: &str| (arn == ARN).then_some(Lane::Standard);
    let response = cloud.system.processor.handle_batch(event, lane_of, deadline).await;
    let failed: Vec<&str> =
        response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
    assert_eq!(failed, [malformed]);
    for (issue, id) in (1..).zip(&ids) {
        assert_eq!(cloud.system.api.task(id).await["status"], "completed");
        assert_eq!(cloud.world.comments(issue).len(), 1);
    }
}

#[tokio::test]
async fn a_task_whose_message_was_lost_is_found_by_the_sweeper() {
    let cloud = Cloud::new().await;
    let id = cloud.system.api.accept(7).await;
    let lost = tokio::time::timeout(Duration::from_secs(10), batch(&cloud, 1)).await.unwrap();
    assert_eq!(lost.records.len(), 1, "received, and never to be seen again");
    let watch = e2e::watch::Watch::default();
    watch.pass(Duration::from_secs(150));
    let later = Assembly::new(&cloud.world, cloud.resources.stores.clone(), &watch.clock()).await;
    assert_eq!(later.sweep().await.woken, 1);
    later.work_until(&id, "completed").await;
    assert_eq!(cloud.world.comments(7).len(), 1);
}

/// The bill: a change here is a change of what a task costs.
#[tokio::test]
async fn a_task_costs_so_many_requests_and_no_more() {
    let cloud = Cloud::new().await;
    // The first request of each client may come with others. About something else: equal questions that
    // come together share an answer.
    let mut another = hooks::issue(1);
    another["issue"]["title"] = json!("Something else");
    let first = cloud.system.api.hook("issues", &another).await.task_id();
    cloud.system.work_until(&first, "completed").await;
    let _ = cloud.requests();

    let id = cloud.system.api.accept(7).await;
    assert_eq!(cloud.requests(), counts([("PutItem", 3), ("SendMessage", 1)]), "to accept an event");
    let delivery = loop {
        if let Some(delivery) = cloud.system.receive(Lane::Standard).await.pop() {
            break delivery;
        }
    };
    let _ = cloud.requests();
    cloud.system.deliver(&delivery).await;
    let requests = cloud.wire.take();
    assert_eq!(cloud.system.api.task(&id).await["status"], "completed");
    assert_eq!(requests, COMPLETING, "to complete a task");
}
