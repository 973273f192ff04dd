//! [`counted`]: ports that note every call, on any adapters.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::contract::watched_state::{StateCall, StateWatcher, WatchedState};
use domain::{
    Blob, Claim, ClaimRequest, Delivery, Depth, Due, Envelope, Insert, Lane, ListQuery, Page, PartKey,
    PayloadStore, PutNew, Queue, QueueError, Receipt, Save, Stage, StoreError, Stores, Task, TaskId,
    TaskStore, Timestamp, Visibility,
};

/// The calls of all ports together, in their order.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<Vec<&'static str>>>);

impl Calls {
    /// Those since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, call: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }
}

/// `stores`, with every call noted.
#[must_use]
pub fn counted(stores: Stores) -> (Stores, Calls) {
    let calls = Calls::default();
    let counted = Stores {
        tasks: Arc::new(Counted { inner: stores.tasks, calls: calls.clone() }),
        payloads: Arc::new(Counted { inner: stores.payloads, calls: calls.clone() }),
        state: Arc::new(WatchedState { store: stores.state, watcher: calls.clone() }),
        queue: Arc::new(Counted { inner: stores.queue, calls: calls.clone() }),
    };
    (counted, calls)
}

struct Counted<P: ?Sized> {
    inner: Arc<P>,
    calls: Calls,
}

#[async_trait]
impl TaskStore for Counted<dyn TaskStore> {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        self.calls.note("tasks.insert");
        self.inner.insert(task).await
    }

    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        self.calls.note("tasks.get");
        self.inner.get(id).await
    }

    async fn claim(&self, id: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError> {
        self.calls.note("tasks.claim");
        self.inner.claim(id, request).await
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        self.calls.note("tasks.save");
        self.inner.save(task).await
    }

    async fn due(&self, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.calls.note("tasks.due");
        self.inner.due(stage, before, limit).await
    }

    async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError> {
        self.calls.note("tasks.newer_in_thread");
        self.inner.newer_in_thread(task, limit).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.calls.note("tasks.list");
        self.inner.list(query).await
    }
}

#[async_trait]
impl PayloadStore for Counted<dyn PayloadStore> {
    async fn put_new(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<PutNew, StoreError> {
        self.calls.note("payloads.put_new");
        self.inner.put_new(id, part, blob, forget_at).await
    }

    async fn put(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.calls.note("payloads.put");
        self.inner.put(id, part, blob, forget_at).await
    }

    async fn get(&self, id: &TaskId, part: &PartKey) -> Result<Option<Blob>, StoreError> {
        self.calls.note("payloads.get");
        self.inner.get(id, part).await
    }

    async fn list(&self, id: &TaskId, prefix: &str) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        self.calls.note("payloads.list");
        self.inner.list(id, prefix).await
    }
}

#[async_trait]
impl StateWatcher for Calls {
    async fn before(&self, call: StateCall, _: &str) -> Result<(), StoreError> {
        self.note(match call {
            StateCall::Get => "state.get",
            StateCall::Swap => "state.swap",
            StateCall::Add => "state.add",
            StateCall::Acquire => "state.acquire",
            StateCall::Release => "state.release",
        });
        Ok(())
    }
}

#[async_trait]
impl Queue for Counted<dyn Queue> {
    async fn send(&self, envelope: &Envelope) -> Result<(), QueueError> {
        self.calls.note("queue.send");
        self.inner.send(envelope).await
    }

    async fn receive(
        &self,
        queue: Visibility,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        self.calls.note("queue.receive");
        self.inner.receive(queue, max, wait).await
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.calls.note("queue.delete");
        self.inner.delete(receipt).await
    }

    async fn set_visibility(&self, receipt: &Receipt, after: Duration) -> Result<(), QueueError> {
        self.calls.note("queue.set_visibility");
        self.inner.set_visibility(receipt, after).await
    }

    async fn depth(&self, lane: Option<Lane>) -> Result<Depth, QueueError> {
        self.calls.note("queue.depth");
        self.inner.depth(lane).await
    }
}
