//! The outside of an exploration: one task, its parts, its messages, a service and a channel, in memory.
//!
//! Every operation that others could come between is a step: its future waits once before it is done, so
//! that the explorer chooses who goes next. Parts of a task are written once and named by their content,
//! and a thread's lease follows its task's: their order makes no difference, and they are no steps.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::future::poll_fn;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use domain::contract::in_memory;
use domain::*;

/// Actors of one exploration.
pub(super) const ACTORS: usize = 5;

/// A message of the queue.
#[derive(Clone, Debug, Hash)]
pub(super) struct Message {
    pub(super) id: u32,
    pub(super) visible: bool,
    pub(super) receives: u32,
}

/// Everything that lasts, and what the explorer needs to know of who does what.
#[derive(Clone)]
pub(super) struct State {
    pub(super) now: Timestamp,
    pub(super) task: Option<Task>,
    /// [`essence`] of the task: made anew on every write, and asked for at every step.
    mark: u64,
    parts: BTreeMap<String, Blob>,
    leases: BTreeMap<String, (String, Timestamp)>,
    pub(super) messages: Vec<Message>,
    sent: u32,
    /// Comments: text and mark.
    pub(super) comments: Vec<(String, String)>,
    /// What people are shown: the notice's name, and what its message says.
    pub(super) asked: Vec<(String, String)>,
    /// Who is being polled.
    pub(super) current: usize,
    /// What each actor has seen so far: its local state is a function of that.
    pub(super) seen: [u64; ACTORS],
    /// Whether the actor is about to act in the outside world on an intent that it has written.
    pub(super) acting: [bool; ACTORS],
    /// Something that must never happen, and did.
    pub(super) violation: Option<String>,
    /// Whether operations are steps.
    pub(super) stepping: bool,
    /// Set whenever a future waits for its step.
    pub(super) waited: bool,
    /// Whether the way to a known state is gone once more: what was found out there is known.
    replaying: bool,
}

/// What was found out about a state, for whoever replays the way to it.
#[derive(Clone, Copy)]
pub(super) struct Known {
    mark: u64,
    seen: [u64; ACTORS],
}

/// The shared handle.
#[derive(Clone)]
pub(super) struct World(Arc<Mutex<State>>);

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What of a task behaviour can depend on: all but its timeline.
pub(super) fn essence(task: &Task) -> u64 {
    let mut task = task.clone();
    task.doc.timeline.clear();
    task.doc.worked_ms = 0.0;
    hash_of(&(format!("{:?}", task.control), serde_json::to_string(&task.doc).unwrap()))
}

impl State {
    /// What makes two states the same.
    pub(super) fn essence(&self) -> u64 {
        let parts: Vec<&String> = self.parts.keys().collect();
        let leases = format!("{:?}", self.leases);
        let outside = (&self.comments, &self.asked, &self.messages);
        hash_of(&(self.now.as_millisecond(), self.mark, parts, leases, outside, self.seen, self.acting))
    }
}

impl State {
    /// Makes no [`essence`] anew until [`Self::arrive`].
    pub(super) fn replay(&mut self) {
        self.replaying = true;
    }

    /// The end of the way.
    pub(super) fn arrive(&mut self, known: Known) {
        (self.replaying, self.mark, self.seen) = (false, known.mark, known.seen);
    }

    pub(super) fn known(&self) -> Known {
        Known { mark: self.mark, seen: self.seen }
    }

    /// To be called when the task was written.
    fn remark(&mut self) {
        if !self.replaying {
            self.mark = self.task.as_ref().map_or(0, essence);
        }
    }

    /// Takes over what was saved of the steps of another course of events.
    pub(super) fn keep_steps_of(&mut self, other: &Self) {
        let steps = other.parts.iter().filter(|(name, _)| name.starts_with("step:"));
        self.parts.extend(steps.map(|(name, blob)| (name.clone(), blob.clone())));
        let classification = other.task.as_ref().and_then(|task| task.doc.classification.clone());
        let task = self.task.as_mut().unwrap();
        task.doc.classification = classification;
        self.remark();
    }
}

impl World {
    pub(super) fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            task: None,
            mark: 0,
            parts: BTreeMap::new(),
            leases: BTreeMap::new(),
            messages: Vec::new(),
            sent: 0,
            comments: Vec::new(),
            asked: Vec::new(),
            current: 0,
            seen: [0; ACTORS],
            acting: [false; ACTORS],
            violation: None,
            stepping: false,
            waited: false,
            replaying: false,
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn stores(&self) -> Stores {
        let world = Arc::new(self.clone());
        Stores { tasks: world.clone(), payloads: world.clone(), state: world.clone(), queue: world }
    }

