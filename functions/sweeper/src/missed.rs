//! Has webhooks sent again that their sender could not deliver and does not repeat by itself: a few at a time, each a
//! few times.
//!
//! The try is counted before it is asked for, so that a crash in between costs a try and never repeats one without end.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{
    Acquire, Clock, Expected, FailedDelivery, Missed, MissedDelivery, Redeliveries, ServiceError,
    ServiceFailure, StateStore, StatsRecorder, StoreError, Swap, Timestamp, after, missed_key,
};
use std::sync::Arc;
use tracing::{info, warn};

/// How often the sender is asked.
const EVERY: Duration = Duration::from_secs(300);
/// How far back. The sender itself remembers for days; a task that is older has lost its use.
const WINDOW: Duration = Duration::from_secs(12 * 3_600);
/// Tries that are asked for, for each delivery.
const MAX_TRIES: u32 = 3;
/// Tries that are asked for at once.
const MAX_AT_ONCE: usize = 20;
/// Deliveries that are remembered.
const MAX_KNOWN: usize = 500;
/// The answer to a body that is too large: it will be so each time.
const TOO_LARGE: u16 = 413;

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

    /// Asks `service` for what `source` has missed, and has it sent again. Returns how many deliveries that were.
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
        let failed = latest(service.failed(source, hooks, since).await?);
        let key = missed_key(source);
        let found = self.state.get(&key, now).await?;
        let (expected, known) = match found {
            Some(found) => {
                (Expected::Version(found.version), serde_json::from_value(found.value).unwrap_or_default())
            }
            None => (Expected::Absent, Missed::new()),
        };
        let (counted, due) = plan(known.clone(), failed, since);
        if counted == known {
            return Ok(0);
        }
        let value = serde_json::to_value(&counted)
            .map_err(|error| StoreError::broken("count missed deliveries", error))?;
        match self.state.swap(&key, expected, &value, now, after(now, WINDOW)).await? {
            Swap::Done(_) => {}
            // Somebody else is at it.
            Swap::Conflict(_) => return Ok(0),
        }
        let sent = self.ask(service, source, due, deadline).await?;
        self.stats.redelivered(sent);
        self.stats.write(now).await?;
        Ok(sent)
    }

    async fn ask(
        &self,
        service: &dyn Redeliveries,
        source: &str,
        due: Vec<FailedDelivery>,
        deadline: Timestamp,
    ) -> Result<u64, OutsideError> {
        let mut sent = 0;
        for delivery in due {
            if self.clock.now() >= deadline {
                break;
            }
            let FailedDelivery { event, at, status, guid, .. } = &delivery;
            match service.redeliver(&delivery).await {
                Ok(()) => {
                    info!(source, event, %at, status, guid, "a delivery that had failed is made again");
                    sent += 1;
                }
                Err(problem)
                    if matches!(
                        problem.failure,
                        ServiceFailure::AccountRefused | ServiceFailure::Throttled { .. }
                    ) =>
                {
                    return Err(problem.into());
                }
                Err(problem) => {
                    warn!(source, event, guid, %problem, "a delivery that had failed is not made again")
                }
            }
        }
        Ok(sent)
    }
}

/// The latest failed try of each event.
fn latest(failed: Vec<FailedDelivery>) -> BTreeMap<String, FailedDelivery> {
    let mut latest: BTreeMap<String, FailedDelivery> = BTreeMap::new();
    for delivery in failed {
        match latest.get(&delivery.guid) {
            Some(known) if known.at >= delivery.at => {}
            _ => {
                latest.insert(delivery.guid.clone(), delivery);
            }
        }
    }
    latest
}

/// What is known after the tries that are due are counted, and those tries: the oldest events first.
fn plan(
    mut known: Missed,
    failed: BTreeMap<String, FailedDelivery>,
    since: Timestamp,
) -> (Missed, Vec<FailedDelivery>) {
    known.retain(|_, missed| missed.at >= since);
    let mut failed: Vec<FailedDelivery> = failed.into_values().collect();
    failed.sort_by_key(|delivery| delivery.at);
    let mut due = Vec::new();
    for delivery in failed {
        if known.len() >= MAX_KNOWN && !known.contains_key(&delivery.guid) {
            break;
        }
        let missed = known.entry(delivery.guid.clone()).or_insert_with(|| MissedDelivery {
            event: delivery.event.clone(),
            at: delivery.at,
            status: delivery.status,
            tries: 0,
            tried: None,
        });
        (missed.at, missed.status) = (delivery.at, delivery.status);
        // After a try, only one that failed as well is newer. Both times are the sender's: clocks differ.
        let is_open = missed.tried.is_none_or(|tried| delivery.at > tried);
        if is_open && missed.tries < MAX_TRIES && delivery.status != TOO_LARGE && due.len() < MAX_AT_ONCE {
            missed.tries += 1;
            missed.tried = Some(delivery.at);
            due.push(delivery);
        }
    }
    (known, due)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn failed(guid: &str, second: i64, status: u16) -> FailedDelivery {
        let (event, address) = ("issues.opened".to_owned(), format!("hook/{guid}/{second}"));
        FailedDelivery { guid: guid.to_owned(), address, event, at: at(second), status }
    }

    /// The ids of what is due, and what is known then.
    fn look(known: Missed, failed: &[FailedDelivery]) -> (Vec<String>, Missed) {
        let (known, due) = plan(known, latest(failed.to_vec()), at(-10_000));
        (due.into_iter().map(|delivery| delivery.guid).collect(), known)
    }

    #[test]
    fn a_missed_delivery_is_sent_again_once_until_that_failed_too_and_three_times_at_the_most() {
        let mut tries = vec![failed("a", 0, 503)];
        let mut known = Missed::new();
        for round in 1..=5 {
            let (due, counted) = look(known, &tries);
            assert_eq!(due.len(), usize::from(round <= 3), "round {round}");
            let (due, counted) = look(counted, &tries);
            assert!(due.is_empty(), "its outcome is not known yet");
            tries.push(failed("a", round * 1_000 + 500, 503));
            known = counted;
        }
        assert_eq!(known["a"].tries, 3);
    }

    #[test]
    fn the_oldest_are_sent_first_and_few_at_once() {
        let all: Vec<_> = (0..50).rev().map(|n| failed(&format!("{n:02}"), n, 0)).collect();
        let (due, known) = look(Missed::new(), &all);
        assert_eq!((due.len(), due[0].as_str(), known.len()), (MAX_AT_ONCE, "00", 50));
        let (next, _) = look(known, &all);
        assert_eq!(next[0], "20");
    }

    #[test]
    fn what_is_too_large_is_known_and_not_sent_again() {
        let (due, known) = look(Missed::new(), &[failed("a", 0, 413)]);
        assert!(due.is_empty());
        assert_eq!((known["a"].tries, known["a"].status), (0, 413));
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let (_, known) = look(Missed::new(), &[failed("a", 0, 503)]);
        let (known, _) = plan(known, BTreeMap::new(), at(1));
        assert!(known.is_empty());
    }
}
