//! The large parts of tasks: the first writer wins.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::from_fn;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::{Blob, PartKey, PayloadStore, PutNew, StoreError, TaskId, Timestamp};

use super::port::Operation;
use super::{EnvId, Port, Ports, World, lock};

/// The table.
#[derive(Default)]
pub(crate) struct Parts {
    table: Mutex<BTreeMap<(TaskId, String), Blob>>,
    /// Parts whose bytes are damaged where they are stored.
    damaged: Mutex<BTreeSet<(TaskId, String)>>,
    /// Parts that were stored by whoever had lost the task, since it was claimed last.
    late: Mutex<BTreeSet<(TaskId, String)>>,
    /// Who has tried last to store the body of each task, if it was not there before.
    stored_by: Mutex<BTreeMap<TaskId, EnvId>>,
}

impl Parts {
    fn put(&self, id: &TaskId, part: &PartKey, blob: &Blob) -> PutNew {
        let mut parts = lock(&self.table);
        match parts.entry((id.clone(), part.as_str().to_owned())) {
            std::collections::btree_map::Entry::Occupied(_) => PutNew::Exists,
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(blob.clone());
                PutNew::Stored
            }
        }
    }

    pub(crate) fn get(&self, id: &TaskId, part: &PartKey) -> Option<Blob> {
        lock(&self.table).get(&(id.clone(), part.as_str().to_owned())).cloned()
    }

    pub(crate) fn has(&self, id: &TaskId, part: &PartKey) -> bool {
        lock(&self.table).contains_key(&(id.clone(), part.as_str().to_owned()))
    }

    /// Whether the part was stored when the task was claimed last, or by whoever claimed it. What comes later is from
    /// a run that lost the task, and may be missed.
    pub(crate) fn was_there(&self, id: &TaskId, part: &PartKey) -> bool {
        self.has(id, part) && !lock(&self.late).contains(&(id.clone(), part.as_str().to_owned()))
    }

    /// Whether it was `env` that tried last to store the body of the task, and did.
    pub(crate) fn was_stored_by(&self, id: &TaskId, env: EnvId) -> bool {
        lock(&self.stored_by).get(id) == Some(&env)
    }

    fn body_is_put(&self, id: &TaskId, env: EnvId, put: PutNew) {
        let mut stored_by = lock(&self.stored_by);
        match put {
            PutNew::Stored => stored_by.insert(id.clone(), env),
            PutNew::Exists => stored_by.remove(id),
        };
    }

    /// Whoever claims the task finds all its parts.
    pub(crate) fn claimed(&self, id: &TaskId) {
        lock(&self.late).retain(|(task, _)| task != id);
    }

    fn damage(&self, id: &TaskId, part: &PartKey) {
        lock(&self.damaged).insert((id.clone(), part.as_str().to_owned()));
    }

    /// The part as it is read: half of it, if it is damaged.
    fn read(&self, id: &TaskId, part: &PartKey) -> Option<Blob> {
        let blob = self.get(id, part)?;
        let is_damaged = lock(&self.damaged).contains(&(id.clone(), part.as_str().to_owned()));
        if !is_damaged {
            return Some(blob);
        }
        let packed = blob.packed();
        Some(Blob::from_packed(packed[..packed.len() / 2].to_vec()))
    }

    fn list(&self, id: &TaskId, prefix: &str) -> Vec<(PartKey, Blob)> {
        let parts = lock(&self.table);
        let from = (id.clone(), prefix.to_owned());
        let found =
            parts.range(from..).take_while(|((task, name), _)| task == id && name.starts_with(prefix));
        found.map(|((_, name), blob)| (PartKey::from_name(name.clone()), blob.clone())).collect()
    }
}

impl World {
    /// Now and then, the bytes of a part are damaged where they are stored.
    fn may_damage(&self, id: &TaskId, part: &PartKey) {
        if self.is_calm() || !self.chance(self.scenario.damaged_per_mille) {
            return;
        }
        self.note(|| format!("!! {part} of {id} is damaged"));
        self.parts.damage(id, part);
        self.history().damaged.insert(id.clone());
        if *part == PartKey::payload() || part.as_str().contains(":callback.") {
            self.history().results_damaged.insert(id.clone());
        }
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
        let about = from_fn(|f| write!(f, "{part} of {id}"));
        let write = Operation::write(Port::Payloads, "put", &about);
        let bugs = self.bugs();
        let run = || {
            if bugs.loses(part) {
                return PutNew::Stored;
            }
            let put = self.world.parts.put(&id, part, blob);
            if *part == PartKey::payload() {
                self.world.parts.body_is_put(&id, self.env, put);
            }
            let is_hidden = bugs.overlooks_body(part) && self.world.tasks.is_under_way(&id);
            if put == PutNew::Stored {
                self.world.may_damage(&id, part);
                if !self.world.tasks.has_holder(&id, self.env) {
                    lock(&self.world.parts.late).insert((id.clone(), part.as_str().to_owned()));
                }
            }
            if is_hidden { PutNew::Exists } else { put }
        };
        self.operate(write, run, unavailable).await
    }

    async fn put(&self, id: &TaskId, part: &PartKey, blob: &Blob, _: Timestamp) -> Result<(), StoreError> {
        let about = from_fn(|f| write!(f, "{part} of {id}"));
        let write = Operation::write(Port::Payloads, "put over", &about);
        let run = || {
            lock(&self.world.parts.table).insert((id.clone(), part.as_str().to_owned()), blob.clone());
        };
        self.operate(write, run, unavailable).await
    }

    async fn get(&self, id: &TaskId, part: &PartKey) -> Result<Option<Blob>, StoreError> {
        let about = from_fn(|f| write!(f, "{part} of {id}"));
        let read = Operation::read(Port::Payloads, "get part", &about);
        let got = self.operate(read, || Got(self.world.parts.read(id, part)), unavailable).await?.0;
        if got.is_none() && *part == PartKey::payload() {
            // Whoever works on a task without its body has used up a try.
            self.world.history().hardship(id);
        }
        Ok(got)
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
