//! Ports that fail, hang or stop short at a chosen step, around ports that work.

use std::future::{Future, pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Blob, Claim, ClaimRequest, Delivery, Depth, Due, Envelope, Insert, Lane, ListQuery, Page, PartKey,
    PayloadStore, PutNew, Queue, QueueError, Receipt, Save, Stage, StoreError, Stores, Task, TaskId,
    TaskStore, Timestamp, Visibility,
};

/// What ingest asks of its ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Who reported what happened first, or a line of the log of deliveries.
    FirstReport,
    Insert,
    PutPayload,
    Send,
    Get,
    Save,
}

/// What goes wrong at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An error, and it is true.
    Fails,
    /// An error, and it happened all the same: the answer was lost.
    HappensAndFails,
    /// No answer, ever.
    Hangs,
    /// No answer, ever, and it happened.
    HappensAndHangs,
}

impl Fault {
    pub(crate) const ALL: [Self; 4] =
        [Self::Fails, Self::HappensAndFails, Self::Hangs, Self::HappensAndHangs];
}

/// Every call has an await point before and one after it, at which a test can drop the caller.
pub(crate) struct Faulty {
    inner: Stores,
    fault: Mutex<Option<(Step, Fault)>>,
    asked: Mutex<Vec<Step>>,
}

impl Faulty {
    /// `inner` with faults, and the handle that makes them.
    pub(crate) fn around(inner: Stores) -> (Stores, Arc<Self>) {
        let faulty =
            Arc::new(Self { inner: inner.clone(), fault: Mutex::new(None), asked: Mutex::default() });
        let stores = Stores {
            tasks: faulty.clone(),
            payloads: faulty.clone(),
            queue: faulty.clone(),
            state: inner.state,
        };
        (stores, faulty)
    }

    /// From now on `step` goes wrong like that, until [`Faulty::heal`].
    pub(crate) fn break_at(&self, step: Step, fault: Fault) {
        *self.fault.lock().unwrap() = Some((step, fault));
    }

    pub(crate) fn heal(&self) {
        *self.fault.lock().unwrap() = None;
    }

    /// What was asked since this was called last, but for what only reads.
    pub(crate) fn writes(&self) -> Vec<Step> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.into_iter().filter(|step| *step != Step::Get).collect()
    }

    async fn run<T, E>(
        &self,
        step: Step,
        error: impl FnOnce() -> E,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.asked.lock().unwrap().push(step);
        let planned = self.fault.lock().unwrap().filter(|(at, _)| *at == step).map(|(_, fault)| fault);
        await_point().await;
        match planned {
            Some(Fault::Fails) => return Err(error()),
            Some(Fault::Hangs) => pending().await,
            Some(Fault::HappensAndFails | Fault::HappensAndHangs) | None => {}
        }
        let result = call.await;
        await_point().await;
        match planned {
            Some(Fault::HappensAndFails) => Err(error()),
            Some(Fault::HappensAndHangs) => pending().await,
            Some(Fault::Fails | Fault::Hangs) | None => result,
        }
    }
}

/// Pending once.
async fn await_point() {
    let mut seen = false;
    poll_fn(|context| {
        if std::mem::replace(&mut seen, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn store_error() -> StoreError {
    StoreError::unavailable("test", "made to fail")
}

fn queue_error() -> QueueError {
    QueueError::new("test", "made to fail")
}

#[async_trait]
impl TaskStore for Faulty {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        self.run(Step::Insert, store_error, self.inner.tasks.insert(task)).await
    }

    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        self.run(Step::Get, store_error, self.inner.tasks.get(id)).await
    }

    async fn claim(&self, id: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError> {
        self.inner.tasks.claim(id, request).await
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        self.run(Step::Save, store_error, self.inner.tasks.save(task)).await
    }

    async fn due(&self, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.inner.tasks.due(stage, before, limit).await
    }

    async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError> {
        self.inner.tasks.newer_in_thread(task, limit).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.inner.tasks.list(query).await
    }
}

#[async_trait]
impl PayloadStore for Faulty {
    async fn put_new(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<PutNew, StoreError> {
        let step = if *part == PartKey::payload() { Step::PutPayload } else { Step::FirstReport };
        self.run(step, store_error, self.inner.payloads.put_new(id, part, blob, forget_at)).await
    }

    async fn put(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.inner.payloads.put(id, part, blob, forget_at).await
    }

    async fn get(&self, id: &TaskId, part: &PartKey) -> Result<Option<Blob>, StoreError> {
        self.inner.payloads.get(id, part).await
    }

    async fn list(&self, id: &TaskId, prefix: &str) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        self.inner.payloads.list(id, prefix).await
    }
}

#[async_trait]
impl Queue for Faulty {
    async fn send(&self, envelope: &Envelope) -> Result<(), QueueError> {
        self.run(Step::Send, queue_error, self.inner.queue.send(envelope)).await
    }

    async fn receive(
        &self,
        queue: Visibility,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        self.inner.queue.receive(queue, max, wait).await
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.inner.queue.delete(receipt).await
    }

    async fn set_visibility(&self, receipt: &Receipt, after: Duration) -> Result<(), QueueError> {
        self.inner.queue.set_visibility(receipt, after).await
    }

    async fn depth(&self, lane: Option<Lane>) -> Result<Depth, QueueError> {
        self.inner.queue.depth(lane).await
    }
}
