//! Port: [`PayloadStore`], the large parts of a task.

use async_trait::async_trait;
use std::fmt;

use crate::{Blob, StoreError, TaskId, Timestamp};

/// Where raw bodies, drafts, saved steps and transcripts rest. Adapters: DynamoDB with S3 for
/// everything above 100 KB compressed, SQLite.
#[async_trait]
pub trait PayloadStore: Send + Sync {
    /// Stores `blob` unless the part is there already, whose bytes then stay. The first writer wins,
    /// so a processor that lost its lease cannot change what its successor has read.
    async fn put_new(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<PutNew, StoreError>;

    /// Stores `blob` in place of what the part was. Only for what nothing is decided or published by: a writer that is late
    /// takes the place of its successor.
    async fn put(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<(), StoreError>;

    /// The part, if it was stored.
    async fn get(&self, id: &TaskId, part: &PartKey) -> Result<Option<Blob>, StoreError>;

    /// All parts of the task whose name begins with `prefix`, in the order of their names.
    async fn list(&self, id: &TaskId, prefix: &str) -> Result<Vec<(PartKey, Blob)>, StoreError>;

    /// The last `limit` of them, the last name first. Adapters read no more than that; whoever wraps one may leave it
    /// to [`Self::list`].
    async fn list_last(
        &self,
        id: &TaskId,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        let parts = self.list(id, prefix).await?;
        Ok(parts.into_iter().rev().take(limit).collect())
    }
}

/// What became of [`PayloadStore::put_new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutNew {
    /// The caller's bytes are stored.
    Stored,
    /// The part was there already.
    Exists,
}

/// What the name of a part ends with that says what was given back.
const GIVEN_BACK: &str = ":given-back";

/// The name of a part within its task. Not `task`, which the task item itself has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartKey(String);

impl PartKey {
    /// What transcript parts begin with.
    pub const CALLS: &str = "call:";
    /// What lines of the log of deliveries begin with.
    pub(crate) const DELIVERIES: &str = "delivery:";
    /// What the names of the parts begin with that were left by tasks which gave way to this one.
    pub const SUPERSEDED: &str = "superseded:";

    /// The raw body as received.
    #[must_use]
    pub fn payload() -> Self {
        Self("payload".to_owned())
    }

    /// The text of the draft with this hash.
    #[must_use]
    pub fn draft(hash: &str) -> Self {
        Self(format!("draft:{hash}"))
    }

    /// The saved result of the step `name` in the round `round`.
    #[must_use]
    pub fn step(round: u32, name: &str) -> Self {
        Self(format!("step:{round}:{name}"))
    }

    /// The `sequence`-th model call under the claim `fence`; names sort in the order of the calls.
    #[must_use]
    pub fn call(fence: u64, sequence: u32) -> Self {
        Self(format!("{}{fence:08}:{sequence:04}", Self::CALLS))
    }

    /// A line of the log of deliveries; names sort in the order of time.
    #[must_use]
    pub(crate) fn delivery(millis: i64, what: &str) -> Self {
        Self(format!("{}{millis:016}:{what}", Self::DELIVERIES))
    }

    /// What a second agent made of the event, for show.
    #[must_use]
    pub fn shadow_draft() -> Self {
        Self("shadow-draft".to_owned())
    }

    /// What the task `older`, which gives way to this one, was asked.
    #[must_use]
    pub fn superseded(older: &TaskId) -> Self {
        Self(format!("{}{older}", Self::SUPERSEDED))
    }

    /// The task that [`PartKey::superseded`] names; `None` for any other part.
    #[must_use]
    pub fn superseded_task(&self) -> Option<TaskId> {
        self.0.strip_prefix(Self::SUPERSEDED)?.parse().ok()
    }

    /// That this task answers for `older` no more.
    #[must_use]
    pub(crate) fn given_back(older: &TaskId) -> Self {
        Self(format!("{}{older}{GIVEN_BACK}", Self::SUPERSEDED))
    }

    /// The task that [`PartKey::given_back`] names; `None` for any other part.
    #[must_use]
    pub(crate) fn given_back_task(&self) -> Option<TaskId> {
        self.0.strip_prefix(Self::SUPERSEDED)?.strip_suffix(GIVEN_BACK)?.parse().ok()
    }

    /// The id of the task that first reported a happening, under the happening's own key.
    #[must_use]
    pub(crate) fn first_report() -> Self {
        Self("first-report".to_owned())
    }

    /// A part whose name a store has returned.
    #[must_use]
    pub fn from_name(name: String) -> Self {
        Self(name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PartKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
