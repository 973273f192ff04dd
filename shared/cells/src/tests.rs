//! Tests of the mechanism, on a store that counts, waits and fails as it is told.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use domain::{Acquire, Expected, Jitter, StateStore, StoreError, Swap, Timestamp, Versioned, after};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FleetCell, Shared, WhenCut};

/// How long the store takes to answer.
const LATENCY: Duration = Duration::from_millis(5);

#[derive(Default)]
struct Store {
    values: Mutex<HashMap<String, (Value, u64)>>,
    writes: AtomicU32,
    reads: AtomicU32,
    is_down: AtomicBool,
    /// Writes are made, and their answers lost.
    is_mute: AtomicBool,
    /// The next write is made and sent again after somebody else's, who makes it 100.
    doubles: AtomicBool,
}

#[async_trait]
impl StateStore for Store {
    async fn get(&self, _: &str, _: Timestamp) -> Result<Option<Versioned>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(None)
    }

    async fn swap(
        &self,
        key: &str,
        expected: Expected,
        value: &Value,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        if self.is_down.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("swap", "down"));
        }
        let answer = {
            let mut values = self.values.lock().unwrap();
            let there = values.get(key).cloned();
            let version = there.as_ref().map(|(_, version)| *version);
            match (expected, version) {
                (Expected::Absent, None) => {
                    values.insert(key.to_owned(), (value.clone(), 1));
                    Swap::Done(1)
                }
                (Expected::Version(seen), Some(now)) if seen == now => {
                    values.insert(key.to_owned(), (value.clone(), now + 1));
                    Swap::Done(now + 1)
                }
                _ => Swap::Conflict(there.map(|(value, version)| Versioned { value, version })),
            }
        };
        if self.doubles.swap(false, Ordering::Relaxed) {
            let found = {
                let mut values = self.values.lock().unwrap();
                let (value, version) = values.get_mut(key).unwrap();
                value["n"] = 100.into();
                *version += 1;
                Versioned { value: value.clone(), version: *version }
            };
            return Ok(Swap::Conflict(Some(found)));
        }
        if self.is_mute.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("swap", "the answer was lost"));
        }
        // The write is done; its answer is on the way.
        tokio::time::sleep(LATENCY).await;
        Ok(answer)
    }

    async fn add(&self, _: &str, _: i64, _: Timestamp) -> Result<i64, StoreError> {
        Err(StoreError::unavailable("add", "not here"))
    }

    async fn acquire(&self, _: &str, _: &str, _: Timestamp, until: Timestamp) -> Result<Acquire, StoreError> {
        Ok(Acquire::Busy { until })
    }

    async fn release(&self, _: &str, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Store {
    fn sum(&self) -> u64 {
        self.values.lock().unwrap().get("k").and_then(|(value, _)| value["n"].as_u64()).unwrap_or_default()
    }

    fn writes(&self) -> u32 {
        self.writes.load(Ordering::Relaxed)
    }
}

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// What the environments share.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Sum {
    n: u64,
}

fn cell() -> FleetCell<Sum> {
    FleetCell::new("k".to_owned(), Duration::from_secs(60))
}

fn shared(store: &Arc<Store>) -> Shared {
    Shared { store: Arc::clone(store) as Arc<dyn StateStore>, jitter: Jitter::fixed(0.5), fresh_id }
}

fn fresh_id() -> u32 {
    RandomState::new().hash_one(0_u8) as u32
}

async fn add(cell: &FleetCell<Sum>, store: &Arc<Store>, when_cut: WhenCut) -> Result<u64, StoreError> {
    cell.change(&shared(store), now(), when_cut, one_more).await
}

fn one_more(sum: &mut Sum) -> u64 {
    sum.n += 1;
    sum.n
}

/// After the rest that a store gets when it has failed.
fn rested() -> Timestamp {
    after(now(), Duration::from_secs(5))
}

