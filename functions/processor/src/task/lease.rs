//! How long a run may hold its task.
//!
//! A lease lasts for a minute and a half and is renewed while the run lives (`hold.rs`), so that a processor that died
//! costs its tasks no more than that, also while it acts outside: its successor finds the intent, and lets it settle
//! (`pipeline.rs`). A process that stood still for longer than that, and goes on, sends nothing more: the requests of an
//! effect look at the clock when they leave (`outbound::acting_until`).

use std::time::Duration;

use domain::{Lane, LaneTiers, Task, Timestamp, after};

/// How long a dead processor holds its tasks.
const LEASE: Duration = Duration::from_secs(90);
/// A lease outlives the work by this at most: clocks differ, and a last write may be under way.
const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// Time for a task whose answer is not of flex: two model calls with a time-out of 90 s, a retry of each, and the publishing.
const USUAL: Duration = Duration::from_secs(300);

/// When work on a task of `lane` that begins at `now` must be over, in an invocation that ends at `end`. What is not for
/// flex leaves the minutes unused that flex needs.
pub(crate) fn deadline(tiers: LaneTiers, lane: Option<Lane>, now: Timestamp, end: Timestamp) -> Timestamp {
    if lane.is_some_and(|lane| tiers.is_flex(lane)) { end } else { end.min(after(now, USUAL)) }
}

/// When the last lease of work ends that must be over by `deadline`.
pub(crate) fn end_of(deadline: Timestamp) -> Timestamp {
    after(deadline, LEASE_MARGIN)
}

/// When a lease ends that is taken or renewed at `now`.
pub(crate) fn until(now: Timestamp, deadline: Timestamp) -> Timestamp {
    after(now, LEASE).min(end_of(deadline))
}

/// Lets the next write of `task` hold it until `until`.
pub(crate) fn extend(task: &mut Task, until: Timestamp) {
    if let Some(lease) = &mut task.control.lease {
        lease.until = until;
        task.control.due_at = Some(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::hold::RETURNS_SPREAD;
    use domain::{ServiceTier, between};

    const TEMPLATE: &str = include_str!("../../../../template.yaml");

    /// What stands behind `key` in template.yaml, first behind the line `from`.
    fn of_template<'t>(from: &str, key: &str) -> &'t str {
        let part = TEMPLATE.split_once(from).unwrap().1;
        part.split_once(key).unwrap().1.split('\n').next().unwrap().trim()
    }

    /// The worst case is a processor that dies right after a renewal.
    #[test]
    fn task_of_a_dead_processor_is_taken_up_again_within_150_seconds() {
        let (now, hour) = (Timestamp::UNIX_EPOCH, Duration::from_secs(3_600));
        assert_eq!(between(now, until(now, after(now, hour))), LEASE);
        // The message comes back; or it was lost, and the sweeper finds the task due at the lease's end.
        assert_eq!(LEASE + RETURNS_SPREAD, Duration::from_secs(150));
        assert_eq!(of_template("\n  SweeperFunction:", " Schedule:"), "rate(1 minute)");
    }

    #[test]
    fn work_is_over_by_the_end_of_its_invocation_and_holds_nothing_for_longer() {
        let timeout: u64 = of_template("\n  ProcessorFunction:", " Timeout:").parse().unwrap();
        let (now, end) = (Timestamp::UNIX_EPOCH, after(Timestamp::UNIX_EPOCH, Duration::from_secs(timeout)));
        let tiers = LaneTiers { bulk: ServiceTier::Flex, ..LaneTiers::default() };
        for (lane, seconds) in [(Lane::Bulk, 900), (Lane::Standard, 300), (Lane::Express, 300)] {
            let deadline = deadline(tiers, Some(lane), now, end);
            assert_eq!(between(now, deadline), Duration::from_secs(seconds), "{lane}");
            assert_eq!(between(deadline, until(deadline, deadline)), LEASE_MARGIN);
        }
        assert_eq!(
            deadline(tiers, None, now, after(now, Duration::from_secs(9))),
            after(now, Duration::from_secs(9))
        );
    }
}
