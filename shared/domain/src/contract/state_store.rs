//! What every [`StateStore`] must do.

use serde_json::{Value, json};
use std::time::Duration;

use crate::{Acquire, Clock, Expected, StateStore, StoreError, Swap, Timestamp, after};

use super::sample::unique;
use super::support::{Boxed, together};

/// Every fact of this port. `now` is the present of the store's own clock.
pub async fn all(store: &dyn StateStore, now: Timestamp) {
    let now = Clock::fixed(now).now();
    an_unknown_key_is_absent(store, now).await;
    a_value_is_written_once_as_new(store, now).await;
    a_version_is_replaced_once(store, now).await;
    every_value_survives(store, now).await;
    a_value_past_its_time_is_absent(store, now).await;
    a_version_never_comes_again(store, now).await;
    one_of_many_swaps_at_once_is_done(store, now).await;
    a_counter_begins_at_zero_and_adds_up(store, now).await;
    additions_at_once_all_count(store, now).await;
    a_lease_keeps_others_out_until_it_ends(store, now).await;
    an_owner_extends_its_lease(store, now).await;
    only_the_owner_releases_a_lease(store, now).await;
    one_of_many_gets_the_lease(store, now).await;
    keys_are_taken_literally(store, now).await;
}

fn in_seconds(now: Timestamp, seconds: u64) -> Timestamp {
    after(now, Duration::from_secs(seconds))
}

async fn put(store: &dyn StateStore, key: &str, expected: Expected, value: &Value, now: Timestamp) -> u64 {
    match store.swap(key, expected, value, now, in_seconds(now, 60)).await.unwrap() {
        Swap::Done(version) => version,
        Swap::Conflict(_) => panic!("{key} is not {expected:?}"),
    }
}

async fn refused(store: &dyn StateStore, key: &str, expected: Expected, now: Timestamp) {
    let there = store.get(key, now).await.unwrap();
    let answer = store.swap(key, expected, &json!("refused"), now, in_seconds(now, 60)).await.unwrap();
    assert_eq!(answer, Swap::Conflict(there), "{key} is {expected:?}");
}

async fn read(store: &dyn StateStore, key: &str, now: Timestamp) -> Option<(Value, u64)> {
    store.get(key, now).await.unwrap().map(|found| (found.value, found.version))
}

/// Absence is an answer, not an error; nothing can be replaced that is not there.
pub async fn an_unknown_key_is_absent(store: &dyn StateStore, now: Timestamp) {
    let key = unique("state");
    assert_eq!(read(store, &key, now).await, None);
    refused(store, &key, Expected::Version(0), now).await;
    refused(store, &key, Expected::Version(1), now).await;
    store.release(&key, "nobody").await.unwrap();
    assert_eq!(read(store, &key, now).await, None);
}

/// Who expects nothing is refused once there is something.
pub async fn a_value_is_written_once_as_new(store: &dyn StateStore, now: Timestamp) {
    let key = unique("state");
    let version = put(store, &key, Expected::Absent, &json!("first"), now).await;
    refused(store, &key, Expected::Absent, now).await;
    assert_eq!(read(store, &key, now).await, Some((json!("first"), version)));
}

/// A version is replaced by who saw it, once; versions rise.
pub async fn a_version_is_replaced_once(store: &dyn StateStore, now: Timestamp) {
    let key = unique("state");
    let first = put(store, &key, Expected::Absent, &json!(1), now).await;
    let second = put(store, &key, Expected::Version(first), &json!(2), now).await;
    assert!(second > first);
    refused(store, &key, Expected::Version(first), now).await;
    refused(store, &key, Expected::Version(second + 1), now).await;
    let third = put(store, &key, Expected::Version(second), &json!(3), now).await;
    assert_eq!(read(store, &key, now).await, Some((json!(3), third)));
}

