//! Temporary in-memory double.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::*;

#[derive(Default)]
pub struct Memory {
    tasks: Mutex<BTreeMap<TaskId, Task>>,
    parts: Mutex<BTreeMap<(TaskId, String), Blob>>,
    lanes: Mutex<Vec<Envelope>>,
}

pub fn stores() -> Stores {
    let memory = Arc::new(Memory::default());
    Stores { tasks: memory.clone(), payloads: memory.clone(), state: memory.clone(), queue: memory }
}

#[async_trait]
impl TaskStore for Memory {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        let mut tasks = self.tasks.lock().unwrap();
        if let Some(known) = tasks.get(&task.id) {
            return Ok(Insert::Exists(known.control.status));
        }
        tasks.insert(task.id.clone(), task.clone());
        Ok(Insert::New)
    }
    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        Ok(self.tasks.lock().unwrap().get(id).cloned())
    }
    async fn claim(&self, _: &TaskId, _: &ClaimRequest) -> Result<Claim, StoreError> {
        unreachable!()
    }
    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        let mut tasks = self.tasks.lock().unwrap();
        match tasks.get_mut(&task.id) {
            Some(known) if known.control.revision == task.control.revision => {
                task.control.revision += 1;
                *known = task.clone();
                Ok(Save::Done)
            }
            _ => Ok(Save::Stale),
        }
    }
    async fn due(&self, _: TaskStatus, _: Timestamp, _: usize) -> Result<Vec<Due>, StoreError> {
        unreachable!()
    }
    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        let from: usize = match &query.cursor {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|e| StoreError::broken("list", e))?,
        };
        let tasks = self.tasks.lock().unwrap();
        let mut all: Vec<Task> = tasks
            .values()
            .filter(|t| query.status.is_none_or(|s| s == t.control.status))
            .filter(|t| query.source.as_ref().is_none_or(|s| *s == t.doc.source))
            .cloned()
            .collect();
        all.sort_by_key(|t| std::cmp::Reverse(t.doc.received_at));
        let total = all.len();
        let tasks: Vec<Task> = all.into_iter().skip(from).take(query.limit).collect();
        let next = from + tasks.len();
        Ok(Page { tasks, cursor: (next < total).then(|| next.to_string()) })
    }
}

#[async_trait]
impl PayloadStore for Memory {
    async fn put_new(&self, id: &TaskId, part: &Part, blob: &Blob, _: Timestamp) -> Result<PutNew, StoreError> {
        let mut parts = self.parts.lock().unwrap();
        let key = (id.clone(), part.as_str().to_owned());
        if parts.contains_key(&key) {
            return Ok(PutNew::Exists);
        }
        parts.insert(key, blob.clone());
        Ok(PutNew::Stored)
    }
    async fn get(&self, id: &TaskId, part: &Part) -> Result<Option<Blob>, StoreError> {
        Ok(self.parts.lock().unwrap().get(&(id.clone(), part.as_str().to_owned())).cloned())
    }
    async fn list(&self, id: &TaskId, prefix: &str) -> Result<Vec<(Part, Blob)>, StoreError> {
        let parts = self.parts.lock().unwrap();
        let of_task = parts.iter().filter(|((t, p), _)| t == id && p.starts_with(prefix));
        Ok(of_task.map(|((_, p), b)| (Part::from_name(p.clone()), b.clone())).collect())
    }
}

#[async_trait]
impl Queue for Memory {
    async fn send(&self, envelope: &Envelope) -> Result<(), QueueError> {
        self.lanes.lock().unwrap().push(envelope.clone());
        Ok(())
    }
    async fn receive(&self, queue: Visibility, max: usize, _: Duration) -> Result<Vec<Delivery>, QueueError> {
        let mut lanes = self.lanes.lock().unwrap();
        let (taken, left): (Vec<_>, Vec<_>) = lanes.drain(..).partition(|e| Some(e.lane) == queue.lane);
        *lanes = left;
        assert!(taken.len() <= max);
        let delivery = |e: Envelope| Delivery {
            message_id: "m".to_owned(),
            receipt: Receipt { lane: Some(e.lane), handle: "h".to_owned() },
            body: e.body(),
            receive_count: 1,
            age: Duration::ZERO,
        };
        Ok(taken.into_iter().map(delivery).collect())
    }
    async fn delete(&self, _: &Receipt) -> Result<(), QueueError> {
        unreachable!()
    }
    async fn set_visibility(&self, _: &Receipt, _: Duration) -> Result<(), QueueError> {
        unreachable!()
    }
    async fn depth(&self, lane: Lane) -> Result<Depth, QueueError> {
        let ready = self.lanes.lock().unwrap().iter().filter(|e| e.lane == lane).count() as u64;
        Ok(Depth { ready, in_flight: 0 })
    }
}

#[async_trait]
impl StateStore for Memory {
    async fn get(&self, _: &str, _: Timestamp) -> Result<Option<Versioned>, StoreError> {
        unreachable!()
    }
    async fn swap(&self, _: &str, _: Expected, _: &serde_json::Value, _: Timestamp, _: Timestamp) -> Result<Swap, StoreError> {
        unreachable!()
    }
    async fn add(&self, _: &str, _: i64, _: Timestamp) -> Result<i64, StoreError> {
        unreachable!()
    }
    async fn acquire(&self, _: &str, _: &str, _: Timestamp, _: Timestamp) -> Result<Acquire, StoreError> {
        unreachable!()
    }
    async fn release(&self, _: &str, _: &str) -> Result<(), StoreError> {
        unreachable!()
    }
}
