//! Stores that store nothing, so that what ingest itself costs can be told from its adapters.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Acquire, Blob, Claim, ClaimRequest, Delivery, Depth, Due, Envelope, Expected, Insert, Lane, ListQuery,
    Page, PartKey, PayloadStore, PutNew, Queue, QueueError, Receipt, Save, Stage, StateStore, StoreError,
    Stores, Swap, Task, TaskId, TaskStore, Timestamp, Versioned, Visibility,
};
use serde_json::Value;

/// The ports on nothing.
pub(crate) fn null() -> Stores {
    Stores { tasks: Arc::new(Null), payloads: Arc::new(Null), state: Arc::new(Null), queue: Arc::new(Null) }
}

struct Null;

#[async_trait]
impl TaskStore for Null {
    async fn insert(&self, _: &Task) -> Result<Insert, StoreError> {
        Ok(Insert::New)
    }

    async fn get(&self, _: &TaskId) -> Result<Option<Task>, StoreError> {
        Ok(None)
    }

    async fn claim(&self, _: &TaskId, _: &ClaimRequest) -> Result<Claim, StoreError> {
        Ok(Claim::Missing)
    }

    async fn save(&self, _: &mut Task) -> Result<Save, StoreError> {
        Ok(Save::Stale)
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

#[async_trait]
impl PayloadStore for Null {
    async fn put_new(&self, _: &TaskId, _: &PartKey, _: &Blob, _: Timestamp) -> Result<PutNew, StoreError> {
        Ok(PutNew::Stored)
    }

    async fn put(&self, _: &TaskId, _: &PartKey, _: &Blob, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn get(&self, _: &TaskId, _: &PartKey) -> Result<Option<Blob>, StoreError> {
        Ok(None)
    }

    async fn list(&self, _: &TaskId, _: &str) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl StateStore for Null {
    async fn get(&self, _: &str, _: Timestamp) -> Result<Option<Versioned>, StoreError> {
        Ok(None)
    }

    async fn swap(
        &self,
        _: &str,
        _: Expected,
        _: &Value,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Swap, StoreError> {
        Ok(Swap::Done(1))
    }

    async fn add(&self, _: &str, amount: i64, _: Timestamp) -> Result<i64, StoreError> {
        Ok(amount)
    }

    async fn acquire(&self, _: &str, _: &str, _: Timestamp, _: Timestamp) -> Result<Acquire, StoreError> {
        Ok(Acquire::Held)
    }

    async fn release(&self, _: &str, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl Queue for Null {
    async fn send(&self, _: &Envelope) -> Result<(), QueueError> {
        Ok(())
    }

    async fn receive(&self, _: Visibility, _: usize, _: Duration) -> Result<Vec<Delivery>, QueueError> {
        Ok(Vec::new())
    }

    async fn delete(&self, _: &Receipt) -> Result<(), QueueError> {
        Ok(())
    }

    async fn set_visibility(&self, _: &Receipt, _: Duration) -> Result<(), QueueError> {
        Ok(())
    }

    async fn depth(&self, _: Option<Lane>) -> Result<Depth, QueueError> {
        Ok(Depth::default())
    }
}
