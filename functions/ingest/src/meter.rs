//! The figures of each webhook: Accepted, Duplicates, AckLatency, Ignored{reason}, Rejected{reason},
//! RefusedSignatures{source}, Unverified{source}, NotReady{reason}, Failures{function}.

use std::time::Duration;

use domain::Task;
use telemetry::{Metrics, Unit};

use crate::outcome::{Outcome, Refusal};

/// Counts one webhook to `source`, answered after `ack`.
pub(crate) fn webhook(metrics: &Metrics, source: &str, result: &Result<Outcome, Refusal>, ack: Duration) {
    match result {
        Ok(_) => metrics.signature_held(source),
        Err(Refusal::Signature(_)) => metrics.signature_refused(source),
        // Nothing of the source is taken, and no sender says so to us. Strangers can ask, and learn what we should.
        Err(refusal @ Refusal::NoSecret { .. }) => metrics.not_ready(refusal.reason()),
        Err(_) => {}
    }
    match result {
        Ok(Outcome::Accepted(_)) => metrics.accepted(ack),
        Ok(Outcome::Duplicate(_)) => metrics.duplicate(ack),
        Ok(outcome @ (Outcome::Ignored(_) | Outcome::Unknown(_))) => {
            let reason = outcome.reason().unwrap_or_default();
            metrics.emit(&[("Ignored", Unit::Count, 1.0)], &[("reason", reason)]);
        }
        // What becomes of a decided task is counted where it ends.
        Ok(Outcome::Pong | Outcome::Challenge(_) | Outcome::Decided(_)) => {}
        Err(refusal) => {
            metrics.rejected(refusal.reason());
            if refusal.is_failure() {
                metrics.failed("ingest");
            }
        }
    }
}

/// Says that a task ended before it began, since nobody can read its event: it is a mistake of ours, and somebody
/// asked for the event. Its end is counted by its follow-up.
pub(crate) fn unreadable(task: &Task) {
    let doc = &task.doc;
    let error = doc.error.as_ref().map(|error| error.message.as_str());
    tracing::error!(task_id = %task.id, source = doc.source, event = doc.event, error, "the event cannot be read");
}
