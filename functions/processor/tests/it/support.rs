//! A processor in a box: everything outside it is scripted, and time only moves when it is told to.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::*;
use embedded::Embedded;
use processor::{Ack, Parts, Processor, Registry};
use serde_json::{Value, json};
use settings::Settings;
use telemetry::Metrics;
use wiring::{Client, OutsideService, Services};

use crate::store_faults::StoreFaults;

pub(crate) const START: i64 = 1_800_000_000_000;
pub(crate) const LOGIN: &str = "afterhook";

/// What the scripted model does next.
#[derive(Clone)]
pub(crate) enum Say {
    Triage { intent: &'static str, confidence: f64, spam: bool },
    Text(&'static str),
    Json(Value),
    Panic,
    Fail(ModelFailure),
    Hang,
}

#[derive(Default)]
pub(crate) struct ScriptedModel {
    pub(crate) script: Mutex<VecDeque<Say>>,
    pub(crate) calls: Mutex<Vec<ModelCall>>,
    pub(crate) delay: Mutex<Duration>,
    /// The thread whose calls are never answered.
    pub(crate) poison: Mutex<Option<&'static str>>,
    /// Why no call is answered at present, whatever the script says.
    pub(crate) down: Mutex<Option<Deferral>>,
}

fn usage(step: &str) -> StepUsage {
    StepUsage {
        step: step.to_owned(),
        model: "gemini-3.8-flash".to_owned(),
        prompt_tokens: 100,
        cached_tokens: 0,
        output_tokens: 20,
        thought_tokens: 3,
        cost_usd: Some(0.001),
        saved_usd: None,
        attempts: 1,
        ms: 5,
    }
}

fn exchange(call: &ModelCall) -> Exchange {
    Exchange {
        step: call.step.clone(),
        model: "gemini-3.8-flash".to_owned(),
        request: json!({"step": call.step}),
        response: json!({}),
        at: Timestamp::UNIX_EPOCH,
    }
}

#[async_trait]
impl Model for ScriptedModel {
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        self.calls.lock().unwrap().push(call.clone());
        let poison = *self.poison.lock().unwrap();
        if poison == Some(call.thread.as_str()) {
            return std::future::pending().await;
        }
        let delay = *self.delay.lock().unwrap();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let next = match *self.down.lock().unwrap() {
            Some(why) => Say::Fail(ModelFailure::Defer { why, not_before: None }),
            None => self.script.lock().unwrap().pop_front().unwrap_or_else(|| default_of(call)),
        };
        match next {
            Say::Triage { intent, confidence, spam } => {
                let value = json!({"intent": intent, "confidence": confidence, "spam": spam});
                Ok(answer(call, value.to_string(), Some(value)))
            }
            Say::Json(value) => Ok(answer(call, value.to_string(), Some(value))),
            Say::Text(text) => Ok(answer(call, text.to_owned(), None)),
            Say::Fail(failure) => Err(ModelError {
                step: call.step.clone(),
                failure,
                message: "scripted".to_owned(),
                usage: Vec::new(),
                exchanges: vec![exchange(call)],
            }),
            Say::Panic => panic!("scripted"),
            Say::Hang => std::future::pending().await,
        }
    }
}

fn answer(call: &ModelCall, text: String, value: Option<Value>) -> ModelAnswer {
    ModelAnswer { text, value, usage: vec![usage(&call.step)], exchanges: vec![exchange(call)] }
}

fn default_of(call: &ModelCall) -> Say {
    match (&call.role, &call.output) {
        (ModelRole::Triage, OutputFormat::Json { schema, .. }) if schema["type"] == "array" => {
            Say::Json(verdicts(schema["minItems"].as_u64().unwrap()))
        }
        (ModelRole::Triage, _) => Say::Triage { intent: "bug_report", confidence: 0.9, spam: false },
        (ModelRole::Answer, _) => Say::Text("Thanks, we look into it."),
    }
}

/// Triage finds the intent `bug_report`, with these parameters for its automation.
pub(crate) fn found(confidence: f64, parameters: Value) -> Say {
    let parameters = json!({"bug_report": parameters});
    Say::Json(
        json!({"intent": "bug_report", "confidence": confidence, "spam": false, "parameters": parameters}),
    )
}

/// An agent.toml in which `bug_report` is handled by `automation`; `rest` is added to it.
pub(crate) fn handled_by(automation: &str, rest: &str) -> String {
    format!(
        "[agent]\nname = \"test\"\npersona = \"persona.md\"\n[sources.github]\n[[intents]]\n\
         name = \"bug_report\"\nwhen = \"x\"\nautomation = \"{automation}\"\n{rest}"
    )
}

/// What a task that ended well has to show, as a text.
pub(crate) fn output(task: &Task) -> &str {
    match &task.doc.result.as_ref().unwrap().output {
        TaskOutput::Text(text) => text,
        TaskOutput::Draft(_) => panic!("{task:?}"),
    }
}

/// Triage answers on that many events.
pub(crate) fn verdicts(events: u64) -> Value {
    (1..=events)
        .map(|index| json!({"index": index, "intent": "bug_report", "confidence": 0.9, "spam": false}))
        .collect()
}

/// What the scripted service does with the next comment.
#[derive(Clone)]
pub(crate) enum Post {
    /// Creates it and answers.
    Create,
    /// Creates it, and the answer is lost.
    Lost,
    /// Creates it, and answers that it failed.
    LostTo(ServiceFailure),
    /// Does not create it.
    Refuse(ServiceFailure),
    /// Creates it and never answers.
    CreateAndHang,
}

#[derive(Default)]
pub(crate) struct ScriptedService {
    pub(crate) posts: Mutex<VecDeque<Post>>,
    pub(crate) comments: Mutex<Vec<(String, String)>>,
    /// Where they were posted.
    pub(crate) targets: Mutex<Vec<Target>>,
    pub(crate) history: Mutex<Vec<Comment>>,
    pub(crate) login_fails: Mutex<bool>,
    /// The thread's present state.
    pub(crate) state: Mutex<ThreadState>,
    /// What the next questions for the state fail with.
    pub(crate) state_fails: Mutex<Vec<ServiceFailure>>,
    /// How often the state was asked for.
    pub(crate) states: AtomicUsize,
    /// What every search for a comment of ours fails with.
    pub(crate) finds_fail: Mutex<Option<ServiceFailure>>,
    /// Whether it knows a comment that is published again.
    pub(crate) knows_repetitions: Mutex<bool>,
    /// Whether it has notes among the staff.
    pub(crate) has_notes: Mutex<bool>,
    /// What was noted among the staff, with its mark.
    pub(crate) notes: Mutex<Vec<(String, String)>>,
    /// Who can see the comment that is asked about, by its word.
    pub(crate) audience: Mutex<Option<Audience>>,
    /// How long history and state take each.
    pub(crate) slow_reads: Mutex<Duration>,
    /// How long the next questions for the login take, the last one first.
    pub(crate) slow_login: Mutex<Vec<Duration>>,
}

fn failure(failure: ServiceFailure) -> ServiceError {
    ServiceError { service: "github", operation: "create a comment", failure, message: "scripted".to_owned() }
}

#[async_trait]
impl Publisher for ScriptedService {
    async fn login(&self) -> Result<String, ServiceError> {
        if *self.login_fails.lock().unwrap() {
            return Err(failure(ServiceFailure::Later { after: None }));
        }
        let slow = self.slow_login.lock().unwrap().pop();
        tokio::time::sleep(slow.unwrap_or_default()).await;
        Ok(LOGIN.to_owned())
    }

