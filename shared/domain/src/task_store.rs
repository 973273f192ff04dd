//! Port: [`TaskStore`], the tasks and their life.

use async_trait::async_trait;

use crate::{Lane, Lease, Stage, StoreError, Task, TaskId, TaskStatus, Timestamp};

/// Where tasks rest. Adapters: DynamoDB, SQLite.
///
/// Every write is conditional, and harmless when a retrying client sends it twice.
#[async_trait]
pub trait TaskStore: Send + Sync {
    /// Stores a new task, unless its id is taken: this write is the deduplication of events.
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError>;

    /// The task as of the latest write.
    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError>;

    /// Takes the lease, in one write without a read before it, when the task is claimable, due, and
    /// nobody else's lease runs. `fence`, `attempts` and `revision` rise by one, `due_at` becomes
    /// the lease's end. Claiming again under the same lease owner succeeds.
    async fn claim(&self, id: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError>;

    /// Writes the whole task if its stored revision is still `task.control.revision`. The revision then rises by one,
    /// in the store and in `task`. A write that has happened already (revision one ahead, everything else equal)
    /// counts as [`Save::Done`].
    async fn save(&self, task: &mut Task) -> Result<Save, StoreError>;

    /// Tasks of `stage` whose `due_at` is at or before `before`, longest due first, at
    /// most `limit`. May lag behind writes by seconds: every use is followed by a conditional write.
    async fn due(&self, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError>;

    /// Tasks of the source and thread of `task` that were received after it and can be read, newest first, at most `limit`.
    /// Tasks of the same millisecond are in the order of their ids. May lag behind writes by seconds.
    async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError>;

    /// A page of tasks, newest first. May lag behind writes by seconds. What cannot be read keeps nobody from the rest.
    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError>;
}

/// What became of [`TaskStore::insert`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insert {
    /// It is stored now.
    New,
    /// The id was taken by a task that has this status.
    Exists(TaskStatus),
}

/// Who wants to work on a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// The present.
    pub now: Timestamp,
    /// The lease that is asked for.
    pub lease: Lease,
}

/// What became of [`TaskStore::claim`].
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// The caller holds the lease; this is the task after the claim.
    Claimed(Box<Task>),
    /// Somebody else holds it until then.
    Busy {
        /// End of the other's lease.
        until: Timestamp,
    },
    /// It waits until then.
    NotDue {
        /// Its `not_before`.
        not_before: Timestamp,
    },
    /// It is parked or has ended: nothing to do.
    Settled(TaskStatus),
    /// There is no such task.
    Missing,
}

/// What became of [`TaskStore::save`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Save {
    /// It is stored.
    Done,
    /// Somebody else wrote in between (or the task is gone): what the caller holds is outdated.
    Stale,
}

/// A task that the sweeper may have to do something about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub task_id: TaskId,
    /// Since when it is due.
    pub due_at: Timestamp,
    /// The lane of its priority.
    pub lane: Lane,
}

/// Which tasks to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Only those in this status.
    pub status: Option<TaskStatus>,
    /// Only those of this source.
    pub source: Option<String>,
    /// At most so many.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A page of tasks, newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// Those of the page that are stored and cannot be read: most likely, a later version wrote them.
    pub unreadable: Vec<Unreadable>,
    /// Where the next page begins; `None` when there is none.
    pub cursor: Option<String>,
}

/// A task that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Which.
    pub task_id: TaskId,
    /// What is wrong with it; it quotes nothing of the task.
    pub problem: String,
}
