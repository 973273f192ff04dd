//! `mode = "shadow"`: drafts that nobody outside ever sees, whatever would have happened to them.

use std::sync::Arc;

use async_trait::async_trait;
use domain::*;
use outbound::Reach;
use outbound::scripted::{Asked, Reply, Server};
use processor::{Action, Context, Finished, Found, Interrupt, Parts, Processor, Registry};
use serde_json::json;
use settings::Settings;
use telemetry::Metrics;
use webhook::Secrets;
use wiring::{Client, OutsideService, Services};

use harness::{Bench, Post, SETTINGS, Say, found, handled_by, issue, output};

fn shadow(settings: &str) -> String {
    settings.replace("[sources.github]", "[sources.github]\nmode = \"shadow\"")
}

fn notes(task: &Task) -> String {
    task.doc.timeline.iter().map(|entry| format!("{}\n", entry.note)).collect()
}

async fn settled(bench: &Bench) -> (TaskId, Task) {
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    (id, task)
}

#[tokio::test]
async fn a_sure_answer_is_drafted_and_not_published() {
    let bench = Bench::with(&shadow(SETTINGS), None);
    let (id, task) = settled(&bench).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    assert!(task.doc.shadow && task.doc.effects.is_empty() && bench.comments().is_empty());
    assert_eq!(bench.draft(&id).await, "Thanks, we look into it.");
    let result = task.doc.result.clone().unwrap();
    assert_eq!((result.success, result.output_url.as_deref()), (true, None));
    assert!(matches!(result.output, TaskOutput::Draft(_)), "{result:?}");
    assert!(notes(&task).contains("shadow: would reply"), "{}", notes(&task));
    let shown = serde_json::to_value(view(&task, Some("x".to_owned()))).unwrap();
    assert_eq!((&shown["shadow"], &shown["result"]["output"]), (&json!(true), &json!("x")));
}

#[tokio::test]
async fn an_unsure_answer_asks_nobody_and_says_why_it_would_have() {
    let bench = Bench::with(&shadow(SETTINGS), None);
    bench.script([Say::Triage { intent: "question", confidence: 0.3, spam: false }]);
    let (_, task) = settled(&bench).await;
    assert_eq!(task.control.status, TaskStatus::Completed);
    assert!(task.doc.notices.is_empty() && task.doc.expires_at.is_none());
    let because = task.doc.draft.as_ref().unwrap().parked_because.clone().unwrap();
    assert_eq!(because, "confidence 0.30 is below 0.80");
    assert!(notes(&task).contains("shadow: would ask a person: confidence 0.30"), "{}", notes(&task));
}

#[tokio::test]
async fn replies_that_are_never_published_count_against_no_limit() {
    let settings = shadow(SETTINGS).replace("replies_per_hour = 3", "replies_per_hour = 1");
    let bench = Bench::with(&settings, None);
    for note in ["a", "b", "c"] {
        let mut event = issue(7);
        event["issue"]["body"] = json!(note);
        let id = bench.accept(&event).await;
        let task = bench.until_settled(&id).await;
        assert_eq!(task.doc.draft.unwrap().parked_because, None, "{note}");
    }
}

/// An effect of somebody's own, which must never begin.
struct Forbidden;

#[async_trait]
impl Action for Forbidden {
    fn host(&self) -> Option<String> {
        None
    }

    async fn perform(&self, _: &Mark) -> Result<Proof, ServiceError> {
        panic!("a task in shadow has acted")
    }

