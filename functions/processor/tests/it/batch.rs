//! Batches as Lambda hands them over.

use std::time::Duration;

use domain::*;
use processor::{SqsEvent, SqsRecord};

use crate::support::{Bench, issue};

fn record(delivery: &Delivery) -> SqsRecord {
    SqsRecord {
        message_id: Some(delivery.message_id.clone()),
        receipt_handle: Some(delivery.receipt.handle.clone()),
        body: Some(delivery.body.clone()),
        ..SqsRecord::default()
    }
}

#[tokio::test(start_paused = true)]
async fn malformed_body_fails_alone() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    bench.embedded.send_raw(Lane::Standard, "t", "not json").unwrap();
    let deliveries = bench.receive(Lane::Standard).await;
    assert_eq!(deliveries.len(), 2);
    let event = SqsEvent { records: deliveries.iter().map(record).collect() };
    let deadline = after(bench.now(), Duration::from_secs(120));
    let response = bench.processor.handle_batch(event, |_| Some(Lane::Standard), deadline).await;
    let bad = deliveries.iter().find(|delivery| delivery.body == "not json").unwrap();
    let failed: Vec<&str> =
        response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
    assert_eq!(failed, [bad.message_id.as_str()]);
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn ten_tasks_of_one_batch_think_side_by_side() {
    let bench = Bench::new();
    *bench.model.delay.lock().unwrap() = Duration::from_secs(1);
    for number in 0..10 {
        bench.accept(&issue(number + 1)).await;
    }
    let deliveries = bench.receive(Lane::Standard).await;
    assert_eq!(deliveries.len(), 10);
    let event = SqsEvent { records: deliveries.iter().map(record).collect() };
    let began = tokio::time::Instant::now();
    let deadline = after(bench.now(), Duration::from_secs(120));
    let response = bench.processor.handle_batch(event, |_| Some(Lane::Standard), deadline).await;
    assert!(response.batch_item_failures.is_empty());
    assert_eq!(bench.comments().len(), 10);
    assert!(began.elapsed() < Duration::from_millis(2_200), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn duplicate_delivery_does_nothing() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    let envelope = Envelope { task_id: id.clone(), lane: Lane::Express, tenant: "octo/repo".to_owned() };
    bench.stores.queue.send(&envelope).await.unwrap();
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    assert_eq!(bench.comments().len(), 1);
    for lane in Lane::ALL {
        assert_eq!(bench.stores.queue.depth(lane).await.unwrap(), Depth::default());
    }
}
