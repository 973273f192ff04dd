//! Missed deliveries: webhooks that a sender has recorded as failed, and does not send again unless it is asked to.
//!
//! GitHub is such a sender: what it could not deliver is lost, unless somebody has it delivered again within days.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{ServiceError, StateStore, StoreError, Timestamp};

/// The record that a service keeps of its own webhooks.
#[async_trait]
pub trait Redeliveries: Send + Sync {
    /// The deliveries of the hooks behind `source` that failed at or after `since`, as far as our credentials reach,
    /// bounded. `hooks` names the repositories (`octo/repo`) and organisations (`octo`) whose hooks those are, where
    /// the credentials do not say it. A hook that cannot be read keeps no other from being read.
    async fn failed(&self, source: &str, hooks: &[String], since: Timestamp) -> FailedDeliveries;

    /// Has a delivery made once more. It may be made twice: it is the same event.
    async fn redeliver(&self, delivery: &FailedDelivery) -> Result<(), ServiceError>;
}

/// What a service says that it could not deliver, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailedDeliveries {
    /// Of the hooks that could be read.
    pub deliveries: Vec<FailedDelivery>,
    /// The others.
    pub unread: UnreadHooks,
}

/// Hooks whose record cannot be read, by what they are called after, and why.
pub type UnreadHooks = BTreeMap<String, String>;

/// A try to deliver a webhook that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedDelivery {
    /// Its event's, whose every try has the same.
    pub guid: String,
    /// Where the service keeps it, in the service's own terms.
    pub address: String,
    /// Kind and action, such as `issues.opened`.
    pub event: String,
    /// When it was tried.
    pub at: Timestamp,
    /// What we answered; 0 if no answer came.
    pub status: u16,
}

/// An event that was missed, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedDelivery {
    /// Kind and action.
    pub event: String,
    /// When its last failed try was.
    pub at: Timestamp,
    /// What we answered then; 0 if no answer came.
    pub status: u16,
    /// How often the sender has taken our request for another try.
    pub tries: u32,
    /// When the failed try was, by the sender's clock, after which it last took such a request.
    pub tried: Option<Timestamp>,
    /// How often it has not, or nobody knows whether it has.
    #[serde(default)]
    pub refused: u32,
    /// When that was last, by our clock; `None` once it took one.
    #[serde(default)]
    pub asked: Option<Timestamp>,
}

/// The missed deliveries of a source, by their events' ids.
pub type Missed = BTreeMap<String, MissedDelivery>;

/// The key under which the missed deliveries of `source` rest.
#[must_use]
pub fn missed_key(source: &str) -> String {
    format!("missed:{source}")
}

/// The deliveries that `source` has missed in the last hours, as the sweeper has last seen them, by their ids.
///
/// # Errors
/// [`StoreError`]. What another version has written and this one cannot read counts as nothing.
pub async fn missed_deliveries(
    state: &dyn StateStore,
    source: &str,
    now: Timestamp,
) -> Result<Missed, StoreError> {
    read(state, &missed_key(source), now).await
}

/// The key under which the hooks of `source` rest whose record cannot be read.
#[must_use]
pub fn unread_key(source: &str) -> String {
    format!("missed:{source}:unread")
}

/// The hooks of `source` whose record the sweeper could not read when it looked last.
///
/// # Errors
/// [`StoreError`]. What another version has written and this one cannot read counts as nothing.
pub async fn unread_hooks(
    state: &dyn StateStore,
    source: &str,
    now: Timestamp,
) -> Result<UnreadHooks, StoreError> {
    read(state, &unread_key(source), now).await
}

async fn read<T: DeserializeOwned + Default>(
    state: &dyn StateStore,
    key: &str,
    now: Timestamp,
) -> Result<T, StoreError> {
    let found = state.get(key, now).await?;
    Ok(found.and_then(|found| serde_json::from_value(found.value).ok()).unwrap_or_default())
}
