//! How people have decided of late, by intent: they tell a team when to lower the threshold.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{ListQuery, Outcome, StoreError, Task, TaskStatus, Timestamp, between};

use crate::Console;

/// Looking reads some hundred tasks: once a minute is enough.
const FRESH: Duration = Duration::from_secs(60);
/// Tasks of a status that are looked through.
const LOOKED_THROUGH: usize = 300;

/// Decisions by the intent of their task.
pub(crate) type ByIntent = BTreeMap<String, Decisions>;

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
pub(crate) async fn by_intent(console: &Console, now: Timestamp) -> Result<ByIntent, StoreError> {
    console.recent_decisions.get(now, FRESH, find(console)).await
}

async fn find(console: &Console) -> Result<ByIntent, StoreError> {
    let mut found = ByIntent::new();
    for status in [TaskStatus::Completed, TaskStatus::Rejected] {
        for task in latest_of(console, status).await?.iter().filter(|task| decided(task)) {
            let intent = task.doc.classification.as_ref().map_or("unsorted", |known| known.intent.as_str());
            found.entry(intent.to_owned()).or_default().count(task);
        }
    }
    Ok(found)
}

fn decided(task: &Task) -> bool {
    task.doc.decision.as_ref().is_some_and(|decision| decision.outcome != Outcome::Expired)
}

async fn latest_of(console: &Console, status: TaskStatus) -> Result<Vec<Task>, StoreError> {
    let mut query = ListQuery { status: Some(status), limit: 100, ..ListQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = console.stores.tasks.list(&query).await?;
        found.extend(page.tasks);
        query.cursor = page.cursor;
        if query.cursor.is_none() || found.len() >= LOOKED_THROUGH {
            return Ok(found);
        }
    }
}
