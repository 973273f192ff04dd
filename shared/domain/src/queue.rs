//! Port: [`Queue`], the three lanes and their dead letters.

use async_trait::async_trait;
use std::fmt;
use std::time::Duration;

use crate::{Lane, TaskId};

/// At-least-once queues with visibility time-outs, as Amazon SQS has them: a message that was
/// received stays invisible for a while and comes back unless it is deleted; after 20 receives it
/// moves to the dead letters. No order is kept. Adapters: SQS, SQLite.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts a message on its lane.
    async fn send(&self, envelope: &Envelope) -> Result<(), QueueError>;

    /// Up to `max` (1 to 10) messages, waiting at most `wait` (up to 20 s) for the first. Each is
    /// invisible for `visibility` from then on. Without a wait an answer of none proves nothing: SQS asks only some of its
    /// servers then.
    async fn receive(
        &self,
        queue: Visibility,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, QueueError>;

    /// Removes a message for good.
    async fn delete(&self, receipt: &Receipt) -> Result<(), QueueError>;

    /// The message comes back in `after` (0 to 12 h) from now. No error when it is gone already.
    async fn set_visibility(&self, receipt: &Receipt, after: Duration) -> Result<(), QueueError>;

    /// How much there is on a lane, or among the dead letters (`None`), roughly.
    async fn depth(&self, lane: Option<Lane>) -> Result<Depth, QueueError>;
}

/// Which queue to receive from, and for how long what is received stays invisible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visibility {
    /// The lane; `None` for the dead letters.
    pub lane: Option<Lane>,
    /// Invisibility of what is received.
    pub timeout: Duration,
}

/// What is put on a lane: no more than the name of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Which task is to be worked on.
    pub task_id: TaskId,
    /// On which lane.
    pub lane: Lane,
    /// Whose share of the lane it uses: the queue serves tenants in turn.
    pub tenant: String,
}

/// A message as received. The body is whatever was sent: it may be damaged or foreign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The queue's name for the message, the same on every delivery.
    pub message_id: String,
    /// What deletes or delays this delivery.
    pub receipt: Receipt,
    /// The text of the message.
    pub body: String,
    /// How often it has been received, this time included.
    pub receive_count: u32,
    /// Milliseconds since it was sent.
    pub age: Duration,
}

/// The handle of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The lane it came from; `None` for the dead letters.
    pub lane: Option<Lane>,
    /// The queue's handle.
    pub handle: String,
}

/// Roughly how much is on a lane, or among the dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Messages that can be received now.
    pub ready: u64,
    /// Messages received and neither deleted nor visible again.
    pub in_flight: u64,
}

/// The queue did not do what it was asked; trying again later may help.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: the queue is unavailable: {message}")]
pub struct QueueError {
    /// The operation, such as `send`.
    pub operation: &'static str,
    /// What the queue said; free of secrets.
    pub message: String,
}

impl QueueError {
    /// The queue cannot be reached or used now.
    pub fn new(operation: &'static str, cause: impl fmt::Display) -> Self {
        Self { operation, message: cause.to_string() }
    }
}

impl Envelope {
    /// The text of the message: `{"task_id":"tsk_…"}`.
    #[must_use]
    pub fn body(&self) -> String {
        format!(r#"{{"task_id":"{}"}}"#, self.task_id)
    }

    /// The `traceparent` of the message (W3C Trace Context, version 00): the task's trace, sampled, with this message as
    /// parent.
    #[must_use]
    pub fn traceparent(&self) -> String {
        let parent = crate::short_sha256(&format!("{}/{}", self.task_id, self.lane));
        format!("00-{}-{}-01", self.task_id.trace_id(), &parent[..16])
    }

    /// The tenant's name as the queue gets it: 32 hexadecimal characters, whatever the name is made
    /// of (SQS takes only some characters in a `MessageGroupId`).
    #[must_use]
    pub fn group(&self) -> String {
        crate::short_sha256(&self.tenant)
    }
}

impl Delivery {
    /// The task that the message names.
    ///
    /// # Errors
    /// What is wrong with the body, for the log.
    pub fn task_id(&self) -> Result<TaskId, String> {
        #[derive(serde::Deserialize)]
        struct Body {
            task_id: TaskId,
        }
        serde_json::from_str::<Body>(&self.body)
            .map(|body| body.task_id)
            .map_err(|error| format!("not a message of ours, expected {{\"task_id\":\"tsk_…\"}}: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparent_has_the_form_of_w3c_and_the_trace_of_the_task() {
        let task_id = TaskId::derive("github", b"one");
        let envelope = Envelope { task_id, lane: Lane::Bulk, tenant: "octo/repo".to_owned() };
        let text = envelope.traceparent();
        let parts: Vec<&str> = text.split('-').collect();
        assert_eq!(parts[..2], ["00", &envelope.task_id.trace_id()]);
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 32, 16, 2]);
    }
}
