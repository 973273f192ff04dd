//! The contract suites, in memory and on a file.

use std::time::Duration;

use async_trait::async_trait;
use domain::contract::{self, Damage, Pause, QueueHooks};
use domain::{Lane, TaskId};
use embedded::Embedded;

use crate::support::ManualClock;

/// Time passes by moving the clock.
struct Hooks {
    embedded: Embedded,
    clock: ManualClock,
}

#[async_trait]
impl Pause for Hooks {
    async fn pause(&self, time: Duration) {
        self.clock.advance(time);
    }
}

#[async_trait]
impl QueueHooks for Hooks {
    async fn send_raw(&self, lane: Lane, body: &str) {
        self.embedded.send_raw(lane, "a foreign program", body).unwrap();
    }
}

/// A store in memory, and one on a file in a directory that lives as long as the second value.
fn stores() -> (Vec<Hooks>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (ManualClock::new(), ManualClock::new());
    let in_memory = Embedded::in_memory(first.clock()).unwrap();
    let on_file = Embedded::open(dir.path(), second.clock()).unwrap();
    let hooks = vec![Hooks { embedded: in_memory, clock: first }, Hooks { embedded: on_file, clock: second }];
    (hooks, dir)
}

#[tokio::test]
async fn task_store_keeps_the_contract() {
    let (stores, _dir) = stores();
    for hooks in stores {
        let tasks = hooks.embedded.stores().tasks;
        contract::task_store::all(&*tasks, hooks.clock.now(), &hooks).await;
    }
}

/// The same file by another connection.
struct File(std::path::PathBuf);

#[async_trait]
impl Damage for File {
    async fn damage(&self, id: &TaskId, document: &str) {
        let connection = rusqlite::Connection::open(&self.0).unwrap();
        let changed = connection
            .execute("UPDATE task SET doc = ?2 WHERE task_id = ?1", [id.as_str(), document])
            .unwrap();
        assert_eq!(changed, 1);
    }
}

#[tokio::test]
async fn a_task_that_cannot_be_read_stops_nobody_on_sqlite() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let embedded = Embedded::open(dir.path(), clock.clock()).unwrap();
    let (tasks, now) = (embedded.stores().tasks, clock.now());
    let file = File(dir.path().join("afterhook.db"));
    let hooks = Hooks { embedded, clock };
    contract::task_store::an_unreadable_task_stops_nobody(&*tasks, &file, now, &hooks).await;
    contract::task_store::a_damaged_task_can_be_ended(&*tasks, &file, now).await;
}

#[tokio::test]
async fn payload_store_keeps_the_contract() {
    let (stores, _dir) = stores();
    for hooks in stores {
        let stores = hooks.embedded.stores();
        contract::payload_store::all(&*stores.payloads, &*stores.tasks, hooks.clock.now()).await;
    }
}

#[tokio::test]
async fn state_store_keeps_the_contract() {
    let (stores, _dir) = stores();
    for hooks in stores {
        contract::state_store::all(&*hooks.embedded.stores().state, hooks.clock.now()).await;
    }
}

#[tokio::test]
async fn queue_keeps_the_contract() {
    let (stores, _dir) = stores();
    for hooks in stores {
        contract::queue::all(&*hooks.embedded.stores().queue, &hooks).await;
    }
}