/// All of JSON, to the last digit.
pub async fn every_value_survives(store: &dyn StateStore, now: Timestamp) {
    let key = unique("state");
    let mut version = put(store, &key, Expected::Absent, &Value::Null, now).await;
    let long = "x".repeat(50_000);
    let values = [
        json!(null),
        json!(""),
        json!({"": {"ü": [1, "two", null, true, {}]}, "long": long}),
        json!([i64::MIN, i64::MAX, u64::MAX, 0, -1, 0.5, 1e-9, 1.5e300]),
    ];
    for value in values {
        version = put(store, &key, Expected::Version(version), &value, now).await;
        assert_eq!(read(store, &key, now).await, Some((value, version)));
    }
}

/// A value that may be forgotten is as good as forgotten, whether the store has got to it or not.
pub async fn a_value_past_its_time_is_absent(store: &dyn StateStore, now: Timestamp) {
    let key = unique("state");
    let version = put(store, &key, Expected::Absent, &json!("old"), now).await;
    let (before, past) = (in_seconds(now, 59), in_seconds(now, 61));
    assert_eq!(read(store, &key, before).await, Some((json!("old"), version)));
    refused(store, &key, Expected::Absent, before).await;
    assert_eq!(read(store, &key, past).await, None);
    refused(store, &key, Expected::Version(version), past).await;
    put(store, &key, Expected::Absent, &json!("new"), past).await;
    assert_eq!(read(store, &key, past).await.unwrap().0, json!("new"));
}

/// Who slept through a whole life of the key cannot mistake the next one for it.
pub async fn a_version_never_comes_again(store: &dyn StateStore, now: Timestamp) {
    let key = unique("state");
    let mut at = now;
    let mut versions = Vec::new();
    for life in 0..3 {
        let version = put(store, &key, Expected::Absent, &json!(life), at).await;
        for former in &versions {
            refused(store, &key, Expected::Version(*former), at).await;
        }
        versions.push(version);
        at = in_seconds(at, 61);
    }
}

/// Exactly one of several writers that saw the same is done; the others are told.
pub async fn one_of_many_swaps_at_once_is_done(store: &dyn StateStore, now: Timestamp) {
    let (key, forget_at) = (unique("state"), in_seconds(now, 60));
    let mut expected = Expected::Absent;
    for _ in 0..2 {
        let values: Vec<Value> = (0..8).map(|n| json!({"writer": n})).collect();
        let swaps: Vec<Boxed<'_, Result<Swap, StoreError>>> =
            values.iter().map(|value| store.swap(&key, expected, value, now, forget_at)).collect();
        let answers: Vec<Swap> = together(swaps).await.into_iter().map(Result::unwrap).collect();
        let done: Vec<(u64, Value)> = answers
            .iter()
            .zip(values)
            .filter_map(|(answer, value)| match answer {
                Swap::Done(version) => Some((*version, value)),
                Swap::Conflict(_) => None,
            })
            .collect();
        let [(version, value)] = done.as_slice() else { panic!("{answers:?}") };
        assert_eq!(read(store, &key, now).await, Some((value.clone(), *version)));
        expected = Expected::Version(*version);
    }
}

/// Sums are returned; amounts may be negative.
pub async fn a_counter_begins_at_zero_and_adds_up(store: &dyn StateStore, now: Timestamp) {
    let (key, forget_at) = (unique("counter"), in_seconds(now, 3_600));
    let mut sums = Vec::new();
    for amount in [5, 1, 0, -10, 1_000_000_000_000] {
        sums.push(store.add(&key, amount, forget_at).await.unwrap());
    }
    assert_eq!(sums, [5, 6, 6, -4, 999_999_999_996]);
    assert_eq!(store.add(&unique("counter"), 1, forget_at).await.unwrap(), 1);
}

/// No addition is lost between others.
pub async fn additions_at_once_all_count(store: &dyn StateStore, now: Timestamp) {
    let (key, forget_at) = (unique("counter"), in_seconds(now, 3_600));
    let adds: Vec<Boxed<'_, Result<i64, StoreError>>> =
        (0..8).map(|_| store.add(&key, 3, forget_at)).collect();
    let mut sums: Vec<i64> = together(adds).await.into_iter().map(Result::unwrap).collect();
    sums.sort_unstable();
    assert_eq!(sums, [3, 6, 9, 12, 15, 18, 21, 24]);
}