    pub(super) fn clock(&self) -> Clock {
        let world = self.clone();
        Clock::from_fn(move || world.state().now)
    }

    /// Lets the explorer choose who goes next.
    async fn step(&self) {
        let mut waited = false;
        poll_fn(|cx| {
            let mut state = self.state();
            if waited || !state.stepping {
                return Poll::Ready(());
            }
            (waited, state.waited) = (true, true);
            // Those who wait for several futures poll only the ones that were woken.
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// A step after which the outside world is not what it was.
    async fn act(&self) {
        let actor = self.state().current;
        self.state().acting[actor] = true;
        self.step().await;
        self.state().acting[actor] = false;
    }

    /// Whoever is polled has seen `what`.
    fn saw(&self, what: &impl Hash) {
        let mut state = self.state();
        let actor = state.current;
        state.seen[actor] = hash_of(&(state.seen[actor], what));
    }
}

#[async_trait]
impl TaskStore for World {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        let mut state = self.state();
        state.task = Some(task.clone());
        state.remark();
        Ok(Insert::New)
    }

    async fn get(&self, _: &TaskId) -> Result<Option<Task>, StoreError> {
        self.step().await;
        let (task, mark) = {
            let state = self.state();
            (state.task.clone(), state.mark)
        };
        self.saw(&mark);
        Ok(task)
    }

    /// One task is the whole world here.
    async fn newer_in_thread(&self, _: &Task, _: usize) -> Result<Vec<Task>, StoreError> {
        Ok(Vec::new())
    }

    async fn claim(&self, _: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError> {
        self.step().await;
        let (claim, mark) = {
            let mut state = self.state();
            let claim = in_memory::claim(state.task.as_mut().unwrap(), request);
            if matches!(claim, Claim::Claimed(_)) {
                state.remark();
            }
            (claim, state.mark)
        };
        self.saw(&(matches!(claim, Claim::Claimed(_)), mark));
        Ok(claim)
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        self.step().await;
        let saved = save(&mut self.state(), task);
        self.saw(&(saved == Save::Done));
        Ok(saved)
    }

    async fn due(&self, stage: Stage, before: Timestamp, _: usize) -> Result<Vec<Due>, StoreError> {
        let state = self.state();
        let task = state.task.as_ref().unwrap();
        let due = task.control.due_at.filter(|due| Stage::of(task.control.status) == stage && *due <= before);
        let due: Vec<Due> = due
            .map(|due_at| Due { task_id: task.id.clone(), due_at, lane: task.doc.priority.lane() })
            .into_iter()
            .collect();
        drop(state);
        self.saw(&due.len());
        Ok(due)
    }

    async fn list(&self, _: &ListQuery) -> Result<domain::Page, StoreError> {
        Ok(domain::Page::default())
    }
}

fn save(state: &mut State, task: &mut Task) -> Save {
    let (saved, before) = in_memory::save(state.task.as_mut().unwrap(), task);
    if let Some(decided) = before.and_then(|before| before.doc.decision)
        && task.doc.decision.as_ref() != Some(&decided)
    {
        let decisions = (decided, &task.doc.decision);
        state.violation = Some(format!("a decision was changed: {decisions:?}"));
    }
    if saved == Save::Done {
        task.control.revision += 1;
        state.remark();
    }
    saved
}

#[async_trait]
impl PayloadStore for World {
    async fn put_new(
        &self,
        _: &TaskId,
        part: &PartKey,
        blob: &Blob,
        _: Timestamp,
    ) -> Result<PutNew, StoreError> {
        let mut state = self.state();
        if state.parts.contains_key(part.as_str()) {
            return Ok(PutNew::Exists);
        }
        state.parts.insert(part.as_str().to_owned(), blob.clone());
        Ok(PutNew::Stored)
    }

    async fn put(&self, _: &TaskId, part: &PartKey, blob: &Blob, _: Timestamp) -> Result<(), StoreError> {
        self.state().parts.insert(part.as_str().to_owned(), blob.clone());
        Ok(())
    }

    async fn get(&self, _: &TaskId, part: &PartKey) -> Result<Option<Blob>, StoreError> {
        Ok(self.state().parts.get(part.as_str()).cloned())
    }

    async fn list(&self, _: &TaskId, prefix: &str) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        let state = self.state();
        let found = state.parts.iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(found.map(|(name, blob)| (PartKey::from_name(name.clone()), blob.clone())).collect())
    }
}

#[async_trait]
impl StateStore for World {
    /// Proofs of decisions are written once and named by their content, as parts are; there is nothing else.
    async fn get(&self, key: &str, _: Timestamp) -> Result<Option<Versioned>, StoreError> {
        let proof = Versioned { value: serde_json::Value::Null, version: 1 };
        Ok(self.state().parts.contains_key(key).then_some(proof))
    }

    async fn swap(
        &self,
        key: &str,
        _: Expected,
        _: &serde_json::Value,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Swap, StoreError> {
        if key.starts_with(DECISION_PROOFS) {
            self.state().parts.insert(key.to_owned(), Blob::from_packed(Vec::new()));
        }
        Ok(Swap::Done(1))
    }

    async fn add(&self, _: &str, amount: i64, _: Timestamp) -> Result<i64, StoreError> {
        Ok(amount)
    }

    async fn acquire(
        &self,
        key: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Acquire, StoreError> {
        let mut state = self.state();
        if let Some((other, until)) =
            state.leases.get(key).filter(|(other, until)| other != owner && *until > now)
        {
            let _ = other;
            return Ok(Acquire::Busy { until: *until });
        }
        state.leases.insert(key.to_owned(), (owner.to_owned(), until));
        Ok(Acquire::Held)
    }

    async fn release(&self, key: &str, owner: &str) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.leases.get(key).is_some_and(|(held_by, _)| held_by == owner) {
            state.leases.remove(key);
        }
        Ok(())
    }
}

#[async_trait]
impl Queue for World {
    async fn send(&self, _: &Envelope) -> Result<(), QueueError> {
        self.step().await;
        let mut state = self.state();
        state.sent += 1;
        let message = Message { id: state.sent, visible: true, receives: 0 };
        state.messages.push(message);
        Ok(())
    }

    async fn receive(&self, _: Visibility, _: usize, _: Duration) -> Result<Vec<Delivery>, QueueError> {
        Ok(Vec::new())
    }

    async fn delete(&self, _: &Receipt) -> Result<(), QueueError> {
        Ok(())
    }

    async fn set_visibility(&self, _: &Receipt, _: Duration) -> Result<(), QueueError> {
        Ok(())
    }

    async fn depth(&self, _: Option<Lane>) -> Result<Depth, QueueError> {
        Ok(Depth::default())
    }
}

#[async_trait]
impl Publisher for World {
    async fn login(&self) -> Result<String, ServiceError> {
        Ok("afterhook".to_owned())
    }

    async fn history(&self, _: &Target, _: usize) -> Result<Vec<Comment>, ServiceError> {
        Ok(Vec::new())
    }

    async fn publish(&self, _: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        self.act().await;
        self.state().comments.push((text.to_owned(), mark.to_string()));
        Ok(Proof { id: "1".to_owned(), url: None })
    }

    async fn find(&self, _: &Target, mark: &Mark, _: Timestamp) -> Result<Option<Proof>, ServiceError> {
        self.step().await;
        let found = self.state().comments.iter().any(|(_, known)| *known == mark.to_string());
        self.saw(&found);
        Ok(found.then(|| Proof { id: "1".to_owned(), url: None }))
    }
}

#[async_trait]
impl Approver for World {
    async fn request(&self, ask: &Ask<'_>) -> Result<MessageRef, ServiceError> {
        self.act().await;
        self.state().asked.push((ask.notice.name.clone(), "?".to_owned()));
        Ok(MessageRef { place: "C1".to_owned(), id: ask.notice.name.clone(), team: None })
    }

    async fn find(&self, mark: &Mark, _: Timestamp) -> Result<Option<MessageRef>, ServiceError> {
        self.step().await;
        let found = self.state().asked.iter().any(|(name, _)| *name == mark.effect);
        self.saw(&found);
        Ok(found.then(|| MessageRef { place: "C1".to_owned(), id: mark.effect.clone(), team: None }))
    }

    async fn update(&self, message: &MessageRef, _: &Ask<'_>, closed: &Closed) -> Result<(), ServiceError> {
        self.step().await;
        let says = closed.outcome.map_or("retried", Outcome::as_str).to_owned();
        let mut state = self.state();
        for asked in state.asked.iter_mut().filter(|(name, _)| *name == message.id) {
            asked.1.clone_from(&says);
        }
        Ok(())
    }

    async fn tell(&self, _: &str, _: &str) -> Result<(), ServiceError> {
        Ok(())
    }
}
