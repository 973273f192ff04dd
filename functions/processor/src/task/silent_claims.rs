//! Claims of a task that ended without a word, as its fences tell.

use domain::Task;

/// Whether the last claim of `task` before the present one ended without a word, or an earlier one did and none
/// has come to more than an orderly deferral since.
pub(crate) fn must_run_alone(task: &Task) -> bool {
    task.doc.runs_alone || task.control.fence > task.doc.settled_fence.saturating_add(1)
}

/// Earlier claims of `task` that ended without a word, and whose fault nobody knows: all but one that had begun to run
/// alone. There is one of these at most, since each writes first what was lost before.
pub(crate) fn forgiven(task: &Task) -> u32 {
    let lost = task.control.fence.saturating_sub(task.doc.settled_fence.saturating_add(1));
    u32::try_from(lost.saturating_sub(u64::from(died_alone(task)))).unwrap_or(u32::MAX)
}

/// Whether an earlier claim of `task` ended without a word after it had begun to run alone.
pub(crate) fn died_alone(task: &Task) -> bool {
    task.doc.settled_fence < task.doc.alone_fence && task.doc.alone_fence < task.control.fence
}

#[cfg(test)]
mod tests {
    use domain::contract::new_task;
    use domain::{TaskId, Timestamp};

    use super::*;

    /// A task under its claim `fence`, that settled under `settled` last and began to run alone under `alone`.
    fn task(fence: u64, settled: u64, alone: u64) -> Task {
        let now = Timestamp::UNIX_EPOCH;
        let mut task = Task::received(TaskId::derive("github", b"1"), new_task("github"), now, now);
        (task.control.fence, task.doc.settled_fence, task.doc.alone_fence) = (fence, settled, alone);
        task
    }

    #[test]
    fn claim_that_was_lost_before_it_ran_alone_is_forgiven() {
        assert_eq!(forgiven(&task(3, 1, 0)), 1);
        // Set aside under 2, lost under 3 in the middle of its claim.
        assert_eq!(forgiven(&task(4, 2, 0)), 1);
        // Lost alone under 2, then twice among others.
        assert_eq!(forgiven(&task(5, 1, 2)), 2);
    }

    #[test]
    fn claim_that_was_lost_alone_is_not_forgiven() {
        assert_eq!(forgiven(&task(4, 2, 3)), 0);
        assert_eq!(forgiven(&task(4, 3, 3)), 0);
        assert_eq!(forgiven(&task(1, 0, 0)), 0);
    }
}
