//! The log of deliveries: a line of each webhook that becomes no task of its own.
//!
//! A refused request is anybody's: whoever floods us with them must not have us write as often. So of each
//! source and reason one line a minute is written, by each execution environment. A busy sender of what is ignored has
//! ten: its lines lie on one key, and the last hundreds are what is looked at. The next line says how many were left out.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{DeliveryRecord, PayloadStore, Timestamp, record_delivery};
use tokio::time::timeout;

use crate::outcome::{Outcome, Refusal, Trail};

/// A sender is not kept waiting for the log.
const RECORD_TIMEOUT: Duration = Duration::from_millis(500);

/// Lines a minute of one source and reason: of refused requests, and of genuine ones.
const REFUSED_LINES: u32 = 1;
const LINES: u32 = 10;

/// What of each source and reason was written down in its last minute.
#[derive(Debug, Default)]
pub(crate) struct Deliveries(Mutex<BTreeMap<(String, &'static str), Minute>>);

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    lines: u32,
    /// Those that got no line since the last one.
    left_out: u64,
}

impl Minute {
    /// Whether one more at `at` gets a line, where a minute has `most`: how many got none before it.
    fn takes_line(&mut self, at: Timestamp, most: u32) -> Option<u64> {
        let number = at.as_second().div_euclid(60);
        if self.number != number {
            (self.number, self.lines) = (number, 0);
        }
        if self.lines == most {
            self.left_out += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

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
            Err(refusal) => ("refused", Some(refusal.reason()), None),
        };
        let most = if result.is_err() { REFUSED_LINES } else { LINES };
        let left_out = self.takes_line(source, reason.unwrap_or(outcome), at, most)?;
        let said = result.as_ref().ok().and_then(Outcome::detail).map(str::to_owned);
        let others = (left_out > 0).then(|| format!("{left_out} more like it, before it, have no line"));
        let detail = said.into_iter().chain(others).reduce(|said, others| format!("{said}; {others}"));
        Some(DeliveryRecord {
            at,
            source: source.to_owned(),
            event: trail.event.clone(),
            outcome: outcome.to_owned(),
            reason: reason.map(str::to_owned),
            detail,
            task_id,
        })
    }

    /// Whether one more gets a line: how many like it got none before.
    fn takes_line(&self, source: &str, reason: &'static str, at: Timestamp, most: u32) -> Option<u64> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry((source.to_owned(), reason)).or_default().takes_line(at, most)
    }
}
