//! The limit on replies per thread and hour: an agent and a person (or another agent) that answer each
//! other must not run away.

use std::time::Duration;

use domain::after;

use crate::Interrupt;
use crate::task::claimed_task::ClaimedTask;

const HOUR_SECONDS: i64 = 3_600;

/// Counts one more reply in this thread and hour, once a task. Returns the limit if the count is above it. A
/// crash may count a reply twice, which errs on the safe side: a person looks at the draft.
pub(crate) async fn limit_exceeded(claimed: &ClaimedTask) -> Result<Option<u32>, Interrupt> {
    let Some(limit) = claimed.resources.settings.budget.per_thread_replies_per_hour else { return Ok(None) };
    let now = claimed.now();
    let thread = {
        let task = claimed.task.lock().await;
        if task.doc.reply_counted {
            return Ok(None);
        }
        format!("{}:{}", task.doc.source, task.doc.thread)
    };
    let key = format!("replies:{thread}:{}", now.as_second().div_euclid(HOUR_SECONDS));
    let forget_at = after(now, Duration::from_secs(2 * HOUR_SECONDS.unsigned_abs()));
    let replies = claimed.resources.stores.state.add(&key, 1, forget_at).await?;
    if replies > i64::from(limit) {
        // Counted again if the draft is not parked after all: what follows may fail.
        return Ok(Some(limit));
    }
    claimed.task.lock().await.doc.reply_counted = true;
    Ok(None)
}
