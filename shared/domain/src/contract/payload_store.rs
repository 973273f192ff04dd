//! What every [`PayloadStore`] must do.

use std::time::Duration;

use crate::{Blob, Clock, PartKey, PayloadStore, PutNew, StoreError, TaskId, TaskStore, Timestamp, after};

use super::support::{Boxed, together};
use super::{fresh_id, incompressible, plain_task};

/// Every fact of this port. `tasks` is the task store of the same adapter, which may keep its items
/// in the same table; `now` is the present of the store's own clock.
pub async fn all(store: &dyn PayloadStore, tasks: &dyn TaskStore, now: Timestamp) {
    let forget_at = after(Clock::fixed(now).now(), Duration::from_secs(30 * 86_400));
    a_part_that_was_never_stored_is_absent(store).await;
    bytes_come_back_as_they_were(store, forget_at).await;
    the_first_writer_wins(store, forget_at).await;
    one_of_many_writers_at_once_wins(store, forget_at).await;
    what_is_put_over_a_part_takes_its_place(store, forget_at).await;
    parts_are_listed_in_the_order_of_their_names(store, forget_at).await;
    the_last_parts_come_last_first_and_no_more_than_asked_for(store, forget_at).await;
    a_prefix_is_taken_literally(store, forget_at).await;
    a_list_longer_than_a_megabyte_is_whole(store, forget_at).await;
    calls_sort_in_the_order_they_were_made(store, forget_at).await;
    a_task_is_no_part_of_itself(store, tasks, now, forget_at).await;
}

fn blob(bytes: &[u8]) -> Blob {
    Blob::from_packed(bytes.to_vec())
}

async fn put(store: &dyn PayloadStore, id: &TaskId, part: &PartKey, bytes: &[u8], forget_at: Timestamp) {
    assert_eq!(store.put_new(id, part, &blob(bytes), forget_at).await.unwrap(), PutNew::Stored, "{part}");
}

async fn names(store: &dyn PayloadStore, id: &TaskId, prefix: &str) -> Vec<String> {
    let parts = store.list(id, prefix).await.unwrap();
    parts.into_iter().map(|(part, _)| part.as_str().to_owned()).collect()
}

/// Absence is an answer, not an error.
pub async fn a_part_that_was_never_stored_is_absent(store: &dyn PayloadStore) {
    let id = fresh_id("payload");
    assert_eq!(store.get(&id, &PartKey::payload()).await.unwrap(), None);
    assert_eq!(store.list(&id, "").await.unwrap(), Vec::new());
}

/// On both sides of every limit that an adapter may have.
pub async fn what_is_put_over_a_part_takes_its_place(store: &dyn PayloadStore, forget_at: Timestamp) {
    let (id, part) = (fresh_id("payload"), PartKey::payload());
    for (seed, size) in (1..).zip([10, 200_000, 0, 150_000]) {
        let bytes = incompressible(size, seed);
        store.put(&id, &part, &blob(&bytes), forget_at).await.unwrap();
        assert!(store.list(&id, "").await.unwrap() == [(part.clone(), blob(&bytes))], "{size}");
    }
    let late = store.put_new(&id, &part, &blob(b"late"), forget_at).await.unwrap();
    assert_eq!(late, PutNew::Exists, "it is a part as any other");
}

/// From no byte at all to a megabyte, on both sides of every limit an adapter may have, read alone
/// and in a list.
pub async fn bytes_come_back_as_they_were(store: &dyn PayloadStore, forget_at: Timestamp) {
    let sizes = [0, 1, 3_000, 99_999, 100_000, 100_001, 102_400, 102_401, 400_000, 1_048_576];
    for (seed, size) in (1..).zip(sizes) {
        let (id, part) = (fresh_id("payload"), PartKey::payload());
        let bytes = incompressible(size, seed);
        put(store, &id, &part, &bytes, forget_at).await;
        let read = store.get(&id, &part).await.unwrap().unwrap();
        assert!(read.packed() == bytes, "{size} bytes came back as {} others", read.packed().len());
        let listed = store.list(&id, "").await.unwrap();
        assert!(listed == [(part, blob(&bytes))], "{size} bytes are not listed as they are");
    }
    let (id, text) = (fresh_id("payload"), "Grüße 🦀".repeat(1_000));
    let packed = Blob::pack(text.as_bytes()).unwrap();
    store.put_new(&id, &PartKey::payload(), &packed, forget_at).await.unwrap();
    let read = store.get(&id, &PartKey::payload()).await.unwrap().unwrap();
    assert_eq!(read.unpack().unwrap(), text.as_bytes());
}

