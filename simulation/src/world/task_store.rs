//! The tasks: every write conditional, as on DynamoDB; the indexes lag behind.

use std::collections::BTreeMap;
use std::fmt::from_fn;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::contract::in_memory;
use domain::{
    Claim, ClaimRequest, Due, Insert, Lane, ListQuery, Page, Save, Stage, StoreError, Task, TaskId,
    TaskStatus, TaskStore, Timestamp, after,
};
use tokio::sync::Notify;

use super::history::is_intent;
use super::port::Operation;
use super::{EnvId, Port, Ports, World, lock};

/// How long an index may lag behind.
pub(crate) const MAX_LAG: Duration = Duration::from_secs(5);
/// States of a task that an index may still show.
const REMEMBERED: usize = 4;

/// The table.
#[derive(Default)]
pub(crate) struct Tasks {
    table: Mutex<BTreeMap<TaskId, Row>>,
    /// Told on every write.
    changed: Notify,
}

struct Row {
    task: Task,
    /// Whose claim was the last.
    holder: Option<EnvId>,
    /// What the index has shown, and since when; the latest last.
    shown: Vec<(Timestamp, Shown)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Shown {
    status: TaskStatus,
    due_at: Option<Timestamp>,
    lane: Lane,
}

impl Row {
    fn new(task: Task, now: Timestamp) -> Self {
        let mut row = Self { task, holder: None, shown: Vec::new() };
        row.show(now);
        row
    }

    fn show(&mut self, now: Timestamp) {
        let control = &self.task.control;
        let shown =
            Shown { status: control.status, due_at: control.due_at, lane: self.task.doc.priority.lane() };
        if self.shown.len() >= REMEMBERED {
            self.shown.remove(0);
        }
        self.shown.push((now, shown));
    }

    /// What the index showed at `at`.
    fn shown_at(&self, at: Timestamp) -> Option<Shown> {
        let known = self.shown.iter().rev().find(|(since, _)| *since <= at).map(|(_, shown)| *shown);
        // What is older than all that is remembered had a state of its own.
        known.or_else(|| (self.shown.len() >= REMEMBERED).then(|| self.shown[0].1))
    }
}

impl Tasks {
    pub(crate) fn get(&self, id: &TaskId) -> Option<Task> {
        lock(&self.table).get(id).map(|row| row.task.clone())
    }

    pub(crate) fn all(&self) -> Vec<Task> {
        lock(&self.table).values().map(|row| row.task.clone()).collect()
    }

    /// Whether every task has ended, and nothing is due any more.
    pub(crate) fn are_at_rest(&self) -> bool {
        lock(&self.table).values().all(|row| {
            let control = &row.task.control;
            control.status.is_end() && control.due_at.is_none()
        })
    }

    /// When the sweeper has something to look at.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        lock(&self.table).values().filter_map(|row| row.task.control.due_at).min()
    }

    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Frees every task that somebody works on; those that ran alone.
    pub(crate) fn void_leases(&self, now: Timestamp) -> Vec<TaskId> {
        let mut alone = Vec::new();
        for row in lock(&self.table).values_mut().filter(|row| is_held(&row.task, now)) {
            let control = &mut row.task.control;
            control.revision += 1;
            control.lease.iter_mut().for_each(|lease| lease.until = now);
            (control.due_at, control.updated_at) = (Some(now), now);
            if row.task.doc.alone_fence == control.fence {
                alone.push(row.task.id.clone());
            }
            row.show(now);
        }
        self.changed.notify_waiters();
        alone
    }

    /// The tasks that `env` works on.
    pub(crate) fn held_by(&self, env: EnvId, now: Timestamp) -> Vec<TaskId> {
        let table = lock(&self.table);
        table
            .values()
            .filter(|row| row.holder == Some(env) && is_held(&row.task, now))
            .map(|row| row.task.id.clone())
            .collect()
    }

    /// Whether the present claim of the task has begun to run alone.
    pub(crate) fn runs_alone(&self, id: &TaskId) -> bool {
        let table = lock(&self.table);
        table.get(id).is_some_and(|row| row.task.doc.alone_fence == row.task.control.fence)
    }

    /// Who runs the task alone, and until when by their clock.
    pub(crate) fn held_alone(&self, id: &TaskId) -> Option<(EnvId, Timestamp)> {
        let table = lock(&self.table);
        let row = table.get(id).filter(|row| row.task.doc.alone_fence == row.task.control.fence)?;
        let lease =
            row.task.control.lease.as_ref().filter(|_| row.task.control.status == TaskStatus::Processing)?;
        Some((row.holder?, lease.until))
    }

    /// Whether somebody has begun to work on the task, and it has not ended.
    pub(crate) fn is_under_way(&self, id: &TaskId) -> bool {
        let status = lock(&self.table).get(id).map(|row| row.task.control.status);
        matches!(status, Some(TaskStatus::Processing | TaskStatus::Waiting))
    }

