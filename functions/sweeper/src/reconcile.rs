//! The promise, reckoned: every accepted task has ended, or is open and due for something.
//!
//! What has left the index of what is due is invisible to every sweep. So the list of all tasks is walked once a
//! day, a few pages a sweep, and each task in it is looked at. The walk rests in the state store: any sweeper goes
//! on with it, and of two at once the second one's pages count for nothing.

use std::time::Duration;

use domain::{
    Expected, ListQuery, RETENTION_DAYS, StoreError, Swap, Task, TaskId, Timestamp, after, between,
};
use serde::{Deserialize, Serialize};
use tracing::{error, info, warn};

use crate::Sweeper;
use crate::census::FORGOTTEN;

const KEY: &str = "reconciliation";
const DAY: Duration = Duration::from_secs(86_400);
/// Pages that a sweep reads, and tasks of a page: 500 tasks a minute are 720,000 a day.
const PAGES: usize = 5;
const PAGE: usize = 100;
/// Missing tasks that are remembered by name, and looked at again by every sweep. An alarm has gone off at the
/// first.
const MAX_NAMED: usize = 20;

/// A walk over all tasks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Walk {
    began: Option<Timestamp>,
    /// Where it goes on; `None` before its first page and after its last.
    cursor: Option<String>,
    is_over: bool,
    accepted: u64,
    ended: u64,
    open: u64,
    /// Accepted, not ended, and due for nothing.
    missing: Vec<TaskId>,
}

impl Walk {
    fn begin(&mut self, now: Timestamp) {
        let missing = std::mem::take(&mut self.missing);
        *self = Self { began: Some(now), missing, ..Self::default() };
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.began.is_none_or(|began| self.is_over && between(began, now) >= DAY)
    }

    fn look_at(&mut self, task: &Task, now: Timestamp) {
        self.accepted += 1;
        if task.control.status.is_end() {
            self.ended += 1;
        } else if is_cared_for(task, now) {
            self.open += 1;
        } else if !self.missing.contains(&task.id) {
            let (status, due_at) = (task.control.status, task.control.due_at.map(tracing::field::display));
            error!(task_id = %task.id, %status, due_at, "an accepted task has not ended, and nothing will happen to it");
            if self.missing.len() < MAX_NAMED {
                self.missing.push(task.id.clone());
            }
        }
    }
}

/// Whether a sweep sees to it in time.
fn is_cared_for(task: &Task, now: Timestamp) -> bool {
    task.control.due_at.is_some_and(|due| after(due, FORGOTTEN) > now)
}

impl Sweeper {
    /// Goes on with the walk of the day; the number of tasks that are known to be missing.
    pub(crate) async fn reconcile(&self, now: Timestamp) -> Result<usize, StoreError> {
        let found = self.stores.state.get(KEY, now).await?;
        let (expected, stored) = match found {
            Some(found) => {
                (Expected::Version(found.version), serde_json::from_value(found.value).unwrap_or_default())
            }
            None => (Expected::Absent, Walk::default()),
        };
        let mut walk = stored.clone();
        walk.missing = self.still_missing(walk.missing, now).await?;
        if walk.is_due(now) {
            walk.begin(now);
        }
        self.walk_on(&mut walk, now).await?;
        if walk != stored {
            let value =
                serde_json::to_value(&walk).map_err(|error| StoreError::broken("reconcile", error))?;
            match self.stores.state.swap(KEY, expected, &value, now, after(now, DAY * 35)).await? {
                Swap::Done(_) => {}
                Swap::Conflict(_) => warn!("another sweeper has walked over the same tasks"),
            }
        }
        Ok(walk.missing.len())
    }

    async fn still_missing(&self, missing: Vec<TaskId>, now: Timestamp) -> Result<Vec<TaskId>, StoreError> {
        let mut still = Vec::new();
        for id in missing {
            let task = self.stores.tasks.get(&id).await?;
            if task.is_some_and(|task| !task.control.status.is_end() && !is_cared_for(&task, now)) {
                still.push(id);
            }
        }
        Ok(still)
    }

    async fn walk_on(&self, walk: &mut Walk, now: Timestamp) -> Result<(), StoreError> {
        let forgotten = now.checked_sub(DAY * RETENTION_DAYS.unsigned_abs() as u32).unwrap_or(Timestamp::MIN);
        for _ in 0..PAGES {
            if walk.is_over {
                return Ok(());
            }
            let query = ListQuery { limit: PAGE, cursor: walk.cursor.take(), ..ListQuery::default() };
            let page = self.stores.tasks.list(&query).await?;
            page.tasks.iter().for_each(|task| walk.look_at(task, now));
            let is_old = page.tasks.last().is_some_and(|task| task.doc.received_at < forgotten);
            walk.cursor = page.cursor.filter(|_| !is_old);
            walk.is_over = walk.cursor.is_none();
        }
        if walk.is_over {
            let Walk { accepted, ended, open, missing, .. } = &*walk;
            info!(accepted, ended, open, missing = missing.len(), "all tasks are reconciled");
        }
        Ok(())
    }
}