    async fn state(&self, _: &Target) -> Result<ThreadState, ServiceError> {
        self.states.fetch_add(1, Ordering::SeqCst);
        let slow = *self.slow_reads.lock().unwrap();
        tokio::time::sleep(slow).await;
        match self.state_fails.lock().unwrap().pop() {
            Some(why) => Err(failure(why)),
            None => Ok(*self.state.lock().unwrap()),
        }
    }

    async fn history(&self, _: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        let slow = *self.slow_reads.lock().unwrap();
        tokio::time::sleep(slow).await;
        let all = self.history.lock().unwrap();
        Ok(all.iter().rev().take(limit).rev().cloned().collect())
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        let next = self.posts.lock().unwrap().pop_front().unwrap_or(Post::Create);
        if let Post::Refuse(why) = next {
            return Err(failure(why));
        }
        self.targets.lock().unwrap().push(target.clone());
        let id = {
            let mut comments = self.comments.lock().unwrap();
            comments.push((text.to_owned(), mark.to_string()));
            comments.len().to_string()
        };
        match next {
            Post::Lost => Err(failure(ServiceFailure::InDoubt)),
            Post::LostTo(why) => Err(failure(why)),
            Post::CreateAndHang => std::future::pending().await,
            Post::Create | Post::Refuse(_) => {
                Ok(Proof { url: Some(format!("https://github.com/comment/{id}")), id })
            }
        }
    }

