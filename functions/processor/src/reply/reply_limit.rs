//! The limit on replies per thread and hour: an agent and a person (or another agent) that answer each
//! other must not run away.
//!
//! What counts is any span of an hour, and the time at which a reply goes out: a reply that was held up counts when it
//! goes out, not when it was written. So each run that comes to the gate counts its task anew, before it may publish, as
//! of the end of its lease: it publishes nothing after that.
//!
//! The limit is on replies that nobody looks at. Beyond it a person is asked, and what they approve goes out whatever the
//! limit: it is they who break the circle. An approved reply does not come to the gate again and counts no more.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Expected, StoreError, Swap, TaskId, after};

use crate::Interrupt;
use crate::task::claimed_task::ClaimedTask;
use crate::task::lease::end_of;

const HOUR: Duration = Duration::from_secs(3_600);
/// Writes of others in a row after which a run gives up: tasks of a thread run one after the other.
const TRIES: usize = 10;
const COUNT: &str = "count a reply";

/// By when the reply of each task is out, in seconds since 1970.
type Replies = BTreeMap<TaskId, i64>;

/// Counts the reply that this run is about to publish, once a task. Returns the limit if others have reached it
/// within the hour. A reply that is not published after all stays counted, which errs on the safe side: a person
/// looks at the next draft.
pub(crate) async fn limit_exceeded(claimed: &ClaimedTask) -> Result<Option<u32>, Interrupt> {
    let Some(limit) = claimed.resources.settings.budget.per_thread_replies_per_hour else { return Ok(None) };
    let key = {
        let doc = &claimed.task.lock().await.doc;
        format!("reply-times:{}:{}", doc.source, doc.thread)
    };
    let (state, now) = (&claimed.resources.stores.state, claimed.now());
    let mut found = state.get(&key, now).await?;
    for _ in 0..TRIES {
        let (mut replies, expected) = match found {
            Some(known) => {
                let replies: Replies = serde_json::from_value(known.value).map_err(broken)?;
                (replies, Expected::Version(known.version))
            }
            None => (Replies::new(), Expected::Absent),
        };
        let an_hour_ago = now.as_second().saturating_sub(HOUR.as_secs().cast_signed());
        replies.retain(|task, out_by| *task != claimed.id && *out_by > an_hour_ago);
        if replies.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Ok(Some(limit));
        }
        replies.insert(claimed.id.clone(), end_of(claimed.deadline).as_second());
        let value = serde_json::to_value(&replies).map_err(broken)?;
        match state.swap(&key, expected, &value, now, after(now, HOUR * 2)).await? {
            Swap::Done(_) => return Ok(None),
            Swap::Conflict(current) => found = current,
        }
    }
    Err(StoreError::unavailable(COUNT, format!("`{key}` could not be written: too many concurrent writes"))
        .into())
}

fn broken(error: serde_json::Error) -> StoreError {
    StoreError::broken(COUNT, error)
}
