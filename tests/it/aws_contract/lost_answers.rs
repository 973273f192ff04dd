//! The SDK sends a request again when its answer was lost. The write has happened then, and the
//! second sending must neither repeat it nor take it for somebody else's. A swap is not sent again: what it gives back must
//! not be given back twice.

use std::time::Duration;

use domain::contract::plain_task;
use domain::{
    Acquire, Blob, Claim, ClaimRequest, Expected, Insert, Lease, PartKey, PutNew, Save, Stores, Swap,
};
use domain::{TaskStatus, after};
use e2e::emulator::{Emulator, Wire};
use serde_json::json;

use super::now;

async fn wired() -> (Wire, Stores) {
    let (emulator, wire) = (Emulator::shared(), Wire::default());
    let sdk = wire.under(&emulator.sdk_config().await);
    (wire, emulator.resources_with(&sdk).await.stores)
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_counts_one_try() {
    let (wire, stores) = wired().await;
    let now = now();
    let task = plain_task("lost", now);
    stores.tasks.insert(&task).await.unwrap();
    let lease = Lease { owner: "holder".to_owned(), until: after(now, Duration::from_secs(60)) };
    wire.lose_answers(1);
    let claim = stores.tasks.claim(&task.id, &ClaimRequest { now, lease: lease.clone() }).await.unwrap();
    let Claim::Claimed(claimed) = claim else { panic!("{claim:?}") };
    assert_eq!(claimed.control.lease, Some(lease));
    assert_eq!((claimed.control.attempts, claimed.control.fence, claimed.control.revision), (1, 1, 2));
    assert_eq!(wire.take(), ["PutItem", "UpdateItem", "UpdateItem"]);
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_done_once() {
    let (wire, stores) = wired().await;
    let mut task = plain_task("lost", now());
    stores.tasks.insert(&task).await.unwrap();
    task.note(now(), "saved");
    wire.lose_answers(2);
    assert_eq!(stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    assert_eq!(wire.take(), ["PutItem", "PutItem", "PutItem", "PutItem"]);
    assert_eq!(task.control.revision, 2);
    assert_eq!(stores.tasks.get(&task.id).await.unwrap(), Some(task));
}

#[tokio::test]
async fn an_insert_whose_answer_was_lost_leaves_a_task_to_be_enqueued() {
    let (wire, stores) = wired().await;
    let task = plain_task("lost", now());
    wire.lose_answers(1);
    // Ingest enqueues a task that exists and is still `received`, so nothing is lost by this answer.
    assert_eq!(stores.tasks.insert(&task).await.unwrap(), Insert::Exists(TaskStatus::Received));
    assert_eq!(stores.tasks.get(&task.id).await.unwrap(), Some(task));
}

#[tokio::test]
async fn a_part_whose_answer_was_lost_is_there() {
    let (wire, stores) = wired().await;
    let (id, part, blob) = (plain_task("lost", now()).id, PartKey::payload(), Blob::from_packed(vec![7]));
    wire.lose_answers(1);
    assert_eq!(stores.payloads.put_new(&id, &part, &blob, now()).await.unwrap(), PutNew::Exists);
    assert_eq!(stores.payloads.get(&id, &part).await.unwrap(), Some(blob));
}

#[tokio::test]
async fn a_swap_whose_answer_was_lost_is_in_doubt_and_not_sent_again() {
    let (wire, stores) = wired().await;
    let (state, now) = (stores.state, now());
    let until = after(now, Duration::from_secs(60));
    let swap = async |expected| state.swap("probe", expected, &json!("probing"), now, until).await;
    wire.lose_answers(1);
    swap(Expected::Absent).await.unwrap_err();
    assert_eq!(wire.take(), ["UpdateItem"]);
    let Swap::Conflict(Some(first)) = swap(Expected::Absent).await.unwrap() else {
        panic!("it was not made")
    };
    wire.lose_answers(1);
    swap(Expected::Version(first.version)).await.unwrap_err();
    assert!(state.get("probe", now).await.unwrap().unwrap().version > first.version);
}

#[tokio::test]
async fn a_lease_whose_answer_was_lost_is_held_and_given_back() {
    let (wire, stores) = wired().await;
    let (state, now) = (stores.state, now());
    let until = after(now, Duration::from_secs(60));
    wire.lose_answers(1);
    assert_eq!(state.acquire("thread", "one", now, until).await.unwrap(), Acquire::Held);
    wire.lose_answers(1);
    state.release("thread", "one").await.unwrap();
    assert_eq!(state.acquire("thread", "other", now, until).await.unwrap(), Acquire::Held);
}
