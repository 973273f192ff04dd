//! Deferrals, attempts, leases.

use std::time::Duration;

use domain::*;
use sweeper::Sweeper;

use harness::{Bench, Say, issue};

fn sweeper(bench: &Bench) -> Sweeper {
    Sweeper {
        stores: bench.stores.clone(),
        clock: bench.processor.clock().clone(),
        metrics: telemetry::Metrics::none(),
    }
}

#[tokio::test(start_paused = true)]
async fn quota_defers_until_its_time_and_costs_no_attempt() {
    let bench = Bench::new();
    let slot = after(bench.now(), Duration::from_secs(45));
    bench.script([Say::Fail(ModelFailure::Defer { why: Deferral::Quota, not_before: Some(slot) })]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Waiting);
    assert_eq!(task.control.not_before, Some(slot));
    assert_eq!(task.control.attempts, 0);
    assert_eq!(bench.work().await, 0, "the message is invisible until then");
    bench.pass(Duration::from_secs(45));
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn long_wait_is_left_to_the_sweeper() {
    let bench = Bench::new();
    let midnight = after(bench.now(), Duration::from_secs(8 * 3_600));
    bench.script([Say::Fail(ModelFailure::Defer { why: Deferral::Budget, not_before: Some(midnight) })]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    assert_eq!(bench.stores.queue.depth(Some(Lane::Standard)).await.unwrap(), Depth::default());
    let soon = after(bench.now(), Duration::from_secs(60));
    assert_eq!(sweeper(&bench).sweep(soon).await.whole().unwrap().report.woken, 0);
    bench.pass(Duration::from_secs(8 * 3_600));
    let soon = after(bench.now(), Duration::from_secs(60));
    assert_eq!(sweeper(&bench).sweep(soon).await.whole().unwrap().report.woken, 1);
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn task_deferred_a_hundred_times_reaches_no_dead_letters() {
    let bench = Bench::new();
    let later = Say::Fail(ModelFailure::Defer { why: Deferral::Unavailable, not_before: None });
    bench.script(vec![later; 100]);
    let id = bench.accept(&issue(7)).await;
    for _ in 0..1_000 {
        bench.work().await;
        if bench.status(&id).await.is_end() {
            break;
        }
        bench.pass(Duration::from_secs(60));
        sweeper(&bench).sweep(after(bench.now(), Duration::from_secs(60))).await.whole().unwrap();
    }
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    let dead = Visibility { lane: None, timeout: Duration::from_secs(1) };
    assert!(bench.stores.queue.receive(dead, 10, Duration::ZERO).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn failed_tries_end_the_task_after_five() {
    let bench = Bench::new();
    bench.script(vec![Say::Fail(ModelFailure::Retry); 9]);
    let id = bench.accept(&issue(7)).await;
    for _ in 0..60 {
        bench.work().await;
        bench.pass(Duration::from_secs(30));
        sweeper(&bench).sweep(after(bench.now(), Duration::from_secs(60))).await.whole().unwrap();
    }
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    assert_eq!(task.control.attempts, MAX_ATTEMPTS);
    assert_eq!(bench.steps().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn processor_that_dies_every_time_ends_the_task_after_five() {
    let bench = Bench::new();
    bench.script(vec![Say::Hang; 9]);
    let id = bench.accept(&issue(7)).await;
    for _ in 0..40 {
        for delivery in bench.receive(Lane::Standard).await {
            let deadline = after(bench.now(), Duration::from_secs(60));
            // Dropped at its first await: the process died.
            let died =
                tokio::time::timeout(Duration::from_millis(10), bench.processor.handle(&delivery, deadline));
            if let Ok(ack) = died.await {
                assert_eq!(ack, processor::Ack::Delete);
                bench.stores.queue.delete(&delivery.receipt).await.unwrap();
            }
        }
        bench.pass(Duration::from_secs(30));
    }
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    assert_eq!(task.doc.error.unwrap().kind, "no_attempts_left");
}

#[tokio::test(start_paused = true)]
async fn one_task_of_a_thread_runs_at_a_time() {
    let bench = Bench::new();
    let first = bench.accept(&issue(7)).await;
    let mut second = issue(7);
    second["issue"]["body"] = "another".into();
    let second = bench.accept(&second).await;
    bench.script([Say::Hang]);
    let deliveries = bench.receive(Lane::Standard).await;
    let deadline = after(bench.now(), Duration::from_secs(60));
    let running = bench.processor.handle(&deliveries[0], deadline);
    let waiting = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench.processor.handle(&deliveries[1], deadline).await
    };
    let (_, ack) = futures::join!(tokio::time::timeout(Duration::from_secs(5), running), waiting);
    assert!(matches!(ack, processor::Ack::Retry(_)), "{ack:?}");
    assert_eq!(bench.status(&first).await, TaskStatus::Processing);
    let task = bench.task(&second).await;
    assert_eq!(task.control.status, TaskStatus::Waiting);
    assert!(task.doc.timeline.last().unwrap().note.contains("thread"));
}

#[tokio::test(start_paused = true)]
async fn invocation_that_ends_first_leaves_the_task_to_a_successor() {
    let bench = Bench::new();
    bench.script([Say::Hang]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Processing);
    // The lease, and the time in which the messages of a batch come back.
    bench.pass(Duration::from_secs(191));
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed);
    // A first end without a word costs no try.
    assert_eq!((task.control.attempts, task.control.fence), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn too_little_time_for_publishing_defers_to_the_next_invocation() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    let delivery = bench.receive(Lane::Standard).await.remove(0);
    let deadline = after(bench.now(), Duration::from_secs(15));
    let ack = bench.processor.handle(&delivery, deadline).await;
    assert!(matches!(ack, processor::Ack::Retry(_)), "{ack:?}");
    assert!(bench.comments().is_empty());
    assert_eq!(bench.task(&id).await.control.attempts, 0);
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    assert_eq!(bench.steps(), ["triage", "answer"], "nothing was paid twice");
}

#[tokio::test(start_paused = true)]
async fn outage_of_the_service_is_waited_out() {
    let bench = Bench::new();
    *bench.service.login_fails.lock().unwrap() = true;
    let id = bench.accept(&issue(7)).await;
    for _ in 0..30 {
        bench.work().await;
        bench.pass(Duration::from_secs(60));
        sweeper(&bench).sweep(after(bench.now(), Duration::from_secs(60))).await.whole().unwrap();
    }
    assert_eq!(bench.status(&id).await, TaskStatus::Waiting);
    *bench.service.login_fails.lock().unwrap() = false;
    for _ in 0..10 {
        bench.pass(Duration::from_secs(60));
        sweeper(&bench).sweep(after(bench.now(), Duration::from_secs(60))).await.whole().unwrap();
        bench.work().await;
    }
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn parked_draft_expires_and_can_be_retried() {
    let bench = Bench::new();
    bench.script([Say::Triage { intent: "question", confidence: 0.1, spam: false }]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    bench.pass(Duration::from_secs(48 * 3_600));
    let sweep = || sweeper(&bench);
    assert_eq!(
        sweep().sweep(after(bench.now(), Duration::from_secs(60))).await.whole().unwrap().report.expired,
        0,
        "grace"
    );
    bench.pass(Duration::from_secs(301));
    assert_eq!(
        sweep().sweep(after(bench.now(), Duration::from_secs(60))).await.whole().unwrap().report.expired,
        1
    );
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Expired);
    assert_eq!(task.doc.decision.unwrap().outcome, Outcome::Expired);
    retry(
        &bench.stores,
        &id,
        None,
        Decider { name: "ada", request: "r1", at: bench.now(), from: &Origin::CONSOLE },
    )
    .await
    .unwrap();
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::AwaitingApproval);
    assert_eq!(bench.steps(), ["triage", "answer"], "the same draft, not a second one");
}

/// The place in the model's queue is not lost to a neighbour of the same thread.
#[tokio::test(start_paused = true)]
async fn task_that_waits_for_its_thread_keeps_its_slot() {
    let bench = Bench::new();
    let slot = after(bench.now(), Duration::from_secs(45));
    let triage = Say::Triage { intent: "bug_report", confidence: 0.9, spam: false };
    bench.script([triage, Say::Fail(ModelFailure::Defer { why: Deferral::Quota, not_before: Some(slot) })]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    assert_eq!(bench.task(&id).await.doc.slot, Some(slot));
    bench.pass(Duration::from_secs(45));
    let (thread, busy_until) = ("thread:github:octo/repo#7", after(bench.now(), Duration::from_secs(3)));
    let held = bench.stores.state.acquire(thread, "neighbour", bench.now(), busy_until).await.unwrap();
    assert_eq!(held, Acquire::Held);
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, task.doc.slot), (TaskStatus::Waiting, Some(slot)));
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.model.calls.lock().unwrap().last().unwrap().slot, Some(slot));
    assert_eq!(bench.task(&id).await.doc.slot, None);
}

/// The draft expired with its task's last day; the person decided within the grace.
#[tokio::test(start_paused = true)]
async fn approval_that_was_accepted_is_carried_out_whatever_the_age_of_the_task() {
    let bench = Bench::with(
        &harness::SETTINGS.replace("history = 3", "history = 3\napproval_expires = \"13d\""),
        None,
    );
    bench.script([Say::Triage { intent: "question", confidence: 0.1, spam: false }]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    bench.pass(Duration::from_secs(13 * 86_400 + 100));
    let task = bench.approve(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    assert_eq!(bench.comments().len(), 1);
}
