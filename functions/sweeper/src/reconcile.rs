//! Checks the promise: every accepted task has ended, or is open and due for something.
//!
//! What has left the index of what is due is invisible to every sweep. So the list of all tasks is walked once a
//! day, some pages a sweep, and each task in it is looked at. The walk rests in the state store: any sweeper goes
//! on with it, and of two at once the second one's pages count for nothing.
//!
//! What has left the list as well is told by the day's figures, which the processors write beside the tasks: as many
//! tasks must be in the list that ended on the last whole day as were counted then.

use std::time::Duration;

use domain::{
    DayFigures, Expected, ListQuery, RETENTION_DAYS, StoreError, Swap, Task, TaskId, TaskStatus, Timestamp,
    Unreadable, after, between, day_keys,
};
use serde::{Deserialize, Serialize};
use tracing::{error, info, warn};

use crate::Sweeper;

const KEY: &str = "reconciliation";
const DAY: Duration = Duration::from_secs(86_400);
/// Tasks of a page.
const PAGE: usize = 100;
/// Pages that a sweep reads whatever the time, so that the walk ends, and at the most: 30,000 tasks a minute are
/// 43 million a day, those of 1,000 a minute over the 30 days that the list keeps them.
const MIN_PAGES: usize = 5;
const MAX_PAGES: usize = 300;
/// Missing tasks that are remembered by name, and looked at again by every sweep. The others are counted: once those with
/// a name are cared for, the next walk names of them.
const MAX_NAMED: usize = 20;
/// The ends that are counted by whoever writes them. The others have follow-ups, and may be counted on another day.
const COUNTED_AT_ONCE: [TaskStatus; 2] = [TaskStatus::Completed, TaskStatus::Ignored];
/// Figures may be counted twice or written after midnight: a difference of so many in a hundred, or of so many in all,
/// proves nothing.
const TOLERATED_PERCENT: u64 = 1;
const TOLERATED: u64 = 3;

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
    /// Accepted, not ended, and due for nothing; or stored, and not to be read.
    missing: Vec<TaskId>,
    /// Those that it found beyond the named ones, so far.
    unnamed: u64,
    /// As many as the last whole walk found.
    unnamed_before: u64,
    /// Ends on the day before it began, of the kinds that are counted at once.
    ended_the_day_before: u64,
    /// Ends of that day that were counted, and whose tasks are not in the list: as of the last whole walk.
    vanished: u64,
}

impl Walk {
    fn begin(&mut self, now: Timestamp) {
        let missing = std::mem::take(&mut self.missing);
        let Self { unnamed_before, vanished, .. } = *self;
        *self = Self { began: Some(now), missing, unnamed_before, vanished, ..Self::default() };
    }

    /// A time within the last day that was over when it began.
    fn day_before(&self) -> Option<Timestamp> {
        self.began?.checked_sub(DAY).ok()
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let lacks_names = self.missing.is_empty() && self.unnamed_before > 0;
        self.began.is_none_or(|began| self.is_over && (lacks_names || between(began, now) >= DAY))
    }

    /// Tasks that are missing or have vanished, by what this walk and the last whole one have found.
    fn unaccounted(&self) -> usize {
        let unnamed = self.unnamed.max(self.unnamed_before);
        self.missing.len().saturating_add(usize::try_from(unnamed + self.vanished).unwrap_or(usize::MAX))
    }

    fn look_at(&mut self, task: &Task, now: Timestamp) {
        self.accepted += 1;
        self.ended_the_day_before += self.day_before().map_or(0, |day| ends_on(task, day));
        if task.control.status.is_end() {
            self.ended += 1;
        } else if !task.is_forgotten(now) {
            self.open += 1;
        } else if !self.missing.contains(&task.id) {
            let (status, due_at) = (task.control.status, task.control.due_at.map(tracing::field::display));
            error!(task_id = %task.id, %status, due_at, "an accepted task has not ended, and nothing will happen to it");
            self.name(task.id.clone());
        }
    }

    /// Nobody knows whether such a task has ended.
    fn lacks(&mut self, Unreadable { task_id, problem }: Unreadable) {
        self.accepted += 1;
        if !self.missing.contains(&task_id) {
            error!(%task_id, problem, "a stored task cannot be read");
            self.name(task_id);
        }
    }

    fn name(&mut self, task_id: TaskId) {
        if self.missing.len() < MAX_NAMED {
            self.missing.push(task_id);
        } else {
            self.unnamed += 1;
        }
    }
}

/// How often `task` ended on the day (UTC) of `day`: a task that is retried ends again.
fn ends_on(task: &Task, day: Timestamp) -> u64 {
    let number = |at: Timestamp| at.as_second().div_euclid(86_400);
    let mut before = TaskStatus::Received;
    let mut ends = 0;
    for entry in &task.doc.timeline {
        let is_new = entry.status != before && COUNTED_AT_ONCE.contains(&entry.status);
        ends += u64::from(is_new && number(entry.at) == number(day));
        before = entry.status;
    }
    ends
}

