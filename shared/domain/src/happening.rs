//! [`first_report`]: one happening that several deliveries report becomes one task.
//!
//! An organisation's webhook and a repository's deliver one comment in two bodies, which have two ids. What they
//! have in common is a [`Happening`]: signed facts of what happened. The first report of it to come in writes down
//! its task's id under the happening, and every report works on that task from then on, as if it were a second
//! try of the first one. So it does not matter where a report dies: another one completes the very same task.
//!
//! Some senders date what they see, and two reports of one happening have dates that are a little apart. Whatever
//! divides time has boundaries, and two such dates can stand on both sides of one. So each of these reports stands in
//! two spans that overlap by half: dates that are less than half a span apart have a span in common. The first report
//! takes both, the earlier one first, and whoever finds one of them taken works on that task.

use std::time::Duration;

use crate::{Blob, BlobError, PartKey, PayloadStore, PutNew, StoreError, Task, TaskId, Timestamp};

/// The store does not say which task the reports of a happening are about.
#[derive(Debug, thiserror::Error)]
pub enum HappeningError {
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The id cannot be compressed.
    #[error(transparent)]
    Compress(#[from] BlobError),
}

/// What a report says has happened, by signed facts alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happening {
    facts: String,
    /// When it was seen, and how far apart the dates of its reports may be.
    seen: Option<(Timestamp, Duration)>,
}

impl Happening {
    /// What is known by these `facts`, which all of its reports have.
    #[must_use]
    pub fn of(facts: impl Into<String>) -> Self {
        Self { facts: facts.into(), seen: None }
    }

    /// The same, whose reports have dates that are up to `apart` from the first one's, as `at` is. What was seen twice
    /// as long before or after that is another happening.
    #[must_use]
    pub fn seen(self, at: Timestamp, apart: Duration) -> Self {
        Self { seen: Some((at, apart)), ..self }
    }

    /// The same, which one more fact is known of.
    #[must_use]
    pub fn with(self, fact: &str) -> Self {
        Self { facts: format!("{}\0{fact}", self.facts), ..self }
    }
}

impl TaskId {
    /// The key under which the happening with these `facts`, reported by `source`, is kept. It is no task's: no
    /// sender's identity begins like this.
    fn of_happening(source: &str, facts: &str) -> Self {
        Self::derive(source, format!("\0happening\0{facts}").as_bytes())
    }
}

/// The id of the task that the first report of `happening` by `source` has made; that of `task`, if this is the
/// first or a later try of it. One conditional write for each key, and one request more for each that is taken. The
/// record lives as long as the task.
///
/// # Errors
/// [`HappeningError`].
pub async fn first_report(
    payloads: &dyn PayloadStore,
    source: &str,
    happening: &Happening,
    task: &Task,
) -> Result<TaskId, HappeningError> {
    let records = Records { payloads, forget_at: task.forgotten_at() };
    let facts = &happening.facts;
    let Some((at, apart)) = happening.seen else {
        let ours = Record { task: task.id.clone(), is_earlier: false };
        return Ok(records.claim(&TaskId::of_happening(source, facts), ours).await?.task);
    };
    let key = |half: i64| TaskId::of_happening(source, &format!("{facts}\0{half}"));
    let half_span = i64::try_from(apart.as_millis()).unwrap_or(i64::MAX).max(1);
    let mut half = at.as_millisecond().div_euclid(half_span) - 1;
    let mut record = records.claim(&key(half), Record { task: task.id.clone(), is_earlier: true }).await?;
    // Who has its earlier span alone may have died in between, and is helped, or was too late for the other one, and
    // whoever has that was first.
    while record.is_earlier {
        half += 1;
        record = records.claim(&key(half), Record { is_earlier: false, ..record }).await?;
    }
    Ok(record.task)
}

/// What is kept under a key.
struct Record {
    /// The task of whoever took it.
    task: TaskId,
    /// Whether it is the earlier one of that report's two spans.
    is_earlier: bool,
}

/// Stands behind the id in a record of an earlier span.
const EARLIER: &str = " earlier";

impl Record {
    fn pack(&self) -> Result<Blob, BlobError> {
        let mark = if self.is_earlier { EARLIER } else { "" };
        Blob::pack(format!("{}{mark}", self.task).as_bytes())
    }

    fn read(kept: &Blob) -> Result<Self, StoreError> {
        let text = kept.text().map_err(|error| StoreError::broken("read a happening", error))?;
        let earlier = text.strip_suffix(EARLIER);
        let task = earlier.unwrap_or(&text).parse();
        let task = task.map_err(|error| StoreError::broken("read a happening", error))?;
        Ok(Self { task, is_earlier: earlier.is_some() })
    }
}

/// What is kept of happenings.
struct Records<'a> {
    payloads: &'a dyn PayloadStore,
    forget_at: Timestamp,
}

impl Records<'_> {
    /// Writes `record` down, unless `key` is taken. Returns what is there then.
    async fn claim(&self, key: &TaskId, record: Record) -> Result<Record, HappeningError> {
        let part = PartKey::first_report();
        match self.payloads.put_new(key, &part, &record.pack()?, self.forget_at).await? {
            PutNew::Stored => Ok(record),
            PutNew::Exists => match self.payloads.get(key, &part).await? {
                Some(kept) => Ok(Record::read(&kept)?),
                // Forgotten in this very moment: whoever reported it first did so a month ago.
                None => Ok(record),
            },
        }
    }
}
