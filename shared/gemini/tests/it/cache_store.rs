//! A state store that counts what it is asked, can be taken down and can lose its answers, and what the tests of context
//! caches put into it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::contract::watched_state::{StateCall, StateWatcher, WatchedState};
use domain::{Clock, Jitter, StoreError, Timestamp, after};
use embedded::Embedded;
use gemini::wire::{Content, GenerateContentRequest, Part, Role};
use gemini::{CacheKey, Caches, Demand, Prepared, Wanted};
use serde_json::{Value, json};

use crate::calls::{config, now};
use crate::server::{Asked, Server, Step};

pub(crate) const TTL: Duration = Duration::from_secs(7_200);
/// Four reads an hour repay a cache of it.
pub(crate) const PRO: &str = "gemini-3.1-pro-preview";

/// The store in memory, watched.
pub(crate) type Watched = WatchedState<Watch>;

#[derive(Default)]
pub(crate) struct Watch {
    gets: AtomicUsize,
    writes: AtomicUsize,
    is_down: AtomicBool,
    /// Whether it writes and answers nothing.
    is_mute: AtomicBool,
}

pub(crate) fn watched() -> Arc<Watched> {
    let store = Embedded::in_memory(Clock::fixed(now())).unwrap().stores().state;
    Arc::new(Watched { store, watcher: Watch::default() })
}

impl Watch {
    pub(crate) fn take_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    pub(crate) fn mute(&self, is_mute: bool) {
        self.is_mute.store(is_mute, Ordering::SeqCst);
    }

    /// Reads and writes since the last time.
    pub(crate) fn asked(&self) -> (usize, usize) {
        (self.gets.swap(0, Ordering::SeqCst), self.writes.swap(0, Ordering::SeqCst))
    }
}

#[async_trait]
impl StateWatcher for Watch {
    async fn before(&self, call: StateCall, _: &str) -> Result<(), StoreError> {
        let counter = if call == StateCall::Get { &self.gets } else { &self.writes };
        counter.fetch_add(1, Ordering::SeqCst);
        match self.is_down.load(Ordering::SeqCst) {
            true => Err(StoreError::unavailable("test", "taken down")),
            false => Ok(()),
        }
    }

    async fn after(&self, call: StateCall) -> Result<(), StoreError> {
        match call == StateCall::Swap && self.is_mute.load(Ordering::SeqCst) {
            true => Err(StoreError::unavailable("swap", "the answer was lost")),
            false => Ok(()),
        }
    }
}

/// The value at `key`, read past the counters.
pub(crate) async fn value(store: &Watched, key: &str, at: Timestamp) -> Option<Value> {
    store.store.get(key, at).await.unwrap().map(|found| found.value)
}

/// One environment of the fleet.
pub(crate) fn environment(server: &Server, store: &Arc<Watched>) -> Caches {
    living(TTL, server, store)
}

/// The same, whose caches live for `ttl`.
pub(crate) fn living(ttl: Duration, server: &Server, store: &Arc<Watched>) -> Caches {
    Caches::new(&config(&server.url), Arc::clone(store) as _, ttl, jitter()).unwrap()
}

/// The service, the store, and environments of the fleet.
pub(crate) async fn started<const N: usize>(
    steps: impl IntoIterator<Item = Step>,
) -> (Server, Arc<Watched>, [Caches; N]) {
    let (server, store) = (Server::start(steps).await, watched());
    let environments = std::array::from_fn(|_| environment(&server, &store));
    (server, store, environments)
}

fn jitter() -> Jitter {
    let draws = Mutex::new(0.0);
    Jitter::from_fn(move || {
        let mut last = draws.lock().unwrap();
        *last = (*last + 0.618_033_988_75_f64).fract();
        *last
    })
}

/// About 5,000 tokens of persona.
pub(crate) fn request() -> GenerateContentRequest {
    GenerateContentRequest {
        system_instruction: Some(Content { role: None, parts: vec![Part::text("Be kind. ".repeat(2_200))] }),
        contents: vec![Content::text(Role::User, "Hi")],
        ..GenerateContentRequest::default()
    }
}

pub(crate) fn key(model: &str) -> CacheKey {
    CacheKey::of(model, &request()).unwrap()
}

pub(crate) fn at(seconds: u64) -> Timestamp {
    after(now(), Duration::from_secs(seconds))
}

/// Prepares a call of `model` with `per_hour` reads in the last hour, this one included.
pub(crate) async fn prepare(caches: &Caches, model: &str, per_hour: u32, at: Timestamp) -> Prepared {
    prepare_in(120, caches, (model, per_hour), at).await
}

/// The same of a call that has so many seconds left.
pub(crate) async fn prepare_in(left: u64, caches: &Caches, read: (&str, u32), at: Timestamp) -> Prepared {
    let ((model, per_hour), remaining) = (read, Duration::from_secs(left));
    let demand = Demand { per_hour, ..Demand::default() };
    caches.prepare(&Wanted { key: &key(model), request: &request(), demand, remaining }, at).await
}

/// The name of the cache that a call goes by.
pub(crate) fn name(prepared: &Prepared) -> Option<&str> {
    prepared.handle.as_ref().map(gemini::HandleRef::name)
}

/// The description of a cache that lives until `expires`.
pub(crate) fn cache(id: &str, display: &str, created: Timestamp, expires: Timestamp) -> Value {
    json!({"name": format!("cachedContents/{id}"), "model": "models/m", "displayName": display,
        "createTime": created, "updateTime": created, "expireTime": expires,
        "usageMetadata": {"totalTokenCount": 5_000}})
}

/// The answer to the creation of a cache at `created`.
pub(crate) fn made(id: &str, created: Timestamp) -> Step {
    Step::Json(200, cache(id, "", created, after(created, TTL)))
}

pub(crate) fn methods(asked: &[Asked]) -> Vec<String> {
    let path = |asked: &Asked| asked.uri.trim_start_matches("/v1beta/").to_owned();
    asked.iter().map(|asked| format!("{} {}", asked.method, path(asked))).collect()
}
