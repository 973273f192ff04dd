//! What callers are told when AWS does not do what it was asked.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use aws::{Aws, AwsConfig};
use aws_config::SdkConfig;
use domain::contract::{incompressible, plain_task};
use domain::{Blob, Envelope, Lane, ListQuery, PartKey, Stage, StoreError, Stores, Visibility};
use e2e::emulator::{Emulator, unique_prefix};

use super::now;

/// Names that nothing was created under.
async fn nowhere() -> Stores {
    let sdk = Emulator::shared().sdk_config().await;
    Aws::connect(absent(&sdk), &sdk)
}

fn absent(sdk: &SdkConfig) -> AwsConfig {
    let prefix = unique_prefix();
    let endpoint = sdk.endpoint_url().unwrap();
    let url = format!("{endpoint}/000000000000/{prefix}-absent");
    AwsConfig {
        tasks_table: format!("{prefix}-absent-tasks"),
        state_table: format!("{prefix}-absent-state"),
        queue_url_express: url.clone(),
        queue_url_standard: url.clone(),
        queue_url_bulk: url,
        dead_letter_url: None,
        payload_bucket: format!("{prefix}-absent-payloads"),
    }
}

/// The message of an error that somebody has to mend.
fn refused<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Unavailable { message, refused: true, .. }) => message,
        other => panic!("{other:?}"),
    }
}

/// The message of an error that trying again does not mend.
fn broken<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Broken { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_missing_table_is_named_with_its_variable() {
    let stores = nowhere().await;
    let mut task = plain_task("failures", now());
    let list = ListQuery { limit: 10, ..ListQuery::default() };
    let answers = [
        refused(stores.tasks.insert(&task).await),
        refused(stores.tasks.get(&task.id).await),
        refused(stores.tasks.save(&mut task).await),
        refused(stores.tasks.due(Stage::Received, now(), 1).await),
        refused(stores.tasks.list(&list).await),
        refused(stores.payloads.list(&task.id, "").await),
    ];
    for message in answers {
        assert!(message.contains("-absent-tasks") && message.contains("TASKS_TABLE"), "{message}");
    }
    let message = refused(stores.state.get("key", now()).await);
    assert!(message.contains("-absent-state") && message.contains("STATE_TABLE"), "{message}");
}

#[tokio::test]
async fn a_missing_bucket_is_named_with_its_variable() {
    let stores = nowhere().await;
    let large = Blob::from_packed(incompressible(200_000, 1));
    let id = plain_task("failures", now()).id;
    let message = refused(stores.payloads.put_new(&id, &PartKey::payload(), &large, now()).await);
    assert!(message.contains("-absent-payloads") && message.contains("PAYLOAD_BUCKET"), "{message}");
}

#[tokio::test]
async fn a_missing_queue_is_named_with_its_variable() {
    let stores = nowhere().await;
    let task_id = plain_task("failures", now()).id;
    let envelope = Envelope { task_id, lane: Lane::Express, tenant: "octo/repo".to_owned() };
    let message = stores.queue.send(&envelope).await.unwrap_err().to_string();
    assert!(message.contains("-absent") && message.contains("QUEUE_URL_EXPRESS"), "{message}");
    let dead = Visibility { lane: None, timeout: Duration::from_secs(1) };
    let message = stores.queue.receive(dead, 1, Duration::ZERO).await.unwrap_err().to_string();
    assert!(message.contains("dead-letter queue is not configured"), "{message}");
}

#[tokio::test]
async fn missing_credentials_or_region_are_told_with_what_to_set() {
    let sdk = Emulator::shared().sdk_config().await;
    let mut without_credentials = sdk.to_builder();
    without_credentials.set_credentials_provider(None);
    let mut without_region = sdk.to_builder();
    without_region.set_region(None);
    for builder in [without_credentials, without_region] {
        let stores = Aws::connect(absent(&sdk), &builder.build());
        let error = stores.tasks.insert(&plain_task("failures", now())).await.unwrap_err().to_string();
        assert!(error.contains("AWS_REGION") && error.contains("AWS_ACCESS_KEY_ID"), "{error}");
    }
}

#[tokio::test]
async fn the_part_that_is_the_task_cannot_be_written_as_a_part() {
    let stores = Emulator::shared().resources().await.stores;
    let task = plain_task("failures", now());
    stores.tasks.insert(&task).await.unwrap();
    let part = PartKey::from_name("task".to_owned());
    broken(stores.payloads.put_new(&task.id, &part, &Blob::from_packed(vec![1]), now()).await);
    assert_eq!(stores.tasks.get(&task.id).await.unwrap(), Some(task));
}

#[tokio::test]
async fn an_endpoint_that_nobody_listens_on_is_unavailable_soon() {
    // Bound and not accepted from, then closed: a port that refuses.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let sdk = Emulator::shared().sdk_config().await;
    let sdk = sdk.into_builder().endpoint_url(format!("http://localhost:{port}")).build();
    let stores = Aws::connect(absent(&sdk), &sdk);
    let task = plain_task("failures", now());
    let answer = tokio::time::timeout(Duration::from_secs(9), stores.tasks.insert(&task)).await;
    let error = answer.expect("within the time of one operation").unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("-absent-tasks"), "{error}");
}

#[tokio::test]
async fn an_endpoint_that_never_answers_is_unavailable_within_the_senders_patience() {
    // The kernel completes the handshakes; nobody ever reads.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let sdk = Emulator::shared().sdk_config().await;
    let sdk = sdk.into_builder().endpoint_url(format!("http://127.0.0.1:{port}")).build();
    let stores = Aws::connect(absent(&sdk), &sdk);
    let task = plain_task("failures", now());
    let answer = tokio::time::timeout(Duration::from_secs(9), stores.tasks.insert(&task)).await;
    let error = answer.expect("within the time of one operation").unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
}