    async fn find(&self, _: &Target, mark: &Mark, _: Timestamp) -> Result<Option<Proof>, ServiceError> {
        if let Some(why) = *self.finds_fail.lock().unwrap() {
            return Err(failure(why));
        }
        let comments = [self.comments.lock().unwrap().clone(), self.notes.lock().unwrap().clone()].concat();
        let place = comments.iter().position(|(_, known)| *known == mark.to_string());
        Ok(place.map(|place| Proof { id: (place + 1).to_string(), url: None }))
    }

    fn knows_repetitions(&self) -> bool {
        *self.knows_repetitions.lock().unwrap()
    }

    fn internal_notes(&self) -> Option<&dyn InternalNotes> {
        (*self.has_notes.lock().unwrap()).then_some(self as &dyn InternalNotes)
    }
}

#[async_trait]
impl InternalNotes for ScriptedService {
    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        Publisher::history(self, target, limit).await
    }

    async fn publish(&self, _: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        let next = self.posts.lock().unwrap().pop_front().unwrap_or(Post::Create);
        self.notes.lock().unwrap().push((text.to_owned(), mark.to_string()));
        match next {
            Post::Create => Ok(Proof { id: "note".to_owned(), url: None }),
            _ => Err(failure(ServiceFailure::InDoubt)),
        }
    }

    async fn audience(&self, _: &Target, _: &str) -> Result<Option<Audience>, ServiceError> {
        Ok(*self.audience.lock().unwrap())
    }
}

pub(crate) struct Bench {
    pub(crate) processor: Arc<Processor>,
    pub(crate) stores: Stores,
    pub(crate) embedded: Embedded,
    pub(crate) model: Arc<ScriptedModel>,
    pub(crate) service: Arc<ScriptedService>,
    /// What goes wrong with the processor's stores.
    pub(crate) faults: Arc<StoreFaults>,
    /// What the metrics were told.
    pub(crate) figures: telemetry::Recorded,
    /// What the agent of `[shadow]` asks, where there is one.
    pub(crate) second: Arc<ScriptedModel>,
    pub(crate) now: Arc<AtomicI64>,
}

