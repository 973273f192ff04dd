//! Stores of which one fails while the others work.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::contract::watched_state::{StateCall, StateWatcher, WatchedState};
use domain::{
    Blob, Claim, ClaimRequest, Due, Effect, EffectState, Insert, ListQuery, Page, PartKey, PayloadStore,
    PutNew, Save, Stage, StoreError, Stores, Task, TaskId, TaskStatus, TaskStore, Timestamp,
};

/// What goes wrong.
#[derive(Default)]
pub struct StoreFaults {
    /// The payload store does not answer.
    pub payloads_down: AtomicBool,
    /// The payload store refuses us.
    pub payloads_refused: AtomicBool,
    /// The payload store takes nothing.
    pub payloads_full: AtomicBool,
    /// The bytes of every draft are broken.
    pub drafts_damaged: AtomicBool,
    /// The state store does not answer.
    pub state_down: AtomicBool,
    /// The state store does not take the figures of the day.
    pub figures_down: AtomicBool,
    /// The bytes of every payload are broken.
    pub payloads_damaged: AtomicBool,
    /// The next write of a task is made, and its answer is lost.
    pub save_unanswered: AtomicBool,
    /// Tasks can be claimed, and not written otherwise: a role that lacks one of the two permissions.
    pub saves_refused: AtomicBool,
    /// The next write that puts a task off fails, and nothing is written.
    pub deferral_refused: AtomicBool,
    /// The next write of an intent is answered with an error; whether it is made all the same.
    pub intent_fails: Mutex<Option<bool>>,
    /// Runs once an intent is written, before that is answered.
    pub once_intended: Mutex<Option<Box<dyn Fn() + Send>>>,
    /// Runs once a permit of a host is asked for, before that is answered.
    pub once_permit_asked: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl StoreFaults {
    /// `stores` with the faults that `faults` says.
    pub fn around(faults: &Arc<Self>, stores: Stores) -> Stores {
        let Stores { tasks, payloads, state, queue } = stores;
        Stores {
            tasks: Arc::new(Tasks(tasks, Arc::clone(faults))),
            payloads: Arc::new(Payloads(payloads, Arc::clone(faults))),
            state: Arc::new(WatchedState { store: state, watcher: State(Arc::clone(faults)) }),
            queue,
        }
    }
}

fn check(is_down: &AtomicBool, operation: &'static str) -> Result<(), StoreError> {
    if is_down.load(Ordering::SeqCst) { Err(StoreError::unavailable(operation, "scripted")) } else { Ok(()) }
}

struct Tasks(Arc<dyn TaskStore>, Arc<StoreFaults>);

#[async_trait]
impl TaskStore for Tasks {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        self.0.insert(task).await
    }

    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        self.0.get(id).await
    }

    async fn claim(&self, id: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError> {
        self.0.claim(id, request).await
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        if self.1.saves_refused.load(Ordering::SeqCst) {
            return Err(StoreError::refused("save", "AccessDenied: so it said"));
        }
        let is_put_off = task.control.status == TaskStatus::Waiting;
        if is_put_off && self.1.deferral_refused.swap(false, Ordering::SeqCst) {
            return Err(StoreError::unavailable("save", "scripted"));
        }
        let intended = |effect: &Effect| matches!(effect.state, EffectState::Intended { .. });
        let is_intent = task.doc.effects.iter().any(intended);
        if is_intent && let Some(is_made) = self.1.intent_fails.lock().unwrap().take() {
            self.1.save_unanswered.store(is_made, Ordering::SeqCst);
            if !is_made {
                return Err(StoreError::unavailable("save", "scripted"));
            }
        }
        if !self.1.save_unanswered.swap(false, Ordering::SeqCst) {
            let saved = self.0.save(task).await;
            if is_intent && let Some(then) = self.1.once_intended.lock().unwrap().take() {
                then();
            }
            return saved;
        }
        let written = self.0.save(&mut task.clone()).await?;
        assert_eq!(written, Save::Done);
        Err(StoreError::unavailable("save", "scripted"))
    }

    async fn due(&self, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.0.due(stage, before, limit).await
    }

    async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError> {
        self.0.newer_in_thread(task, limit).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.0.list(query).await
    }
}

struct Payloads(Arc<dyn PayloadStore>, Arc<StoreFaults>);

#[async_trait]
impl PayloadStore for Payloads {
    async fn put_new(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<PutNew, StoreError> {
        check(&self.1.payloads_down, "put a part")?;
        check(&self.1.payloads_full, "put a part")?;
        self.0.put_new(id, part, blob, forget_at).await
    }

    async fn put(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<(), StoreError> {
        check(&self.1.payloads_down, "put a part")?;
        check(&self.1.payloads_full, "put a part")?;
        self.0.put(id, part, blob, forget_at).await
    }

    async fn get(&self, id: &TaskId, part: &PartKey) -> Result<Option<Blob>, StoreError> {
        check(&self.1.payloads_down, "get a part")?;
        if self.1.payloads_refused.load(Ordering::SeqCst) {
            return Err(StoreError::refused("get a part", "AccessDenied: so it said"));
        }
        let is_damaged = match part.as_str().split(':').next() {
            Some("payload") => &self.1.payloads_damaged,
            Some("draft") => &self.1.drafts_damaged,
            _ => &AtomicBool::new(false),
        };
        if is_damaged.load(Ordering::SeqCst) {
            return Err(StoreError::broken("get a part", "the bytes are no zstd"));
        }
        self.0.get(id, part).await
    }

    async fn list(&self, id: &TaskId, prefix: &str) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        check(&self.1.payloads_down, "list parts")?;
        self.0.list(id, prefix).await
    }
}

/// Faults of the state store.
struct State(Arc<StoreFaults>);

#[async_trait]
impl StateWatcher for State {
    async fn before(&self, call: StateCall, key: &str) -> Result<(), StoreError> {
        check(&self.0.state_down, "ask the state store")?;
        if call == StateCall::Acquire
            && key.starts_with("host:")
            && let Some(then) = self.0.once_permit_asked.lock().unwrap().take()
        {
            then();
        }
        let is_figures = call == StateCall::Swap && key.starts_with("stats:");
        if is_figures { check(&self.0.figures_down, "swap a value") } else { Ok(()) }
    }
}

/// Lets the stores fail for `rounds` rounds of a minute.
pub async fn for_a_while(bench: &crate::Bench, is_down: &AtomicBool, rounds: u32) {
    is_down.store(true, Ordering::SeqCst);
    for _ in 0..rounds {
        bench.work().await;
        bench.pass(Duration::from_secs(60));
    }
    is_down.store(false, Ordering::SeqCst);
}