    async fn find(&self, _: &Mark, _: Timestamp) -> Result<Found, ServiceError> {
        Ok(Found::NotDone)
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

/// Does everything that changes something, and goes on whatever it is told.
async fn stubborn(context: Context, _: Nothing) -> Result<Finished, Interrupt> {
    let first = context.once("first", &Forbidden).await;
    assert!(matches!(first, Err(Interrupt::Shadow(_))));
    let _approval = context.approval("question", "May I?").await;
    let _second = context.once("second", &Forbidden).await;
    context.reply("Done.".to_owned()).await
}

#[tokio::test]
async fn an_automation_that_does_not_stop_changes_nothing_all_the_same() {
    let registry = processor::registry().on("stubborn", stubborn);
    let bench = Bench::with(&shadow(&handled_by("stubborn", "")), Some(registry));
    let (_, task) = settled(&bench).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    assert!(task.doc.effects.is_empty() && bench.comments().is_empty());
}

#[tokio::test]
async fn a_call_of_an_api_is_described_and_not_made() {
    let server = Server::start(|_: &Asked| Reply::json(200, json!({}))).await;
    for (approval, expected) in [("never", "would http.reset"), ("always", "would ask a person")] {
        let section =
            format!("[automations.http.reset]\nurl = \"{}/reset\"\napproval = \"{approval}\"\n", server.base);
        let reach = Reach::public().with_this_machine();
        let caller = outbound::Caller::new(&server.base, &[], &reach, Clock::system()).unwrap();
        let services =
            Services { calls: [("reset".to_owned(), Arc::new(caller))].into(), ..Services::default() };
        let bench = Bench::at(&shadow(&handled_by("http.reset", &section)), None, services);
        bench.script([found(0.9, json!({}))]);
        let (id, task) = settled(&bench).await;
        assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
        assert!(bench.draft(&id).await.starts_with("POST http://"), "{}", bench.draft(&id).await);
        assert!(notes(&task).contains(expected), "{}", notes(&task));
    }
    assert!(server.lines().is_empty(), "{:?}", server.lines());
}

/// Labels are no text of the reply: the task shows what it would have given.
#[tokio::test]
async fn labels_are_named_and_not_given() {
    let server = Server::start(|asked: &Asked| panic!("{}", asked.line())).await;
    let config = github::Config { base_url: server.base.clone(), ..github::Config::default() };
    let token = github::Credentials::Token("ghp_not_a_real_token".into());
    let client = Arc::new(github::Github::new(token, &config, Clock::system()).unwrap());
    let services = Services::default().with(OutsideService::Github, Client::with_threads(client));
    let settings = shadow(&handled_by("label", "[automations.label]\nallowed = [\"bug\"]"));
    let mut event = issue(7);
    event["sender"]["type"] = json!("User");
    let bench = Bench::at(
        &settings.replace("[sources.github]", "[sources.github]\nlogin = \"helper\""),
        None,
        services,
    );
    bench.script([found(0.9, json!({"labels": ["bug"]}))]);
    let id = bench.accept(&event).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    assert_eq!(bench.draft(&id).await, "bug");
}

#[tokio::test]
async fn an_effect_without_a_text_is_named() {
    let registry = Registry::new().on("once", |context: Context, _: Nothing| async move {
        context.once("call", &Forbidden).await?;
        Ok(Finished { success: true, output: TaskOutput::Text("called".to_owned()), output_url: None })
    });
    let settings = handled_by("once", "").replace("[sources", "default_automation = \"once\"\n[sources");
    let bench = Bench::with(&shadow(&settings), Some(registry));
    let (_, task) = settled(&bench).await;
    assert_eq!(output(&task), "shadow: would call");
}

fn asked() -> impl Future<Output = Result<(), Interrupt>> {
    std::future::poll_fn(|_| panic!("a task that runs offline has asked"))
}

/// Reads somewhere before it drafts: by a client that is there, or of a service that has none.
async fn reads(context: Context, _: Nothing) -> Result<Finished, Interrupt> {
    if context.event().text.contains("refund") {
        context.client::<stripe::Stripe>("refund")?;
    }
    context.outside("orders.example", asked()).await?;
    context.reply("Done.".to_owned()).await
}

#[tokio::test]
async fn what_would_read_offline_ends_before_it_and_says_so() {
    for (text, expected) in [
        ("A refund, please.", "stopped before Stripe could be read"),
        ("Where is it?", "stopped before orders.example could be read"),
    ] {
        let services = Services { is_offline: true, ..Services::default() };
        let registry = processor::registry().on("reads", reads);
        let bench = Bench::at(&shadow(&handled_by("reads", "")), Some(registry), services);
        bench.script([found(0.9, json!({}))]);
        let mut event = issue(7);
        event["issue"]["body"] = json!(text);
        let id = bench.accept(&event).await;
        let task = bench.until_settled(&id).await;
        assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
        assert_eq!((processor::unread(&task), task.doc.draft.is_none()), (Some(expected), true));
    }
    let (_, live) = settled(&Bench::new()).await;
    assert_eq!(processor::unread(&live), None);
}

/// The same system after `mode` of its source was changed.
fn put_in_shadow(bench: &mut Bench) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("persona.md"), "You are a careful maintainer.").unwrap();
    let settings = Settings::parse(&shadow(SETTINGS), dir.path()).unwrap();
    let github = Client::with_threads(bench.service.clone());
    let parts = Parts {
        stores: bench.stores.clone(),
        model: bench.model.clone(),
        services: Services::default().with(OutsideService::Github, github),
        clock: bench.processor.clock().clone(),
        jitter: Jitter::fixed(1.0),
        metrics: Metrics::none(),
    };
    bench.processor = Arc::new(Processor::new(&settings, processor::registry(), parts).unwrap());
}

#[tokio::test]
async fn what_was_parked_before_the_switch_is_not_published_after_it() {
    let mut bench = Bench::new();
    bench.script([Say::Triage { intent: "question", confidence: 0.3, spam: false }]);
    let (id, task) = settled(&bench).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval);
    put_in_shadow(&mut bench);
    let task = bench.approve(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed);
    assert!(task.doc.shadow && bench.comments().is_empty());
}

/// The comment had landed and its proof was lost: it is found, and the task does not claim to be a shadow.
#[tokio::test]
async fn what_was_published_before_the_switch_is_told_as_such() {
    let mut bench = Bench::new();
    bench.service.posts.lock().unwrap().push_back(Post::Lost);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Waiting);
    put_in_shadow(&mut bench);
    let task = bench.until_settled(&id).await;
    assert_eq!((task.control.status, task.doc.shadow), (TaskStatus::Completed, false));
    assert_eq!(bench.comments().len(), 1);
}

#[tokio::test]
async fn the_callback_of_a_requested_task_says_that_it_is_a_shadow() {
    let server = Server::start(|_: &Asked| Reply::json(204, json!({}))).await;
    let settings = format!("{SETTINGS}\n[api]\nmode = \"shadow\"\ncallback_hosts = [\"127.0.0.1\"]\n");
    let services = Services {
        api_secrets: Secrets(vec!["whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw==".into()]),
        reach: Reach::public().with_this_machine(),
        ..Services::default()
    };
    let bench = Bench::at(&settings, None, services);
    let body = json!({"prompt": "How do I export?", "callback_url": format!("{}/done", server.base)});
    let id = bench.accept_from("api", &body).await;
    bench.script([Say::Triage { intent: "question", confidence: 0.5, spam: false }]);
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "nobody is asked");
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    let told = asked[0].json();
    assert_eq!((&told["type"], &told["data"]["shadow"]), (&json!("task.completed"), &json!(true)));
    assert_eq!(told["data"]["result"]["output"], json!("Thanks, we look into it."));
}

#[tokio::test]
async fn a_live_source_is_no_shadow() {
    let bench = Bench::new();
    let (_, task) = settled(&bench).await;
    assert!(!task.doc.shadow);
    assert_eq!(bench.comments(), ["Thanks, we look into it."]);
}
