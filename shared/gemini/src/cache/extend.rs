//! Extending a cache that is still used when its life comes to an end: once for the fleet.

use std::time::Duration;

use domain::{Acquire, StoreError, Timestamp, after, between};

use super::caches::{Caches, LEASE, Prepared, Wanted};
use super::create::{MIN_TIME, step_usage};
use super::handle::{Handle, HandleRef};
use super::service::{Service, ServiceError};
use crate::pricing;

/// All of it takes at most so long: the cache is there, and the call waits.
const TIMEOUT: Duration = Duration::from_secs(5);
/// After a failure, this environment leaves it alone for so long.
const PAUSE: Duration = Duration::from_secs(60);

/// Why the cache is not extended.
#[derive(Debug, thiserror::Error)]
enum NotExtended {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error("it took too long")]
    Late,
}

impl Caches {
    /// `known` has less than a third of its life left, and is used: extends it unless another does.
    pub(super) async fn extend(&self, known: HandleRef, wanted: &Wanted<'_>, now: Timestamp) -> Prepared {
        if wanted.remaining < MIN_TIME || !self.memory.claim(&known.key, now, after(now, LEASE)) {
            return Prepared::cached(known);
        }
        let late = TIMEOUT.min(wanted.remaining / 2);
        let extended = tokio::time::timeout(late, self.extended(&known, wanted, now)).await;
        match extended.unwrap_or(Err(NotExtended::Late)) {
            Ok((prepared, next)) => {
                self.memory.found(&known.key, prepared.handle.clone(), now);
                self.memory.settle(&known.key, next);
                prepared
            }
            Err(NotExtended::Service(error)) if error.is_lost_cache() => {
                self.memory.settle(&known.key, None);
                self.rejected(&known, now).await;
                Prepared::default()
            }
            Err(problem) => {
                tracing::warn!(key = %known.key, %problem, "the context cache is not extended yet");
                self.memory.settle(&known.key, Some(after(now, PAUSE)));
                Prepared::cached(known)
            }
        }
    }

    /// What there is after an attempt, and when the next one may begin.
    async fn extended(
        &self,
        known: &HandleRef,
        wanted: &Wanted<'_>,
        now: Timestamp,
    ) -> Result<(Prepared, Option<Timestamp>), NotExtended> {
        if let Some(there) = self.extended_by_another(known, now).await? {
            return Ok((Prepared::cached(there), None));
        }
        let owner = self.handles.owner();
        let lease = self.handles.acquire(&known.key, &owner, now, after(now, LEASE)).await?;
        if let Acquire::Busy { until } = lease {
            return Ok((Prepared::cached(known.clone()), Some(until)));
        }
        // The lease may have come free because another has just done it.
        if let Some(there) = self.extended_by_another(known, now).await? {
            self.handles.release(&known.key, &owner).await;
            return Ok((Prepared::cached(there), None));
        }
        let began = tokio::time::Instant::now();
        let patched = self.patch(known, now).await;
        let prepared = match patched {
            Ok(expires_at) => Ok(self.renewed(known, expires_at, wanted, began.elapsed(), now).await),
            Err(problem) => Err(problem.into()),
        };
        self.handles.release(&known.key, &owner).await;
        prepared.map(|prepared| (prepared, None))
    }

    /// The fleet's handle, if it is better than the one that is known here.
    async fn extended_by_another(
        &self,
        known: &HandleRef,
        now: Timestamp,
    ) -> Result<Option<HandleRef>, StoreError> {
        let there = self.handles.handle(&known.key, now).await?;
        Ok(there.filter(|there| there.handle.expires_at > known.handle.expires_at))
    }

    async fn patch(&self, known: &HandleRef, now: Timestamp) -> Result<Timestamp, ServiceError> {
        let cache = Service::new(&self.client, TIMEOUT, now).extend(known.name(), self.ttl).await?;
        let handle = Handle::of(&cache, self.ttl, now);
        Ok(handle.map_or_else(|| after(now, self.ttl), |handle| handle.expires_at))
    }

    async fn renewed(
        &self,
        known: &HandleRef,
        expires_at: Timestamp,
        wanted: &Wanted<'_>,
        took: Duration,
        now: Timestamp,
    ) -> Prepared {
        let bought = between(known.handle.expires_at, expires_at);
        let handle = self.handles.renew(known, expires_at, now).await.unwrap_or_else(|problem| {
            tracing::warn!(key = %known.key, %problem, "the fleet does not know of an extension yet");
            HandleRef { handle: Handle { expires_at, ..known.handle.clone() }, ..known.clone() }
        });
        let model = wanted.demand.version.as_deref().unwrap_or(&wanted.key.model);
        let cost = pricing::storage_usd(model, handle.tokens(), bought, now);
        tracing::info!(key = %known.key, cache = handle.name(), cost_usd = cost, "context cache extended");
        // Storage alone: no token is read.
        Prepared { handle: Some(handle), usage: Some(step_usage(model, 0, cost, took)) }
    }
}
