//! What follows from an end that a person or the sweeper has made: the result of a requested task is posted,
//! and the figures of the day count it, whoever dies in between.

use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::*;
use outbound::Reach;
use outbound::scripted::{Asked, Reply, Server};
use processor::Ack;
use serde_json::{Value, json};
use sweeper::{Report, Sweeper};
use webhook::{Scheme, Secrets};
use wiring::Services;

use harness::{Bench, SETTINGS, Say, issue};

const SECRET: &str = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw==";
const MINUTE: Duration = Duration::from_secs(60);

/// A receiver that answers with these statuses, one after another, and 204 from then on.
async fn receiver(statuses: &[u16]) -> Server {
    let statuses = Mutex::new(statuses.iter().rev().copied().collect::<Vec<_>>());
    Server::start(move |_: &Asked| match statuses.lock().unwrap().pop() {
        Some(0) => Reply::Hang,
        status => Reply::json(status.unwrap_or(204), json!({})),
    })
    .await
}

fn bench() -> Bench {
    let settings = format!("{SETTINGS}\n[api]\ncallback_hosts = [\"127.0.0.1\"]\n");
    let services = Services {
        api_secrets: Secrets(vec![SECRET.into()]),
        reach: Reach::public().with_this_machine(),
        ..Services::default()
    };
    Bench::at(&settings, None, services)
}

/// A task of `POST /tasks` whose draft waits for a person.
async fn parked(bench: &Bench, server: Option<&Server>) -> TaskId {
    let mut body = json!({"prompt": "How do I export?"});
    if let Some(server) = server {
        body["callback_url"] = json!(format!("{}/done", server.base));
    }
    let id = bench.accept_from("api", &body).await;
    bench.script([Say::Triage { intent: "question", confidence: 0.5, spam: false }]);
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::AwaitingApproval);
    id
}

async fn send(bench: &Bench, id: &TaskId, lane: Lane) {
    let envelope = Envelope { task_id: id.clone(), lane, tenant: "api".to_owned() };
    bench.stores.queue.send(&envelope).await.unwrap();
}

/// What a person who clicked in Slack has decided; nobody has worked on it yet.
async fn reject(bench: &Bench, id: &TaskId) {
    reject_from(bench, id, &Origin::Slack { team: "T1".to_owned(), user: "U1".to_owned() }).await;
}

async fn reject_from(bench: &Bench, id: &TaskId, from: &Origin) {
    let hash = bench.task(id).await.doc.draft.unwrap().hash;
    let decider = Decider { name: "ada", request: "r1", at: bench.now(), from };
    let input = DecisionInput::Reject { reason: Some("not ours".to_owned()) };
    decide(&bench.stores, id, input, &hash, decider).await.unwrap().enqueued.unwrap();
    assert_eq!(bench.status(id).await, TaskStatus::Rejected, "visible at once");
}

async fn retry_with(bench: &Bench, id: &TaskId, note: Option<&str>) {
    let decider = Decider { name: "ada", request: "r2", at: bench.now(), from: &Origin::CONSOLE };
    retry(&bench.stores, id, note.map(str::to_owned), decider).await.unwrap();
}

async fn sweep(bench: &Bench) -> Report {
    let sweeper = Sweeper {
        stores: bench.stores.clone(),
        clock: bench.processor.clock().clone(),
        metrics: telemetry::Metrics::none(),
    };
    sweeper.sweep(after(bench.now(), MINUTE)).await.whole().unwrap().report
}

/// The messages that whoever decided has sent are lost with them.
async fn lose_messages(bench: &Bench) {
    for lane in Lane::ALL {
        for delivery in bench.receive(lane).await {
            bench.stores.queue.delete(&delivery.receipt).await.unwrap();
        }
    }
}

/// How many tasks the day's figures say have ended so.
async fn counted(bench: &Bench, status: TaskStatus) -> u64 {
    let mut sum = DayFigures::default();
    for key in day_keys(bench.now()) {
        if let Some(part) = bench.stores.state.get(&key, bench.now()).await.unwrap() {
            sum.add(&DayFigures::read(part.value));
        }
    }
    sum.ended.get(status.as_str()).copied().unwrap_or_default()
}

fn told(asked: &Asked) -> (Value, Value) {
    let body = asked.json();
    (body["type"].clone(), body["data"].clone())
}

