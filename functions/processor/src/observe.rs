//! What the processor tells the metrics.

use domain::{Task, Timestamp};

use crate::Processor;

impl Processor {
    /// Tells the metrics about a task that has come to rest.
    pub(crate) fn observe(&self, _task: &Task, _now: Timestamp) {}
}
