//! The log of deliveries: why did the agent not react? What became a task is listed with the tasks; what did not
//! (ignored, refused, a duplicate) leaves one line here, of its source and hour, for some days.
//!
//! How many lines a source may leave, whoever writes them bounds: those of an hour lie on one key, which takes about
//! 1,000 writes a second. A line holds nothing of the body. It is best effort: whoever writes it answers the sender all the same when it
//! cannot be written.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Blob, PartKey, PayloadStore, StoreError, TaskId, Timestamp, after, clip, short_sha256};

/// How long lines are kept.
const KEPT: Duration = Duration::from_secs(3 * 86_400);
/// What lines of one place have in common.
const HOUR_SECONDS: i64 = 3_600;
/// Bytes of a name in a line.
const NAME_BYTES: usize = 128;

/// A webhook that became no task of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// When it was answered.
    pub at: Timestamp,
    /// The source of agent.toml.
    pub source: String,
    /// Kind and action, where it was read so far.
    pub event: Option<String>,
    /// `ignored`, `duplicate` or `refused`.
    pub outcome: String,
    /// Why, in a word of ours.
    pub reason: Option<String>,
    /// What else there is to say of it, in a sentence of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The task whose duplicate it is.
    pub task_id: Option<TaskId>,
}

/// Writes `record` down: one conditional write. `what` tells it from others of its millisecond.
///
/// # Errors
/// [`StoreError`], after which nothing is lost but the line.
pub async fn record_delivery(
    payloads: &dyn PayloadStore,
    record: &DeliveryRecord,
    what: &[u8],
) -> Result<(), StoreError> {
    let event = record.event.as_deref().map(|event| clip(event, NAME_BYTES).to_owned());
    let record = DeliveryRecord { event, ..record.clone() };
    let blob = Blob::of_json("log a delivery", &record)?;
    let millis = record.at.as_millisecond();
    let what = short_sha256(&String::from_utf8_lossy(what));
    let part = PartKey::delivery(millis, clip(&what, 8));
    let place = place(&record.source, millis.div_euclid(HOUR_SECONDS * 1_000));
    payloads.put_new(&place, &part, &blob, after(record.at, KEPT)).await.map(drop)
}

/// The last lines of `source`, newest first: at most `limit`, none older than the log keeps them. Reads the hours
/// one by one, `hours` at the most, and no more lines than it returns.
///
/// # Errors
/// [`StoreError`]. A line that cannot be read is left out.
pub async fn last_deliveries(
    payloads: &dyn PayloadStore,
    source: &str,
    now: Timestamp,
    limit: usize,
    hours: u32,
) -> Result<Vec<DeliveryRecord>, StoreError> {
    let this_hour = now.as_second().div_euclid(HOUR_SECONDS);
    let mut found = Vec::new();
    for back in 0..i64::from(hours) {
        if found.len() >= limit {
            break;
        }
        let wanted = limit - found.len();
        let lines = payloads.list_last(&place(source, this_hour - back), PartKey::DELIVERIES, wanted).await?;
        found.extend(lines.iter().filter_map(|(_, line)| line.json("read a delivery").ok()));
    }
    Ok(found)
}

/// Where the lines of `source` and one hour are. No task has this id: no sender's identity begins like this.
fn place(source: &str, hour: i64) -> TaskId {
    TaskId::derive(source, format!("\0deliveries\0{hour}").as_bytes())
}