/// Polls `future` once, so far as it goes without waiting, and drops it.
async fn cut_off(future: impl Future) {
    let mut future = pin!(future);
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_change_costs_one_write_and_no_read() {
    let (store, cell) = (Arc::new(Store::default()), cell());
    for expected in 1..=5 {
        assert_eq!(add(&cell, &store, WhenCut::Repeat).await.unwrap(), expected);
    }
    assert_eq!((store.writes(), store.reads.load(Ordering::Relaxed)), (5, 0));
}

#[tokio::test(start_paused = true)]
async fn a_change_that_changes_nothing_of_what_is_known_is_not_written() {
    let (store, cell) = (Arc::new(Store::default()), cell());
    // Only by a write is it known here that there is nothing yet.
    for _ in 0..3 {
        let looked = cell.change(&shared(&store), now(), WhenCut::Repeat, |sum: &mut Sum| sum.n).await;
        assert_eq!((looked.unwrap(), store.writes()), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_environment_needs_one_more_write_and_no_read() {
    let (store, first, second) = (Arc::new(Store::default()), cell(), cell());
    add(&first, &store, WhenCut::Repeat).await.unwrap();
    add(&first, &store, WhenCut::Repeat).await.unwrap();
    assert_eq!(add(&second, &store, WhenCut::Repeat).await.unwrap(), 3);
    assert_eq!((store.writes(), store.reads.load(Ordering::Relaxed)), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn every_change_of_every_environment_counts_once() {
    let (store, cells) = (Arc::new(Store::default()), [cell(), cell(), cell(), cell()]);
    let changes = cells.iter().flat_map(|cell| (0..50).map(|_| add(cell, &store, WhenCut::Repeat)));
    for result in futures::future::join_all(changes).await {
        result.unwrap();
    }
    assert_eq!(store.sum(), 200);
}

#[tokio::test(start_paused = true)]
async fn changes_that_meet_in_one_environment_are_written_together() {
    let (store, cell) = (Arc::new(Store::default()), cell());
    let changes = (0..100).map(|_| add(&cell, &store, WhenCut::Repeat));
    let sums: Vec<u64> = futures::future::join_all(changes).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(sums, (1..=100).collect::<Vec<u64>>(), "each has its own result, in order");
    assert!(store.writes() <= 2, "{} writes", store.writes());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_cut_off_while_writing_for_others_leaves_nobody_behind() {
    let (store, cell) = (Arc::new(Store::default()), cell());
    cut_off(add(&cell, &store, WhenCut::Repeat)).await;
    // Its write had happened; the next one finds its id there and adds nothing but its own.
    assert_eq!(add(&cell, &store, WhenCut::Repeat).await.unwrap(), 2);
    assert_eq!(store.sum(), 2);
}

/// The store makes a write and loses the answer; others write before the next contact.
async fn sum_after_a_lost_answer(when_cut: WhenCut, others: usize) -> u64 {
    let (store, cell, other) = (Arc::new(Store::default()), cell(), self::cell());
    add(&cell, &store, WhenCut::Repeat).await.unwrap();
    store.is_mute.store(true, Ordering::Relaxed);
    cell.change(&shared(&store), now(), when_cut, one_more).await.unwrap_err();
    store.is_mute.store(false, Ordering::Relaxed);
    for _ in 0..others {
        add(&other, &store, WhenCut::Repeat).await.unwrap();
    }
    cell.change(&shared(&store), rested(), WhenCut::Repeat, |_| ()).await.unwrap();
    store.sum()
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_counts_once_whoever_wrote_meanwhile() {
    for when_cut in [WhenCut::Drop, WhenCut::Repeat] {
        assert_eq!(sum_after_a_lost_answer(when_cut, 0).await, 2);
        assert_eq!(sum_after_a_lost_answer(when_cut, 3).await, 2 + 3);
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_can_tell_any_more_is_taken_twice_and_never_given_back_twice() {
    assert_eq!(sum_after_a_lost_answer(WhenCut::Drop, 40).await, 2 + 40);
    assert_eq!(sum_after_a_lost_answer(WhenCut::Repeat, 40).await, 3 + 40);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_the_client_sends_twice_counts_once() {
    let store = Arc::new(Store::default());
    let (cell, other) = (cell(), self::cell());
    add(&cell, &store, WhenCut::Repeat).await.unwrap();
    // The first of two is made, somebody else writes, the second is refused: all within one `swap`.
    store.doubles.store(true, Ordering::Relaxed);
    let given_back = |sum: &mut Sum| sum.n -= 1;
    cell.change(&shared(&store), now(), WhenCut::Drop, given_back).await.unwrap();
    assert_eq!(store.sum(), 100);
    assert_eq!(add(&other, &store, WhenCut::Repeat).await.unwrap(), 101);
}

#[tokio::test(start_paused = true)]
async fn what_must_be_written_survives_an_outage() {
    let (store, cell) = (Arc::new(Store::default()), cell());
    store.is_down.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        cell.change(&shared(&store), now(), WhenCut::Drop, one_more).await.unwrap_err();
    }
    store.is_down.store(false, Ordering::Relaxed);
    let sum = cell.change(&shared(&store), rested(), WhenCut::Repeat, one_more).await.unwrap();
    assert_eq!((sum, store.sum()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn what_is_left_for_later_goes_out_with_the_next_change() {
    let (store, cell) = (Arc::new(Store::default()), cell());
    cell.later(WhenCut::Drop, |sum| sum.n += 10);
    assert_eq!(store.writes(), 0);
    assert_eq!(add(&cell, &store, WhenCut::Repeat).await.unwrap(), 11);
    assert_eq!(store.writes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_is_left_alone_for_a_while() {
    let (store, cell) = (Arc::new(Store::default()), cell());
    store.is_down.store(true, Ordering::Relaxed);
    for _ in 0..10 {
        assert!(add(&cell, &store, WhenCut::Forget).await.is_err());
    }
    assert_eq!(store.writes(), 1);
    store.is_down.store(false, Ordering::Relaxed);
    cell.change(&shared(&store), rested(), WhenCut::Repeat, one_more).await.unwrap();
    assert_eq!(store.sum(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_begins_anew_and_where_that_costs_money_fails() {
    let (store, cell) = (Arc::new(Store::default()), cell());
    store.values.lock().unwrap().insert("k".to_owned(), (Value::from("what is this"), 7));
    let strict = FleetCell::strict("k".to_owned(), Duration::from_secs(3_600));
    for _ in 0..2 {
        add(&strict, &store, WhenCut::Repeat).await.unwrap_err();
    }
    assert_eq!(add(&cell, &store, WhenCut::Repeat).await.unwrap(), 1);
    assert_eq!(store.sum(), 1);
}

/// Sets the sum, as whoever takes something back that is known by a name.
fn set(n: u64) -> impl FnMut(&mut Sum) + Send + 'static {
    move |sum| sum.n = n
}

/// A write was made and its answer lost, or it was cut off; what takes it back changes nothing of what is known here.
#[tokio::test(start_paused = true)]
async fn what_takes_back_a_write_in_doubt_is_written() {
    for is_cut_off in [false, true] {
        let (store, cell) = (Arc::new(Store::default()), cell());
        add(&cell, &store, WhenCut::Repeat).await.unwrap();
        if is_cut_off {
            cut_off(cell.change(&shared(&store), now(), WhenCut::Forget, one_more)).await;
        } else {
            store.is_mute.store(true, Ordering::Relaxed);
            cell.change(&shared(&store), now(), WhenCut::Forget, one_more).await.unwrap_err();
            store.is_mute.store(false, Ordering::Relaxed);
        }
        cell.change(&shared(&store), rested(), WhenCut::Repeat, set(1)).await.unwrap();
        assert_eq!(store.sum(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_written_without_another_change_once_the_store_answers() {
    let (store, cell) = (Arc::new(Store::default()), cell());
    store.is_down.store(true, Ordering::Relaxed);
    cell.change(&shared(&store), now(), WhenCut::Drop, one_more).await.unwrap_err();
    assert!(cell.has_left());
    let well_again = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        store.is_down.store(false, Ordering::Relaxed);
    };
    let (shared, began) = (shared(&store), tokio::time::Instant::now());
    tokio::join!(cell.write_left(&shared, now(), Duration::from_secs(10)), well_again);
    assert_eq!((store.sum(), cell.has_left()), (1, false));
    assert!(began.elapsed() < Duration::from_secs(2), "the rest of the store was waited for");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_is_tried_no_longer_than_agreed_and_stays_left() {
    let (store, cell) = (Arc::new(Store::default()), cell());
    cell.write_left(&shared(&store), now(), Duration::from_secs(10)).await;
    assert_eq!(store.writes(), 0, "where nothing is left, nothing is written");
    store.is_down.store(true, Ordering::Relaxed);
    cell.later(WhenCut::Drop, |sum| sum.n += 10);
    let began = tokio::time::Instant::now();
    cell.write_left(&shared(&store), now(), Duration::from_secs(10)).await;
    assert_eq!(began.elapsed(), Duration::from_secs(10));
    store.is_down.store(false, Ordering::Relaxed);
    let sum = cell.change(&shared(&store), rested(), WhenCut::Repeat, one_more).await.unwrap();
    assert_eq!(sum, 11, "what was left is lost");
}
