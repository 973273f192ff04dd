//! The figures of a day under the load of a large fleet: no key is written more often than DynamoDB lets it be, and next to
//! nothing is given up.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Acquire, DAY_SHARDS, Expected, StateStore, StatsRecorder, StoreError, Swap, TaskStatus, Timestamp,
    Versioned, after,
};
use serde_json::Value;

/// Half of the way to the table and back: 5 ms in all.
const TICKS_A_SECOND: u32 = 400;
const ENVIRONMENTS: u32 = 500;
/// Tasks a second of the fleet: 50,000 a minute.
const TASKS_A_SECOND: u32 = 834;
const SECONDS: u32 = 10;
/// Write units a second that DynamoDB takes on one key.
const MAX_UNITS: u32 = 1_000;

/// Comes back at the next tick.
async fn tick() {
    let mut is_over = false;
    poll_fn(|_| if std::mem::replace(&mut is_over, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// A table two ticks away, which counts what writes cost: one unit for each KB, those included that it refuses.
#[derive(Default)]
struct Table {
    items: Mutex<BTreeMap<String, Versioned>>,
    units: Mutex<BTreeMap<(String, u32), u32>>,
    second: AtomicU32,
}

#[async_trait]
impl StateStore for Table {
    async fn get(&self, key: &str, _: Timestamp) -> Result<Option<Versioned>, StoreError> {
        Ok(self.items.lock().unwrap().get(key).cloned())
    }

    async fn swap(
        &self,
        key: &str,
        expected: Expected,
        value: &Value,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Swap, StoreError> {
        tick().await;
        let kilobytes = u32::try_from(value.to_string().len().div_ceil(1_024)).unwrap();
        let second = self.second.load(Ordering::SeqCst);
        *self.units.lock().unwrap().entry((key.to_owned(), second)).or_default() += kilobytes;
        let swap = {
            let mut items = self.items.lock().unwrap();
            let found = items.get(key).cloned();
            let is_expected = match (&found, expected) {
                (None, Expected::Absent) => true,
                (Some(found), Expected::Version(version)) => found.version == version,
                _ => false,
            };
            if is_expected {
                let version = found.map_or(1, |found| found.version + 1);
                items.insert(key.to_owned(), Versioned { value: value.clone(), version });
                Swap::Done(version)
            } else {
                Swap::Conflict(found)
            }
        };
        tick().await;
        Ok(swap)
    }

    async fn add(&self, _: &str, _: i64, _: Timestamp) -> Result<i64, StoreError> {
        Err(StoreError::broken("add", "no figure is a counter"))
    }

    async fn acquire(&self, _: &str, _: &str, _: Timestamp, _: Timestamp) -> Result<Acquire, StoreError> {
        Err(StoreError::broken("acquire", "figures need no lease"))
    }

    async fn release(&self, _: &str, _: &str) -> Result<(), StoreError> {
        Err(StoreError::broken("release", "figures need no lease"))
    }
}

/// Ends a task now and then, `pause` ticks apart, and writes it down.
async fn environment(recorder: StatsRecorder, first: u32, pause: u32, given_up: Arc<AtomicU64>) {
    let now = after(Timestamp::UNIX_EPOCH, Duration::from_secs(86_400));
    for _ in 0..first {
        tick().await;
    }
    loop {
        recorder.ended(TaskStatus::Completed, now);
        if recorder.write(now).await.is_err() {
            given_up.fetch_add(1, Ordering::SeqCst);
        }
        for _ in 0..pause {
            tick().await;
        }
    }
}

#[test]
fn a_fleet_of_500_writes_each_key_of_a_day_less_often_than_it_can_be() {
    let table = Arc::new(Table::default());
    let given_up = Arc::new(AtomicU64::new(0));
    let pause = TICKS_A_SECOND * ENVIRONMENTS / TASKS_A_SECOND;
    let mut fleet: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
    for number in 0..ENVIRONMENTS {
        // A shard by chance, and a task at any time: by a multiplier that leaves no pattern.
        let drawn = number.wrapping_mul(2_654_435_761);
        let recorder = StatsRecorder::new(table.clone(), (drawn >> 8) % DAY_SHARDS);
        fleet.push(Box::pin(environment(recorder, drawn % pause, pause, Arc::clone(&given_up))));
    }
    let mut context = Context::from_waker(Waker::noop());
    for at in 0..SECONDS * TICKS_A_SECOND {
        table.second.store(at / TICKS_A_SECOND, Ordering::SeqCst);
        for environment in &mut fleet {
            assert!(environment.as_mut().poll(&mut context).is_pending());
        }
    }
    let units = table.units.lock().unwrap();
    let hottest = units.values().max().unwrap();
    let tasks = u64::from(TASKS_A_SECOND * SECONDS);
    let given_up = given_up.load(Ordering::SeqCst);
    assert!(*hottest < MAX_UNITS / 2, "{hottest}");
    // What is given up is tried again with the next write.
    assert!(given_up * 100 < tasks, "{given_up} of {tasks}");
}
