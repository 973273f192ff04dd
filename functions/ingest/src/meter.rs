//! The figures of each webhook: Accepted, Duplicates, AckLatency, Ignored{reason}, Rejected{reason}.

use std::time::Duration;

use telemetry::{Metrics, Unit};

use crate::outcome::{Outcome, Refusal};

/// Counts one webhook, answered after `ack`.
pub(crate) fn webhook(metrics: &Metrics, result: &Result<Outcome, Refusal>, ack: Duration) {
    match result {
        Ok(Outcome::Accepted(_)) => metrics.accepted(ack),
        Ok(Outcome::Duplicate(_)) => metrics.duplicate(ack),
        Ok(Outcome::Ignored(reason)) => {
            metrics.emit(&[("Ignored", Unit::Count, 1.0)], &[("reason", reason)]);
        }
        // What becomes of a decided task is counted where it ends.
        Ok(Outcome::Pong | Outcome::Challenge(_) | Outcome::Decided(_)) => {}
        Err(refusal) => metrics.rejected(refusal.reason()),
    }
}
