//! On AWS, one store fails while the others work.

use std::time::Duration;

use e2e::assembly::Assembly;
use e2e::emulator::{AwsService, Emulator, Wire};
use e2e::hooks;
use e2e::watch::Watch;
use e2e::world::World;
use serde_json::json;

use crate::at_rest::{Accepted, AtRest, Kept};

/// An issue whose body is too large for DynamoDB: it rests in S3.
fn large(number: u64) -> serde_json::Value {
    let mut event = hooks::issue(number);
    // Nothing that compresses well.
    let mut random = fastrand::Rng::with_seed(number);
    let text: String = std::iter::repeat_with(|| random.alphanumeric()).take(400_000).collect();
    event["issue"]["body"] = json!(text);
    event
}

/// Whether a webhook is refused while `service` is down, and the task that is stored by then gets through.
async fn outage_of(service: AwsService) {
    let (emulator, wire) = (Emulator::shared(), Wire::default());
    let (world, watch) = (World::new().await, Watch::default());
    let resources = emulator.resources_with(&wire.under(&emulator.sdk_config().await)).await;
    let system = Assembly::new(&world, resources.stores.clone(), &watch.clock()).await;
    let (before, during) = (large(7), large(8));
    let answer = system.api.hook("issues", &before).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let mut accepted = vec![Accepted { issue: 7, id: answer.task_id() }];

    wire.take_down(Some(service));
    let refused = system.api.hook("issues", &during).await;
    assert_eq!(refused.status, 503, "{service:?}: {refused:?}");
    if service != AwsService::Sqs {
        system.work().await;
    }
    assert_eq!(world.github.comment_count(), 0);

    wire.take_down(None);
    let again = system.api.hook("issues", &during).await;
    assert_eq!(again.status, 202, "{again:?}");
    accepted.push(Accepted { issue: 8, id: again.task_id() });
    for Accepted { id, .. } in &accepted {
        watch.pass(Duration::from_secs(600));
        system.sweep().await;
        let task = system.work_until(id, "completed").await;
        assert!(task["attempts"].as_u64().unwrap() <= 2, "{task:#}");
    }
    while system.work().await > 0 {}
    watch.pass(Duration::from_secs(600));
    let kept = Kept::in_table(&emulator.sdk_config().await, &resources.config.state_table).await;
    let (system, world, accepted) = (&system, &world, &accepted[..]);
    AtRest { system, world, kept, accepted, troubles: &[], is_cut_off: false }.assert().await;
}

#[tokio::test]
async fn an_outage_of_dynamodb_alone_loses_nothing_and_doubles_nothing() {
    outage_of(AwsService::DynamoDb).await;
}

#[tokio::test]
async fn an_outage_of_s3_alone_loses_nothing_and_doubles_nothing() {
    outage_of(AwsService::S3).await;
}

#[tokio::test]
async fn an_outage_of_sqs_alone_loses_nothing_and_doubles_nothing() {
    outage_of(AwsService::Sqs).await;
}
