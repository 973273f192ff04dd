//! The sweeper of context caches: strays, duplicates, idle ones, and handles that point nowhere.

use std::sync::Arc;

use domain::{StateStore, Timestamp};
use gemini::{CacheKey, CacheSweeper, Swept, Traffic};
use serde_json::{Value, json};

use crate::cache_store::*;
use crate::calls::{bare, config, error, now};
use crate::server::{Server, Step};

const INSTALLATION: &str = "0123456789abcdef";

/// A store in which caches have been made before.
async fn store() -> Arc<Watched> {
    let store = Watched::new();
    store.put("cache-installation", json!(INSTALLATION)).await;
    store
}

async fn sweep(server: &Server, store: &Arc<Watched>, at: Timestamp) -> Result<Swept, String> {
    let state: Arc<dyn StateStore> = store.clone();
    let config = gemini::Config { answer: PRO.to_owned(), ..config(&server.url) };
    let sweeper = CacheSweeper::new(&config, state, jitter()).unwrap();
    sweeper.sweep(at).await.map_err(|problem| problem.to_string())
}

fn display(key: &CacheKey) -> String {
    format!("afterhook:{INSTALLATION}:{}:{}", key.model, key.digest)
}

fn list(caches: &[Value]) -> Step {
    Step::Json(200, json!({ "cachedContents": caches }))
}

fn ours(id: &str, expires: u64) -> Value {
    cache(id, &display(&key(PRO)), now(), at(expires))
}

fn handle(id: &str, created: Timestamp) -> Value {
    json!({"name": format!("cachedContents/{id}"), "tokens": 5_000, "expires_at": at(7_200), "created_at": created})
}

async fn read_at(store: &Arc<Watched>, second: u64) {
    let mut traffic = Traffic::default();
    traffic.note(&key(PRO).digest, at(second));
    store.put(&format!("model:{PRO}"), json!({"q": {}, "r": traffic})).await;
}

#[tokio::test]
async fn where_no_cache_was_ever_made_the_service_is_not_asked() {
    let server = Server::start([]).await;
    assert_eq!(sweep(&server, &Watched::new(), now()).await, Ok(Swept::default()));
    server.finish();
}

#[tokio::test]
async fn a_stray_is_adopted_and_used() {
    let server = Server::start([list(&[ours("stray", 7_000)])]).await;
    let store = store().await;
    let swept = sweep(&server, &store, at(60)).await.unwrap();
    assert_eq!(swept, Swept { kept: 1, adopted: 1, ..Swept::default() });
    let prepared = prepare(&environment(&server, &store), PRO, 1, at(61)).await;
    assert_eq!((name(&prepared), &prepared.usage), (Some("cachedContents/stray"), &None));
    assert_eq!(methods(&server.finish()), ["GET cachedContents?pageSize=100"]);
}

#[tokio::test]
async fn of_two_caches_the_one_that_nobody_knows_is_deleted() {
    let gone = || Step::Json(200, json!({}));
    let server = Server::start([list(&[ours("b", 7_100), ours("a", 7_000)]), gone()]).await;
    let store = store().await;
    store.put(&key(PRO).to_string(), handle("a", now())).await;
    let swept = sweep(&server, &store, at(60)).await.unwrap();
    assert_eq!(swept, Swept { kept: 1, deleted: 1, ..Swept::default() });
    assert_eq!(methods(&server.finish())[1], "DELETE cachedContents/b");
}

#[tokio::test]
async fn of_two_strays_the_one_that_lives_longer_is_adopted() {
    let already_gone = error(403, "CachedContent not found (or permission denied)", json!([]));
    let server = Server::start([list(&[ours("a", 7_000), ours("b", 7_100)]), already_gone]).await;
    let store = store().await;
    let swept = sweep(&server, &store, at(60)).await.unwrap();
    assert_eq!(swept, Swept { kept: 1, adopted: 1, deleted: 1, ..Swept::default() });
    assert_eq!(methods(&server.finish())[1], "DELETE cachedContents/a");
}

#[tokio::test]
async fn an_idle_cache_is_dropped_when_its_storage_costs_more_than_a_read_saves() {
    let store = store().await;
    store.put(&key(PRO).to_string(), handle("a", now())).await;
    read_at(&store, 600).await;
    // 24 minutes for this model.
    let server = Server::start([list(&[ours("a", 7_200)])]).await;
    let swept = sweep(&server, &store, at(600 + 24 * 60)).await.unwrap();
    assert_eq!(swept, Swept { kept: 1, ..Swept::default() });

    let server = Server::start([list(&[ours("a", 7_200)]), Step::Json(200, json!({}))]).await;
    let swept = sweep(&server, &store, at(600 + 24 * 60 + 1)).await.unwrap();
    assert_eq!(swept, Swept { deleted: 1, ..Swept::default() });
    assert_eq!(methods(&server.finish())[1], "DELETE cachedContents/a");
    assert_eq!(store.handle(&key(PRO), at(2_041)).await, None);
}

#[tokio::test]
async fn a_handle_whose_cache_is_gone_is_forgotten_unless_it_is_new() {
    let store = store().await;
    store.put(&key(PRO).to_string(), handle("gone", at(1_000))).await;
    read_at(&store, 1_000).await;
    let server = Server::start([Step::Json(200, json!({})), Step::Json(200, json!({}))]).await;
    let swept = sweep(&server, &store, at(1_060)).await.unwrap();
    assert_eq!(swept, Swept { kept: 1, ..Swept::default() }, "perhaps made after the list was");
    let swept = sweep(&server, &store, at(1_120)).await.unwrap();
    assert_eq!(swept, Swept { forgotten: 1, ..Swept::default() });
    assert_eq!(store.handle(&key(PRO), at(1_120)).await, None);
    server.finish();
}

#[tokio::test]
async fn caches_of_others_are_left_alone() {
    let others = [
        cache("a", "my notes", now(), at(7_000)),
        cache("b", &display(&key(PRO)).replace(INSTALLATION, "fedcba9876543210"), now(), at(7_000)),
    ];
    let server = Server::start([list(&others)]).await;
    assert_eq!(sweep(&server, &store().await, now()).await, Ok(Swept::default()));
    server.finish();
}

#[tokio::test]
async fn every_page_of_the_list_is_read() {
    let first = json!({"cachedContents": [cache("x", "", now(), at(9))], "nextPageToken": "a&b"});
    let server = Server::start([Step::Json(200, first), list(&[ours("stray", 7_000)])]).await;
    assert_eq!(sweep(&server, &store().await, now()).await.unwrap().adopted, 1);
    assert_eq!(methods(&server.finish())[1], "GET cachedContents?pageSize=100&pageToken=a%26b");
}

#[tokio::test]
async fn a_service_or_a_store_that_is_down_ends_the_sweep_and_changes_nothing() {
    let server = Server::start([bare(503)]).await;
    let store = store().await;
    store.put(&key(PRO).to_string(), handle("a", now())).await;
    assert!(sweep(&server, &store, at(600)).await.unwrap_err().contains("503"));
    assert!(store.handle(&key(PRO), at(600)).await.is_some());
    store.take_down(true);
    assert!(sweep(&server, &store, at(600)).await.unwrap_err().contains("taken down"));
    server.finish();
}
