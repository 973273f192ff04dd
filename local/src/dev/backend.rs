//! Where `dev` keeps tasks and queues: SQLite, memory, or AWS services.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Lane, Stores, Timestamp, between};
use embedded::Embedded;
use tokio::sync::Notify;

use crate::Failure;

/// Which adapters to run on.
#[derive(Debug, Clone)]
pub enum Backend {
    /// SQLite in this directory.
    Sqlite(PathBuf),
    /// SQLite in memory: gone at the end.
    Memory,
    /// SQS, DynamoDB and S3, as the environment names them.
    #[cfg(feature = "aws")]
    Aws(Box<settings::Environment>),
}

impl Backend {
    /// `clock`, and whether it is that of all who use these adapters.
    pub(super) fn clock(&self, clock: Clock) -> Clock {
        match self {
            Self::Sqlite(_) | Self::Memory => clock.everybodys(),
            #[cfg(feature = "aws")]
            Self::Aws(_) => clock,
        }
    }
}

/// Open adapters.
pub(crate) struct Storage {
    pub(crate) stores: Stores,
    /// In words, for the banner.
    pub(super) what: String,
    embedded: Option<Embedded>,
    wakeups: [Arc<Notify>; 3],
}

/// A poller that hears nothing looks again after this, at the latest.
const MAX_NAP: Duration = Duration::from_secs(1);
/// SQS answers as soon as there is a message, or after this.
const LONG_POLL: Duration = Duration::from_secs(10);

impl Storage {
    #[cfg_attr(not(feature = "aws"), expect(clippy::unused_async, reason = "AWS connects asynchronously"))]
    pub(crate) async fn open(backend: Backend, clock: &Clock) -> Result<Self, Failure> {
        match backend {
            Backend::Sqlite(dir) => {
                let embedded =
                    Embedded::open(&dir, clock.clone()).map_err(|error| Failure::new(error.to_string()))?;
                Self::embedded(embedded, format!("SQLite in {}", dir.display()), clock)
            }
            Backend::Memory => {
                let embedded =
                    Embedded::in_memory(clock.clone()).map_err(|error| Failure::new(error.to_string()))?;
                Self::embedded(embedded, "memory, gone at the end".to_owned(), clock)
            }
            #[cfg(feature = "aws")]
            Backend::Aws(environment) => super::aws::open(&environment).await.map(Self::remote),
        }
    }

    fn embedded(embedded: Embedded, what: String, clock: &Clock) -> Result<Self, Failure> {
        // The only process on this directory: whatever a former one held, it holds no more.
        embedded
            .void_leases(clock.now())
            .map_err(|error| Failure::at("the leases of the last run", error))?;
        let wakeups = std::array::from_fn(|_| Arc::new(Notify::new()));
        let heard = wakeups.clone();
        embedded.on_ready(move |lane| heard[index(lane)].notify_one());
        Ok(Self { stores: embedded.stores(), what, embedded: Some(embedded), wakeups })
    }

    #[cfg(feature = "aws")]
    fn remote((stores, what): (Stores, String)) -> Self {
        Self { stores, what, embedded: None, wakeups: std::array::from_fn(|_| Arc::new(Notify::new())) }
    }

    /// Whatever was held is held no more: its holder is gone.
    pub(super) fn void_leases(&self, now: Timestamp) -> Result<(), Failure> {
        let Some(embedded) = &self.embedded else { return Ok(()) };
        embedded.void_leases(now).map(drop).map_err(|error| Failure::at("the leases of the last run", error))
    }

    /// How long a receive may wait at the queue itself.
    pub(super) fn poll(&self) -> Duration {
        if self.embedded.is_some() { Duration::ZERO } else { LONG_POLL }
    }

    /// Sleeps until there may be something on `lane`.
    pub(super) async fn nap(&self, lane: Lane, now: Timestamp) {
        let Some(embedded) = &self.embedded else { return };
        let next = embedded.next_visible(Some(lane)).ok().flatten();
        let nap = next.map_or(MAX_NAP, |at| between(now, at).min(MAX_NAP));
        let nap = nap.max(Duration::from_millis(1));
        tokio::select! {
            () = self.wakeups[index(lane)].notified() => {}
            () = tokio::time::sleep(nap) => {}
        }
    }

    /// Removes what is past its time to live.
    pub(super) fn forget(&self, now: Timestamp) {
        let Some(embedded) = &self.embedded else { return };
        if let Err(problem) = embedded.forget(now) {
            tracing::warn!(%problem, "old tasks were not removed");
        }
    }
}

fn index(lane: Lane) -> usize {
    match lane {
        Lane::Express => 0,
        Lane::Standard => 1,
        Lane::Bulk => 2,
    }
}
