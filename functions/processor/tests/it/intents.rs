//! An intent without proof is about one draft: no other goes out in its name, and none that nobody saw.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::*;

use harness::{Bench, Post, SETTINGS, Say, issue};

fn bench() -> Bench {
    Bench::with(&SETTINGS.replace("history = 3", "history = 3\napproval = \"always\""), None)
}

async fn retry_with_a_note(bench: &Bench, id: &TaskId) {
    let decider = Decider { name: "ada", request: "r9", at: bench.now(), from: &Origin::CONSOLE };
    retry(&bench.stores, id, Some("be kinder".to_owned()), decider).await.unwrap();
}

/// Draft 1 is approved, its answer is lost as `post` says, and nobody can say what became of it until the task
/// fails.
async fn failed_in_doubt(bench: &Bench, post: Post) -> TaskId {
    let triage = Say::Triage { intent: "question", confidence: 0.9, spam: false };
    bench.script([triage, Say::Text("First."), Say::Text("Second.")]);
    bench.service.posts.lock().unwrap().push_back(post);
    *bench.service.finds_fail.lock().unwrap() = Some(ServiceFailure::Refused);
    let id = bench.accept(&issue(7)).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::AwaitingApproval);
    let task = bench.approve(&id).await;
    assert_eq!(task.control.status, TaskStatus::Failed, "{task:?}");
    assert_eq!(task.effect("reply").unwrap().content, Some(content("First.", 0)));
    *bench.service.finds_fail.lock().unwrap() = None;
    id
}

fn content(text: &str, round: u32) -> Content {
    Content { hash: short_sha256(text), round }
}

#[tokio::test(start_paused = true)]
async fn draft_that_nobody_saw_does_not_go_out_for_one_that_is_in_doubt() {
    let bench = bench();
    let id = failed_in_doubt(&bench, Post::Refuse(ServiceFailure::InDoubt)).await;
    retry_with_a_note(&bench, &id).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "{task:?}");
    assert_eq!(task.doc.draft.unwrap().hash, short_sha256("Second."));
    assert!(bench.comments().is_empty());
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["Second."]);
    assert_eq!(bench.task(&id).await.effect("reply").unwrap().content, Some(content("Second.", 1)));
}

#[tokio::test(start_paused = true)]
async fn draft_that_had_landed_is_the_only_one_and_the_task_names_it() {
    let bench = bench();
    let id = failed_in_doubt(&bench, Post::Lost).await;
    retry_with_a_note(&bench, &id).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{task:?}");
    assert_eq!(task.doc.result.unwrap().output, TaskOutput::Draft(short_sha256("First.")));
    assert_eq!(bench.comments(), ["First."]);
    let named = |entry: &TimelineEntry| entry.note.contains(&short_sha256("First."));
    assert!(task.doc.timeline.iter().any(named), "{:?}", task.doc.timeline);
}

/// The thread was closed while the first draft was in doubt: the second is held back like any other.
#[tokio::test(start_paused = true)]
async fn thread_that_was_locked_meanwhile_gets_no_second_draft() {
    let bench = bench();
    let id = failed_in_doubt(&bench, Post::Refuse(ServiceFailure::InDoubt)).await;
    *bench.service.state.lock().unwrap() = ThreadState::Locked;
    retry_with_a_note(&bench, &id).await;
    let task = bench.until_settled(&id).await;
    assert_eq!((task.control.status, bench.comments().len()), (TaskStatus::Ignored, 0), "{task:?}");
}

#[tokio::test(start_paused = true)]
async fn a_second_draft_counts_against_the_cap_of_its_thread() {
    let limit = "per_thread_replies_per_hour = 3";
    let bench = Bench::with(&SETTINGS.replace(limit, "per_thread_replies_per_hour = 1"), None);
    let first = bench.accept(&issue(7)).await;
    bench.work().await;
    assert_eq!(bench.status(&first).await, TaskStatus::Completed);
    let mut again = issue(7);
    again["issue"]["body"] = "another".into();
    let id = bench.accept(&again).await;
    let task = bench.until_settled(&id).await;
    assert!(task.doc.draft.unwrap().parked_because.unwrap().contains("1 replies"));
    retry_with_a_note(&bench, &id).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "{task:?}");
    assert_eq!(bench.comments().len(), 1);
}

/// Another issue event of the same thread.
async fn another(bench: &Bench, words: &str) -> TaskId {
    let mut event = issue(7);
    event["issue"]["body"] = words.into();
    bench.accept(&event).await
}

fn of_cap_one() -> Bench {
    let limit = "per_thread_replies_per_hour = 3";
    Bench::with(&SETTINGS.replace(limit, "per_thread_replies_per_hour = 1"), None)
}

