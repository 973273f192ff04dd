//! Threads that are closed, locked or deleted after the event, and before the answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::*;
use processor::Ack;

use harness::{Bench, Post, SETTINGS, Say, ScriptedService, comment, issue};
use wiring::{Client, OutsideService, Services};

const LOCKED: &str = "thread_closed: it takes no more comments";
const SETTLED: &str = "thread_closed: it is settled, and the comment is not meant for the agent";

fn now_is(bench: &Bench, state: ThreadState) {
    *bench.service.state.lock().unwrap() = state;
}

fn asked(bench: &Bench) -> usize {
    bench.service.states.load(Ordering::SeqCst)
}

async fn ends_ignored(bench: &Bench, id: &TaskId, why: &str) {
    let task = bench.until_settled(id).await;
    assert_eq!(task.control.status, TaskStatus::Ignored, "{:?}", task.doc.error);
    assert_eq!(task.doc.timeline.last().unwrap().note, why);
    assert!(bench.comments().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_thread_that_was_locked_since_ends_the_task_before_anything_is_paid_for() {
    let bench = Bench::new();
    now_is(&bench, ThreadState::Locked);
    let id = bench.accept(&issue(7)).await;
    ends_ignored(&bench, &id, LOCKED).await;
    assert!(bench.steps().is_empty());
    assert_eq!(asked(&bench), 1);
}

#[tokio::test(start_paused = true)]
async fn what_can_be_ignored_or_answered_is_looked_at_first_and_what_acts_elsewhere_is_not() {
    let with = |automation: &str, rest: &str| {
        let intent = format!("[[intents]]\nname = \"other\"\nwhen = \"x\"\nautomation = \"{automation}\"\n");
        format!("{SETTINGS}\n{intent}{rest}")
    };
    let labels = "[automations.label]\nallowed = [\"bug\"]\n";
    for (settings, paid) in [(with("ignore", ""), 0), (with("label", labels), 1)] {
        let bench = Bench::with(&settings, None);
        now_is(&bench, ThreadState::Locked);
        let id = bench.accept(&issue(7)).await;
        ends_ignored(&bench, &id, LOCKED).await;
        assert_eq!(bench.steps().len(), paid, "triage tells what it is");
    }
}

#[tokio::test(start_paused = true)]
async fn the_state_is_asked_for_once_a_run_and_beside_the_history_where_it_is_not_known_by_then() {
    let label = "[[intents]]\nname = \"other\"\nwhen = \"x\"\nautomation = \"label\"\n";
    let settings = format!("{SETTINGS}\n{label}[automations.label]\nallowed = [\"bug\"]\n");
    let bench = Bench::with(&settings, None);
    *bench.service.slow_reads.lock().unwrap() = Duration::from_secs(3);
    let id = bench.accept(&issue(7)).await;
    let began = tokio::time::Instant::now();
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    assert_eq!(asked(&bench), 1);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_closed_issue_follows_the_rule_that_its_event_would() {
    let settings = SETTINGS.replace("events =", "respond_to_comments = \"thread\"\nevents =");
    let aside = Bench::with(&settings, None);
    now_is(&aside, ThreadState::Closed);
    let id = aside.accept(&comment("mona", "Thanks, that helped.")).await;
    ends_ignored(&aside, &id, SETTLED).await;
    for event in [comment("mona", "@afterhook it is back"), issue(7)] {
        let bench = Bench::with(&settings, None);
        now_is(&bench, ThreadState::Closed);
        let id = bench.accept(&event).await;
        assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
    }
}

/// A draft of an answer that waits for a person.
async fn parked(bench: &Bench, event: &serde_json::Value) -> TaskId {
    bench.script([Say::Triage { intent: "question", confidence: 0.5, spam: false }]);
    let id = bench.accept(event).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::AwaitingApproval);
    id
}

#[tokio::test(start_paused = true)]
async fn what_a_person_approves_is_not_posted_to_a_thread_that_was_locked_meanwhile() {
    let bench = Bench::new();
    let id = parked(&bench, &issue(7)).await;
    now_is(&bench, ThreadState::Locked);
    bench.approve(&id).await;
    ends_ignored(&bench, &id, LOCKED).await;
    assert_eq!(asked(&bench), 2, "once a run");
}

#[tokio::test(start_paused = true)]
async fn what_a_person_approves_is_posted_to_a_thread_that_is_merely_closed() {
    let settings = SETTINGS.replace("events =", "respond_to_comments = \"thread\"\nevents =");
    let bench = Bench::with(&settings, None);
    let id = parked(&bench, &comment("mona", "Does it work on Windows?")).await;
    now_is(&bench, ThreadState::Closed);
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_an_earlier_run_is_not_posted_to_a_thread_that_was_locked_since() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    let delivery = bench.receive(Lane::Standard).await.remove(0);
    let deadline = after(bench.now(), Duration::from_secs(15));
    let ack = bench.processor.handle(&delivery, deadline).await;
    assert!(matches!(ack, Ack::Retry(_)), "{ack:?}");
    now_is(&bench, ThreadState::Locked);
    ends_ignored(&bench, &id, LOCKED).await;
    assert_eq!(bench.steps(), ["triage", "answer"]);
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_comes_last_of_all_is_told_by_the_refusal_and_not_tried_again() {
    let bench = Bench::new();
    let posts = [Post::Refuse(ServiceFailure::Closed), Post::Create];
    bench.service.posts.lock().unwrap().extend(posts);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Ignored);
    let note = &task.doc.timeline.last().unwrap().note;
    assert!(note.starts_with("thread_closed: github: create a comment"), "{note}");
    assert!(task.effect("reply").is_none());
    bench.pass(Duration::from_secs(3_600));
    assert_eq!(bench.work().await, 0);
    assert!(bench.comments().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_may_be_there_is_looked_for_even_if_the_thread_was_locked_since() {
    let bench = Bench::new();
    bench.service.posts.lock().unwrap().push_back(Post::Lost);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    now_is(&bench, ThreadState::Locked);
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_say_is_waited_for_and_one_that_says_deleted_is_not() {
    let bench = Bench::new();
    bench.service.state_fails.lock().unwrap().push(ServiceFailure::Later { after: None });
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, task.control.attempts), (TaskStatus::Waiting, 0));
    assert!(bench.steps().is_empty(), "nothing is paid for until it is known");
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
    let bench = Bench::new();
    bench.service.state_fails.lock().unwrap().push(ServiceFailure::Closed);
    let id = bench.accept(&issue(7)).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Ignored);
}

#[tokio::test(start_paused = true)]
async fn a_mention_that_was_taken_as_a_message_is_worked_on() {
    let slack = "[sources.slack]\nevents = [\"message.channels\"]\nlogin = \"U05AFTERHK\"\n";
    let settings = SETTINGS.replace("automation = \"reply\"", "automation = \"ignore\"");
    let threads = Client::with_threads(Arc::new(ScriptedService::default()));
    let services = Services::default().with(OutsideService::Slack, threads);
    let bench = Bench::at(&format!("{settings}\n{slack}"), None, services);
    let body = serde_json::json!({
        "type": "event_callback", "event_id": "Ev1", "team_id": "T1",
        "event": {"type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "ts": "1795169412.000001",
                  "text": "<@U05AFTERHK> help"},
        "authorizations": [{"user_id": "U05AFTERHK", "is_bot": true}],
    });
    let id = bench.accept_from("slack", &body).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(bench.steps(), ["triage"], "{:?}", task.doc.timeline);
}
