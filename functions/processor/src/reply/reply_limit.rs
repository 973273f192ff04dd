//! The cap on replies per thread and hour: an agent and a person (or another agent) that answer each
//! other must not run away.

use domain::after;
use std::time::Duration;

use crate::Interrupt;
use crate::task::claimed_task::ClaimedTask;

const HOUR_SECONDS: i64 = 3_600;

impl ClaimedTask {
    /// Counts one more reply in this thread and hour, once a task; the cap, if that is above it. A
    /// crash may count it twice, which errs on the safe side: a person looks at the draft.
    pub(crate) async fn reply_over_cap(&self) -> Result<Option<u32>, Interrupt> {
        let Some(cap) = self.processor.config.replies_per_hour else { return Ok(None) };
        let now = self.now();
        let thread = {
            let task = self.task.lock().await;
            if task.doc.reply_counted {
                return Ok(None);
            }
            format!("{}:{}", task.doc.source, task.doc.thread)
        };
        let key = format!("replies:{thread}:{}", now.as_second().div_euclid(HOUR_SECONDS));
        let forget_at = after(now, Duration::from_secs(2 * HOUR_SECONDS.unsigned_abs()));
        let replies = self.processor.stores.state.add(&key, 1, forget_at).await?;
        self.task.lock().await.doc.reply_counted = true;
        Ok((replies > i64::from(cap)).then_some(cap))
    }
}
