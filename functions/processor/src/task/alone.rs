//! Tasks whose processor died: out of memory, or in the blocking loop of an automation.
//!
//! Whatever killed it took every task of its batch along, and nobody knows whose fault it was. So each of them runs
//! alone from then on, after the others of its batch, until a run of it has come to more than an orderly deferral. The
//! crash that they shared costs none of them an attempt. A claim that is to run alone says so before it works
//! (`TaskDoc::alone_fence`). If it ends without a word, the fault is the task's own; of any other claim it is
//! not. A processor that stood still, or that could not write what became of the task, counts as crashed too: nothing
//! tells the difference.

use std::sync::Arc;

use domain::{Save, Task, TaskStatus, Timestamp};
use tracing::{error, warn};

use crate::queue::ack::{Ack, LATE_MESSAGE};
use crate::task::own_write;
use crate::task::pipeline::Processed;
use crate::{Interrupt, Processor};

/// Whether the last claim of `task` before the present one ended without a word, or an earlier one did and none
/// has come to more than an orderly deferral since.
pub(crate) fn must_run_alone(task: &Task) -> bool {
    task.doc.runs_alone || task.control.fence > task.doc.settled_fence.saturating_add(1)
}

/// Earlier claims of `task` that ended without a word, and whose fault nobody knows: all but one that had begun to run
/// alone. There is one of these at most, since each writes first what was lost before.
fn forgiven(task: &Task) -> u32 {
    let (fence, settled, alone) = (task.control.fence, task.doc.settled_fence, task.doc.alone_fence);
    let lost = fence.saturating_sub(settled.saturating_add(1));
    let own = u64::from(settled < alone && alone < fence);
    u32::try_from(lost.saturating_sub(own)).unwrap_or(u32::MAX)
}

/// Takes back the tries that `task` has lost to others, if its processor died. It is written with the next write of the
/// claim, whatever that is.
pub(crate) fn take_back(task: &mut Task, now: Timestamp) {
    if !must_run_alone(task) {
        return;
    }
    let forgiven = forgiven(task);
    task.control.attempts = task.control.attempts.saturating_sub(forgiven).max(1);
    task.doc.runs_alone = true;
    task.doc.settled_fence = task.control.fence.saturating_sub(1);
    if forgiven > 0 {
        task.note(now, "its processor died; it runs alone");
    }
}

/// Writes that the work on `task` begins alone, if it must: should this run die as well, it is the task's own fault.
///
/// # Errors
/// It cannot be written: the task must not be worked on.
pub(crate) async fn begin(processor: &Processor, task: &mut Task) -> Result<(), Interrupt> {
    if !task.doc.runs_alone {
        return Ok(());
    }
    task.doc.alone_fence = task.control.fence;
    task.control.updated_at = processor.clock().now();
    match own_write::save(&processor.resources, task).await? {
        Save::Done => Ok(()),
        Save::Stale => Err(Interrupt::Lost),
    }
}

/// Gives the claim of `task` back, to be claimed again when nothing else runs.
pub(crate) async fn set_aside(processor: &Arc<Processor>, mut task: Task) -> Processed {
    let now = processor.clock().now();
    task.control.attempts = task.control.attempts.saturating_sub(forgiven(&task).saturating_add(1));
    task.doc.runs_alone = true;
    task.doc.settled_fence = task.control.fence;
    if let Err(illegal) = task.transition(TaskStatus::Waiting, now, "its processor died; it runs alone") {
        error!(task_id = %task.id, %illegal, "a claimed task cannot be set aside");
        return Processed::Done(Ack::Retry(None));
    }
    task.control.not_before = Some(now);
    task.control.due_at = Some(domain::after(now, LATE_MESSAGE));
    match processor.stores().tasks.save(&mut task).await {
        Ok(Save::Done) => {
            warn!(task_id = %task.id, "the processor of the task died; it runs alone, after the others of its batch");
            Processed::SetAside { attempts: task.control.attempts }
        }
        Ok(Save::Stale) => Processed::Done(Ack::Retry(None)),
        Err(problem) => {
            warn!(task_id = %task.id, %problem, "a task whose processor died waits for the end of its lease");
            Processed::Done(Ack::Retry(None))
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::TaskId;
    use domain::contract::new_task;

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