/// By the hours of the clock, a thread could have twice its cap within minutes.
#[tokio::test(start_paused = true)]
async fn replies_on_both_sides_of_a_full_hour_count_together() {
    let bench = of_cap_one();
    let into_the_hour = bench.now().as_second().rem_euclid(3_600).unsigned_abs();
    bench.pass(Duration::from_secs(3_600 - into_the_hour + 3_000));
    let first = bench.accept(&issue(7)).await;
    bench.work().await;
    assert_eq!(bench.status(&first).await, TaskStatus::Completed);
    bench.pass(Duration::from_secs(1_200));
    let second = another(&bench, "twenty minutes later").await;
    let task = bench.until_settled(&second).await;
    assert!(task.doc.draft.unwrap().parked_because.unwrap().contains("1 replies"));
    bench.pass(Duration::from_secs(3_600));
    let third = another(&bench, "long after").await;
    assert_eq!(bench.until_settled(&third).await.control.status, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_was_held_up_counts_when_it_goes_out() {
    let bench = of_cap_one();
    bench.service.posts.lock().unwrap().extend(vec![Post::Refuse(ServiceFailure::InDoubt); 20]);
    let first = bench.accept(&issue(7)).await;
    let began = bench.now();
    while bench.comments().is_empty() {
        bench.work().await;
        bench.pass(Duration::from_secs(30));
        bench.sweep().await;
    }
    assert_eq!(bench.status(&first).await, TaskStatus::Completed);
    let held_up = bench.now().as_second() - began.as_second();
    assert!(held_up > 3_600, "{held_up} s: it was written more than an hour ago");
    bench.pass(Duration::from_secs(1_800));
    let second = another(&bench, "half an hour after it went out").await;
    let task = bench.until_settled(&second).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "{task:?}");
}

#[tokio::test(start_paused = true)]
async fn write_only_outage_costs_no_attempt() {
    let bench = Bench::new();
    bench.service.posts.lock().unwrap().extend(vec![Post::Refuse(ServiceFailure::InDoubt); 6]);
    let id = bench.accept(&issue(7)).await;
    for _ in 0..600 {
        bench.work().await;
        let task = bench.task(&id).await;
        assert!(task.control.attempts <= 1, "{task:?}");
        bench.pass(Duration::from_secs(5));
        bench.sweep().await;
    }
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    assert_eq!(bench.comments().len(), 1);
    assert_eq!(bench.steps(), ["triage", "answer"], "nothing was paid twice");
}

/// Seconds until a comment is there that the service has failed at twice in a row.
async fn time_to_comment(knows_repetitions: bool) -> i64 {
    let bench = Bench::new();
    *bench.service.knows_repetitions.lock().unwrap() = knows_repetitions;
    bench.service.posts.lock().unwrap().extend(vec![Post::Refuse(ServiceFailure::ServerError); 2]);
    let id = bench.accept(&issue(7)).await;
    let began = bench.now();
    while bench.comments().is_empty() {
        bench.work().await;
        bench.pass(Duration::from_secs(1));
        bench.sweep().await;
    }
    assert_eq!(bench.task(&id).await.control.attempts, 1);
    bench.now().as_second() - began.as_second()
}

#[tokio::test(start_paused = true)]
async fn failure_that_a_service_reports_is_cleared_up_sooner_where_it_knows_repetitions() {
    let (known, unknown) = (time_to_comment(true).await, time_to_comment(false).await);
    assert!((30..45).contains(&known) && (120..135).contains(&unknown), "{known} {unknown}");
}

#[tokio::test(start_paused = true)]
async fn comment_that_did_land_leaves_no_failed_task() {
    let bench = Bench::new();
    bench.service.posts.lock().unwrap().push_back(Post::Lost);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    bench.use_up_tries(&id).await;
    let task = bench.until_settled(&id).await;
    assert_eq!((task.control.status, bench.comments().len()), (TaskStatus::Completed, 1), "{task:?}");
}

#[tokio::test(start_paused = true)]
async fn comment_that_did_land_leaves_no_failed_task_for_its_age() {
    let bench = Bench::new();
    bench.service.posts.lock().unwrap().push_back(Post::Lost);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    bench.pass(Duration::from_secs(13 * 86_400 + 1));
    let report = bench.sweep().await;
    assert_eq!((report.woken, report.given_up), (1, 0));
    let task = bench.until_settled(&id).await;
    assert_eq!((task.control.status, bench.comments().len()), (TaskStatus::Completed, 1), "{task:?}");
}

/// The body is damaged by then, so nobody knows where to look.
#[tokio::test(start_paused = true)]
async fn a_task_that_fails_before_the_work_on_it_says_what_is_in_doubt() {
    let bench = Bench::new();
    bench.service.posts.lock().unwrap().push_back(Post::Lost);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    bench.faults.payloads_damaged.store(true, Ordering::SeqCst);
    let task = bench.until_settled(&id).await;
    let error = task.doc.error.unwrap();
    assert_eq!((task.control.status, error.kind.as_str()), (TaskStatus::Failed, "damaged"));
    assert!(error.message.ends_with("; whether `reply` has happened is not known"), "{error:?}");
}

/// It had been created, and the answer said that it had not. Listings of comments lag, so it gets the whole minute.
#[tokio::test(start_paused = true)]
async fn comment_behind_a_server_error_is_found_and_not_written_again() {
    let bench = Bench::new();
    bench.service.posts.lock().unwrap().push_back(Post::LostTo(ServiceFailure::ServerError));
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    bench.pass(SETTLING - Duration::from_secs(1));
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Waiting);
    bench.pass(Duration::from_secs(1));
    bench.work().await;
    assert_eq!((bench.status(&id).await, bench.comments().len()), (TaskStatus::Completed, 1));
}
