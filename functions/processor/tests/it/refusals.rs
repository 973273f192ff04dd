//! Services that refuse our account: tasks wait as in an outage, loudly, and nothing more is paid for them.

use domain::*;

use harness::{Bench, Post, issue};

#[tokio::test(start_paused = true)]
async fn an_account_that_is_refused_costs_no_task_and_no_try_and_is_told_loudly() {
    let bench = Bench::new();
    for _ in 0..6 {
        bench.service.posts.lock().unwrap().push_back(Post::Refuse(ServiceFailure::AccountRefused));
    }
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Waiting, "{:?}", task.doc.error);
    assert_eq!(task.control.attempts, 0);
    assert!(task.doc.timeline.last().unwrap().note.contains("refuses our account"));
    assert_eq!(task.doc.error.unwrap().kind, "github_account");
    assert_eq!(bench.figures.total("NotReady", &[("reason", "github")]), 1.0);
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    assert_eq!(bench.comments().len(), 1);
    assert_eq!(bench.steps(), ["triage", "answer"], "each was paid for once");
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_the_account_is_refused_in_stops_no_other() {
    let bench = Bench::new();
    bench.service.posts.lock().unwrap().push_back(Post::Refuse(ServiceFailure::AccountRefused));
    let refused = bench.accept(&issue(7)).await;
    bench.work().await;
    let other = bench.accept_at(&issue(8), Priority::DEFAULT, "octo/other").await;
    bench.work().await;
    assert_eq!(bench.status(&refused).await, TaskStatus::Waiting);
    assert_eq!(bench.status(&other).await, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn the_next_tasks_of_the_same_tenant_wait_before_anything_is_paid_for_them() {
    let bench = Bench::new();
    bench.service.posts.lock().unwrap().push_back(Post::Refuse(ServiceFailure::AccountRefused));
    bench.accept(&issue(7)).await;
    bench.work().await;
    let paid = bench.steps().len();
    let id = bench.accept(&issue(8)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Waiting);
    assert_eq!(bench.steps().len(), paid);
    assert_eq!(bench.figures.total("NotReady", &[("reason", "github")]), 1.0, "it was told already");
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_the_account_is_refused_in_is_told_loudly_and_stops_no_other_of_the_tenant() {
    let bench = Bench::new();
    bench.service.posts.lock().unwrap().push_back(Post::Refuse(ServiceFailure::PlaceRefused));
    let refused = bench.accept(&issue(7)).await;
    bench.work().await;
    assert_eq!(bench.status(&refused).await, TaskStatus::Waiting);
    assert_eq!(bench.figures.total("NotReady", &[("reason", "github")]), 1.0);
    let other = bench.accept(&issue(8)).await;
    bench.work().await;
    assert_eq!(bench.status(&other).await, TaskStatus::Completed);
    let task = bench.until_settled(&refused).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    assert_eq!(task.control.attempts, 1, "only the try that went well counts");
}
