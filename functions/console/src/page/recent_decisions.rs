//! How people have decided of late, by intent: they tell a team when to lower the threshold.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{ListQuery, Outcome, StoreError, Task, TaskStatus, Timestamp, between};
use futures::future::try_join;

use crate::Console;

/// Looking reads some hundred tasks: once a minute is enough.
const FRESH: Duration = Duration::from_secs(60);
/// Tasks of a status that are looked through.
const LOOKED_THROUGH: usize = 300;

/// Every decision about the tasks of one window of time. Two windows, one for each outcome, would make rates up.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecentDecisions {
    /// By the intent of the task.
    pub(crate) by_intent: BTreeMap<String, Decisions>,
    /// The tasks of the window were received after this; `None` if all that are stored were looked at.
    pub(crate) since: Option<Timestamp>,
}

/// How people have decided about drafts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Decisions {
    pub(crate) approved: u64,
    pub(crate) edited: u64,
    pub(crate) rejected: u64,
    /// From the parking to the decision.
    took: Vec<Duration>,
}

impl Decisions {
    pub(crate) fn all(&self) -> u64 {
        self.approved + self.edited + self.rejected
    }

    /// Half of the decisions came sooner.
    pub(crate) fn median(&self) -> Duration {
        let mut took = self.took.clone();
        took.sort();
        took.get(took.len() / 2).copied().unwrap_or_default()
    }

    fn count(&mut self, task: &Task) {
        let Some(decision) = &task.doc.decision else { return };
        match decision.outcome {
            Outcome::Approved => self.approved += 1,
            Outcome::Edited => self.edited += 1,
            Outcome::Rejected => self.rejected += 1,
            Outcome::Expired => return,
        }
        let parked = task.doc.timeline.iter().rev();
        let mut parked =
            parked.filter(|entry| entry.status == TaskStatus::AwaitingApproval && entry.at <= decision.at);
        if let Some(entry) = parked.next() {
            self.took.push(between(entry.at, decision.at));
        }
    }
}

/// The figures, unless they were made a moment ago.
pub(crate) async fn find(console: &Console, now: Timestamp) -> Result<RecentDecisions, StoreError> {
    console.recent_decisions.get(now, FRESH, count(console)).await
}

async fn count(console: &Console) -> Result<RecentDecisions, StoreError> {
    let (completed, rejected) =
        try_join(latest_of(console, TaskStatus::Completed), latest_of(console, TaskStatus::Rejected)).await?;
    let since = completed.1.max(rejected.1);
    let mut found = RecentDecisions { since, ..RecentDecisions::default() };
    for task in completed.0.iter().chain(&rejected.0) {
        if decided(task) && since.is_none_or(|since| task.doc.received_at > since) {
            let intent = task.doc.classification.as_ref().map_or("unsorted", |known| known.intent.as_str());
            found.by_intent.entry(intent.to_owned()).or_default().count(task);
        }
    }
    Ok(found)
}

fn decided(task: &Task) -> bool {
    task.doc.decision.as_ref().is_some_and(|decision| decision.outcome != Outcome::Expired)
}

/// The latest tasks of a status; when the oldest of them was received, if there are older ones.
async fn latest_of(
    console: &Console,
    status: TaskStatus,
) -> Result<(Vec<Task>, Option<Timestamp>), StoreError> {
    let mut query = ListQuery { status: Some(status), limit: 100, ..ListQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = console.stores.tasks.list(&query).await?;
        found.extend(page.tasks);
        query.cursor = page.cursor;
        if query.cursor.is_none() || found.len() >= LOOKED_THROUGH {
            let oldest = found.last().map(|task: &Task| task.doc.received_at);
            return Ok((found, oldest.filter(|_| query.cursor.is_some())));
        }
    }
}
