//! The contract suites: what every adapter of a port must do. Run by the adapters' own tests.
//!
//! Each fact is a function of its own with the fact as its name; `all` runs the facts of one port one
//! after the other and panics at the first that does not hold. Every fact makes ids of its own, so a
//! suite can run twice on one store; but nobody else may use the store meanwhile.
//!
//! A suite knows no async runtime: letting time pass is a hook of the adapter's test ([`Pause`]),
//! which sleeps against a real service and moves a clock in a simulated one.
#![allow(clippy::unwrap_used, clippy::panic)]

use async_trait::async_trait;
use std::time::Duration;

pub mod in_memory;
pub mod payload_store;
pub mod queue;
mod sample;
pub mod state_store;
mod support;
pub mod task_store;
pub mod watched_state;

pub use sample::{fresh_id, full_task, incompressible, new_task, plain_call, plain_task};

/// Lets time pass.
#[async_trait]
pub trait Pause: Send + Sync {
    /// Returns when `time` has passed for the store under test.
    async fn pause(&self, time: Duration);
}

/// Spoils what is stored.
#[async_trait]
pub trait Damage: Send + Sync {
    /// Puts `document` in place of the task's.
    async fn damage(&self, id: &crate::TaskId, document: &str);
}

/// What the suite of [`crate::Queue`] needs besides the port.
#[async_trait]
pub trait QueueHooks: Pause {
    /// Puts `body` on `lane` as a foreign program would, whatever it says.
    async fn send_raw(&self, lane: crate::Lane, body: &str);
}
