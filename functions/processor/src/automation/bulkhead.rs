//! Caps on calls of outside hosts, kept by all processors together.
//!
//! A host has so many places, each a lease in the state store: a crash frees its place when the lease
//! ends, and whoever finds none free for 2 s goes back to the queue. So a host that takes long holds up
//! its own tasks alone, and never more than a few processors at once.

use std::future::Future;
use std::time::Duration;

use domain::{Acquire, after};
use tracing::warn;

use crate::Interrupt;
use crate::task::claimed_task::ClaimedTask;

/// How long a free place is waited for: paying an environment to wait is waste.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(2);
/// Between two looks, each at one place: within the patience, every one of ten is looked at twice.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// When a task comes back that found none.
const COME_BACK: Duration = Duration::from_secs(5);

/// A place at a host, held until it is given back or its lease ends.
struct Place {
    key: String,
    owner: String,
}

impl ClaimedTask {
    /// Runs `work` at a place of `host`; it must end within `hold`, after which the place counts as free.
    pub(crate) async fn with_host_permit<W: Future>(
        &self,
        host: &str,
        hold: Duration,
        work: W,
    ) -> Result<W::Output, Interrupt> {
        let place = self.take_place(host, hold).await?;
        let result = work.await;
        if let Err(problem) = self.processor.stores.state.release(&place.key, &place.owner).await {
            warn!(host, %problem, "a place at the host stays taken until its lease ends");
        }
        Ok(result)
    }

    async fn take_place(&self, host: &str, hold: Duration) -> Result<Place, Interrupt> {
        let places = self.processor.config.automations.calls_per_host;
        let owner = format!("{}:{}:{}", self.id, self.fence, self.next_place());
        // Those who come at once begin at different places.
        let mut next = (f64::from(places) * self.processor.jitter.draw()) as u32;
        for _ in 0..places {
            if let Some(place) = self.try_place(host, next % places, &owner, hold).await? {
                return Ok(place);
            }
            next += 1;
        }
        let waiting_since = tokio::time::Instant::now();
        while waiting_since.elapsed() < PERMIT_TIMEOUT {
            tokio::time::sleep(LOOK_AGAIN).await;
            if let Some(place) = self.try_place(host, next % places, &owner, hold).await? {
                return Ok(place);
            }
            next += 1;
        }
        let at = after(self.now(), self.processor.jitter.spread(COME_BACK));
        Err(Interrupt::defer(format!("{places} calls of {host} are under way already"), Some(at)))
    }

    async fn try_place(
        &self,
        host: &str,
        number: u32,
        owner: &str,
        hold: Duration,
    ) -> Result<Option<Place>, Interrupt> {
        let (key, now) = (format!("host:{host}:{number}"), self.now());
        let owner = owner.to_owned();
        match self.processor.stores.state.acquire(&key, &owner, now, after(now, hold)).await? {
            Acquire::Held => Ok(Some(Place { key, owner })),
            Acquire::Busy { .. } => Ok(None),
        }
    }
}
