//! Stores in memory for a task that nobody but its only run will ever see.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::{
    Blob, Claim, ClaimRequest, Due, Insert, ListQuery, Page, PartKey, PayloadStore, PutNew, Save, Stage,
    StoreError, Task, TaskId, TaskStore, Timestamp,
};

/// The task itself: its run holds it, and every write is done.
pub(crate) struct Tasks;

fn nothing<T>(operation: &'static str) -> Result<T, StoreError> {
    Err(StoreError::broken(operation, "a task in memory is in no store"))
}

#[async_trait]
impl TaskStore for Tasks {
    async fn insert(&self, _: &Task) -> Result<Insert, StoreError> {
        nothing("insert")
    }

    async fn get(&self, _: &TaskId) -> Result<Option<Task>, StoreError> {
        Ok(None)
    }

    async fn claim(&self, _: &TaskId, _: &ClaimRequest) -> Result<Claim, StoreError> {
        nothing("claim")
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        task.control.revision += 1;
        Ok(Save::Done)
    }

    async fn due(&self, _: Stage, _: Timestamp, _: usize) -> Result<Vec<Due>, StoreError> {
        Ok(Vec::new())
    }

    async fn newer_in_thread(&self, _: &Task, _: usize) -> Result<Vec<Task>, StoreError> {
        Ok(Vec::new())
    }

    async fn list(&self, _: &ListQuery) -> Result<Page, StoreError> {
        Ok(Page::default())
    }
}

/// Its large parts.
#[derive(Default)]
pub(crate) struct Payloads(Mutex<BTreeMap<PartKey, Blob>>);

#[async_trait]
impl PayloadStore for Payloads {
    async fn put_new(
        &self,
        _: &TaskId,
        part: &PartKey,
        blob: &Blob,
        _: Timestamp,
    ) -> Result<PutNew, StoreError> {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if parts.contains_key(part) {
            return Ok(PutNew::Exists);
        }
        parts.insert(part.clone(), blob.clone());
        Ok(PutNew::Stored)
    }

    async fn put(&self, _: &TaskId, part: &PartKey, blob: &Blob, _: Timestamp) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(part.clone(), blob.clone());
        Ok(())
    }

    async fn get(&self, _: &TaskId, part: &PartKey) -> Result<Option<Blob>, StoreError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(part).cloned())
    }

    async fn list(&self, _: &TaskId, prefix: &str) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = parts.iter().filter(|(part, _)| part.as_str().starts_with(prefix));
        Ok(found.map(|(part, blob)| (part.clone(), blob.clone())).collect())
    }
}
