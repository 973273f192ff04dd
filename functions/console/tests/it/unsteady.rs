//! Stores with an await point in every read of a task, and parts that can be out of order.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Acquire, Blob, Claim, ClaimRequest, Delivery, Depth, Due, Envelope, Expected, Insert, Lane, ListQuery,
    Page, PartKey, PayloadStore, PutNew, Queue, QueueError, Receipt, Save, Stage, StateStore, StoreError,
    Stores, Swap, Task, TaskId, TaskStore, Timestamp, Versioned, Visibility,
};
use serde_json::Value;

/// What is out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Down {
    Nothing,
    Tasks,
    Payloads,
    Queue,
}

/// Whoever reads a task here lets others run before it goes on: all of them read before one writes.
struct Unsteady {
    inner: Stores,
    down: Down,
}

/// `inner`, without what is `down`.
pub(crate) fn unsteady(inner: Stores, down: Down) -> Stores {
    let unsteady = Arc::new(Unsteady { inner: inner.clone(), down });
    Stores { tasks: unsteady.clone(), payloads: unsteady.clone(), queue: unsteady, state: inner.state }
}

impl Unsteady {
    fn up(&self, part: Down) -> Result<(), StoreError> {
        if self.down == part { Err(StoreError::unavailable("test", "out of order")) } else { Ok(()) }
    }

    fn queue_up(&self) -> Result<(), QueueError> {
        if self.down == Down::Queue { Err(QueueError::new("test", "out of order")) } else { Ok(()) }
    }
}

#[async_trait]
impl TaskStore for Unsteady {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        self.up(Down::Tasks)?;
        self.inner.tasks.insert(task).await
    }

    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        self.up(Down::Tasks)?;
        let task = self.inner.tasks.get(id).await;
        tokio::task::yield_now().await;
        task
    }

    async fn claim(&self, id: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError> {
        self.up(Down::Tasks)?;
        self.inner.tasks.claim(id, request).await
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        self.up(Down::Tasks)?;
        self.inner.tasks.save(task).await
    }

    async fn due(&self, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.up(Down::Tasks)?;
        self.inner.tasks.due(stage, before, limit).await
    }

    async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError> {
        self.up(Down::Tasks)?;
        self.inner.tasks.newer_in_thread(task, limit).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.up(Down::Tasks)?;
        self.inner.tasks.list(query).await
    }
}

#[async_trait]
impl PayloadStore for Unsteady {
    async fn put_new(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<PutNew, StoreError> {
        self.up(Down::Payloads)?;
        self.inner.payloads.put_new(id, part, blob, forget_at).await
    }

    async fn put(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.up(Down::Payloads)?;
        self.inner.payloads.put(id, part, blob, forget_at).await
    }

    async fn get(&self, id: &TaskId, part: &PartKey) -> Result<Option<Blob>, StoreError> {
        self.up(Down::Payloads)?;
        self.inner.payloads.get(id, part).await
    }

    async fn list(&self, id: &TaskId, prefix: &str) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        self.up(Down::Payloads)?;
        self.inner.payloads.list(id, prefix).await
    }
}

#[async_trait]
impl Queue for Unsteady {
    async fn send(&self, envelope: &Envelope) -> Result<(), QueueError> {
        self.queue_up()?;
        self.inner.queue.send(envelope).await
    }

    async fn receive(
        &self,
        queue: Visibility,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        self.queue_up()?;
        self.inner.queue.receive(queue, max, wait).await
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.queue_up()?;
        self.inner.queue.delete(receipt).await
    }

    async fn set_visibility(&self, receipt: &Receipt, after: Duration) -> Result<(), QueueError> {
        self.queue_up()?;
        self.inner.queue.set_visibility(receipt, after).await
    }

    async fn depth(&self, lane: Option<Lane>) -> Result<Depth, QueueError> {
        self.queue_up()?;
        self.inner.queue.depth(lane).await
    }
}

/// A state store that is out of order.
pub(crate) struct NoState;

impl NoState {
    fn down<T>() -> Result<T, StoreError> {
        Err(StoreError::unavailable("test", "out of order"))
    }
}

#[async_trait]
impl StateStore for NoState {
    async fn get(&self, _: &str, _: Timestamp) -> Result<Option<Versioned>, StoreError> {
        Self::down()
    }

    async fn swap(
        &self,
        _: &str,
        _: Expected,
        _: &Value,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Swap, StoreError> {
        Self::down()
    }

    async fn add(&self, _: &str, _: i64, _: Timestamp) -> Result<i64, StoreError> {
        Self::down()
    }

    async fn acquire(&self, _: &str, _: &str, _: Timestamp, _: Timestamp) -> Result<Acquire, StoreError> {
        Self::down()
    }

    async fn release(&self, _: &str, _: &str) -> Result<(), StoreError> {
        Self::down()
    }
}
