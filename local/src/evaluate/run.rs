//! Runs cases as the tasks of a system of their own: the real processor and the real model plane, in shadow, on a
//! directory that outlives a crash. A task that has ended is not run again, and a saved step is not paid for again.

use std::io::{IsTerminal, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Clock, FIRST_LOOK, Jitter, Lane, NewTask, PartKey, Priority, Task, TaskId, TaskStatus, Timestamp, after,
    between, take_in,
};
use processor::{Parts, Processor};
use settings::{BudgetSettings, Environment, Mode, Settings, SourceSettings};
use sweeper::Sweeper;
use telemetry::Metrics;
use tokio::task::JoinSet;
use webhook::{CommentPolicy, Filter, InternalPolicy, Parsed, PriorityRules, Provider, Received, Sender};

use super::case::Case;
use super::offline::{self, OneDay};
use super::score::Outcome;
use crate::Failure;
use crate::dev::{Backend, Storage, runner};

/// How often it is looked what has ended.
const LOOK: Duration = Duration::from_millis(200);
/// A run in which nothing goes on before this is over: what is left waits for another day.
const TOO_LONG: Duration = Duration::from_secs(300);

/// A system that runs cases.
pub(crate) struct Rig {
    storage: Arc<Storage>,
    processor: Arc<Processor>,
    settings: Settings,
    clock: Clock,
    work: JoinSet<()>,
}

/// `settings` for cases of these sources: in shadow, whatever they say; without limits but that of `max_usd`; with
/// senders that agent.toml does not name as they are by default.
pub(crate) fn in_shadow<'c>(
    mut settings: Settings,
    sources: impl Iterator<Item = &'c str>,
    max_usd: Option<f64>,
) -> Result<Settings, Failure> {
    for name in sources {
        if !settings.sources.contains_key(name) {
            settings.sources.insert(name.to_owned(), usual(name)?);
        }
    }
    for source in settings.sources.values_mut() {
        source.mode = Mode::Shadow;
        source.max_event_age = None;
        // Every case is one that its source takes.
        source.filter = Filter {
            comments: CommentPolicy::Thread,
            internal: InternalPolicy::AnswerInternally,
            ..Filter::default()
        };
    }
    settings.budget =
        BudgetSettings { per_day_usd: max_usd, per_tenant_day_usd: None, per_thread_replies_per_hour: None };
    Ok(settings)
}

fn usual(name: &str) -> Result<SourceSettings, Failure> {
    let provider = Provider::from_name(name)
        .ok_or_else(|| Failure::new(format!("there is no [sources.{name}] and no sender of that name")))?;
    let mut sender = Sender::of(provider);
    sender.site = provider.row().site.map(|site| site.example.to_owned());
    Ok(SourceSettings {
        name: name.to_owned(),
        sender,
        filter: Filter::default(),
        automation: None,
        at: None,
        priorities: PriorityRules::default(),
        hooks: Vec::new(),
        max_event_age: None,
        trusted: false,
        mode: Mode::Shadow,
    })
}

impl Rig {
    /// A system in `dir` that goes on where the last one in it ended.
    pub(crate) async fn open(
        settings: Settings,
        environment: &Environment,
        dir: &Path,
    ) -> Result<Self, Failure> {
        std::fs::create_dir_all(dir).map_err(|error| Failure::at(dir.display(), error))?;
        let clock = Clock::system();
        let storage = Arc::new(Storage::open(Backend::Sqlite(dir.to_owned()), &clock).await?);
        let jitter = Jitter::from_fn(fastrand::f64);
        let state = Arc::clone(&storage.stores.state);
        let wrong = |error: processor::ComposeError| Failure::new(error.to_string());
        let model =
            processor::gemini(&settings, environment, state, clock.clone(), jitter.clone(), Metrics::none())
                .map_err(wrong)?;
        let parts = Parts {
            stores: storage.stores.clone(),
            model: Arc::new(OneDay::new(model, clock.clone())),
            services: offline::services(),
            clock: clock.clone(),
            jitter,
            metrics: Metrics::none(),
        };
        let processor = Arc::new(Processor::new(&settings, processor::registry(), parts).map_err(wrong)?);
        let mut work = JoinSet::new();
        for lane in Lane::ALL {
            work.spawn(runner::lane(Arc::clone(&processor), Arc::clone(&storage), lane));
        }
        let sweeper =
            Sweeper { stores: storage.stores.clone(), clock: clock.clone(), metrics: Metrics::none() };
        work.spawn(runner::sweeper(sweeper, Arc::clone(&storage)));
        Ok(Self { storage, processor, settings, clock, work })
    }

