//! A thread has no more replies that nobody has looked at than were counted for its hours, up to the cap of each.

use std::collections::BTreeMap;

use super::{After, gate};

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let mut unattended: BTreeMap<&str, i64> = BTreeMap::new();
    for publication in &after.history.publications {
        if publication.effect == "reply" && !gate::was_approved(after, publication) {
            *unattended.entry(&publication.thread).or_default() += 1;
        }
    }
    let cap = i64::from(after.world.scenario.policy.replies);
    let mut found = Vec::new();
    for (thread, replies) in unattended {
        // By the clock of whoever counted: it may be wrong, and the hour another one.
        let counted = after.world.values.counted(&format!("replies:github:{thread}:"));
        let allowed: i64 = counted.into_iter().map(|count| count.min(cap)).sum();
        if replies > allowed {
            found.push(format!("{thread} had {replies} replies, and might have {allowed}"));
        }
    }
    found
}
