//! What the sweeper counts: parked drafts, and tasks that are nobody's any more.

use std::time::Duration;

use domain::{StoreError, TaskStatus, Timestamp};

use crate::Sweeper;

/// Every unfinished task is due for something, and a sweep sees to it within a minute. One that has
/// been due for so long has fallen out of the system: it was accepted, has not ended, and nothing
/// will happen to it.
pub(crate) const FORGOTTEN: Duration = Duration::from_secs(15 * 60);

/// Counting stops here; an alarm has gone off long before.
const ENOUGH: usize = 1_000;

impl Sweeper {
    /// Tells the metrics how many drafts wait for a person, and how many tasks are unaccounted for:
    /// accepted, not ended, and long overdue or due for nothing at all. The second is the promise of this system,
    /// watched.
    ///
    /// # Errors
    /// [`StoreError`] when the stores do not say.
    pub async fn count(&self, now: Timestamp) -> Result<(), StoreError> {
        let tasks = &self.stores.tasks;
        let parked = tasks.due(TaskStatus::AwaitingApproval, Timestamp::MAX, ENOUGH).await?;
        self.metrics.approvals_waiting(parked.len() as u64);
        let long_ago = now.checked_sub(FORGOTTEN).unwrap_or(now);
        let mut forgotten = 0;
        for status in TaskStatus::OPEN {
            forgotten += tasks.due(status, long_ago, ENOUGH).await?.len();
        }
        let missing = Box::pin(self.reconcile(now)).await?;
        // What is overdue may be among what is missing.
        self.metrics.unaccounted(i64::try_from(forgotten.max(missing)).unwrap_or(i64::MAX));
        Ok(())
    }
}
