//! What the sweeper counts: parked drafts, and tasks that are nobody's any more.

use std::time::Duration;

use domain::{Due, StoreError, Task, TaskStatus, Timestamp, between};

use crate::{Sweeper, Swept};

/// How many drafts are read to find the oldest: so many of those that expire first, among which it is with one
/// `approval_expires` for all, and of those whose message in Slack is due, which are listed by the time of that.
const READ: usize = 20;

impl Sweeper {
    /// Tells the metrics how many drafts wait for a person, and how many tasks are unaccounted for: accepted, not
    /// ended, and long overdue or due for nothing at all. The second figure watches the promise of this system; the walk
    /// for it goes on until `deadline`.
    ///
    /// # Errors
    /// [`StoreError`] when the walk over all tasks cannot go on; what is known is told all the same.
    pub async fn count(&self, swept: &Swept, deadline: Timestamp) -> Result<(), StoreError> {
        let now = self.clock.now();
        if let Some(parked) = &swept.parked {
            let (oldest, used) = self.oldest(parked, now).await;
            self.metrics.approvals_waiting(parked.len() as u64, oldest, used);
        }
        let (missing, walked) = Box::pin(self.reconcile(now, deadline)).await;
        // What is overdue may be among what is missing.
        let unaccounted = swept.forgotten.max(missing);
        self.metrics.unaccounted(i64::try_from(unaccounted).unwrap_or(i64::MAX));
        walked
    }

    /// How long a draft has waited for a person, of those that can be read, zero when none does; and how much of the time
    /// until it expires is over, 0 to 1, of the one of which most is.
    async fn oldest(&self, parked: &[Due], now: Timestamp) -> (Duration, Option<f64>) {
        let (due, later) = parked.split_at(parked.partition_point(|due| due.due_at <= now));
        let (mut oldest, mut most) = (Duration::ZERO, None::<f64>);
        for due in later.iter().take(READ).chain(due.iter().take(READ)) {
            let task = self.stores.tasks.get(&due.task_id).await.ok().flatten();
            // The index lags: what was decided meanwhile waits no more.
            let Some((task, since)) = task.as_ref().and_then(|task| Some((task, parked_at(task)?))) else {
                continue;
            };
            let waited = between(since, now);
            oldest = oldest.max(waited);
            if let Some(expires) = task.doc.expires_at.filter(|expires| *expires > since) {
                let used = waited.div_duration_f64(between(since, expires)).min(1.0);
                most = Some(most.map_or(used, |most| most.max(used)));
            }
        }
        (oldest, most)
    }
}

/// Since when the task waits for a person, by its timeline; `None` when it does not.
fn parked_at(task: &Task) -> Option<Timestamp> {
    let timeline = task.doc.timeline.iter().rev();
    timeline.take_while(|entry| entry.status == TaskStatus::AwaitingApproval).last().map(|entry| entry.at)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::contract::plain_task;
    use domain::{TaskStatus, Timestamp, after};

    use super::parked_at;

    #[test]
    fn a_draft_waits_since_it_was_parked_whatever_was_noted_since() {
        let start = Timestamp::UNIX_EPOCH;
        let at = |seconds| after(start, Duration::from_secs(seconds));
        let mut task = plain_task("github", start);
        assert_eq!(parked_at(&task), None);
        task.control.status = TaskStatus::AwaitingApproval;
        task.note(at(60), "parked");
        task.note(at(90), "asked in Slack");
        assert_eq!(parked_at(&task), Some(at(60)));
        task.control.status = TaskStatus::Waiting;
        task.note(at(120), "approved");
        assert_eq!(parked_at(&task), None);
    }
}
