//! [`Stores`]: the ports that every function needs, together.

use std::sync::Arc;

use crate::{PayloadStore, Queue, StateStore, TaskStore};

/// Storage and queues, from one adapter crate.
#[derive(Clone)]
pub struct Stores {
    /// Tasks.
    pub tasks: Arc<dyn TaskStore>,
    /// Their large parts.
    pub payloads: Arc<dyn PayloadStore>,
    /// What is shared besides.
    pub state: Arc<dyn StateStore>,
    /// The lanes.
    pub queue: Arc<dyn Queue>,
}
