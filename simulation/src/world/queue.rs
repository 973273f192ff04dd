//! The lanes, as Amazon SQS has them: at least once, in no order, and dead after 20 receives.

use std::fmt::from_fn;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Delivery, Depth, Envelope, Lane, Queue, QueueError, Receipt, TaskId, Timestamp, Visibility, after,
    between,
};
use tokio::sync::Notify;

use super::port::Operation;
use super::{Port, Ports, World, lock};

/// A message that was received this often goes to the dead letters.
const MAX_RECEIVES: u32 = 20;
/// A message that is late comes within this, milliseconds.
const LATE: std::ops::Range<u64> = 0..90_000;

/// All lanes.
#[derive(Default)]
pub(crate) struct Lanes {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Default)]
struct Inner {
    messages: Vec<Message>,
    dead: Vec<TaskId>,
    sent: u64,
    receipts: u64,
}

struct Message {
    id: u64,
    lane: Lane,
    task: TaskId,
    body: String,
    sent_at: Timestamp,
    visible_at: Timestamp,
    receives: u32,
    /// The handle of its latest delivery.
    handle: String,
}

/// What is left on the lanes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Left {
    /// Tasks of messages on a lane.
    pub messages: Vec<TaskId>,
    /// Tasks of dead letters.
    pub dead: Vec<TaskId>,
}

impl Lanes {
    pub(crate) fn left(&self) -> Left {
        let inner = lock(&self.inner);
        Left { messages: inner.messages.iter().map(|it| it.task.clone()).collect(), dead: inner.dead.clone() }
    }

    /// Whether no message is left on any lane.
    pub(crate) fn are_empty(&self) -> bool {
        lock(&self.inner).messages.is_empty()
    }

    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// When something can be received from `lane`.
    pub(crate) fn next_visible(&self, lane: Lane) -> Option<Timestamp> {
        let inner = lock(&self.inner);
        inner.messages.iter().filter(|it| it.lane == lane).map(|it| it.visible_at).min()
    }

    fn send(&self, envelope: &Envelope, now: Timestamp, late: Duration) {
        let mut inner = lock(&self.inner);
        inner.sent += 1;
        let id = inner.sent;
        inner.messages.push(Message {
            id,
            lane: envelope.lane,
            task: envelope.task_id.clone(),
            body: envelope.body(),
            sent_at: now,
            visible_at: after(now, late),
            receives: 0,
            handle: String::new(),
        });
        drop(inner);
        self.changed.notify_waiters();
    }

    /// Takes up to `max` visible messages in an order of chance. `twice` says of each whether another copy is
    /// delivered as well, as a standard queue may.
    pub(crate) fn receive(
        &self,
        lane: Lane,
        max: usize,
        timeout: Duration,
        now: Timestamp,
        mut lot: impl FnMut(usize) -> usize,
        mut twice: impl FnMut() -> bool,
    ) -> Vec<Delivery> {
        let mut inner = lock(&self.inner);
        let Inner { messages, dead, receipts, .. } = &mut *inner;
        let is_worn = |it: &Message| it.lane == lane && it.visible_at <= now && it.receives >= MAX_RECEIVES;
        dead.extend(messages.extract_if(.., |it| is_worn(it)).map(|it| it.task));
        let mut visible: Vec<usize> = (0..messages.len())
            .filter(|at| messages[*at].lane == lane && messages[*at].visible_at <= now)
            .collect();
        let mut taken = Vec::new();
        while taken.len() < max && !visible.is_empty() {
            let message = &mut messages[visible.swap_remove(lot(visible.len()))];
            *receipts += 1;
            message.receives += 1;
            message.handle = format!("{}-{receipts}", message.id);
            if !twice() {
                message.visible_at = after(now, timeout);
            }
            taken.push(Delivery {
                message_id: message.id.to_string(),
                receipt: Receipt { lane: Some(lane), handle: message.handle.clone() },
                body: message.body.clone(),
                receive_count: message.receives,
                age: between(message.sent_at, now),
            });
        }
        taken
    }

    /// Every message that somebody has received can be received again.
    pub(crate) fn void_leases(&self, now: Timestamp) {
        for message in &mut lock(&self.inner).messages {
            message.visible_at = message.visible_at.min(now);
        }
        self.changed.notify_waiters();
    }

    pub(crate) fn delete(&self, receipt: &Receipt) {
        lock(&self.inner).messages.retain(|message| message.handle != receipt.handle);
    }

    fn set_visibility(&self, receipt: &Receipt, until: Timestamp) {
        let mut inner = lock(&self.inner);
        if let Some(message) = inner.messages.iter_mut().find(|message| message.handle == receipt.handle) {
            message.visible_at = until;
        }
        drop(inner);
        self.changed.notify_waiters();
    }

    fn depth(&self, lane: Lane, now: Timestamp) -> Depth {
        let inner = lock(&self.inner);
        let of_lane = inner.messages.iter().filter(|it| it.lane == lane);
        let (ready, in_flight): (Vec<_>, Vec<_>) = of_lane.partition(|it| it.visible_at <= now);
        Depth { ready: ready.len() as u64, in_flight: in_flight.len() as u64 }
    }
}

impl World {
    /// How late a message comes that is sent now.
    fn late(&self) -> Duration {
        let late = !self.is_calm() && self.chance(self.scenario.late_per_mille);
        if late { self.millis(LATE) } else { Duration::ZERO }
    }
}

fn unavailable(operation: &'static str) -> QueueError {
    QueueError::new(operation, "the world is at fault")
}

#[async_trait]
impl Queue for Ports {
    async fn send(&self, envelope: &Envelope) -> Result<(), QueueError> {
        let envelope = Envelope { task_id: self.bugs().known_as(&envelope.task_id), ..envelope.clone() };
        let about = from_fn(|f| write!(f, "{} on {}", envelope.task_id, envelope.lane));
        let run = || self.world.lanes.send(&envelope, self.world.now(), self.world.late());
        self.operate(Operation::write(Port::Queue, "send", &about), run, || unavailable("send")).await
    }

    /// Lambda receives; nothing of ours does.
    async fn receive(&self, _: Visibility, _: usize, _: Duration) -> Result<Vec<Delivery>, QueueError> {
        Err(unavailable("receive"))
    }

    /// Lambda deletes; nothing of ours does.
    async fn delete(&self, _: &Receipt) -> Result<(), QueueError> {
        Err(unavailable("delete"))
    }

    async fn set_visibility(&self, receipt: &Receipt, time: Duration) -> Result<(), QueueError> {
        let about = from_fn(|f| write!(f, "{} in {time:?}", receipt.handle));
        let run = || self.world.lanes.set_visibility(receipt, after(self.world.now(), time));
        let write = Operation::write(Port::Queue, "set visibility", &about);
        self.operate(write, run, || unavailable("set visibility")).await
    }

    /// Nothing of ours asks for that of the dead letters.
    async fn depth(&self, lane: Option<Lane>) -> Result<Depth, QueueError> {
        let lane = lane.ok_or_else(|| unavailable("depth"))?;
        let read = Operation::read(Port::Queue, "depth", &lane);
        self.operate(read, || self.world.lanes.depth(lane, self.world.now()), || unavailable("depth")).await
    }
}
