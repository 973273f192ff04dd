//! [`Rig`]: the system that runs jobs, on a directory that outlives a crash. A task that has ended is not run again,
//! and a saved step is not paid for again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use domain::{
    Clock, Decider, Jitter, Lane, ListQuery, Model, Origin, PartKey, Served, Stores, Task, TaskId,
    TaskStatus, Timestamp, between, retry, take_in,
};
use embedded::Embedded;
use processor::{Parts, Processor};
use settings::{Environment, Settings};
use sweeper::Sweeper;
use telemetry::Metrics;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::estimate::affordable;
use super::job::Job;
use super::one_day::OneDay;
use super::silence::Silence;
use super::{bar, services};
use crate::Failure;
use crate::dev::{Backend, Storage, runner};
use crate::refused::Models;

/// How often it is looked what has ended.
const LOOK: Duration = Duration::from_millis(250);
/// A run in which nothing goes on before this is over: what is left waits for another day.
pub(crate) const TOO_LONG: Duration = Duration::from_secs(120);
/// A run in which nothing has ended for so long is over: the model is down.
const STALLED: Duration = Duration::from_secs(300);
/// Flex answers in up to fifteen minutes: so long may a task take that is asked for once more, and a run in which none ends.
const FLEX: Duration = Duration::from_secs(1_800);

/// How long one answer of another tier may take.
const ANSWER: Duration = Duration::from_secs(180);

/// Tasks in work at once: what a crash can cost twice, and enough for a model to be busy.
pub(super) const CROWD: usize = 16;
/// The same in flex, whose answers take minutes and cost half.
const FLEX_CROWD: usize = 64;

/// What is under way when it is stopped is dropped within this.
const CLOSING: Duration = Duration::from_secs(5);

/// A system that runs jobs.
pub(crate) struct Rig {
    storage: Arc<Storage>,
    processor: Weak<Processor>,
    clock: Clock,
    work: JoinSet<()>,
    stalled: Duration,
    dir: PathBuf,
    /// The models that agent.toml wants for triage and for answers.
    wanted: (String, String),
    models: Models,
    silence: Silence,
    /// Whether money bounds it.
    is_bounded: bool,
    /// The tasks that were in work when an earlier run ended.
    cut_off: BTreeSet<TaskId>,
    /// Tasks in work at once.
    crowd: usize,
}

/// A job after the run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ran {
    /// The task as it stands.
    pub(crate) task: Task,
    /// The text of its draft; empty if it has none.
    pub(crate) draft: String,
    /// Which model served each step.
    pub(crate) served: Vec<Served>,
}

/// The model as `settings` have it, on the accounts of `stores`: with the same bound, and on this day alone.
pub(crate) fn model(
    settings: &Settings,
    environment: &Environment,
    stores: &Stores,
    clock: &Clock,
) -> Result<Arc<dyn Model>, Failure> {
    let jitter = Jitter::from_fn(fastrand::f64);
    let state = Arc::clone(&stores.state);
    let model = processor::gemini(settings, environment, state, clock.clone(), jitter, Metrics::none());
    let model = model.map_err(|error| Failure::new(error.to_string()))?;
    Ok(Arc::new(OneDay::new(model, clock.clone())))
}

/// How long an answer may take in the tier of `settings`. A call with less time than flex needs goes as everybody's.
pub(crate) fn answer_time(settings: &Settings) -> Duration {
    if is_flex(settings) { FLEX } else { ANSWER }
}

fn is_flex(settings: &Settings) -> bool {
    settings.models.service_tier.is_flex(Lane::Standard)
}

