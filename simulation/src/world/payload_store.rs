//! The large parts of tasks: the first writer wins.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::{Blob, PartKey, PayloadStore, PutNew, StoreError, TaskId, Timestamp};

use super::port::Operation;
use super::{Port, Ports, lock};

/// The table.
#[derive(Default)]
pub(crate) struct Parts(Mutex<BTreeMap<(TaskId, String), Blob>>);

impl Parts {
    fn put(&self, id: &TaskId, part: &PartKey, blob: &Blob) -> PutNew {
        let mut parts = lock(&self.0);
        match parts.entry((id.clone(), part.as_str().to_owned())) {
            std::collections::btree_map::Entry::Occupied(_) => PutNew::Exists,
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(blob.clone());
                PutNew::Stored
            }
        }
    }

    pub(crate) fn get(&self, id: &TaskId, part: &PartKey) -> Option<Blob> {
        lock(&self.0).get(&(id.clone(), part.as_str().to_owned())).cloned()
    }

    pub(crate) fn has(&self, id: &TaskId, part: &PartKey) -> bool {
        lock(&self.0).contains_key(&(id.clone(), part.as_str().to_owned()))
    }

    fn list(&self, id: &TaskId, prefix: &str) -> Vec<(PartKey, Blob)> {
        let parts = lock(&self.0);
        let from = (id.clone(), prefix.to_owned());
        let found =
            parts.range(from..).take_while(|((task, name), _)| task == id && name.starts_with(prefix));
        found.map(|((_, name), blob)| (PartKey::from_name(name.clone()), blob.clone())).collect()
    }
}

fn unavailable() -> StoreError {
    StoreError::unavailable("payload", "the world is at fault")
}

#[async_trait]
impl PayloadStore for Ports {
    async fn put_new(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        _: Timestamp,
    ) -> Result<PutNew, StoreError> {
        let id = self.bugs().known_as(id);
        let about = format!("{part} of {id}");
        let write = Operation::write(Port::Payloads, "put", &about);
        self.operate(write, || self.world.parts.put(&id, part, blob), unavailable).await
    }

    async fn get(&self, id: &TaskId, part: &PartKey) -> Result<Option<Blob>, StoreError> {
        let about = format!("{part} of {id}");
        let read = Operation::read(Port::Payloads, "get part", &about);
        let got = self.operate(read, || Got(self.world.parts.get(id, part)), unavailable).await;
        got.map(|got| got.0)
    }

    async fn list(&self, id: &TaskId, prefix: &str) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        let read = Operation::read(Port::Payloads, "list parts", id);
        let listed = self.operate(read, || Listed(self.world.parts.list(id, prefix)), unavailable).await;
        listed.map(|listed| listed.0)
    }
}

/// A part in the trace.
struct Got(Option<Blob>);

impl std::fmt::Debug for Got {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "there" } else { "none" })
    }
}

/// Parts in the trace.
struct Listed(Vec<(PartKey, Blob)>);

impl std::fmt::Debug for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} parts", self.0.len())
    }
}