    /// Whether the last claim of the task was made in `env`.
    pub(crate) fn has_holder(&self, id: &TaskId, env: EnvId) -> bool {
        lock(&self.table).get(id).is_some_and(|row| row.holder == Some(env))
    }

    /// Until when `id` is held.
    pub(crate) fn held_until(&self, id: &TaskId) -> Option<Timestamp> {
        lock(&self.table).get(id)?.task.control.lease.as_ref().map(|lease| lease.until)
    }

    /// Who works on something.
    pub(crate) fn holders(&self, now: Timestamp) -> Vec<EnvId> {
        let mut holders: Vec<EnvId> = lock(&self.table)
            .values()
            .filter(|row| is_held(&row.task, now))
            .filter_map(|row| row.holder)
            .collect();
        holders.sort_unstable();
        holders.dedup();
        holders
    }

    fn insert(&self, task: &Task, now: Timestamp) -> Insert {
        let mut table = lock(&self.table);
        if let Some(row) = table.get(&task.id) {
            return Insert::Exists(row.task.control.status);
        }
        table.insert(task.id.clone(), Row::new(task.clone(), now));
        drop(table);
        self.changed.notify_waiters();
        Insert::New
    }

    fn claim(&self, id: &TaskId, request: &ClaimRequest, env: EnvId, now: Timestamp) -> Claim {
        let mut table = lock(&self.table);
        let Some(row) = table.get_mut(id) else { return Claim::Missing };
        let revision = row.task.control.revision;
        let claim = in_memory::claim(&mut row.task, request);
        if row.task.control.revision != revision {
            row.holder = Some(env);
            row.show(now);
            drop(table);
            self.changed.notify_waiters();
        }
        claim
    }

    /// Writes `task`, and says what was there before if it was written now.
    fn save(&self, task: &Task, fenced: bool, now: Timestamp) -> (Save, Option<Task>) {
        let mut table = lock(&self.table);
        let Some(row) = table.get_mut(&task.id) else { return (Save::Stale, None) };
        let (mut save, mut before) = in_memory::save(&mut row.task, task);
        if save == Save::Stale && !fenced {
            let mut unfenced = task.clone();
            (unfenced.control.revision, unfenced.control.fence) =
                (row.task.control.revision, row.task.control.fence);
            (save, before) = in_memory::save(&mut row.task, &unfenced);
        }
        if before.is_some() {
            row.show(now);
            drop(table);
            self.changed.notify_waiters();
        }
        (save, before)
    }

    fn due(&self, stage: Stage, before: Timestamp, limit: usize, seen: Timestamp) -> Vec<Due> {
        let table = lock(&self.table);
        let shown = |row: &Row| {
            let shown = row.shown_at(seen).filter(|shown| Stage::of(shown.status) == stage)?;
            let due_at = shown.due_at.filter(|due| *due <= before)?;
            Some(Due { task_id: row.task.id.clone(), due_at, lane: shown.lane })
        };
        let mut due: Vec<Due> = table.values().filter_map(shown).collect();
        due.sort_by_key(|due| due.due_at);
        due.truncate(limit);
        due
    }

    fn newer_in_thread(&self, than: &Task, limit: usize, seen: Timestamp) -> Vec<Task> {
        let place = |task: &Task| (task.doc.received_at, task.id.clone());
        let table = lock(&self.table);
        let is_newer = |row: &&Row| {
            let (doc, other) = (&row.task.doc, &than.doc);
            doc.thread == other.thread
                && doc.source == other.source
                && place(&row.task) > place(than)
                && row.shown_at(seen).is_some()
        };
        let mut newer: Vec<Task> = table.values().filter(is_newer).map(|row| row.task.clone()).collect();
        newer.sort_by_key(|task| std::cmp::Reverse(place(task)));
        newer.truncate(limit);
        newer
    }
}

fn is_held(task: &Task, now: Timestamp) -> bool {
    let lease = task.control.lease.as_ref();
    task.control.status == TaskStatus::Processing && lease.is_some_and(|lease| lease.until > now)
}

impl World {
    /// As of when an index answers now.
    fn index_at(&self) -> Timestamp {
        if self.is_calm() || !self.chance(self.scenario.stale_per_mille) {
            return self.now();
        }
        let lag = self.millis(1..u64::try_from(MAX_LAG.as_millis()).unwrap_or(1));
        self.now().checked_sub(lag).unwrap_or(Timestamp::MIN)
    }
}

fn unavailable(operation: &'static str) -> StoreError {
    StoreError::unavailable(operation, "the world is at fault")
}

