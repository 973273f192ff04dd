//! [`HandleStore`]: what the fleet knows of its caches, in the state store.
//!
//! | key | value |
//! |-|-|
//! | `cache:{model}:{digest}` | the [`Handle`]; and, as a lease, who makes the cache, or until when nobody does |

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::{Acquire, Expected, Jitter, StateStore, StoreError, Swap, Timestamp, Versioned};
use serde::Deserialize;
use serde_json::{Value, json};

use super::digest::CacheKey;
use super::handle::{Handle, HandleRef};

/// A call to the model does not wait longer for the state store than this.
pub(super) const STORE_TIMEOUT: Duration = Duration::from_secs(2);
/// Writers that meet are few: one is always done, so this is plenty.
const TRIES: usize = 5;

/// Handles and leases of the fleet.
#[derive(Clone)]
pub(crate) struct HandleStore {
    store: Arc<dyn StateStore>,
    jitter: Jitter,
}

impl HandleStore {
    pub(crate) fn new(store: Arc<dyn StateStore>, jitter: Jitter) -> Self {
        Self { store, jitter }
    }

    /// The fleet's handle for `key`, if it has one.
    pub(crate) async fn handle(
        &self,
        key: &CacheKey,
        now: Timestamp,
    ) -> Result<Option<HandleRef>, StoreError> {
        let found = bounded(self.store.get(&key.to_string(), now)).await?;
        Ok(found.and_then(|found| handle_in(key, &found)))
    }

    /// Makes `handle` the fleet's, unless it has one that is alive. Returns the fleet's.
    pub(crate) async fn place(
        &self,
        key: &CacheKey,
        handle: Handle,
        now: Timestamp,
    ) -> Result<HandleRef, StoreError> {
        let (stored_at, value) = (key.to_string(), json!(handle));
        let mut expected = Expected::Absent;
        for _ in 0..TRIES {
            let swap = self.store.swap(&stored_at, expected, &value, now, handle.expires_at);
            match bounded(swap).await? {
                Swap::Done(version) => {
                    return Ok(HandleRef { key: key.clone(), handle, version: Some(version) });
                }
                Swap::Conflict(None) => expected = Expected::Absent,
                Swap::Conflict(Some(current)) => match handle_in(key, &current) {
                    Some(there) if there.handle.is_alive(now) => return Ok(there),
                    Some(_) | None => expected = Expected::Version(current.version),
                },
            }
        }
        Err(StoreError::unavailable("write a cache handle", "too many others write it"))
    }

    /// Forgets `gone`. Returns the handle that the fleet has instead, if somebody made another
    /// meanwhile: that one is not lost.
    pub(crate) async fn forget(
        &self,
        gone: &HandleRef,
        now: Timestamp,
    ) -> Result<Option<HandleRef>, StoreError> {
        // No version is 0: where it is not known, the first try tells.
        let (key, mut version) = (gone.key.to_string(), gone.version.unwrap_or_default());
        for _ in 0..TRIES {
            let swap = self.store.swap(&key, Expected::Version(version), &Value::Null, now, now);
            match bounded(swap).await? {
                Swap::Done(_) | Swap::Conflict(None) => return Ok(None),
                Swap::Conflict(Some(current)) => match handle_in(&gone.key, &current) {
                    Some(newer) if newer.handle.name != gone.handle.name => return Ok(Some(newer)),
                    // Written anew by another version of this program.
                    Some(_) | None => version = current.version,
                },
            }
        }
        Err(StoreError::unavailable("forget a cache handle", "too many others write it"))
    }

    /// Takes the lease on making the cache of `key`, or extends it, until `until`.
    pub(crate) async fn acquire(
        &self,
        key: &CacheKey,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Acquire, StoreError> {
        bounded(self.store.acquire(&key.to_string(), owner, now, until)).await
    }

    /// Gives the lease back. A failure is no harm: it ends by itself.
    pub(crate) async fn release(&self, key: &CacheKey, owner: &str) {
        if let Err(problem) = bounded(self.store.release(&key.to_string(), owner)).await {
            tracing::debug!(%key, %problem, "the lease on a context cache ends by itself");
        }
    }

    /// A name for one attempt, which no other in the fleet has: leases let their owner in again, so
    /// two attempts must never look like one.
    pub(crate) fn owner(&self) -> String {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let random = [self.jitter.draw(), self.jitter.draw()].map(f64::to_bits);
        format!("{:x}-{:x}-{}", random[0], random[1], COUNT.fetch_add(1, Ordering::Relaxed))
    }
}

impl std::fmt::Debug for HandleStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HandleStore")
    }
}

/// What cannot be read counts as absent: it is written anew.
fn handle_in(key: &CacheKey, found: &Versioned) -> Option<HandleRef> {
    let handle = Handle::deserialize(&found.value).ok()?;
    Some(HandleRef { key: key.clone(), handle, version: Some(found.version) })
}

async fn bounded<T>(call: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
    let late = || Err(StoreError::unavailable("context cache", "no answer within 2 s"));
    tokio::time::timeout(STORE_TIMEOUT, call).await.unwrap_or_else(|_| late())
}