pub(crate) const SETTINGS: &str = r#"
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
pub(crate) const PROMPT: &str = "Template of {{ intent }} for {{ event.actor }}: {{ event.title }}\n\
    {% if parameters.version %}version {{ parameters.version }}{% endif %}";

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(SETTINGS, None)
    }

    pub(crate) fn with(settings: &str, registry: Option<Registry>) -> Self {
        Self::at(settings, registry, Services::default())
    }

    /// Likewise, with clients of services outside; the scripted service stands in for GitHub if it is not
    /// among them.
    pub(crate) fn at(settings: &str, registry: Option<Registry>, services: Services) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("persona.md"), "You are a careful maintainer.").unwrap();
        let next = settings_of_a_second(SETTINGS);
        std::fs::write(dir.path().join("next.toml"), next).unwrap();
        std::fs::write(dir.path().join("secret.md"), include_str!("data/persona.md")).unwrap();
        std::fs::write(dir.path().join("prompt.md"), PROMPT).unwrap();
        std::fs::write(dir.path().join("sorry.md"), "We are on it.").unwrap();
        let settings = Settings::parse(settings, dir.path()).unwrap();
        let now = Arc::new(AtomicI64::new(START));
        let clock = {
            // The wall clock moves with tokio's, and by hand.
            let (now, began) = (Arc::clone(&now), tokio::time::Instant::now());
            Clock::from_fn(move || {
                let elapsed = i64::try_from(began.elapsed().as_millis()).unwrap();
                Timestamp::from_millisecond(now.load(Ordering::SeqCst) + elapsed).unwrap()
            })
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

    pub(crate) fn now(&self) -> Timestamp {
        self.processor.clock().now()
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.now.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn script(&self, say: impl IntoIterator<Item = Say>) {
        self.model.script.lock().unwrap().extend(say);
    }

    /// Stores and enqueues an event as ingest does.
    pub(crate) async fn accept(&self, body: &Value) -> TaskId {
        self.accept_at(body, Priority::DEFAULT, "octo/repo").await
    }

    /// Likewise, with a priority and for a tenant of its own.
    pub(crate) async fn accept_at(&self, body: &Value, priority: Priority, tenant: &str) -> TaskId {
        let thread = format!("{tenant}#{}", body["issue"]["number"]);
        self.store(body, NewTask { priority, tenant: tenant.to_owned(), thread, ..new_task("github") }).await
    }

    /// Likewise, of another source.
    pub(crate) async fn accept_from(&self, source: &str, body: &Value) -> TaskId {
        self.store(body, new_task(source)).await
    }

    /// Stores the task of an event, whose body is not stored.
    pub(crate) async fn accept_without_body(&self, body: &Value) -> TaskId {
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

    pub(crate) async fn receive(&self, lane: Lane) -> Vec<Delivery> {
        let from = Visibility { lane: Some(lane), timeout: Duration::from_secs(1_080) };
        self.stores.queue.receive(from, 10, Duration::ZERO).await.unwrap()
    }

    /// Works on everything that can be received now, as Lambda would.
    pub(crate) async fn work(&self) -> usize {
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
    pub(crate) async fn sweep(&self) -> sweeper::Report {
        let (stores, clock) = (self.stores.clone(), self.processor.clock().clone());
        let sweeper = sweeper::Sweeper { stores, clock, metrics: Metrics::none() };
        sweeper.sweep(after(self.now(), Duration::from_secs(60))).await.unwrap().report
    }

    /// Works, and lets time pass, until the task has ended or waits for a person.
    pub(crate) async fn until_settled(&self, id: &TaskId) -> Task {
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
    pub(crate) async fn decide(&self, id: &TaskId, input: DecisionInput) -> Task {
        self.say(id, input).await;
        self.until_settled(id).await
    }

    /// Likewise; nobody works on it yet.
    pub(crate) async fn say(&self, id: &TaskId, input: DecisionInput) {
        let task = self.task(id).await;
        let hash = task.doc.draft.unwrap().hash;
        let request = format!("r{}", task.control.revision);
        let decider =
            Decider { name: "ada", request: &request, at: self.now(), from: &domain::Origin::CONSOLE };
        decide(&self.stores, id, input, &hash, decider).await.unwrap();
    }

    /// Whatever used up the tries of the task meanwhile.
    pub(crate) async fn use_up_tries(&self, id: &TaskId) {
        let mut task = self.task(id).await;
        task.control.attempts = MAX_ATTEMPTS;
        assert_eq!(self.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    }

    pub(crate) async fn approve(&self, id: &TaskId) -> Task {
        self.decide(id, DecisionInput::Approve { text: None, intent: None }).await
    }

    /// The text that waits for a person.
    pub(crate) async fn draft(&self, id: &TaskId) -> String {
        let hash = self.task(id).await.doc.draft.unwrap().hash;
        let blob = self.stores.payloads.get(id, &PartKey::draft(&hash)).await.unwrap().unwrap();
        String::from_utf8(blob.unpack().unwrap()).unwrap()
    }

    pub(crate) async fn task(&self, id: &TaskId) -> Task {
        self.stores.tasks.get(id).await.unwrap().unwrap()
    }

    pub(crate) async fn status(&self, id: &TaskId) -> TaskStatus {
        self.task(id).await.control.status
    }

    pub(crate) fn comments(&self) -> Vec<String> {
        self.service.comments.lock().unwrap().iter().map(|(text, _)| text.clone()).collect()
    }

    pub(crate) fn steps(&self) -> Vec<String> {
        self.model.calls.lock().unwrap().iter().map(|call| call.step.clone()).collect()
    }
}

/// The agent.toml of a second agent, which is sure of less.
fn settings_of_a_second(first: &str) -> String {
    first.replace("history = 3", "history = 3\nconfidence_threshold = 0.95")
}

fn new_task(source: &str) -> NewTask {
    NewTask {
        source: source.to_owned(),
        event: "issues.opened".to_owned(),
        tenant: "octo/repo".to_owned(),
        thread: "octo/repo#7".to_owned(),
        actor: "mona".to_owned(),
        priority: Priority::DEFAULT,
        metadata: serde_json::Map::new(),
        content_type: "application/json".to_owned(),
        event_hint: (source == "github").then(|| "issues".to_owned()),
    }
}

/// An opened issue with this number.
pub(crate) fn issue(number: u64) -> Value {
    json!({
        "action": "opened",
        "issue": {
            "number": number, "title": "It crashes", "body": "On start, see https://logs.example.com/1",
            "user": {"login": "mona"}, "labels": [], "created_at": "2026-11-20T10:00:00Z",
            "updated_at": "2026-11-20T10:00:00Z", "state": "open", "author_association": "NONE"
        },
        "repository": {"full_name": "octo/repo"},
        "sender": {"login": "mona", "type": "User"}
    })
}

/// A comment with this text on issue 7.
pub(crate) fn comment(author: &str, text: &str) -> Value {
    let mut event = issue(7);
    event["action"] = json!("created");
    event["comment"] = json!({
        "id": 99, "body": text, "user": {"login": author}, "created_at": "2026-11-20T10:00:00Z",
        "updated_at": "2026-11-20T10:00:00Z", "author_association": "NONE"
    });
    event["sender"] = json!({"login": author, "type": "User"});
    event
}
