//! Batches as Lambda hands them over.

use std::time::Duration;

use domain::*;
use processor::{SqsEvent, SqsRecord};

use harness::{Bench, issue};

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
        assert_eq!(bench.stores.queue.depth(Some(lane)).await.unwrap(), Depth::default());
    }
}

/// Hands the messages over as one batch, in an invocation that is killed after `time`, if there is one.
async fn invoke(bench: &Bench, kill_after: Option<Duration>) {
    let deliveries = bench.receive(Lane::Standard).await;
    let deadline = after(bench.now(), Duration::from_secs(120));
    let work = bench.processor.handle_together(deliveries, deadline);
    let left = kill_after.unwrap_or(Duration::from_secs(600));
    for (delivery, ack) in tokio::time::timeout(left, work).await.into_iter().flatten() {
        if ack == processor::Ack::Delete {
            bench.stores.queue.delete(&delivery.receipt).await.unwrap();
        }
    }
}

/// One task of ten kills whatever environment it runs in. The others lose one try with it, get that back, and
/// are done one after the other.
#[tokio::test(start_paused = true)]
async fn a_task_that_kills_its_environment_takes_no_neighbour_along() {
    let bench = Bench::new();
    let mut ids = Vec::new();
    for number in 0..9 {
        ids.push(bench.accept(&issue(number + 1)).await);
    }
    *bench.model.poison.lock().unwrap() = Some("octo/repo#666");
    let poison = bench.accept(&issue(666)).await;
    *bench.model.delay.lock().unwrap() = Duration::from_secs(1);
    // The first time in the middle of everybody's work.
    for kill_after in [500].into_iter().chain([60_000; 8]) {
        invoke(&bench, Some(Duration::from_millis(kill_after))).await;
        bench.pass(Duration::from_secs(200));
    }
    for id in &ids {
        let task = bench.task(id).await;
        assert_eq!((task.control.status, task.control.attempts), (TaskStatus::Completed, 1), "{task:?}");
    }
    assert_eq!(bench.comments().len(), 9);
    let task = bench.task(&poison).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    assert_eq!(task.doc.error.unwrap().kind, "no_attempts_left");
    let poisoned =
        bench.model.calls.lock().unwrap().iter().filter(|call| call.thread.ends_with("#666")).count();
    assert!(poisoned <= 6, "five tries of its own and the shared one, not {poisoned}");
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_batch_do_not_come_back_together() {
    let bench = Bench::new();
    bench.accept(&issue(7)).await;
    *bench.model.poison.lock().unwrap() = Some("octo/repo#7");
    invoke(&bench, Some(Duration::from_secs(1))).await;
    // The lease ends after 90 s; with the jitter of the test the message comes back a minute later.
    bench.pass(Duration::from_secs(148));
    assert!(bench.receive(Lane::Standard).await.is_empty());
    bench.pass(Duration::from_secs(3));
    assert_eq!(bench.receive(Lane::Standard).await.len(), 1);
}

/// Whose fault a crash is nobody knows, until the task runs alone by a written word.
#[tokio::test(start_paused = true)]
async fn the_first_crash_costs_no_try_and_every_further_one_does() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    *bench.model.delay.lock().unwrap() = Duration::from_secs(1);
    for attempts in [1, 1, 2, 3] {
        invoke(&bench, Some(Duration::from_millis(500))).await;
        assert_eq!(bench.task(&id).await.control.attempts, attempts);
        bench.pass(Duration::from_secs(200));
    }
    invoke(&bench, None).await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
}

/// A thread that is busy says nothing of what kills the processor.
#[tokio::test(start_paused = true)]
async fn a_crash_after_an_orderly_deferral_is_the_tasks_own() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    *bench.model.delay.lock().unwrap() = Duration::from_secs(1);
    invoke(&bench, Some(Duration::from_millis(500))).await;
    bench.pass(Duration::from_secs(200));
    let (now, thread) = (bench.now(), "thread:github:octo/repo#7");
    let taken = bench.stores.state.acquire(thread, "another", now, after(now, Duration::from_secs(10))).await;
    assert_eq!(taken.unwrap(), Acquire::Held);
    invoke(&bench, None).await;
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, task.control.attempts), (TaskStatus::Waiting, 0), "{task:?}");
    for attempts in [1, 2, 3] {
        bench.pass(Duration::from_secs(200));
        invoke(&bench, Some(Duration::from_millis(500))).await;
        assert_eq!(bench.task(&id).await.control.attempts, attempts);
    }
}

/// Every message in a batch of its own, all at once, as in a process of one's own: it is killed after `life`, and the
/// next one frees what the tasks held.
async fn live(bench: &Bench, life: Duration) {
    let mut deliveries = Vec::new();
    loop {
        match bench.receive(Lane::Standard).await {
            more if more.is_empty() => break,
            more => deliveries.extend(more),
        }
    }
    let deadline = after(bench.now(), Duration::from_secs(180));
    let work = deliveries.into_iter().map(|delivery| async {
        for (delivery, ack) in bench.processor.handle_together(vec![delivery], deadline).await {
            if ack == processor::Ack::Delete {
                bench.stores.queue.delete(&delivery.receipt).await.unwrap();
            }
        }
    });
    let _killed = tokio::time::timeout(life, futures::future::join_all(work)).await;
    bench.embedded.void_leases(bench.now()).unwrap();
}

/// Whoever is killed with a process, a crash costs one attempt at most, of a task that ran alone; and none of them runs
/// alone again at once.
#[tokio::test(start_paused = true)]
async fn a_process_that_is_killed_six_times_within_seconds_fails_no_task() {
    let bench = Bench::new();
    let mut ids = Vec::new();
    for number in 1..=30 {
        ids.push(bench.accept(&issue(number)).await);
    }
    *bench.model.delay.lock().unwrap() = Duration::from_secs(1);
    for _ in 0..6 {
        live(&bench, Duration::from_millis(500)).await;
    }
    let mut lost = 0;
    for id in &ids {
        let attempts = bench.task(id).await.control.attempts;
        assert!(attempts <= 2, "{attempts}");
        lost += attempts;
    }
    assert!(lost <= 30 + 5, "{lost} attempts, of which 30 are under way");
    for _ in 0..40 {
        live(&bench, Duration::from_secs(20)).await;
        bench.pass(Duration::from_secs(20));
        bench.sweep().await;
    }
    for id in &ids {
        assert_eq!(bench.status(id).await, TaskStatus::Completed);
    }
    assert_eq!(bench.comments().len(), 30);
}

/// In a process of one's own a task that kills it ends alone, whatever else is in work.
#[tokio::test(start_paused = true)]
async fn a_task_that_kills_its_process_ends_alone() {
    let bench = Bench::new();
    let mut ids = Vec::new();
    for number in 1..=9 {
        ids.push(bench.accept(&issue(number)).await);
    }
    *bench.model.poison.lock().unwrap() = Some("octo/repo#666");
    let poison = bench.accept(&issue(666)).await;
    *bench.model.delay.lock().unwrap() = Duration::from_secs(1);
    for _ in 0..60 {
        live(&bench, Duration::from_secs(20)).await;
        bench.pass(Duration::from_secs(20));
        bench.sweep().await;
    }
    for id in &ids {
        let task = bench.task(id).await;
        assert_eq!((task.control.status, task.control.attempts), (TaskStatus::Completed, 1), "{task:?}");
    }
    assert_eq!(bench.task(&poison).await.doc.error.unwrap().kind, "no_attempts_left");
}
