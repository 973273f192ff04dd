//! A clock that tests move, and small helpers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{Clock, Delivery, Envelope, Lane, Queue, TaskId, Timestamp, Visibility};

/// A clock that stands still until it is moved. It starts at an arbitrary time of the past.
#[derive(Clone)]
pub(crate) struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_700_000_000_000)))
    }

    pub(crate) fn advance(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }

    pub(crate) fn clock(&self) -> Clock {
        let clock = self.clone();
        Clock::from_fn(move || clock.now())
    }
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn envelope(tenant: &str, n: u32) -> Envelope {
    let task_id = TaskId::derive(tenant, &n.to_le_bytes());
    Envelope { task_id, lane: Lane::Standard, tenant: tenant.to_owned() }
}

pub(crate) async fn receive(queue: &dyn Queue, max: usize) -> Vec<Delivery> {
    let from = Visibility { lane: Some(Lane::Standard), timeout: seconds(60) };
    queue.receive(from, max, Duration::ZERO).await.unwrap()
}