#[async_trait]
impl TaskStore for Ports {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        let world = &self.world;
        let bugs = self.bugs();
        let task = bugs.stored(task);
        let run = || {
            let insert = world.tasks.insert(&task, world.now());
            if insert == Insert::New {
                world.written(self.env, None, &task);
            }
            insert
        };
        self.operate(Operation::write(Port::Tasks, "insert", &task.id), run, || unavailable("insert")).await
    }

    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        let read = Operation::read(Port::Tasks, "get", id);
        let told = self.operate(read, || Read(self.world.tasks.get(id)), || unavailable("get")).await?.0;
        let is_ignored = |task: &Task| {
            self.bugs().forgets_what_gave_way(task)
                || self.bugs().ignores_late_retry(task) && !self.world.parts.was_stored_by(&task.id, self.env)
        };
        Ok(told.filter(|task| !is_ignored(task)))
    }

    async fn claim(&self, id: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError> {
        let world = &self.world;
        let mut request = request.clone();
        if let Some(time) = self.bugs().holds_for() {
            request.lease.until = after(request.now, time);
        }
        let run = || {
            world.taken_early(id, request.now);
            let claim = world.tasks.claim(id, &request, self.env, world.now());
            if let Claim::Claimed(task) = &claim {
                world.parts.claimed(id);
                world.told_nothing(task);
            }
            Claimed(claim)
        };
        let write = Operation::write(Port::Tasks, "claim", id);
        let claimed = self.operate(write, run, || unavailable("claim")).await?.0;
        Ok(match claimed {
            Claim::Claimed(task) => Claim::Claimed(Box::new(self.bugs().claimed(*task))),
            other => other,
        })
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        let world = &self.world;
        let bugs = self.bugs();
        if bugs.never_writes(task) {
            return Err(unavailable("save"));
        }
        let mut stored = bugs.stored(task);
        if task.control.status == TaskStatus::Waiting
            && let Some(unsent) = world.history().unsent.remove(&task.id)
        {
            stored.to_mut().set_effect(unsent);
        }
        let about = from_fn(|f| write!(f, "{} as {}", stored.id, stored.control.status));
        let run = || {
            let (save, before) = world.tasks.save(&stored, bugs.is_fenced(), world.now());
            if let Some(before) = before {
                world.written(self.env, Some(&before), &stored);
            }
            save
        };
        let write = Operation::write(Port::Tasks, "save", &about);
        let saved = self.operate(write, run, || unavailable("save")).await;
        if saved.is_err() && bugs.keeps_unsent_intents() && task.control.status == TaskStatus::Processing {
            let is_unsafe = world.tasks.get(&task.id).is_some_and(|known| known.doc.effects.is_empty());
            let intent = task.doc.effects.iter().find(is_intent).filter(|_| is_unsafe);
            world.history().unsent.extend(intent.map(|intent| (task.id.clone(), intent.clone())));
        }
        if saved.is_err() && task.control.status != TaskStatus::Processing {
            world.history().unwritten.insert((task.id.clone(), task.control.fence));
        }
        let saved = saved?;
        if saved == Save::Done {
            task.control.revision += 1;
        }
        Ok(saved)
    }

    async fn due(&self, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        let run = || self.world.tasks.due(stage, before, limit, self.world.index_at());
        self.operate(Operation::read(Port::Tasks, "due", &stage.as_str()), run, || unavailable("due")).await
    }

    async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError> {
        let run = || Newer(self.world.tasks.newer_in_thread(task, limit, self.world.index_at()));
        let read = Operation::read(Port::Tasks, "newer in the thread", &task.id);
        self.operate(read, run, || unavailable("newer in the thread")).await.map(|newer| newer.0)
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        let mut tasks = self.world.tasks.all();
        tasks.retain(|task| query.status.is_none_or(|status| task.control.status == status));
        tasks.sort_by_key(|task| std::cmp::Reverse((task.doc.received_at, task.id.clone())));
        tasks.truncate(query.limit);
        Ok(Page { tasks, ..Page::default() })
    }
}

/// A task in the trace.
struct Read(Option<Task>);

impl std::fmt::Debug for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            None => f.write_str("none"),
            Some(task) => write!(f, "{} r{}", task.control.status, task.control.revision),
        }
    }
}

/// Tasks in the trace.
struct Newer(Vec<Task>);

impl std::fmt::Debug for Newer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|task| task.id.as_str())).finish()
    }
}

/// A claim in the trace.
struct Claimed(Claim);

impl std::fmt::Debug for Claimed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Claim::Claimed(task) => write!(f, "fence {} try {}", task.control.fence, task.control.attempts),
            other => write!(f, "{other:?}"),
        }
    }
}

/// When the sweeper looks next at the earliest.
pub(crate) fn look_at(world: &World) -> Option<Timestamp> {
    world.tasks.next_due().map(|due| after(due, Duration::from_millis(1)))
}
