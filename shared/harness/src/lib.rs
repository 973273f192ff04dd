//! A processor in a box, for tests of automations: everything outside it is scripted, and time only moves when it is
//! told to. A test runs under `#[tokio::test(start_paused = true)]`.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail"
)]

mod events;
mod model;
mod service;
mod store_faults;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{
    Blob, Clock, Decider, DecisionInput, Delivery, Envelope, Jitter, Lane, MAX_ATTEMPTS, NewTask, PartKey,
    Priority, Save, Stores, Task, TaskId, TaskOutput, TaskStatus, Timestamp, Visibility, after, decide,
};
use embedded::Embedded;
use processor::{Ack, Parts, Processor, Registry};
use serde_json::Value;
use settings::Settings;
use telemetry::Metrics;
use wiring::{Client, OutsideService, Services};

pub use events::{comment, issue};
pub use model::{Say, ScriptedModel, found, verdicts};
pub use service::{LOGIN, Post, ScriptedService};
pub use store_faults::{StoreFaults, for_a_while};

/// A persona with a secret in it, which no answer may give away: `secret.md` in the folder of the agent.
pub const SECRET: &str = include_str!("secret.md");

/// When the clock begins, milliseconds since 1970.
pub const START: i64 = 1_800_000_000_000;

/// An agent.toml in which `bug_report` is handled by `automation`; `rest` is added to it.
pub fn handled_by(automation: &str, rest: &str) -> String {
    format!(
        "[agent]\nname = \"test\"\npersona = \"persona.md\"\n[sources.github]\n[[intents]]\n\
         name = \"bug_report\"\nwhen = \"x\"\nautomation = \"{automation}\"\n{rest}"
    )
}

/// What a task that ended well has to show, as a text.
pub fn output(task: &Task) -> &str {
    match &task.doc.result.as_ref().unwrap().output {
        TaskOutput::Text(text) => text,
        TaskOutput::Draft(_) => panic!("{task:?}"),
    }
}

/// The processor, and what stands around it.
pub struct Bench {
    /// The processor.
    pub processor: Arc<Processor>,
    /// The stores, without faults.
    pub stores: Stores,
    /// The same, with its queues.
    pub embedded: Embedded,
    /// The model.
    pub model: Arc<ScriptedModel>,
    /// The service that answers go to.
    pub service: Arc<ScriptedService>,
    /// What goes wrong with the processor's stores.
    pub faults: Arc<StoreFaults>,
    /// What the metrics were told.
    pub figures: telemetry::Recorded,
    /// What the agent of `[shadow]` asks, where there is one.
    pub second: Arc<ScriptedModel>,
    /// The time by hand, milliseconds since 1970.
    pub now: Arc<AtomicI64>,
}

/// An agent.toml with two intents that `reply` handles.
pub const SETTINGS: &str = r#"
[agent]
name = "test"
persona = "persona.md"
history = 3

[models]

[budget]
per_thread_replies_per_hour = 3

[sources.github]
events = ["issues.opened", "issue_comment.created"]

[[intents]]
name = "bug_report"
when = "something is broken"
automation = "reply"

[[intents]]
name = "question"
when = "somebody asks"
automation = "reply"
"#;

/// The template `prompt.md`.
pub const PROMPT: &str = "Template of {{ intent }} for {{ event.actor }}: {{ event.title }}\n\
    {% if parameters.version %}version {{ parameters.version }}{% endif %}";

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}

impl Bench {
    /// With [`SETTINGS`].
    pub fn new() -> Self {
        Self::with(SETTINGS, None)
    }

    /// With this agent.toml, and these automations in place of those that ship.
    pub fn with(settings: &str, registry: Option<Registry>) -> Self {
        Self::at(settings, registry, Services::default())
    }

    /// Likewise, with clients of services outside; the scripted service stands in for GitHub if it is not
    /// among them.
    pub fn at(settings: &str, registry: Option<Registry>, services: Services) -> Self {
        Self::by(settings, registry, services, Clock::everybodys)
    }

    /// With this agent.toml and these automations, among processes whose clocks say something else.
    pub fn among_other_clocks(settings: &str, registry: Option<Registry>) -> Self {
        Self::by(settings, registry, Services::default(), |clock| clock)
    }