/// What is stored stays, small or large, whoever writes later; other parts and tasks are apart.
pub async fn the_first_writer_wins(store: &dyn PayloadStore, forget_at: Timestamp) {
    for size in [10, 200_000] {
        let (id, part) = (fresh_id("payload"), PartKey::step(0, "draft"));
        let (first, second) = (incompressible(size, 1), incompressible(size, 2));
        put(store, &id, &part, &first, forget_at).await;
        for later in [&second, &first, &Vec::new()] {
            let answer = store.put_new(&id, &part, &blob(later), forget_at).await.unwrap();
            assert_eq!(answer, PutNew::Exists);
        }
        assert!(store.get(&id, &part).await.unwrap() == Some(blob(&first)));
        put(store, &id, &PartKey::step(1, "draft"), &second, forget_at).await;
        put(store, &fresh_id("payload"), &part, &second, forget_at).await;
        assert!(store.get(&id, &part).await.unwrap() == Some(blob(&first)));
    }
}

/// Exactly one of several writers at the same time is told that its bytes are stored, and they are.
pub async fn one_of_many_writers_at_once_wins(store: &dyn PayloadStore, forget_at: Timestamp) {
    for size in [10, 200_000] {
        let (id, part) = (fresh_id("payload"), PartKey::payload());
        let blobs: Vec<Blob> = (0..4).map(|seed| blob(&incompressible(size, seed))).collect();
        let puts: Vec<Boxed<'_, Result<PutNew, StoreError>>> =
            blobs.iter().map(|blob| store.put_new(&id, &part, blob, forget_at)).collect();
        let answers: Vec<PutNew> = together(puts).await.into_iter().map(Result::unwrap).collect();
        let winners: Vec<&Blob> = answers
            .iter()
            .zip(&blobs)
            .filter_map(|(answer, blob)| (*answer == PutNew::Stored).then_some(blob))
            .collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        assert!(store.get(&id, &part).await.unwrap().as_ref() == Some(winners[0]));
    }
}

/// By prefix, in order, of this task alone.
pub async fn parts_are_listed_in_the_order_of_their_names(store: &dyn PayloadStore, forget_at: Timestamp) {
    let (id, other) = (fresh_id("payload"), fresh_id("payload"));
    let parts = [
        PartKey::step(1, "b"),
        PartKey::payload(),
        PartKey::step(0, "b"),
        PartKey::draft("aa"),
        PartKey::step(0, "a"),
        PartKey::call(1, 0),
    ];
    for part in &parts {
        put(store, &id, part, part.as_str().as_bytes(), forget_at).await;
        put(store, &other, part, b"other", forget_at).await;
    }
    assert_eq!(names(store, &id, "step:0:").await, ["step:0:a", "step:0:b"]);
    assert_eq!(names(store, &id, "step:").await, ["step:0:a", "step:0:b", "step:1:b"]);
    assert_eq!(names(store, &id, "payload").await, ["payload"]);
    assert_eq!(names(store, &id, "nothing").await, Vec::<String>::new());
    let mut expected: Vec<String> = parts.iter().map(|part| part.as_str().to_owned()).collect();
    expected.sort_unstable();
    assert_eq!(names(store, &id, "").await, expected);
    for (part, read) in store.list(&id, "").await.unwrap() {
        assert_eq!(read.packed(), part.as_str().as_bytes());
    }
}

