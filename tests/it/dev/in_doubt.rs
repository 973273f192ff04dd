//! Waits longer than a test may take: the same functions under a clock that the test moves.

use std::time::Duration;

use domain::Lane;
use e2e::assembly::{Assembly, shipped_settings};
use e2e::hooks;
use e2e::watch::Watch;
use e2e::world::{LOGIN, World, is_triage};
use embedded::Embedded;
use serde_json::{Value, json};
use standins::gemini::{Fault as ModelFault, FaultRule as ModelRule, GeminiStandin, Throttle};
use standins::github::{Fault, FaultRule, GithubStandin, SECONDARY_LIMIT, Scope};

/// An intent without proof is left alone for this long.
const SETTLING: Duration = Duration::from_secs(60);

struct Bench {
    watch: Watch,
    world: World,
    system: Assembly,
}

impl Bench {
    async fn new() -> Self {
        let watch = Watch::default();
        let clock = watch.clock();
        let gemini = GeminiStandin::builder().clock(clock.clone()).build();
        let github = GithubStandin::builder().clock(clock.clone()).build().unwrap();
        let world = World::of(gemini, github).await;
        let stores = Embedded::in_memory(clock.clone()).unwrap().stores();
        let system = Assembly::new(&world, stores, &clock).await;
        Self { watch, world, system }
    }

    async fn task(&self, id: &str) -> Value {
        self.system.api.task(id).await
    }
}

/// A comment whose answer never arrived is found by its marker instead of being written again.
async fn lost_answer_is_resolved(fault: Fault) {
    let bench = Bench::new().await;
    bench.world.github.set_faults(vec![FaultRule::always(fault).on(Scope::Writes).first(1)]);
    let id = bench.system.api.accept(7).await;
    bench.system.work().await;
    let doubtful = bench.task(&id).await;
    assert_eq!(doubtful["status"], "waiting", "{doubtful:#}");
    assert_eq!(bench.world.comments(7).len(), 1, "it was written");
    bench.watch.pass(SETTLING - Duration::from_secs(2));
    assert_eq!(bench.system.work().await, 0, "it may still be on its way");
    bench.watch.pass(Duration::from_secs(3));
    let task = bench.system.work_until(&id, "completed").await;
    let comments = bench.world.comments(7);
    assert_eq!(comments.len(), 1);
    let url = task["result"]["output_url"].as_str().unwrap();
    assert!(url.ends_with(&format!("issuecomment-{}", comments[0].id)), "{url}");
    let posts = bench.world.github.requests().iter().filter(|request| request.method == "POST").count();
    assert_eq!((posts, bench.world.gemini.counters().requests), (1, 2), "nothing was asked or sent twice");
}

#[tokio::test]
async fn a_comment_whose_connection_broke_is_not_written_twice() {
    lost_answer_is_resolved(Fault::Lost).await;
}

#[tokio::test]
async fn a_comment_that_was_answered_with_502_is_not_written_twice() {
    lost_answer_is_resolved(Fault::DoneBut502).await;
}

/// An app called like the login of agent.toml writes as `…[bot]`: that account is ours.
#[tokio::test]
async fn an_app_whose_comment_was_answered_with_502_writes_no_second_one_and_knows_it_as_its_own() {
    let watch = Watch::default();
    let clock = watch.clock();
    let gemini = GeminiStandin::builder().clock(clock.clone()).build();
    let github = GithubStandin::builder().clock(clock.clone()).build().unwrap();
    let mut world = World::of(gemini, github).await;
    world.is_app = true;
    let mut settings = shipped_settings();
    settings.sources.get_mut("github").unwrap().filter.login = Some(LOGIN.to_owned());
    let stores = Embedded::in_memory(clock.clone()).unwrap().stores();
    let system = Assembly::with(settings, &world, stores, &clock).await;
    world.github.set_faults(vec![FaultRule::always(Fault::DoneBut502).on(Scope::Writes).first(1)]);
    let id = system.api.accept(7).await;
    system.work().await;
    assert_eq!(system.api.task(&id).await["status"], "waiting");
    watch.pass(SETTLING + Duration::from_secs(1));
    system.work_until(&id, "completed").await;
    let comments = world.comments(7);
    assert_eq!((comments.len(), comments[0].login.as_str()), (1, "afterhook[bot]"));
    let asked = hooks::comment(7, "mona", "@afterhook and now?");
    let id = system.api.hook("issue_comment", &asked).await.task_id();
    system.work_until(&id, "completed").await;
    let answer = world.gemini.requests().into_iter().rev().find(|call| !is_triage(&call.body)).unwrap();
    let contents = answer.body["contents"].as_array().unwrap().clone();
    assert!(
        contents.iter().any(|turn| turn["role"] == "model"),
        "our comment is the model's turn: {contents:#?}"
    );
}

#[tokio::test]
async fn a_comment_that_was_not_written_is_written_once_it_has_settled() {
    let bench = Bench::new().await;
    bench.world.github.set_faults(vec![FaultRule::always(Fault::Status(502)).on(Scope::Writes).first(1)]);
    let id = bench.system.api.accept(7).await;
    bench.system.work().await;
    assert_eq!(bench.task(&id).await["status"], "waiting");
    assert!(bench.world.comments(7).is_empty());
    bench.watch.pass(SETTLING + Duration::from_secs(1));
    bench.system.work_until(&id, "completed").await;
    assert_eq!(bench.world.comments(7).len(), 1);
}

