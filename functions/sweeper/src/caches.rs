//! Context caches at the model: strays are adopted, duplicates and idle ones deleted, handles of lost
//! ones forgotten.
//!
//! A matter of money, not of correctness: whatever goes wrong here is logged and tried again minutes
//! later, and no task waits for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Acquire, Clock, Jitter, StateStore, StoreError, Timestamp, after, between};
use gemini::{CacheSweeper, Config, ConfigError, SweepError, Swept};
use settings::{Environment, Settings};
use tracing::{info, warn};

/// One sweep of the fleet in so long.
const EVERY: Duration = Duration::from_secs(300);
/// A sweep that takes longer is given up; the next one goes on.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The lease on sweeping. It is not given back: it ends when the next sweep is due.
const LEASE: &str = "cache-sweep";

/// Sweeps the context caches of the fleet, in one process at a time.
pub struct Caches {
    state: Arc<dyn StateStore>,
    clock: Clock,
    jitter: Jitter,
    /// Before this, another sweep would be too soon.
    next: Mutex<Option<Timestamp>>,
}

/// Why a sweep came to nothing.
#[derive(Debug, thiserror::Error)]
enum Unswept {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Sweep(#[from] SweepError),
    #[error("it took longer than it may")]
    Late,
}

impl Caches {
    /// A sweeper of the caches whose handles are in `state`. Nothing is connected before a sweep.
    #[must_use]
    pub fn new(state: Arc<dyn StateStore>, clock: Clock, jitter: Jitter) -> Self {
        Self { state, clock, jitter, next: Mutex::default() }
    }

    /// Whether it may be time for a sweep. Costs nothing; another process may have swept meanwhile.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let next = *self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.is_none_or(|next| next <= self.clock.now())
    }

    /// Sweeps, if nobody has for 5 minutes, with the key of `environment`; without one there is nothing
    /// to do. Returns what was done, if a sweep took place and came to its end before `deadline`.
    pub async fn sweep(
        &self,
        settings: &Settings,
        environment: &Environment,
        deadline: Timestamp,
    ) -> Option<Swept> {
        if !wiring::model::is_configured(environment) || !self.is_due() {
            return None;
        }
        let config = wiring::model::config(settings, environment);
        let now = self.clock.now();
        let late = between(now, deadline).min(TIMEOUT);
        let swept = tokio::time::timeout(late, self.swept(&config, now)).await;
        match swept.unwrap_or(Err(Unswept::Late)) {
            Ok(swept) => {
                if let Some(swept) = swept.filter(|swept| *swept != Swept::default()) {
                    info!(?swept, "swept context caches");
                }
                swept
            }
            Err(problem) => {
                warn!(%problem, "context caches could not be swept; tried again in a few minutes");
                None
            }
        }
    }

    async fn swept(&self, config: &Config, now: Timestamp) -> Result<Option<Swept>, Unswept> {
        let (owner, until) = (format!("{:x}", self.jitter.draw().to_bits()), after(now, EVERY));
        self.wait_until(until);
        if let Acquire::Busy { until } = self.state.acquire(LEASE, &owner, now, until).await? {
            self.wait_until(until);
            return Ok(None);
        }
        let sweeper = CacheSweeper::new(config, Arc::clone(&self.state), self.jitter.clone())?;
        Ok(Some(sweeper.sweep(now).await?))
    }

    fn wait_until(&self, next: Timestamp) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
    }
}