async fn is_over(bench: &Bench, id: &TaskId) {
    let task = bench.task(id).await;
    assert_eq!((task.doc.follow_up, task.control.due_at), (None, None));
    for lane in Lane::ALL {
        assert_eq!(bench.stores.queue.depth(Some(lane)).await.unwrap(), Depth::default());
    }
}

#[tokio::test]
async fn a_rejection_is_posted_once_and_signed() {
    let (server, bench) = (receiver(&[]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    assert!(server.asked().is_empty(), "a draft that waits is no result");
    reject(&bench, &id).await;
    assert_eq!(bench.work().await, 1);
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    let (kind, data) = told(&asked[0]);
    assert_eq!((kind, &data["status"]), (json!("task.rejected"), &json!("rejected")));
    assert_eq!((&data["task_id"], &data["result"]), (&json!(id), &Value::Null));
    assert_eq!((&data["decision"]["outcome"], &data["decision"]["by"]), (&json!("rejected"), &json!("ada")));
    assert_eq!(data["draft"]["text"], "", "what was rejected goes nowhere");
    let headers: Vec<(String, String)> = asked[0]
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let secrets = Secrets(vec![SECRET.into()]);
    let verified =
        Scheme::standard_webhooks().verify(&secrets, headers.as_slice(), &asked[0].body, bench.now());
    assert_eq!(verified, Ok(()));
    assert_eq!(asked[0].header("idempotency-key"), asked[0].header("webhook-id"));
    is_over(&bench, &id).await;
    assert_eq!(bench.status(&id).await, TaskStatus::Rejected);
}

#[tokio::test]
async fn an_expiry_is_posted_and_counted() {
    let (server, bench) = (receiver(&[]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    bench.pass(Duration::from_secs(48 * 3_600 + 301));
    assert_eq!(sweep(&bench).await.expired, 1);
    assert_eq!(bench.status(&id).await, TaskStatus::Expired);
    bench.work().await;
    let (kind, data) = told(&server.asked()[0]);
    assert_eq!((kind, &data["decision"]["outcome"]), (json!("task.expired"), &json!("expired")));
    assert_eq!(counted(&bench, TaskStatus::Expired).await, 1);
    is_over(&bench, &id).await;
}

#[tokio::test]
async fn a_task_given_up_for_its_age_is_posted_and_counted() {
    let (server, bench) = (receiver(&[]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    reject(&bench, &id).await;
    retry_with(&bench, &id, None).await;
    lose_messages(&bench).await;
    bench.pass(Duration::from_secs(13 * 86_400 + 1));
    assert_eq!(sweep(&bench).await.given_up, 1);
    bench.work().await;
    let (kind, data) = told(&server.asked()[0]);
    assert_eq!((kind, &data["error"]["kind"]), (json!("task.failed"), &json!("too_old")));
    assert_eq!(server.asked().len(), 1, "a rejection that was taken back is told to nobody");
    assert_eq!(counted(&bench, TaskStatus::Failed).await, 1);
    is_over(&bench, &id).await;
}

#[tokio::test]
async fn whoever_decides_may_die_before_the_message_is_sent() {
    let (server, bench) = (receiver(&[]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    reject(&bench, &id).await;
    lose_messages(&bench).await;
    assert_eq!(sweep(&bench).await.woken, 0, "it may be on its way");
    bench.pass(Duration::from_secs(120));
    assert_eq!(sweep(&bench).await.woken, 1);
    assert_eq!(sweep(&bench).await.woken, 0, "and now it is");
    bench.work().await;
    assert_eq!(server.asked().len(), 1);
    assert_eq!(counted(&bench, TaskStatus::Rejected).await, 1);
    is_over(&bench, &id).await;
}

#[tokio::test]
async fn a_receiver_that_is_down_gets_the_same_bytes_later() {
    let (server, bench) = (receiver(&[503, 503]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    reject(&bench, &id).await;
    for _ in 0..10 {
        bench.work().await;
        bench.pass(MINUTE);
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    for again in &asked[1..] {
        assert_eq!(
            (&again.body, again.header("webhook-id")),
            (&asked[0].body, asked[0].header("webhook-id"))
        );
    }
    assert_eq!(counted(&bench, TaskStatus::Rejected).await, 1);
    is_over(&bench, &id).await;
}

#[tokio::test]
async fn a_receiver_that_is_down_for_a_day_is_given_up_and_costs_no_dead_letter() {
    let (server, bench) = (receiver(&[503; 2_000]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    reject(&bench, &id).await;
    let mut tries = 0;
    for _ in 0..=25 * 12 {
        bench.work().await;
        sweep(&bench).await;
        bench.pass(MINUTE * 5);
        if bench.task(&id).await.doc.follow_up.is_some() {
            tries = server.asked().len();
        }
    }
    assert!((24..400).contains(&tries), "{tries}");
    let task = bench.task(&id).await;
    assert!(task.doc.timeline.iter().any(|entry| entry.note.contains("was not delivered")), "{task:?}");
    let dead = Visibility { lane: None, timeout: MINUTE };
    assert!(bench.stores.queue.receive(dead, 10, Duration::ZERO).await.unwrap().is_empty());
    is_over(&bench, &id).await;
}

#[tokio::test]
async fn a_receiver_that_refuses_is_not_asked_again() {
    let (server, bench) = (receiver(&[410]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    reject(&bench, &id).await;
    bench.work().await;
    assert_eq!(server.asked().len(), 1);
    assert!(bench.task(&id).await.doc.timeline.iter().any(|entry| entry.note.contains("was not delivered")));
    is_over(&bench, &id).await;
}

#[tokio::test]
async fn a_processor_that_dies_while_it_posts_is_succeeded() {
    let (server, bench) = (receiver(&[0]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    reject(&bench, &id).await;
    let delivery = bench.receive(Lane::Express).await.remove(0);
    let deadline = after(bench.now(), MINUTE * 3);
    let arrived = async {
        while server.asked().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        ack = bench.processor.handle(&delivery, deadline) => panic!("{ack:?}"),
        () = arrived => {}
    }
    // Another message may come at once: it must not post beside the one that is on its way.
    send(&bench, &id, Lane::Express).await;
    bench.work().await;
    assert_eq!(server.asked().len(), 1);
    for _ in 0..30 {
        bench.pass(MINUTE);
        bench.work().await;
        sweep(&bench).await;
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(
        (&asked[0].body, asked[0].header("webhook-id")),
        (&asked[1].body, asked[1].header("webhook-id"))
    );
    assert_eq!(counted(&bench, TaskStatus::Rejected).await, 1);
    is_over(&bench, &id).await;
}

#[tokio::test]
async fn messages_too_many_neither_post_nor_count_again() {
    let (server, bench) = (receiver(&[]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    reject(&bench, &id).await;
    for _ in 0..4 {
        send(&bench, &id, Lane::Express).await;
    }
    let deliveries = bench.receive(Lane::Express).await;
    assert_eq!(deliveries.len(), 5);
    let deadline = after(bench.now(), MINUTE * 3);
    // All at once, then again whatever came back.
    let acks = bench.processor.handle_together(deliveries, deadline).await;
    for (delivery, _) in acks.iter().filter(|(_, ack)| *ack == Ack::Delete) {
        bench.stores.queue.delete(&delivery.receipt).await.unwrap();
    }
    for _ in 0..10 {
        bench.pass(MINUTE);
        bench.work().await;
    }
    assert_eq!(server.asked().len(), 1);
    assert_eq!(counted(&bench, TaskStatus::Rejected).await, 1);
    is_over(&bench, &id).await;
}

#[tokio::test]
async fn a_rejection_is_counted_once_whatever_the_task() {
    let bench = bench();
    bench.script([Say::Triage { intent: "question", confidence: 0.5, spam: false }]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    reject(&bench, &id).await;
    send(&bench, &id, Lane::Express).await;
    bench.work().await;
    send(&bench, &id, Lane::Express).await;
    bench.work().await;
    assert_eq!(counted(&bench, TaskStatus::Rejected).await, 1);
    assert_eq!(bench.figures.total("TaskOutcome", &[("status", "rejected")]), 1.0, "a metric of it");
    is_over(&bench, &id).await;
}

/// Ingest has ended it; it has no clients, and its environment stands still once it has answered.
#[tokio::test]
async fn an_event_that_cannot_be_read_is_counted_once_by_a_message_of_the_sweeper() {
    let bench = bench();
    let (now, new) = (bench.now(), domain::contract::new_task("github"));
    let error = TaskError::new("parse", "unreadable_event", "no field `issue`");
    let task = Task::unreadable(TaskId::derive("github", b"odd"), new, now, error);
    let id = task.id.clone();
    let _new = bench.stores.tasks.insert(&task).await.unwrap();
    bench.pass(MINUTE * 3);
    bench.sweep().await;
    for _ in 0..2 {
        bench.work().await;
        send(&bench, &id, Lane::Standard).await;
    }
    bench.work().await;
    assert_eq!(counted(&bench, TaskStatus::Failed).await, 1);
    assert_eq!(bench.figures.total("TaskOutcome", &[("status", "failed")]), 1.0, "a metric of it");
    is_over(&bench, &id).await;
}

#[tokio::test]
async fn a_rejection_in_the_console_is_counted_and_posted_like_any_other() {
    let (server, bench) = (receiver(&[]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    reject_from(&bench, &id, &Origin::CONSOLE).await;
    bench.work().await;
    assert_eq!(server.asked().len(), 1);
    assert_eq!(counted(&bench, TaskStatus::Rejected).await, 1);
    is_over(&bench, &id).await;
}

#[tokio::test]
async fn a_requested_task_without_a_callback_owes_nothing_for_long() {
    let bench = bench();
    let id = parked(&bench, None).await;
    reject_from(&bench, &id, &Origin::CONSOLE).await;
    bench.work().await;
    is_over(&bench, &id).await;
}

#[tokio::test]
async fn a_task_that_is_sent_around_again_has_a_result_of_its_own() {
    let (server, bench) = (receiver(&[]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    reject(&bench, &id).await;
    bench.work().await;
    bench.pass(MINUTE);
    retry_with(&bench, &id, Some("be kinder")).await;
    bench.work().await;
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    let asked = server.asked();
    let kinds: Vec<Value> = asked.iter().map(|asked| told(asked).0).collect();
    assert_eq!(kinds, ["task.rejected", "task.completed"]);
    assert_ne!(asked[0].header("webhook-id"), asked[1].header("webhook-id"));
}

#[tokio::test]
async fn a_failed_task_that_is_retried_runs_anew() {
    let (server, bench) = (receiver(&[]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    bench.script([Say::Fail(ModelFailure::Refused)]);
    retry_with(&bench, &id, Some("once more")).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Failed);
    bench.pass(MINUTE);
    bench.script([Say::Triage { intent: "question", confidence: 0.9, spam: false }]);
    retry_with(&bench, &id, None).await;
    let task = bench.until_settled(&id).await;
    assert_ne!(task.control.status, TaskStatus::Failed, "{:?}", task.doc.error);
    let kinds: Vec<Value> = server.asked().iter().map(|asked| told(asked).0).collect();
    assert_eq!(kinds[0], "task.failed");
}

/// Works on the task until it has ended; the processor dies `deaths` times, each time `once` holds.
async fn killed(bench: &Bench, id: &TaskId, deaths: usize, once: impl Fn() -> bool) {
    for death in 1..=deaths {
        let delivery = bench.receive(Lane::Standard).await.remove(0);
        let deadline = after(bench.now(), MINUTE * 3);
        let reached = async {
            while !once() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            ack = bench.processor.handle(&delivery, deadline) => panic!("{ack:?} before death {death}"),
            () = reached => {}
        }
        bench.pass(MINUTE * 5);
    }
    assert_eq!(bench.status(id).await, TaskStatus::Processing);
}

/// The first death is nobody's, five are its own.
#[tokio::test]
async fn a_task_whose_processors_all_died_is_posted() {
    let (server, bench) = (receiver(&[]).await, bench());
    bench.script(vec![Say::Hang; 6]);
    let callback = format!("{}/done", server.base);
    let id = bench.accept_from("api", &json!({"prompt": "How?", "callback_url": callback})).await;
    for deaths in 1..=6 {
        let model = &bench.model;
        killed(&bench, &id, 1, || model.calls.lock().unwrap().len() == deaths).await;
    }
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Failed);
    bench.work().await;
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    let (kind, data) = told(&asked[0]);
    assert_eq!((kind, &data["error"]["kind"]), (json!("task.failed"), &json!("no_attempts_left")));
    assert_eq!(counted(&bench, TaskStatus::Failed).await, 1);
    is_over(&bench, &id).await;
}

/// Nobody knows what it had come to: it neither goes on nor begins again.
#[tokio::test]
async fn a_task_whose_record_was_damaged_ends_and_is_posted() {
    let (server, bench) = (receiver(&[]).await, bench());
    let callback = format!("{}/done", server.base);
    let id = bench.accept_from("api", &json!({"prompt": "How?", "callback_url": callback})).await;
    let mut task = bench.task(&id).await;
    task.doc.damaged = Some("{\"source\":".to_owned());
    assert_eq!(bench.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Failed);
    bench.work().await;
    let asked = server.asked();
    assert_eq!((asked.len(), bench.steps()), (1, Vec::<String>::new()));
    let (kind, data) = told(&asked[0]);
    assert_eq!((kind, &data["error"]["kind"]), (json!("task.failed"), &json!(DAMAGED_RECORD)));
    assert_eq!(counted(&bench, TaskStatus::Failed).await, 1);
    is_over(&bench, &id).await;
    let decider = Decider { name: "ann", request: "1", at: bench.now(), from: &Origin::CONSOLE };
    let refused = retry(&bench.stores, &id, None, decider).await.unwrap_err();
    assert!(matches!(refused, DecideError::Conflict { .. }), "{refused}");
    assert_eq!(bench.task(&id).await.doc.damaged.as_deref(), Some("{\"source\":"), "it is kept");
}

/// The text that is to be posted cannot be read: the task fails, and that is posted.
#[tokio::test]
async fn a_result_that_cannot_be_read_is_posted_as_a_failure() {
    let (server, bench) = (receiver(&[]).await, bench());
    let id = parked(&bench, Some(&server)).await;
    bench.say(&id, DecisionInput::Approve { text: None, intent: None }).await;
    bench.faults.drafts_damaged.store(true, Ordering::SeqCst);
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Failed);
    bench.faults.drafts_damaged.store(false, Ordering::SeqCst);
    for _ in 0..3 {
        bench.pass(MINUTE);
        sweep(&bench).await;
        bench.work().await;
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(told(&asked[0]).0, "task.failed");
    assert_eq!(counted(&bench, TaskStatus::Failed).await, 1);
    is_over(&bench, &id).await;
}

/// The receiver took the result, and every processor died before it could write that down.
#[tokio::test]
async fn a_receiver_that_was_told_completed_is_never_left_with_a_failed_task() {
    let (server, bench) = (receiver(&[0, 0, 0, 0, 0, 0]).await, bench());
    bench.script([Say::Triage { intent: "question", confidence: 0.9, spam: false }]);
    let callback = format!("{}/done", server.base);
    let id = bench.accept_from("api", &json!({"prompt": "How?", "callback_url": callback})).await;
    for deaths in 1..=6 {
        killed(&bench, &id, 1, || server.asked().len() == deaths).await;
    }
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    for _ in 0..3 {
        bench.pass(MINUTE);
        bench.work().await;
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 7);
    assert!(asked.iter().all(|again| again.body == asked[0].body && told(again).0 == "task.completed"));
    assert_eq!(counted(&bench, TaskStatus::Completed).await, 1);
    is_over(&bench, &id).await;
}

/// Whoever asks for a retry may have stood still since they looked at the clock; and it is by when they began that the
/// follow-up of one life is told from that of a later one.
#[tokio::test]
async fn no_two_lives_of_a_task_begin_at_the_same_moment() {
    let bench = bench();
    let id = parked(&bench, None).await;
    let at = bench.now();
    let mut began = bench.task(&id).await.doc.opened_at;
    for note in ["be kinder", "be brief"] {
        let decider = Decider { name: "ada", request: "r1", at, from: &Origin::CONSOLE };
        retry(&bench.stores, &id, Some(note.to_owned()), decider).await.unwrap();
        let mut task = bench.task(&id).await;
        assert!(task.doc.opened_at > began, "{task:?}");
        began = task.doc.opened_at;
        task.transition(TaskStatus::Failed, at, "gave up").unwrap();
        assert_eq!(bench.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    }
}
