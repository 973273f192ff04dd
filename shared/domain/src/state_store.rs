//! Port: [`StateStore`], what all processors share besides tasks.

use async_trait::async_trait;
use serde_json::Value;

use crate::{StoreError, Timestamp};

/// Small shared values: leases on threads, quota, breakers, cache handles, budgets, counters.
/// Adapters: DynamoDB, SQLite.
///
/// A value past its `forget_at` counts as absent. Every write is conditional or commutative.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// The value at `key`.
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Versioned>, StoreError>;

    /// Writes `value` if what is there is still what was `expected`. In an error it may have been written: no client sends it
    /// again then, since whoever gives something back by it must know that.
    async fn swap(
        &self,
        key: &str,
        expected: Expected,
        value: &Value,
        now: Timestamp,
        forget_at: Timestamp,
    ) -> Result<Swap, StoreError>;

    /// Adds `amount` to the counter at `key`, which begins at zero, and returns the sum. A client
    /// that retries may add twice: for figures, not for limits.
    async fn add(&self, key: &str, amount: i64, forget_at: Timestamp) -> Result<i64, StoreError>;

    /// Takes or extends the lease at `key` for `owner` until `until`, unless another's runs at `now`.
    async fn acquire(
        &self,
        key: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Acquire, StoreError>;

    /// Gives the lease back, if `owner` still has it.
    async fn release(&self, key: &str, owner: &str) -> Result<(), StoreError>;
}

/// A value and its version.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned {
    /// The value.
    pub value: Value,
    /// Rises on every write.
    pub version: u64,
}

/// What a [`StateStore::swap`] expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing, or something past its `forget_at`.
    Absent,
    /// This version.
    Version(u64),
}

/// What became of [`StateStore::swap`].
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Swap {
    /// Written; this is the version now.
    Done(u64),
    /// Somebody else wrote first. Holds the present value, so that the next try needs no read; `None` if there is
    /// none.
    Conflict(Option<Versioned>),
}

/// What became of [`StateStore::acquire`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Acquire {
    /// The owner holds it.
    Held,
    /// Another holds it until then.
    Busy {
        /// End of the other's lease.
        until: Timestamp,
    },
}
