//! Within any hour, a thread has no more replies that nobody has looked at than its cap.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Timestamp, between};

use super::{After, gate};

const HOUR: Duration = Duration::from_secs(3_600);
/// A comment may be held up on its way, and whoever sends it stand still in the middle of that, for so long together.
const ON_ITS_WAY: Duration = Duration::from_secs(330);

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let mut unattended: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    for publication in &after.history.publications {
        if publication.effect == "reply" && !gate::was_approved(after, publication) {
            unattended.entry(&publication.thread).or_default().push(publication.at);
        }
    }
    let scenario = &after.world.scenario;
    let cap = usize::try_from(scenario.policy.replies).unwrap_or(usize::MAX);
    // By the clocks of those who count, which are wrong by so much in either direction.
    let span = HOUR.saturating_sub(ON_ITS_WAY + scenario.max_skew * 2);
    let mut found = Vec::new();
    for (thread, mut times) in unattended {
        times.sort();
        for (first, last) in times.iter().zip(times.iter().skip(cap)) {
            if between(*first, *last) < span {
                found.push(format!("{thread} had {} replies from {first} to {last}", cap + 1));
            }
        }
    }
    found
}
