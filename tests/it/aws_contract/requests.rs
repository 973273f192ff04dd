//! What an operation costs: the number of requests is the bill and the latency.

use std::time::Duration;

use domain::contract::{incompressible, plain_task};
use domain::{
    Blob, ClaimRequest, Envelope, Expected, Lane, Lease, ListQuery, PartKey, Stage, Stores, Visibility, after,
};
use e2e::emulator::{Emulator, Wire};
use serde_json::json;

use super::now;

async fn wired() -> (Wire, Stores) {
    let (emulator, wire) = (Emulator::shared(), Wire::default());
    let sdk = wire.under(&emulator.sdk_config().await);
    (wire, emulator.resources_with(&sdk).await.stores)
}

#[tokio::test]
async fn one_request_for_each_operation_on_a_task() {
    let (wire, stores) = wired().await;
    assert_eq!(wire.take(), Vec::<String>::new(), "connecting sends nothing");
    let now = now();
    let mut task = plain_task("requests", now);
    stores.tasks.insert(&task).await.unwrap();
    assert_eq!(wire.take(), ["PutItem"]);
    stores.tasks.insert(&task).await.unwrap();
    assert_eq!(wire.take(), ["PutItem"], "a duplicate is told by the same request");
    let lease = Lease { owner: "one".to_owned(), until: after(now, Duration::from_secs(60)) };
    stores.tasks.claim(&task.id, &ClaimRequest { now, lease: lease.clone() }).await.unwrap();
    assert_eq!(wire.take(), ["UpdateItem"]);
    let other = Lease { owner: "other".to_owned(), ..lease };
    stores.tasks.claim(&task.id, &ClaimRequest { now, lease: other }).await.unwrap();
    assert_eq!(wire.take(), ["UpdateItem"], "a refused claim is explained by the same request");
    let mut read = stores.tasks.get(&task.id).await.unwrap().unwrap();
    assert_eq!(wire.take(), ["GetItem"]);
    let _ = stores.tasks.save(&mut read).await.unwrap();
    assert_eq!(wire.take(), ["PutItem"]);
    let _ = stores.tasks.save(&mut task).await.unwrap();
    assert_eq!(wire.take(), ["PutItem"], "a stale save is told by the same request");
}

#[tokio::test]
async fn the_indexes_are_asked_once_per_shard() {
    let (wire, stores) = wired().await;
    for _ in 0..3 {
        stores.tasks.insert(&plain_task("requests", now())).await.unwrap();
    }
    let _ = wire.take();
    let due = stores.tasks.due(Stage::Received, after(now(), Duration::from_secs(600)), 2).await.unwrap();
    assert_eq!((due.len(), wire.take()), (2, vec!["Query".to_owned(); 16]));
    let page = |source: Option<&str>| ListQuery {
        limit: 2,
        source: source.map(str::to_owned),
        ..ListQuery::default()
    };
    for query in [page(None), page(Some("requests"))] {
        let found = stores.tasks.list(&query).await.unwrap();
        assert!(found.tasks.len() == 2 && found.cursor.is_some(), "{found:?}");
        assert_eq!(wire.take(), ["Query", "Query", "Query", "Query", "BatchGetItem"]);
    }
    let none = ListQuery { limit: 0, ..ListQuery::default() };
    assert_eq!(stores.tasks.list(&none).await.unwrap().tasks, []);
    assert_eq!(wire.take(), Vec::<String>::new());
}

#[tokio::test]
async fn one_request_for_each_small_part_and_two_for_a_large_one() {
    let (wire, stores) = wired().await;
    let (id, part, forget_at) = (plain_task("requests", now()).id, PartKey::payload(), now());
    let small = Blob::from_packed(incompressible(100 << 10, 1));
    stores.payloads.put_new(&id, &part, &small, forget_at).await.unwrap();
    assert_eq!(wire.take(), ["PutItem"]);
    stores.payloads.get(&id, &part).await.unwrap();
    assert_eq!(wire.take(), ["GetItem"]);
    let large = Blob::from_packed(incompressible((100 << 10) + 1, 1));
    let part = PartKey::draft("large");
    stores.payloads.put_new(&id, &part, &large, forget_at).await.unwrap();
    assert_eq!(wire.take(), ["PUT", "PutItem"], "the object before the item that points to it");
    stores.payloads.get(&id, &part).await.unwrap();
    assert_eq!(wire.take(), ["GetItem", "GET"]);
    stores.payloads.list(&id, "payload").await.unwrap();
    assert_eq!(wire.take(), ["Query"]);
}

#[tokio::test]
async fn one_request_for_each_operation_on_a_queue() {
    let (wire, stores) = wired().await;
    let envelope = Envelope {
        task_id: plain_task("requests", now()).id,
        lane: Lane::Standard,
        tenant: "octo/repo".to_owned(),
    };
    stores.queue.send(&envelope).await.unwrap();
    assert_eq!(wire.take(), ["SendMessage"]);
    let from = Visibility { lane: Some(Lane::Standard), timeout: Duration::from_secs(60) };
    let messages = stores.queue.receive(from, 10, Duration::from_secs(1)).await.unwrap();
    assert_eq!((wire.take(), messages.len()), (vec!["ReceiveMessage".to_owned()], 1));
    stores.queue.set_visibility(&messages[0].receipt, Duration::from_secs(5)).await.unwrap();
    assert_eq!(wire.take(), ["ChangeMessageVisibility"]);
    stores.queue.delete(&messages[0].receipt).await.unwrap();
    assert_eq!(wire.take(), ["DeleteMessage"]);
    stores.queue.depth(Some(Lane::Standard)).await.unwrap();
    assert_eq!(wire.take(), ["GetQueueAttributes"]);
}

#[tokio::test]
async fn one_request_for_each_operation_on_shared_state() {
    let (wire, stores) = wired().await;
    let (state, now) = (stores.state, now());
    let until = after(now, Duration::from_secs(60));
    for expected in [Expected::Absent, Expected::Absent, Expected::Version(1)] {
        let _ = state.swap("key", expected, &json!(1), now, until).await.unwrap();
        assert_eq!(wire.take(), ["UpdateItem"]);
    }
    state.get("key", now).await.unwrap();
    assert_eq!(wire.take(), ["GetItem"]);
    state.add("key", 1, until).await.unwrap();
    assert_eq!(wire.take(), ["UpdateItem"]);
    for owner in ["one", "other"] {
        let _ = state.acquire("key", owner, now, until).await.unwrap();
        assert_eq!(wire.take(), ["UpdateItem"]);
        state.release("other", owner).await.unwrap();
        assert_eq!(wire.take(), ["DeleteItem"]);
    }
}
