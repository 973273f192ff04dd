//! The figures of each webhook: Accepted, Duplicates, Ignored{reason}, Rejected{reason}, AckLatency.

use std::time::Duration;

use telemetry::Metrics;

use crate::outcome::{Outcome, Refusal};

/// Counts one webhook. Dimensions hold words of ours only: what a caller could fill with names of
/// its own would make a metric of each, and each is billed.
pub(crate) fn webhook(metrics: &Metrics, result: &Result<Outcome, Refusal>, took: Duration) {
    match result {
        Ok(Outcome::Accepted(_)) => metrics.count("Accepted", 1),
        Ok(Outcome::Duplicate(_)) => metrics.count("Duplicates", 1),
        Ok(Outcome::Ignored(reason)) => metrics.count_by("Ignored", "reason", reason, 1),
        Ok(Outcome::Pong) => {}
        Err(refusal) => metrics.count_by("Rejected", "reason", refusal.reason(), 1),
    }
    metrics.time("AckLatency", took);
}