/// How many of the ends that were counted have no task in the list.
fn vanished(counted: u64, listed: u64) -> u64 {
    let tolerated = (counted * TOLERATED_PERCENT / 100).max(TOLERATED);
    let lacking = counted.saturating_sub(listed);
    if lacking > tolerated { lacking } else { 0 }
}

impl Sweeper {
    /// Goes on with the walk of the day: the number of tasks that are known to be missing or to have vanished, also where
    /// it could not go on.
    pub(crate) async fn reconcile(
        &self,
        now: Timestamp,
        deadline: Timestamp,
    ) -> (usize, Result<(), StoreError>) {
        let mut walk = Walk::default();
        let walked = self.go_on(&mut walk, now, deadline).await;
        (walk.unaccounted(), walked)
    }

    async fn go_on(&self, walk: &mut Walk, now: Timestamp, deadline: Timestamp) -> Result<(), StoreError> {
        let found = self.stores.state.get(KEY, now).await?;
        let (expected, stored): (_, Walk) = match found {
            Some(found) => {
                (Expected::Version(found.version), serde_json::from_value(found.value).unwrap_or_default())
            }
            None => (Expected::Absent, Walk::default()),
        };
        walk.clone_from(&stored);
        walk.missing = self.still_missing(&stored.missing, now).await;
        if walk.is_due(now) {
            walk.begin(now);
        }
        self.walk_on(walk, now, deadline).await?;
        if *walk != stored {
            let value =
                serde_json::to_value(&*walk).map_err(|error| StoreError::broken("reconcile", error))?;
            match self.stores.state.swap(KEY, expected, &value, now, after(now, DAY * 35)).await? {
                Swap::Done(_) => {}
                Swap::Conflict(_) => warn!("another sweeper has walked over the same tasks"),
            }
        }
        Ok(())
    }

    async fn still_missing(&self, missing: &[TaskId], now: Timestamp) -> Vec<TaskId> {
        let mut still = Vec::new();
        for id in missing {
            // What cannot be read is missing still.
            let is_found = self.stores.tasks.get(id).await.is_ok_and(|task| {
                task.is_none_or(|task| task.control.status.is_end() || !task.is_forgotten(now))
            });
            if !is_found {
                still.push(id.clone());
            }
        }
        still
    }

    async fn walk_on(&self, walk: &mut Walk, now: Timestamp, deadline: Timestamp) -> Result<(), StoreError> {
        let forgotten = now.checked_sub(DAY * RETENTION_DAYS.unsigned_abs() as u32).unwrap_or(Timestamp::MIN);
        if walk.is_over {
            return Ok(());
        }
        for page in 0..MAX_PAGES {
            if page >= MIN_PAGES && self.clock.now() >= deadline {
                break;
            }
            let query = ListQuery { limit: PAGE, cursor: walk.cursor.take(), ..ListQuery::default() };
            let page = self.stores.tasks.list(&query).await?;
            page.tasks.iter().for_each(|task| walk.look_at(task, now));
            page.unreadable.into_iter().for_each(|unreadable| walk.lacks(unreadable));
            let is_old = page.tasks.last().is_some_and(|task| task.doc.received_at < forgotten);
            walk.cursor = page.cursor.filter(|_| !is_old);
            walk.is_over = walk.cursor.is_none();
            if walk.is_over {
                return self.finish(walk, now).await;
            }
        }
        Ok(())
    }

    async fn finish(&self, walk: &mut Walk, now: Timestamp) -> Result<(), StoreError> {
        walk.unnamed_before = walk.unnamed;
        self.compare_figures(walk, now).await?;
        let Walk { accepted, ended, open, missing, unnamed, vanished, .. } = &*walk;
        info!(accepted, ended, open, missing = missing.len(), unnamed, vanished, "all tasks are reconciled");
        Ok(())
    }

    /// Compares the walk with the figures of the day before it.
    async fn compare_figures(&self, walk: &mut Walk, now: Timestamp) -> Result<(), StoreError> {
        let Some(day) = walk.day_before() else { return Ok(()) };
        let mut figures = DayFigures::default();
        for key in day_keys(day) {
            let found = self.stores.state.get(&key, now).await?;
            figures.add(&found.map(|found| DayFigures::read(found.value)).unwrap_or_default());
        }
        let counted = COUNTED_AT_ONCE.iter().filter_map(|status| figures.ended.get(status.as_str())).sum();
        let listed = walk.ended_the_day_before;
        walk.vanished = vanished(counted, listed);
        let day = day.strftime("%Y-%m-%d").to_string();
        if walk.vanished > 0 {
            error!(
                day,
                counted, listed, "tasks that ended on that day are not in the list of tasks any more"
            );
        } else if counted.abs_diff(listed) > 0 {
            info!(day, counted, listed, "the figures of that day are not exact");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::vanished;

    #[test]
    fn few_ends_more_in_the_figures_than_in_the_list_prove_nothing() {
        for (counted, listed, expected) in
            [(10, 10, 0), (10, 12, 0), (10, 7, 0), (10, 6, 4), (1_000, 991, 0), (1_000, 989, 11), (0, 0, 0)]
        {
            assert_eq!(vanished(counted, listed), expected, "{counted} {listed}");
        }
    }
}