impl Rig {
    /// A system in `dir` that goes on where the last one in it ended. It asks what `wrap` makes of the model.
    ///
    /// # Errors
    /// Why it cannot start: another run is under way in the directory, or the settings cannot work.
    pub(crate) async fn open(
        settings: &Settings,
        environment: &Environment,
        dir: &Path,
        wrap: impl FnOnce(Arc<dyn Model>) -> Arc<dyn Model>,
    ) -> Result<Self, Failure> {
        std::fs::create_dir_all(dir).map_err(|error| Failure::at(dir.display(), error))?;
        let clock = Clock::system();
        let storage = Arc::new(Storage::open(Backend::Sqlite(dir.to_owned()), &clock).await?);
        let parts = Parts {
            stores: storage.stores.clone(),
            model: wrap(model(settings, environment, &storage.stores, &clock)?),
            services: services::services(settings, &clock)
                .map_err(|error| Failure::new(error.to_string()))?,
            clock: clock.clone(),
            jitter: Jitter::from_fn(fastrand::f64),
            metrics: Metrics::none(),
        };
        let processor = Processor::new(settings, processor::registry(), parts);
        let processor = Arc::new(processor.map_err(|error| Failure::new(error.to_string()))?);
        let still_there = Arc::downgrade(&processor);
        let (invocation, stalled, crowd) =
            if is_flex(settings) { (FLEX, FLEX, FLEX_CROWD) } else { (runner::INVOCATION, STALLED, CROWD) };
        let crowd = affordable(settings, crowd);
        // Before the lanes begin: what they take up is in work, too.
        let cut_off = in_work(&storage.stores).await?;
        let (slots, mut work) = (Arc::new(Semaphore::new(crowd)), JoinSet::new());
        for lane in Lane::ALL {
            let (processor, storage) = (Arc::clone(&processor), Arc::clone(&storage));
            work.spawn(runner::lane(processor, storage, lane, Arc::clone(&slots), invocation));
        }
        let sweeper =
            Sweeper { stores: storage.stores.clone(), clock: clock.clone(), metrics: Metrics::none() };
        work.spawn(runner::sweeper(sweeper, Arc::clone(&storage), watch::Sender::default()));
        let wanted = (settings.models.triage.clone(), settings.models.answer.clone());
        let models = Models::of(settings);
        Ok(Self {
            storage,
            processor: still_there,
            clock,
            work,
            stalled,
            dir: dir.to_owned(),
            wanted,
            models,
            silence: Silence::new(settings, environment),
            is_bounded: settings.budget.per_day_usd.is_some(),
            cut_off,
            crowd,
        })
    }

    /// How many tasks are in work at once.
    pub(crate) fn crowd(&self) -> usize {
        self.crowd
    }

    /// Where its tasks are kept.
    pub(crate) fn stores(&self) -> &Stores {
        &self.storage.stores
    }

    /// Its clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether an earlier run has brought the job to an end. One that failed there is run again.
    ///
    /// # Errors
    /// When a store fails.
    pub(crate) async fn has_ended(&self, job: &Job) -> Result<bool, Failure> {
        let task =
            self.stores().tasks.get(&job.task.id).await.map_err(|error| Failure::new(error.to_string()))?;
        let status = task.map(|task| task.control.status);
        Ok(status.is_some_and(|status| status.is_end() && status != TaskStatus::Failed))
    }

    /// Runs `jobs`, and returns what became of each, in their order.
    ///
    /// # Errors
    /// When a store fails.
    pub(crate) async fn run(&self, jobs: &[Job]) -> Result<Vec<Ran>, Failure> {
        if let Some(told) = self.in_doubt(jobs) {
            eprintln!("{told}");
        }
        for job in jobs {
            self.take(job).await?;
        }
        let ids: Vec<&TaskId> = jobs.iter().map(|job| &job.task.id).collect();
        self.until_done(&ids).await?;
        let mut ran = Vec::with_capacity(ids.len());
        for id in ids {
            let task = self.task(id).await?;
            let (draft, served) = (self.draft(&task).await?, self.served(&task).await?);
            ran.push(Ran { task, draft, served });
        }
        Ok(ran)
    }

    /// What an earlier run that was cut off at work on `jobs` has left behind, if money bounds this one: money is set aside
    /// before each call, and nobody knows whether those under way were served.
    pub(crate) fn in_doubt(&self, jobs: &[Job]) -> Option<String> {
        let tasks = jobs.iter().filter(|job| self.cut_off.contains(&job.task.id)).count();
        (tasks > 0 && self.is_bounded).then(|| {
            format!(
                "an earlier run was cut off with {tasks} in work: what their calls had set aside may have been spent, and counts \
                 against --max-usd as money in doubt"
            )
        })
    }