/// Others learn how long it runs; past that the next one takes it, and the former has lost it.
pub async fn a_lease_keeps_others_out_until_it_ends(store: &dyn StateStore, now: Timestamp) {
    let (key, until) = (unique("lease"), in_seconds(now, 60));
    assert_eq!(store.acquire(&key, "first", now, until).await.unwrap(), Acquire::Held);
    let just_before = after(now, Duration::from_millis(59_999));
    let next_until = in_seconds(now, 120);
    let early = store.acquire(&key, "second", just_before, next_until).await.unwrap();
    assert_eq!(early, Acquire::Busy { until });
    let past = in_seconds(now, 61);
    assert_eq!(store.acquire(&key, "second", past, next_until).await.unwrap(), Acquire::Held);
    let lost = store.acquire(&key, "first", past, in_seconds(now, 180)).await.unwrap();
    assert_eq!(lost, Acquire::Busy { until: next_until });
}

/// While it runs and after its end alike; asking for the same again is harmless.
pub async fn an_owner_extends_its_lease(store: &dyn StateStore, now: Timestamp) {
    let key = unique("lease");
    for (at, seconds) in [(now, 60), (now, 60), (in_seconds(now, 30), 90), (in_seconds(now, 100), 200)] {
        let until = in_seconds(now, seconds);
        assert_eq!(store.acquire(&key, "owner", at, until).await.unwrap(), Acquire::Held);
        let other = store.acquire(&key, "other", at, in_seconds(now, 999)).await.unwrap();
        assert_eq!(other, Acquire::Busy { until });
    }
}

/// A holder that lost its lease cannot free its successor's.
pub async fn only_the_owner_releases_a_lease(store: &dyn StateStore, now: Timestamp) {
    let (key, until) = (unique("lease"), in_seconds(now, 60));
    assert_eq!(store.acquire(&key, "owner", now, until).await.unwrap(), Acquire::Held);
    store.release(&key, "stranger").await.unwrap();
    assert_eq!(store.acquire(&key, "next", now, until).await.unwrap(), Acquire::Busy { until });
    store.release(&key, "owner").await.unwrap();
    store.release(&key, "owner").await.unwrap();
    assert_eq!(store.acquire(&key, "next", now, until).await.unwrap(), Acquire::Held);
    store.release(&key, "owner").await.unwrap();
    assert_eq!(store.acquire(&key, "owner", now, until).await.unwrap(), Acquire::Busy { until });
}

/// Exactly one of several who ask at the same time.
pub async fn one_of_many_gets_the_lease(store: &dyn StateStore, now: Timestamp) {
    let (key, until) = (unique("lease"), in_seconds(now, 60));
    let owners: Vec<String> = (0..8).map(|n| format!("owner {n}")).collect();
    let asks: Vec<Boxed<'_, Result<Acquire, StoreError>>> =
        owners.iter().map(|owner| store.acquire(&key, owner, now, until)).collect();
    let answers: Vec<Acquire> = together(asks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| **answer == Acquire::Held).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == Acquire::Busy { until }).count(), 7);
}

/// Keys are made of names from outside: nothing in them means anything, and they differ by case.
pub async fn keys_are_taken_literally(store: &dyn StateStore, now: Timestamp) {
    let base = unique("key");
    let keys = ["%", "_", "#", "'", "\"", " ", "ü🦀", "A", "a"]
        .map(|odd| format!("{base}/{odd}/{}", "k".repeat(300)));
    for key in &keys {
        put(store, key, Expected::Absent, &json!(key), now).await;
    }
    for key in &keys {
        assert_eq!(read(store, key, now).await.unwrap().0, json!(key));
    }
}
