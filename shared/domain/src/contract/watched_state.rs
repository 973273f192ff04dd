//! [`WatchedState`]: a state store of which every call is watched, for tests that count, delay or refuse them.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::{Acquire, Expected, StateStore, StoreError, Swap, Timestamp, Versioned};

/// A method of the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are called like the methods")]
pub enum StateCall {
    Get,
    Swap,
    Add,
    Acquire,
    Release,
}

/// What happens around the calls of a state store.
#[async_trait]
pub trait StateWatcher: Send + Sync {
    /// Before a call about `key`. An error is its answer, and the store is not asked.
    async fn before(&self, call: StateCall, key: &str) -> Result<(), StoreError>;

    /// After it. An error takes the place of its answer.
    async fn after(&self, _call: StateCall) -> Result<(), StoreError> {
        Ok(())
    }
}

/// `store`, watched by `watcher`.
pub struct WatchedState<W> {
    /// The store.
    pub store: Arc<dyn StateStore>,
    /// Who is told.
    pub watcher: W,
}

impl<W: StateWatcher> WatchedState<W> {
    async fn watched<T>(
        &self,
        call: StateCall,
        key: &str,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.watcher.before(call, key).await?;
        let answer = answer.await;
        self.watcher.after(call).await?;
        answer
    }
}

#[async_trait]
impl<W: StateWatcher> StateStore for WatchedState<W> {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Versioned>, StoreError> {
        self.watched(StateCall::Get, key, self.store.get(key, now)).await
    }

    async fn swap(
        &self,
        key: &str,
        expected: Expected,
        value: &Value,
        now: Timestamp,
        forget_at: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.watched(StateCall::Swap, key, self.store.swap(key, expected, value, now, forget_at)).await
    }

    async fn add(&self, key: &str, amount: i64, forget_at: Timestamp) -> Result<i64, StoreError> {
        self.watched(StateCall::Add, key, self.store.add(key, amount, forget_at)).await
    }

    async fn acquire(
        &self,
        key: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Acquire, StoreError> {
        self.watched(StateCall::Acquire, key, self.store.acquire(key, owner, now, until)).await
    }

    async fn release(&self, key: &str, owner: &str) -> Result<(), StoreError> {
        self.watched(StateCall::Release, key, self.store.release(key, owner)).await
    }
}