#[tokio::test]
async fn a_processor_that_died_while_publishing_leaves_one_comment() {
    let bench = Bench::new().await;
    bench.world.github.set_faults(vec![FaultRule::always(Fault::DoneButHangs).on(Scope::Writes).first(1)]);
    let id = bench.system.api.accept(7).await;
    let written = async {
        while bench.world.comments(7).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = bench.system.work() => panic!("GitHub never answers"),
        () = written => {} // and the processor is dropped in the middle
    }
    // The lease ends with the invocation; the message comes back within a minute after it.
    bench.watch.pass(Duration::from_secs(260));
    let task = bench.system.work_until(&id, "completed").await;
    // A task's first crash may be a neighbour's: it costs no try.
    assert_eq!((bench.world.comments(7).len(), &task["attempts"]), (1, &json!(1)));
}

#[tokio::test]
async fn a_secondary_rate_limit_is_waited_out() {
    let bench = Bench::new().await;
    bench.world.github.set_faults(vec![FaultRule::always(SECONDARY_LIMIT).on(Scope::Writes).first(1)]);
    let id = bench.system.api.accept(7).await;
    bench.system.work().await;
    assert_eq!(bench.task(&id).await["status"], "waiting");
    bench.watch.pass(Duration::from_secs(61));
    let task = bench.system.work_until(&id, "completed").await;
    assert_eq!((bench.world.comments(7).len(), &task["attempts"]), (1, &json!(1)));
}

#[tokio::test]
async fn an_outage_of_github_is_waited_out_and_costs_no_attempt() {
    let bench = Bench::new().await;
    bench.world.github.set_faults(vec![FaultRule::always(Fault::Status(503))]);
    let id = bench.system.api.accept(7).await;
    for _ in 0..8 {
        assert!(bench.system.work().await > 0, "its message comes back");
        let task = bench.task(&id).await;
        assert_eq!((&task["status"], &task["attempts"]), (&json!("waiting"), &json!(0)), "{task:#}");
        bench.watch.pass(Duration::from_secs(301));
        bench.system.sweep().await;
    }
    bench.world.github.set_faults(Vec::new());
    bench.system.work_until(&id, "completed").await;
    assert_eq!(bench.world.comments(7).len(), 1);
}

#[tokio::test]
async fn two_events_of_one_thread_are_never_worked_on_at_once() {
    let bench = Bench::new().await;
    let mut ids = Vec::new();
    // Of two comments of one person, the newer would be answered for both.
    for (author, text) in [("mona", "@afterhook first"), ("kim", "@afterhook second")] {
        let answer = bench.system.api.hook("issue_comment", &hooks::comment(7, author, text)).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        ids.push(answer.task_id());
    }
    let deliveries = bench.system.receive(Lane::Standard).await;
    assert_eq!(deliveries.len(), 2);
    futures::future::join_all(deliveries.iter().map(|delivery| bench.system.deliver(delivery))).await;
    assert_eq!(bench.world.gemini.counters().max_in_flight, 1);
    assert_eq!(bench.world.comments(7).len(), 1, "the other one waits for its turn");
    bench.watch.pass(Duration::from_secs(5));
    for id in &ids {
        let task = bench.system.work_until(id, "completed").await;
        assert_eq!(task["attempts"], 1, "waiting for one's turn costs no attempt");
    }
    assert_eq!(bench.world.comments(7).len(), 2);
}

#[tokio::test]
async fn a_throttled_model_is_left_alone_as_long_as_it_says() {
    let bench = Bench::new().await;
    bench.world.break_model(ModelRule::always(ModelFault::Throttled(Throttle::RetryInfo)));
    let id = bench.system.api.accept(7).await;
    bench.system.work().await;
    let waiting = bench.task(&id).await;
    assert_eq!((&waiting["status"], &waiting["attempts"]), (&json!("waiting"), &json!(0)), "{waiting:#}");
    let calls = bench.world.gemini.counters().requests;
    bench.world.mend_model();
    bench.watch.pass(Duration::from_secs(30));
    assert_eq!((bench.system.work().await, bench.world.gemini.counters().requests), (0, calls));
    bench.watch.pass(Duration::from_secs(5));
    let task = bench.system.work_until(&id, "completed").await;
    assert_eq!((bench.world.comments(7).len(), &task["attempts"]), (1, &json!(1)));
}

#[tokio::test]
async fn a_days_quota_is_waited_for_until_midnight_by_the_sweeper() {
    let bench = Bench::new().await;
    bench.world.break_model(ModelRule::always(ModelFault::Throttled(Throttle::PerDay)));
    let id = bench.system.api.accept(7).await;
    bench.system.work().await;
    assert_eq!(bench.task(&id).await["status"], "waiting");
    bench.world.mend_model();
    bench.watch.pass(Duration::from_secs(25 * 3_600));
    assert_eq!(bench.system.sweep().await.woken, 1);
    let task = bench.system.work_until(&id, "completed").await;
    assert_eq!((bench.world.comments(7).len(), &task["attempts"]), (1, &json!(1)));
}

#[tokio::test]
async fn a_draft_that_nobody_decides_about_expires_unpublished() {
    let world = World::scripted(e2e::world::triage_says("question", 0.1, false)).await;
    let watch = Watch::default();
    let stores = Embedded::in_memory(watch.clock()).unwrap().stores();
    let system = Assembly::new(&world, stores, &watch.clock()).await;
    let id = system.api.accept(7).await;
    let parked = system.work_until(&id, "awaiting_approval").await;
    watch.pass(Duration::from_secs(48 * 3_600 + 301));
    assert_eq!(system.sweep().await.expired, 1);
    let task = system.api.task(&id).await;
    assert_eq!((&task["status"], &task["decision"]["outcome"]), (&json!("expired"), &json!("expired")));
    let late = json!({"draft_hash": parked["draft"]["hash"]});
    assert_eq!(system.api.post(&format!("/tasks/{id}/approve"), &late).await.status, 409);
    assert!(world.comments(7).is_empty());
}