/// Of small and large parts; of fewer than there may be, of as many, and of none.
pub async fn the_last_parts_come_last_first_and_no_more_than_asked_for(
    store: &dyn PayloadStore,
    forget_at: Timestamp,
) {
    let id = fresh_id("payload");
    let mut parts: Vec<PartKey> = (0..5).map(|sequence| PartKey::call(1, sequence)).collect();
    for (part, size) in parts.iter().zip([10, 200_000, 10, 10, 200_000]) {
        put(store, &id, part, &incompressible(size, 1), forget_at).await;
    }
    put(store, &id, &PartKey::payload(), b"of another name", forget_at).await;
    parts.reverse();
    for limit in [0, 1, 3, 5, 9, usize::MAX] {
        let last = store.list_last(&id, PartKey::CALLS, limit).await.unwrap();
        let names: Vec<&PartKey> = last.iter().map(|(part, _)| part).collect();
        assert_eq!(names, parts.iter().take(limit).collect::<Vec<_>>(), "{limit}");
        if let Some((part, read)) = last.first() {
            assert_eq!(store.get(&id, part).await.unwrap().as_ref(), Some(read));
        }
    }
    let mut all = store.list(&id, "").await.unwrap();
    all.reverse();
    assert!(store.list_last(&id, "", 9).await.unwrap() == all, "without a prefix");
}

/// Names of steps are chosen by automations: no character of them is a wildcard, and the end of the
/// range behind a prefix is found for any last character.
pub async fn a_prefix_is_taken_literally(store: &dyn PayloadStore, forget_at: Timestamp) {
    let id = fresh_id("payload");
    for name in ["a_b", "aXb", "a%b", "a*b", "a[x]b", "a'b", "é", "\u{10FFFF}", "\u{10FFFF}z", "z"] {
        put(store, &id, &PartKey::step(0, name), b"x", forget_at).await;
    }
    for exact in ["a_b", "a%b", "a*b", "a[x]b", "a'b", "é", "z"] {
        let name = format!("step:0:{exact}");
        assert_eq!(names(store, &id, &name).await, [name]);
    }
    assert_eq!(names(store, &id, "step:0:\u{10FFFF}").await.len(), 2);
}

/// Stores that answer in pages are read to the end.
pub async fn a_list_longer_than_a_megabyte_is_whole(store: &dyn PayloadStore, forget_at: Timestamp) {
    let id = fresh_id("payload");
    for sequence in 0..30 {
        put(store, &id, &PartKey::call(1, sequence), &incompressible(60_000, sequence.into()), forget_at)
            .await;
    }
    let listed = store.list(&id, PartKey::CALLS).await.unwrap();
    assert_eq!(listed.len(), 30);
    for ((part, read), sequence) in listed.into_iter().zip(0..) {
        assert_eq!(part, PartKey::call(1, sequence));
        assert!(read.packed() == incompressible(60_000, sequence.into()), "{part} has other bytes");
    }
}

/// Over claims and within one.
pub async fn calls_sort_in_the_order_they_were_made(store: &dyn PayloadStore, forget_at: Timestamp) {
    let id = fresh_id("payload");
    let calls = [(1, 0), (1, 1), (1, 10), (2, 0), (9, 2), (10, 0), (100, 3)];
    for (fence, sequence) in calls.into_iter().rev() {
        put(store, &id, &PartKey::call(fence, sequence), b"call", forget_at).await;
    }
    let expected: Vec<String> =
        calls.iter().map(|(fence, seq)| PartKey::call(*fence, *seq).as_str().to_owned()).collect();
    assert_eq!(names(store, &id, PartKey::CALLS).await, expected);
}

/// The task item and its parts may share a table; neither shows up as the other, and either may be
/// written first: ingest writes both at the same time.
pub async fn a_task_is_no_part_of_itself(
    store: &dyn PayloadStore,
    tasks: &dyn TaskStore,
    now: Timestamp,
    forget_at: Timestamp,
) {
    for task_first in [true, false] {
        let task = plain_task("contract", Clock::fixed(now).now());
        if task_first {
            tasks.insert(&task).await.unwrap();
        }
        put(store, &task.id, &PartKey::payload(), b"{}", forget_at).await;
        if !task_first {
            assert_eq!(tasks.get(&task.id).await.unwrap(), None);
            assert_eq!(tasks.insert(&task).await.unwrap(), crate::Insert::New);
        }
        assert_eq!(names(store, &task.id, "").await, ["payload"]);
        let last = store.list_last(&task.id, "", 1).await.unwrap();
        assert_eq!(last.first().map(|(part, _)| part), Some(&PartKey::payload()));
        assert_eq!(tasks.get(&task.id).await.unwrap(), Some(task));
    }
}