    /// Runs `cases` whose bodies are made of `samples`, and returns what became of each.
    pub(crate) async fn run(mut self, cases: &[Case], samples: &Path) -> Result<Vec<Outcome>, Failure> {
        let mut ids = Vec::with_capacity(cases.len());
        for case in cases {
            ids.push(self.take(case, &case.body(samples)?).await?);
        }
        self.until_done(&ids).await?;
        let mut outcomes = Vec::with_capacity(cases.len());
        for (case, id) in cases.iter().zip(&ids) {
            let task = self.task(id).await?;
            outcomes.push(Outcome::of(case, &task, self.answer(&task).await?));
        }
        self.work.shutdown().await;
        Ok(outcomes)
    }

    /// Takes a case in, unless an earlier run has.
    async fn take(&self, case: &Case, body: &[u8]) -> Result<TaskId, Failure> {
        let wrong = |why: String| Failure::new(format!("case `{}`: {why}", case.name));
        let source = self.settings.sources.get(case.source()).ok_or_else(|| wrong("no source".to_owned()))?;
        let hint = (source.sender.provider.row().hint_of)(case.event());
        let received = Received { event_hint: Some(&hint), body };
        let event = match source.sender.parse(&received).map_err(|error| wrong(error.to_string()))? {
            Parsed::Event(event) => *event,
            _ => return Err(wrong("its sample is no event".to_owned())),
        };
        let id = TaskId::derive("eval", &[case.name.as_bytes(), &[0], body].concat());
        let new = NewTask {
            source: source.name.clone(),
            event: event.name,
            tenant: "eval".to_owned(),
            // Samples share their thread, and a thread has one task at a time.
            thread: id.to_string(),
            actor: event.actor,
            priority: Priority::DEFAULT,
            metadata: event.metadata,
            content_type: "application/json".to_owned(),
            event_hint: Some(hint.to_string()),
        };
        let now = self.clock.now();
        let task = Task::received(id.clone(), new, now, after(now, FIRST_LOOK));
        let taken = take_in(&self.storage.stores, &task, body, now, |_| {}).await;
        taken.map_err(|error| wrong(error.to_string()))?;
        Ok(id)
    }

    /// Returns once every task has ended, or none goes on soon.
    async fn until_done(&self, ids: &[TaskId]) -> Result<(), Failure> {
        let mut open: Vec<&TaskId> = ids.iter().collect();
        let mut spent = 0.0;
        loop {
            let (mut left, mut goes_on) = (Vec::new(), false);
            for id in open {
                let task = self.task(id).await?;
                if task.control.status.is_end() {
                    spent += task.cost_usd().unwrap_or_default();
                } else {
                    goes_on |= goes_on_soon(&task, self.clock.now());
                    left.push(id);
                }
            }
            open = left;
            show(ids.len() - open.len(), ids.len(), spent);
            if open.is_empty() || !goes_on {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn task(&self, id: &TaskId) -> Result<Task, Failure> {
        let task = self.processor.stores().tasks.get(id).await;
        let task = task.map_err(|error| Failure::new(error.to_string()))?;
        task.ok_or_else(|| Failure::new(format!("{id} is gone from the directory of the run")))
    }

    async fn answer(&self, task: &Task) -> Result<String, Failure> {
        let Some(draft) = &task.doc.draft else { return Ok(String::new()) };
        let read = self.storage.stores.payloads.get(&task.id, &PartKey::draft(&draft.hash)).await;
        let blob = read.map_err(|error| Failure::new(error.to_string()))?;
        let text = blob.map(|blob| blob.text()).transpose();
        Ok(text.map_err(|error| Failure::new(error.to_string()))?.unwrap_or_default())
    }
}

fn goes_on_soon(task: &Task, now: Timestamp) -> bool {
    let waits = task.control.not_before.filter(|_| task.control.status == TaskStatus::Waiting);
    waits.is_none_or(|at| between(now, at) < TOO_LONG)
}

/// A bar on a terminal.
fn show(done: usize, all: usize, spent: f64) {
    let mut out = std::io::stderr();
    if !out.is_terminal() {
        return;
    }
    let filled = done * 30 / all.max(1);
    let end = if done == all { "\n" } else { "" };
    // A bar that cannot be drawn harms nothing.
    let _ = write!(out, "\r[{}{}] {done}/{all}  ${spent:.4} {end}", "#".repeat(filled), "-".repeat(30 - filled));
    let _ = out.flush();
}
