//! The log of deliveries: a line of each webhook that becomes no task of its own.
//!
//! A refused request is anybody's: whoever floods us with them must not have us write as often. So of each
//! source and reason one line a minute is written, by each execution environment.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{DeliveryRecord, PayloadStore, Timestamp, record_delivery};
use tokio::time::timeout;

use crate::outcome::{Outcome, Refusal, Trail};

/// A sender is not kept waiting for the log.
const RECORD_TIMEOUT: Duration = Duration::from_millis(500);

/// Which refusals were written down when.
#[derive(Debug, Default)]
pub(crate) struct Deliveries(Mutex<BTreeMap<(String, &'static str), i64>>);

impl Deliveries {
    /// Writes the line of a webhook to `source` that came to `result`, if it gets one. What cannot be written is
    /// said in the log of the function.
    pub(crate) async fn record(
        &self,
        payloads: &dyn PayloadStore,
        source: &str,
        trail: &Trail,
        result: &Result<Outcome, Refusal>,
        request: &str,
        at: Timestamp,
    ) {
        let Some(record) = self.line(source, trail, result, at) else { return };
        let what = format!("{request}{:?}{:?}", record.event, record.reason);
        match timeout(RECORD_TIMEOUT, record_delivery(payloads, &record, what.as_bytes())).await {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => {
                tracing::warn!(source, %problem, "the delivery is not in the log of deliveries")
            }
            Err(_) => {
                tracing::warn!(source, "the delivery is not in the log of deliveries: it took too long")
            }
        }
    }

    fn line(
        &self,
        source: &str,
        trail: &Trail,
        result: &Result<Outcome, Refusal>,
        at: Timestamp,
    ) -> Option<DeliveryRecord> {
        let detail = result.as_ref().ok().and_then(Outcome::detail);
        let (outcome, reason, task_id) = match result {
            Ok(outcome @ Outcome::Duplicate(id)) => (outcome.word(), None, Some(id.clone())),
            Ok(outcome @ (Outcome::Ignored(_) | Outcome::Unknown(_))) => {
                (outcome.word(), outcome.reason(), None)
            }
            Ok(Outcome::Accepted(_) | Outcome::Decided(_) | Outcome::Pong | Outcome::Challenge(_)) => {
                return None;
            }
            // The stores are what is at fault, or there is no such source.
            Err(Refusal::Storage(_) | Refusal::TooSlow { .. } | Refusal::UnknownSource) => return None,
            Err(refusal) if !self.is_first(source, refusal.reason(), at) => return None,
            Err(refusal) => ("refused", Some(refusal.reason()), None),
        };
        Some(DeliveryRecord {
            at,
            source: source.to_owned(),
            event: trail.event.clone(),
            outcome: outcome.to_owned(),
            reason: reason.map(str::to_owned),
            detail: detail.map(str::to_owned),
            task_id,
        })
    }

    /// Whether this minute has seen no such refusal yet.
    fn is_first(&self, source: &str, reason: &'static str, at: Timestamp) -> bool {
        let minute = at.as_second().div_euclid(60);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert((source.to_owned(), reason), minute) != Some(minute)
    }
}
