//! A thread has no more replies that nobody has looked at than its cap allows for the hours in which it lived.

use std::collections::BTreeMap;

use super::{After, gate};

const HOUR: i64 = 3_600;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let mut unattended: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for publication in &after.history.publications {
        if publication.effect == "reply" && !gate::was_approved(after, publication) {
            unattended.entry(&publication.thread).or_default().push(publication.at.as_second() / HOUR);
        }
    }
    let cap = u64::from(after.world.scenario.policy.replies);
    let mut found = Vec::new();
    for (thread, hours) in unattended {
        // Counted is when a reply passes the gate, by a clock that may be wrong; it may land an hour later.
        let first = after.tasks.iter().map(|task| task.doc.received_at.as_second() / HOUR).min().unwrap_or(0);
        let last = hours.iter().copied().max().unwrap_or(first);
        let allowed = cap * (last - first + 1).max(1).unsigned_abs();
        if hours.len() as u64 > allowed {
            found.push(format!("{thread} had {} replies, and might have {allowed}", hours.len()));
        }
    }
    found
}
