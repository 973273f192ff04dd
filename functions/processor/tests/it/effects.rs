//! The effect ledger: whatever happens, the thread gets one comment.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::*;

use harness::{Bench, Post, issue};

async fn until_ended(bench: &Bench, id: &TaskId) -> Task {
    for _ in 0..60 {
        bench.work().await;
        let task = bench.task(id).await;
        if task.control.status.is_end() {
            return task;
        }
        bench.pass(Duration::from_secs(15));
        bench.sweep().await;
    }
    panic!("task {id} never ended: {:?}", bench.task(id).await);
}

#[tokio::test(start_paused = true)]
async fn lost_answer_is_resolved_by_the_services_proof() {
    for post in [Post::Lost, Post::CreateAndHang] {
        let bench = Bench::new();
        bench.service.posts.lock().unwrap().push_back(post);
        let id = bench.accept(&issue(7)).await;
        bench.work().await;
        let task = bench.task(&id).await;
        assert_eq!(task.control.status, TaskStatus::Waiting);
        assert!(matches!(task.effect("reply").unwrap().state, EffectState::Intended { .. }));
        assert_eq!(until_ended(&bench, &id).await.control.status, TaskStatus::Completed);
        assert_eq!(bench.comments().len(), 1);
        assert_eq!(bench.steps(), ["triage", "answer"]);
    }
}

/// Its successor, whose clock says that the lease is over, may have looked for a proof in vain and published by then.
#[tokio::test(start_paused = true)]
async fn who_stood_still_behind_its_intent_does_not_publish_though_its_lease_runs() {
    let bench = Bench::new();
    let now = Arc::clone(&bench.now);
    let stands_still = move || {
        now.fetch_add(45_000, Ordering::SeqCst);
    };
    *bench.faults.once_intended.lock().unwrap() = Some(Box::new(stands_still));
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, bench.comments().len()), (TaskStatus::Waiting, 0));
    assert!(task.effect("reply").is_none(), "the intent was taken back");
    assert_eq!(until_ended(&bench, &id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn comment_that_certainly_was_not_made_is_made_later() {
    let bench = Bench::new();
    let throttled = ServiceFailure::Throttled { after: Duration::from_secs(60) };
    bench.service.posts.lock().unwrap().push_back(Post::Refuse(throttled));
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.not_before, Some(after(bench.now(), Duration::from_secs(60))));
    assert_eq!(task.control.attempts, 0, "an orderly deferral costs no attempt");
    assert!(task.effect("reply").is_none(), "the intent was taken back");
    assert_eq!(until_ended(&bench, &id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn refusal_fails_the_task_with_the_services_words() {
    let bench = Bench::new();
    bench.service.posts.lock().unwrap().push_back(Post::Refuse(ServiceFailure::Refused));
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    let error = task.doc.error.unwrap();
    assert_eq!(error.kind, "github_refused");
    assert!(error.message.contains("scripted"));
}

#[tokio::test(start_paused = true)]
async fn effect_that_can_never_be_cleared_up_ends_the_task_after_five_tries() {
    let bench = Bench::new();
    bench.service.posts.lock().unwrap().push_back(Post::Refuse(ServiceFailure::InDoubt));
    *bench.service.finds_fail.lock().unwrap() = Some(ServiceFailure::Refused);
    let id = bench.accept(&issue(7)).await;
    let task = until_ended(&bench, &id).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    assert_eq!(task.control.attempts, MAX_ATTEMPTS);
    assert_eq!(task.doc.error.unwrap().kind, "in_doubt");
    assert!(bench.comments().is_empty());
}

/// A comment has its mark, and nobody says whether the account is ours: to publish again would be a second one.
#[tokio::test(start_paused = true)]
async fn what_only_a_person_can_clear_up_is_asked_and_not_done_again() {
    for (approves, comments) in [(true, 2), (false, 1)] {
        let bench = Bench::new();
        bench.service.posts.lock().unwrap().push_back(Post::Lost);
        *bench.service.finds_fail.lock().unwrap() = Some(ServiceFailure::InDoubt);
        let id = bench.accept(&issue(7)).await;
        let asked = bench.until_settled(&id).await;
        assert_eq!(asked.control.status, TaskStatus::AwaitingApproval, "{asked:?}");
        assert_eq!(bench.comments().len(), 1);
        let rejection = DecisionInput::Reject { reason: None };
        let ended = if approves { bench.approve(&id).await } else { bench.decide(&id, rejection).await };
        assert!(ended.control.status.is_end(), "{ended:?}");
        assert_eq!(bench.comments().len(), comments);
    }
}

#[tokio::test(start_paused = true)]
async fn crash_at_any_moment_doubles_nothing_and_loses_nothing() {
    // The future of the invocation is dropped after `n` polls, for every `n`: a crash at each await
    // point. A successor takes over when the lease has ended.
    let mut crashes = 0;
    for polls in 1..200 {
        let bench = Bench::new();
        let id = bench.accept(&issue(7)).await;
        let delivery = bench.receive(Lane::Standard).await.remove(0);
        let deadline = after(bench.now(), Duration::from_secs(120));
        let done = {
            let mut work = Box::pin(bench.processor.handle(&delivery, deadline));
            let mut polled = 0;
            std::future::poll_fn(|cx| {
                polled += 1;
                if polled > polls {
                    return std::task::Poll::Ready(None);
                }
                match work.as_mut().poll(cx) {
                    std::task::Poll::Ready(ack) => std::task::Poll::Ready(Some(ack)),
                    std::task::Poll::Pending => {
                        cx.waker().wake_by_ref();
                        std::task::Poll::Pending
                    }
                }
            })
            .await
        };
        if done.is_some() {
            break;
        }
        crashes += 1;
        let task = until_ended(&bench, &id).await;
        assert_eq!(task.control.status, TaskStatus::Completed, "crash after {polls} polls");
        assert_eq!(bench.comments().len(), 1, "crash after {polls} polls");
    }
    // SQLite in memory never makes a future wait, so this walks only the points that do; the
    // adapters over the network are walked by the end-to-end tests.
    assert!(crashes < 199, "the loop ended by itself");
}