    fn by(settings: &str, registry: Option<Registry>, services: Services, whose: fn(Clock) -> Clock) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("persona.md"), "You are a careful maintainer.").unwrap();
        let next = settings_of_a_second(SETTINGS);
        std::fs::write(dir.path().join("next.toml"), next).unwrap();
        std::fs::write(dir.path().join("secret.md"), SECRET).unwrap();
        std::fs::write(dir.path().join("prompt.md"), PROMPT).unwrap();
        std::fs::write(dir.path().join("sorry.md"), "We are on it.").unwrap();
        let settings = Settings::parse(settings, dir.path()).unwrap();
        let now = Arc::new(AtomicI64::new(START));
        let clock = {
            // The wall clock moves with tokio's, and by hand.
            let (now, began) = (Arc::clone(&now), tokio::time::Instant::now());
            whose(Clock::from_fn(move || {
                let elapsed = i64::try_from(began.elapsed().as_millis()).unwrap();
                Timestamp::from_millisecond(now.load(Ordering::SeqCst) + elapsed).unwrap()
            }))
        };
        let embedded = Embedded::in_memory(clock.clone()).unwrap();
        let (metrics, figures) = Metrics::memory(clock.clone());
        let (model, service) = (Arc::new(ScriptedModel::default()), Arc::new(ScriptedService::default()));
        let services = match services.has(OutsideService::Github) {
            true => services,
            false => services
                .with(OutsideService::Github, Client::with_threads(service.clone()))
                .with(OutsideService::Zendesk, Client::with_threads(service.clone())),
        };
        let faults = Arc::<StoreFaults>::default();
        let parts = Parts {
            stores: StoreFaults::around(&faults, embedded.stores()),
            model: model.clone(),
            services,
            clock,
            jitter: Jitter::fixed(1.0),
            metrics,
        };
        let registry = registry.unwrap_or_else(processor::registry);
        let second = Arc::<ScriptedModel>::default();
        let processor = Processor::new(&settings, registry, parts).unwrap();
        let processor = processor.with_shadow(Some(second.clone())).unwrap();
        let stores = embedded.stores();
        Self {
            processor: Arc::new(processor),
            stores,
            embedded,
            model,
            second,
            service,
            faults,
            figures,
            now,
        }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.processor.clock().now()
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.now.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// What the model does next.
    pub fn script(&self, say: impl IntoIterator<Item = Say>) {
        self.model.script.lock().unwrap().extend(say);
    }

    /// Stores and enqueues an event as ingest does.
    pub async fn accept(&self, body: &Value) -> TaskId {
        self.accept_at(body, Priority::DEFAULT, "octo/repo").await
    }

    /// Likewise, with a priority and for a tenant of its own.
    pub async fn accept_at(&self, body: &Value, priority: Priority, tenant: &str) -> TaskId {
        let thread = format!("{tenant}#{}", body["issue"]["number"]);
        self.store(body, NewTask { priority, tenant: tenant.to_owned(), thread, ..new_task("github") }).await
    }

    /// Likewise, of another source.
    pub async fn accept_from(&self, source: &str, body: &Value) -> TaskId {
        self.store(body, new_task(source)).await
    }

    /// Stores the task of an event, whose body is not stored.
    pub async fn accept_without_body(&self, body: &Value) -> TaskId {
        self.store_task(&serde_json::to_vec(body).unwrap(), new_task("github")).await
    }

    async fn store(&self, body: &Value, new: NewTask) -> TaskId {
        let body = serde_json::to_vec(body).unwrap();
        let id = self.store_task(&body, new).await;
        let (blob, forget_at) = (Blob::pack(&body).unwrap(), self.task(&id).await.parts_forgotten_at());
        self.stores.payloads.put_new(&id, &PartKey::payload(), &blob, forget_at).await.unwrap();
        id
    }

    async fn store_task(&self, body: &[u8], new: NewTask) -> TaskId {
        let id = TaskId::derive(&new.source, body);
        let (lane, tenant) = (new.priority.lane(), new.tenant.clone());
        let task = Task::received(id.clone(), new, self.now(), after(self.now(), Duration::from_secs(120)));
        self.stores.tasks.insert(&task).await.unwrap();
        self.stores.queue.send(&Envelope { task_id: id.clone(), lane, tenant }).await.unwrap();
        id
    }

    /// The messages of `lane` that can be received now.
    pub async fn receive(&self, lane: Lane) -> Vec<Delivery> {
        let from = Visibility { lane: Some(lane), timeout: Duration::from_secs(1_080) };
        self.stores.queue.receive(from, 10, Duration::ZERO).await.unwrap()
    }

    /// Works on everything that can be received now, as Lambda would.
    pub async fn work(&self) -> usize {
        let mut worked = 0;
        for lane in Lane::ALL {
            for delivery in self.receive(lane).await {
                worked += 1;
                let deadline = after(self.now(), Duration::from_secs(120));
                if self.processor.handle(&delivery, deadline).await == Ack::Delete {
                    self.stores.queue.delete(&delivery.receipt).await.unwrap();
                }
            }
        }
        worked
    }

    /// One sweep.
    pub async fn sweep(&self) -> sweeper::Report {
        let (stores, clock) = (self.stores.clone(), self.processor.clock().clone());
        let sweeper = sweeper::Sweeper { stores, clock, metrics: Metrics::none() };
        sweeper.sweep(after(self.now(), Duration::from_secs(60))).await.whole().unwrap().report
    }

    /// Works, and lets time pass, until the task has ended or waits for a person.
    pub async fn until_settled(&self, id: &TaskId) -> Task {
        for _ in 0..60 {
            self.work().await;
            let task = self.task(id).await;
            if task.control.status.is_end() || task.control.status == TaskStatus::AwaitingApproval {
                return task;
            }
            self.pass(Duration::from_secs(15));
            self.sweep().await;
        }
        panic!("task {id} never settled: {:?}", self.task(id).await);
    }

    /// What `ada` says to the draft that waits; the task as it settles after that.
    pub async fn decide(&self, id: &TaskId, input: DecisionInput) -> Task {
        self.say(id, input).await;
        self.until_settled(id).await
    }

    /// Likewise; nobody works on it yet.
    pub async fn say(&self, id: &TaskId, input: DecisionInput) {
        let task = self.task(id).await;
        let hash = task.doc.draft.unwrap().hash;
        let request = format!("r{}", task.control.revision);
        let decider =
            Decider { name: "ada", request: &request, at: self.now(), from: &domain::Origin::CONSOLE };
        decide(&self.stores, id, input, &hash, decider).await.unwrap();
    }

    /// Whatever used up the tries of the task meanwhile.
    pub async fn use_up_tries(&self, id: &TaskId) {
        let mut task = self.task(id).await;
        task.control.attempts = MAX_ATTEMPTS;
        assert_eq!(self.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    }

    /// A person approves the draft that waits.
    pub async fn approve(&self, id: &TaskId) -> Task {
        self.decide(id, DecisionInput::Approve { text: None, intent: None }).await
    }

    /// The text that waits for a person.
    pub async fn draft(&self, id: &TaskId) -> String {
        let hash = self.task(id).await.doc.draft.unwrap().hash;
        let blob = self.stores.payloads.get(id, &PartKey::draft(&hash)).await.unwrap().unwrap();
        String::from_utf8(blob.unpack().unwrap()).unwrap()
    }

    /// The task as it is stored.
    pub async fn task(&self, id: &TaskId) -> Task {
        self.stores.tasks.get(id).await.unwrap().unwrap()
    }

    /// Its status.
    pub async fn status(&self, id: &TaskId) -> TaskStatus {
        self.task(id).await.control.status
    }

    /// What was published, in its order.
    pub fn comments(&self) -> Vec<String> {
        self.service.comments.lock().unwrap().iter().map(|(text, _)| text.clone()).collect()
    }

    /// What the model was asked, by the names of the steps.
    pub fn steps(&self) -> Vec<String> {
        self.model.calls.lock().unwrap().iter().map(|call| call.step.clone()).collect()
    }
}

/// The agent.toml of a second agent, which is sure of less.
fn settings_of_a_second(first: &str) -> String {
    first.replace("history = 3", "history = 3\nconfidence_threshold = 0.95")
}

fn new_task(source: &str) -> NewTask {
    let event_hint = (source == "github").then(|| "issues".to_owned());
    NewTask { event_hint, ..domain::contract::new_task(source) }
}