    /// Stops it, and returns once another may open the directory: what a batch has begun ends a moment later. What was
    /// paid for is kept.
    pub(crate) async fn close(self) {
        let Self { storage, processor, clock, mut work, dir, .. } = self;
        work.shutdown().await;
        drop(storage);
        let until = Instant::now() + CLOSING;
        // The last owner of the processor may still be at dropping it, on another thread.
        let is_held = || processor.strong_count() > 0 || Embedded::open(&dir, clock.clone()).is_err();
        while is_held() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Takes a job in. One that an earlier run has left waiting, for a bound or an outage, or that has failed there, goes on
    /// at once.
    async fn take(&self, job: &Job) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
        let (stores, now) = (self.stores(), self.clock.now());
        let carried = processor::carry(&*stores.payloads, &job.task, &job.before).await;
        carried.map_err(|error| failed(&error))?;
        take_in(stores, &job.task, &job.body, now, |_| {}).await.map_err(|error| failed(&error))?;
        let mut task = self.task(&job.task.id).await?;
        match task.control.status {
            TaskStatus::Failed if task.doc.received_at < job.task.doc.received_at => {
                let from = Origin::Cli { ip: None };
                let again = Decider { name: "the next run", request: "run", at: now, from: &from };
                retry(stores, &task.id, None, again).await.map(drop).map_err(|error| failed(&error))
            }
            TaskStatus::Waiting if task.control.not_before.is_some_and(|at| at > now) => {
                task.control.not_before = Some(now);
                task.control.due_at = Some(now);
                // Whoever wrote it in between is at work on it.
                stores.tasks.save(&mut task).await.map(drop).map_err(|error| failed(&error))
            }
            _ => Ok(()),
        }
    }

    /// Returns once every task has ended, or none goes on soon.
    async fn until_done(&self, ids: &[&TaskId]) -> Result<(), Failure> {
        let (mut open, mut spent, mut since) = (ids.to_vec(), 0.0, Instant::now());
        let (mut looked, mut is_told) = (None, false);
        loop {
            let refused = self.models.refused(&*self.stores().state, self.clock.now()).await;
            let (mut left, mut goes_on, mut is_refused) = (Vec::new(), false, true);
            for id in &open {
                let task = self.task(id).await?;
                if task.control.status.is_end() {
                    spent += task.cost_usd().unwrap_or_default();
                    since = Instant::now();
                } else {
                    is_refused &= refused.hold(&task);
                    goes_on |= goes_on_soon(&task, self.clock.now());
                    left.push(*id);
                }
            }
            open = left;
            goes_on &= !is_refused;
            bar::show(ids.len() - open.len(), ids.len(), spent);
            if open.is_empty() || !goes_on || since.elapsed() > self.stalled {
                bar::close(open.len());
                return Ok(());
            }
            is_told = is_told || self.silence.tell(since, &mut looked, self.clock.now()).await;
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn task(&self, id: &TaskId) -> Result<Task, Failure> {
        let task = self.stores().tasks.get(id).await.map_err(|error| Failure::new(error.to_string()))?;
        task.ok_or_else(|| Failure::new(format!("{id} is gone from the directory of the run")))
    }

    async fn served(&self, task: &Task) -> Result<Vec<Served>, Failure> {
        let read = Served::read(&*self.stores().payloads, &task.id, (&self.wanted.0, &self.wanted.1)).await;
        read.map_err(|error| Failure::new(error.to_string()))
    }

    async fn draft(&self, task: &Task) -> Result<String, Failure> {
        let Some(draft) = &task.doc.draft else { return Ok(String::new()) };
        let read = self.stores().payloads.get(&task.id, &PartKey::draft(&draft.hash)).await;
        let blob = read.map_err(|error| Failure::new(error.to_string()))?;
        let text = blob.map(|blob| blob.text()).transpose();
        Ok(text.map_err(|error| Failure::new(error.to_string()))?.unwrap_or_default())
    }
}

/// The tasks of `stores` that are in work: so many at once fit on a page.
async fn in_work(stores: &Stores) -> Result<BTreeSet<TaskId>, Failure> {
    let status = Some(TaskStatus::Processing);
    let query = ListQuery { status, limit: 2 * FLEX_CROWD, ..ListQuery::default() };
    let page = stores.tasks.list(&query).await.map_err(|error| Failure::new(error.to_string()))?;
    Ok(page.tasks.into_iter().map(|task| task.id).collect())
}

/// Whether there is something to wait for.
fn goes_on_soon(task: &Task, now: Timestamp) -> bool {
    let waits = task.control.not_before.filter(|_| task.control.status == TaskStatus::Waiting);
    waits.is_none_or(|at| between(now, at) < TOO_LONG)
}
