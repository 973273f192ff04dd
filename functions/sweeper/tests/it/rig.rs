//! A sweeper on stores in memory, under a clock that the test moves.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::*;
use embedded::Embedded;
use sweeper::{Report, Sweeper};
use telemetry::{Metrics, Recorded};

pub(crate) struct Rig {
    pub(crate) sweeper: Sweeper,
    pub(crate) stores: Stores,
    pub(crate) figures: Recorded,
    now: Arc<AtomicI64>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(|stores| stores)
    }

    /// Likewise; the sweeper sees the stores as `dress` says.
    pub(crate) fn with(dress: impl FnOnce(Stores) -> Stores) -> Self {
        let now = Arc::new(AtomicI64::new(1_800_000_000));
        let seconds = Arc::clone(&now);
        let clock = Clock::from_fn(move || Timestamp::from_second(seconds.load(Ordering::SeqCst)).unwrap());
        let stores = Embedded::in_memory(clock.clone()).unwrap().stores();
        let (metrics, figures) = Metrics::memory(clock.clone());
        let sweeper = Sweeper { stores: dress(stores.clone()), clock, metrics };
        Self { sweeper, stores, figures, now }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.sweeper.clock.now()
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.now.fetch_add(i64::try_from(time.as_secs()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) async fn accept(&self, number: u32) -> Task {
        let new = NewTask {
            tenant: "o/r".to_owned(),
            thread: format!("o/r#{number}"),
            ..domain::contract::new_task("github")
        };
        let id = TaskId::derive("github", &number.to_be_bytes());
        let task = Task::received(id, new, self.now(), after(self.now(), FIRST_LOOK));
        self.stores.tasks.insert(&task).await.unwrap();
        task
    }

    pub(crate) async fn save(&self, task: &mut Task) {
        assert_eq!(self.stores.tasks.save(task).await.unwrap(), Save::Done);
    }

    pub(crate) async fn task(&self, id: &TaskId) -> Task {
        self.stores.tasks.get(id).await.unwrap().unwrap()
    }

    pub(crate) async fn sweep(&self) -> Report {
        self.sweeper.sweep(after(self.now(), Duration::from_secs(60))).await.whole().unwrap().report
    }

    /// The tasks whose messages can be received now.
    pub(crate) async fn messages(&self) -> Vec<TaskId> {
        let from = Visibility { lane: Some(Priority::DEFAULT.lane()), timeout: Duration::from_secs(1) };
        let received = self.stores.queue.receive(from, 10, Duration::ZERO).await.unwrap();
        received.into_iter().map(|delivery| delivery.task_id().unwrap()).collect()
    }

    /// What one more count adds to the metric, behind a sweep that has no time for any task.
    pub(crate) async fn unaccounted(&self) -> f64 {
        let before = self.figures.total("Unaccounted", &[]);
        let swept = self.sweeper.sweep(self.now()).await.whole().unwrap();
        self.sweeper.count(&swept, self.now()).await.unwrap();
        self.figures.total("Unaccounted", &[]) - before
    }
}

/// A store in which the tasks of these ids cannot be read, and that lists nothing, nor what waits, while it is down.
pub(crate) struct Damaged(
    pub(crate) Arc<dyn TaskStore>,
    pub(crate) HashSet<TaskId>,
    pub(crate) Arc<AtomicBool>,
);

#[async_trait]
impl TaskStore for Damaged {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        self.0.insert(task).await
    }

    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        if self.1.contains(id) { Err(StoreError::broken("get", "damaged")) } else { self.0.get(id).await }
    }

    async fn claim(&self, id: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError> {
        self.0.claim(id, request).await
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        self.0.save(task).await
    }

    async fn due(&self, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        if stage == Stage::Waiting && self.2.load(Ordering::SeqCst) {
            return Err(StoreError::broken("due", "down"));
        }
        self.0.due(stage, before, limit).await
    }

    async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError> {
        self.0.newer_in_thread(task, limit).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        if self.2.load(Ordering::SeqCst) {
            return Err(StoreError::broken("list", "down"));
        }
        let mut page = self.0.list(query).await?;
        for task in page.tasks.extract_if(.., |task| self.1.contains(&task.id)) {
            page.unreadable.push(Unreadable { task_id: task.id, problem: "damaged".to_owned() });
        }
        Ok(page)
    }
}
