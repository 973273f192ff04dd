//! Has webhooks sent again that their sender could not deliver and does not repeat by itself: a few at a time, each a
//! few times.
//!
//! A request counts as failed before it is made and as taken once the sender has said so: after a crash in between
//! it is made again later, and never without end.

mod plan;

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Acquire, Clock, Expected, FailedDelivery, Missed, Redeliveries, ServiceError, ServiceFailure, StateStore,
    StatsRecorder, StoreError, Swap, Timestamp, UnreadHooks, after, missed_key, unread_key,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::{info, warn};

use self::plan::{Became, Due, latest, plan};

/// How often the sender is asked.
const EVERY: Duration = Duration::from_secs(300);
/// How far back. The sender itself remembers for days; a task that is older has lost its use.
const WINDOW: Duration = Duration::from_secs(12 * 3_600);
/// How often it is tried to write down what became of a look.
const MAX_WRITES: usize = 3;

/// Has missed deliveries sent again.
pub struct MissedDeliveries {
    /// Where the tries are counted.
    pub state: Arc<dyn StateStore>,
    /// The time.
    pub clock: Clock,
    /// The figures of the day.
    pub stats: StatsRecorder,
}

/// Why it was left for the next time.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The sender.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MissedDeliveries {
    /// Whether it is time to ask the sender of `source`, and nobody else does. Whoever is told so asks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_due(&self, source: &str) -> Result<bool, StoreError> {
        let now = self.clock.now();
        // Each look is an owner of its own: nobody holds the lease on.
        let owner = now.as_nanosecond().to_string();
        let key = format!("missed:{source}:asked");
        let acquired = self.state.acquire(&key, &owner, now, after(now, EVERY)).await?;
        Ok(matches!(acquired, Acquire::Held))
    }

    /// Asks `service` for what `source` has missed, and has it sent again. Returns how many requests to do so the
    /// service has taken.
    ///
    /// # Errors
    /// [`OutsideError`]; the next look tries again.
    pub async fn send_again(
        &self,
        service: &dyn Redeliveries,
        source: &str,
        hooks: &[String],
        deadline: Timestamp,
    ) -> Result<u64, OutsideError> {
        let now = self.clock.now();
        let since = now.checked_sub(WINDOW).unwrap_or(Timestamp::UNIX_EPOCH);
        let failed = service.failed(source, hooks, since).await;
        self.tell(source, &failed.unread, now).await?;
        let failed = latest(failed.deliveries);
        let (expected, known) = self.known::<Missed>(&missed_key(source), now).await?;
        let (counted, due) = plan(known.clone(), failed, since, now);
        if counted == known {
            return Ok(0);
        }
        let Swap::Done(version) = self.write(&missed_key(source), expected, &counted).await? else {
            // Somebody else is at it.
            return Ok(0);
        };
        let (became, stopped) = self.ask(service, source, &due, deadline).await;
        let sent = became.iter().filter(|became| **became == Became::Taken).count();
        let sent = u64::try_from(sent).unwrap_or(u64::MAX);
        self.stats.redelivered(sent);
        self.settle(source, (version, counted), &due, &became).await?;
        self.stats.write(now).await?;
        stopped.map_or(Ok(sent), |problem| Err(problem.into()))
    }

    /// Says which hooks cannot be read, and keeps it for people: each once, as long as it stays the same.
    async fn tell(&self, source: &str, unread: &UnreadHooks, now: Timestamp) -> Result<(), StoreError> {
        let key = unread_key(source);
        let (expected, known) = self.known::<UnreadHooks>(&key, now).await?;
        if known == *unread {
            return Ok(());
        }
        for (hook, problem) in unread.iter().filter(|(hook, problem)| known.get(*hook) != Some(*problem)) {
            warn!(
                source,
                hook, problem, "the failed deliveries of a hook cannot be read, so they are not sent again"
            );
        }
        self.write(&key, expected, unread).await.map(drop)
    }

    /// What is kept under `key`. What another version has written and this one cannot read counts as nothing.
    async fn known<T: DeserializeOwned + Default>(
        &self,
        key: &str,
        now: Timestamp,
    ) -> Result<(Expected, T), StoreError> {
        let found = self.state.get(key, now).await?;
        Ok(match found {
            Some(found) => {
                (Expected::Version(found.version), serde_json::from_value(found.value).unwrap_or_default())
            }
            None => (Expected::Absent, T::default()),
        })
    }

    async fn write(&self, key: &str, expected: Expected, known: &impl Serialize) -> Result<Swap, StoreError> {
        let value = serde_json::to_value(known)
            .map_err(|error| StoreError::broken("count missed deliveries", error))?;
        let now = self.clock.now();
        self.state.swap(key, expected, &value, now, after(now, WINDOW)).await
    }

    /// Writes down what became of the requests. What cannot be written stays counted as failed.
    async fn settle(
        &self,
        source: &str,
        (version, mut known): (u64, Missed),
        due: &[Due],
        became: &[Became],
    ) -> Result<(), StoreError> {
        let (key, mut expected) = (missed_key(source), Expected::Version(version));
        for _ in 0..MAX_WRITES {
            for (due, became) in due.iter().zip(became) {
                due.settle(&mut known, *became);
            }
            match self.write(&key, expected, &known).await? {
                Swap::Done(_) => return Ok(()),
                Swap::Conflict(_) => (expected, known) = self.known(&key, self.clock.now()).await?,
            }
        }
        warn!(
            source,
            "the record of missed deliveries was not written because of concurrent writes; some deliveries may be requested twice"
        );
        Ok(())
    }

    /// What became of each request, and what ended them early: the rest was never asked for.
    async fn ask(
        &self,
        service: &dyn Redeliveries,
        source: &str,
        due: &[Due],
        deadline: Timestamp,
    ) -> (Vec<Became>, Option<ServiceError>) {
        let mut became = vec![Became::Unasked; due.len()];
        for (Due { delivery, .. }, outcome) in due.iter().zip(&mut became) {
            if self.clock.now() >= deadline {
                break;
            }
            let FailedDelivery { event, at, status, guid, .. } = delivery;
            match service.redeliver(delivery).await {
                Ok(()) => {
                    info!(source, event, %at, status, guid, "GitHub was asked to repeat a failed delivery");
                    *outcome = Became::Taken;
                }
                Err(problem) if ends_all(problem.failure) => {
                    *outcome = Became::Held;
                    return (became, Some(problem));
                }
                Err(problem) => {
                    warn!(source, event, guid, %problem, "a delivery that had failed is not made again");
                    *outcome = Became::Failed;
                }
            }
        }
        (became, None)
    }
}

/// Whether every other request would meet the same.
fn ends_all(failure: ServiceFailure) -> bool {
    matches!(failure, ServiceFailure::AccountRefused | ServiceFailure::Throttled { .. })
}
