//! The channel where people are asked about drafts.

use std::fmt::from_fn;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::{Approver, Ask, Closed, Mark, MessageRef, ServiceError, ServiceFailure, TaskId, Timestamp};

use super::port::Operation;
use super::{Port, Ports, lock};

/// Its name.
pub(crate) const CHANNEL: &str = "C0APPROVALS";

/// Its messages.
#[derive(Default)]
pub(crate) struct Channel(Mutex<Vec<Asked>>);

/// A message that asks.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) task: TaskId,
    pub(crate) name: String,
    pub(crate) draft_hash: String,
    /// What it says: the outcome, once there is one.
    pub(crate) says: Option<String>,
}

impl Channel {
    /// The message about the draft, while it still asks.
    pub(crate) fn open_message(&self, task: &TaskId) -> Option<Asked> {
        lock(&self.0).iter().rev().find(|asked| asked.task == *task && asked.says.is_none()).cloned()
    }

    pub(crate) fn messages(&self) -> Vec<Asked> {
        lock(&self.0).clone()
    }

    fn post(&self, ask: &Ask<'_>) -> MessageRef {
        let mut messages = lock(&self.0);
        messages.push(Asked {
            task: ask.task.id.clone(),
            name: ask.notice.name.clone(),
            draft_hash: ask.notice.draft_hash.clone(),
            says: None,
        });
        MessageRef { place: CHANNEL.to_owned(), id: (messages.len() - 1).to_string(), team: None }
    }

    fn find(&self, mark: &Mark) -> Option<MessageRef> {
        let place = lock(&self.0).iter().position(|it| it.task == mark.task_id && it.name == mark.effect)?;
        Some(MessageRef { place: CHANNEL.to_owned(), id: place.to_string(), team: None })
    }

    fn update(&self, message: &MessageRef, says: String) {
        let mut messages = lock(&self.0);
        if let Some(asked) = message.id.parse().ok().and_then(|place: usize| messages.get_mut(place)) {
            asked.says = Some(says);
        }
    }
}

fn failed(operation: &'static str, failure: ServiceFailure) -> ServiceError {
    ServiceError { service: "slack", operation, failure, message: "the world is at fault".to_owned() }
}

#[async_trait]
impl Approver for Ports {
    async fn request(&self, ask: &Ask<'_>) -> Result<MessageRef, ServiceError> {
        let about = from_fn(|f| write!(f, "{} of {}", ask.notice.name, ask.task.id));
        let write = Operation::once(Port::Channel, "ask people", &about);
        let fail = || failed("ask", ServiceFailure::InDoubt);
        self.operate(write, || self.world.channel.post(ask), fail).await
    }

    async fn find(&self, mark: &Mark, _: Timestamp) -> Result<Option<MessageRef>, ServiceError> {
        let read = Operation::read(Port::Channel, "find question", mark);
        let fail = || failed("find", ServiceFailure::Later { after: None });
        self.operate(read, || self.world.channel.find(mark), fail).await
    }

    async fn update(&self, message: &MessageRef, _: &Ask<'_>, closed: &Closed) -> Result<(), ServiceError> {
        let says = closed.outcome.map_or("retried", domain::Outcome::as_str);
        let write = Operation::write(Port::Channel, "mark question", &message.id);
        let fail = || failed("update", ServiceFailure::Later { after: None });
        self.operate(write, || self.world.channel.update(message, says.to_owned()), fail).await
    }

    async fn tell(&self, user: &str, _: &str) -> Result<(), ServiceError> {
        let write = Operation::write(Port::Channel, "tell", &user);
        self.operate(write, || (), || failed("tell", ServiceFailure::Later { after: None })).await
    }
}
