//! One store fails while the others work: nobody's attempts are spent on that, and nobody is told of a crash.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::*;

use harness::{Bench, Post, for_a_while, issue};

async fn waits_without_a_lease(bench: &Bench, id: &TaskId) {
    let task = bench.task(id).await;
    assert_eq!((task.control.status, task.control.attempts), (TaskStatus::Waiting, 0), "{task:?}");
    assert_eq!(task.control.lease, None);
    assert!(task.doc.timeline.last().unwrap().note.contains("unavailable"), "{task:?}");
}

#[tokio::test(start_paused = true)]
async fn outage_of_the_payload_store_is_waited_out() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    for_a_while(&bench, &bench.faults.payloads_down, 4).await;
    waits_without_a_lease(&bench, &id).await;
    let task = bench.until_settled(&id).await;
    assert_eq!((task.control.status, bench.comments().len()), (TaskStatus::Completed, 1));
}

/// Its place is in the body: without it nothing can be looked for, and what did land would be told of as a failure.
#[tokio::test(start_paused = true)]
async fn outage_of_the_payload_store_at_the_last_look_is_waited_out() {
    for is_too_old in [false, true] {
        let bench = Bench::new();
        let id = bench.accept(&issue(7)).await;
        bench.service.posts.lock().unwrap().push_back(Post::Lost);
        bench.work().await;
        let mut task = bench.task(&id).await;
        assert!(task.has_open_intent());
        task.control.attempts = MAX_ATTEMPTS;
        assert_eq!(bench.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
        bench.pass(if is_too_old {
            between(bench.now(), task.gives_up_at())
        } else {
            Duration::from_secs(90)
        });
        for_a_while(&bench, &bench.faults.payloads_down, 4).await;
        assert_eq!(bench.task(&id).await.control.status, TaskStatus::Waiting);
        let task = bench.until_settled(&id).await;
        assert_eq!((task.control.status, bench.comments().len()), (TaskStatus::Completed, 1), "{task:?}");
    }
}

/// A permission that was taken away, a key that is disabled: somebody must mend it, and hears of it.
#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_us_is_waited_for_and_told_loudly() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    for_a_while(&bench, &bench.faults.payloads_refused, 90).await;
    waits_without_a_lease(&bench, &id).await;
    let last = bench.task(&id).await.doc.timeline.pop().unwrap().note;
    assert!(last.contains("AccessDenied: so it said"), "{last}");
    assert!(bench.figures.total("NotReady", &[("reason", "store")]) > 1.0);
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
}

/// Every wait of five minutes at most would pay for another answer that is thrown away.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_is_paid_for_once_however_long_the_store_takes_nothing() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    for_a_while(&bench, &bench.faults.payloads_full, 90).await;
    waits_without_a_lease(&bench, &id).await;
    assert_eq!(bench.steps(), ["triage"]);
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.steps(), ["triage", "triage", "answer"]);
}

/// Nothing can be written of such a try, not even that it came to nothing.
#[tokio::test(start_paused = true)]
async fn table_that_takes_claims_and_no_other_writes_costs_no_attempt() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    for_a_while(&bench, &bench.faults.saves_refused, 90).await;
    assert!(bench.task(&id).await.control.fence > u64::from(MAX_ATTEMPTS));
    let task = bench.until_settled(&id).await;
    assert_eq!((task.control.status, task.control.attempts), (TaskStatus::Completed, 1), "{task:?}");
    assert_eq!(bench.comments().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn outage_of_the_state_store_is_waited_out() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    for_a_while(&bench, &bench.faults.state_down, 4).await;
    waits_without_a_lease(&bench, &id).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn write_whose_answer_was_lost_costs_no_lease() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    bench.faults.save_unanswered.store(true, Ordering::SeqCst);
    bench.work().await;
    waits_without_a_lease(&bench, &id).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.steps(), ["triage", "answer"]);
}

/// One store is down, and the write that says so fails once.
#[tokio::test(start_paused = true)]
async fn deferral_whose_write_fails_once_costs_no_attempt() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    bench.faults.payloads_down.store(true, Ordering::SeqCst);
    bench.faults.deferral_refused.store(true, Ordering::SeqCst);
    bench.work().await;
    bench.faults.payloads_down.store(false, Ordering::SeqCst);
    assert!(!bench.faults.deferral_refused.load(Ordering::SeqCst));
    waits_without_a_lease(&bench, &id).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn damaged_body_ends_the_task_with_its_own_error() {
    let bench = Bench::new();
    bench.faults.payloads_damaged.store(true, Ordering::SeqCst);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, task.control.attempts), (TaskStatus::Waiting, 1));
    assert!(task.doc.timeline.last().unwrap().note.contains("no zstd"), "{task:?}");
    let task = bench.until_settled(&id).await;
    assert_eq!((task.control.status, task.control.attempts), (TaskStatus::Failed, MAX_ATTEMPTS));
    let error = task.doc.error.unwrap();
    assert_eq!((error.kind.as_str(), error.message.as_str()), ("damaged", "the bytes are no zstd"));
}

/// The sender of a body that was never stored may be sending it again at this very moment.
#[tokio::test(start_paused = true)]
async fn body_that_arrives_after_the_first_claim_is_worked_on() {
    let bench = Bench::new();
    let body = serde_json::to_vec(&issue(7)).unwrap();
    let id = bench.accept_without_body(&issue(7)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Waiting);
    let blob = Blob::pack(&body).unwrap();
    let forget_at = bench.task(&id).await.parts_forgotten_at();
    bench.stores.payloads.put_new(&id, &PartKey::payload(), &blob, forget_at).await.unwrap();
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
}

/// The figures of the day are the last write of a run, after that of the task.
#[tokio::test(start_paused = true)]
async fn figures_that_cannot_be_written_cost_nothing_but_figures() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    bench.faults.figures_down.store(true, Ordering::SeqCst);
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, bench.comments().len()), (TaskStatus::Completed, 1), "{task:?}");
    let ended = || async {
        let mut ended = 0;
        for key in day_keys(bench.now()) {
            let found = bench.stores.state.get(&key, bench.now()).await.unwrap();
            ended += found.map(|found| DayFigures::read(found.value).tasks()).unwrap_or_default();
        }
        ended
    };
    assert_eq!(ended().await, 0);
    bench.faults.figures_down.store(false, Ordering::SeqCst);
    bench.accept(&issue(8)).await;
    bench.work().await;
    assert_eq!(ended().await, 2, "what could not be written goes out with the next write");
}
