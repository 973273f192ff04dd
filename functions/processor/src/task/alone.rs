//! Tasks whose processor died: out of memory, or in the blocking loop of an automation.
//!
//! Whatever killed it took every task of its process along, and nobody knows whose fault it was. So each of them runs
//! alone from then on, after the others of its batch and one at a time in its process, until a run of it has come to more
//! than an orderly deferral. The crash that they shared costs none of them an attempt. A claim that is to run alone says
//! so before it works (`TaskDoc::alone_fence`). If it ends without a word, the fault is the task's own, and the next try
//! waits for as long as after a failure; of any other claim it is not. So a crash costs one attempt of one task at most,
//! whatever was in work. Beside a task that runs alone, a process of one's own goes on with tasks that never lost
//! a processor. A processor that stood still, or that could not write what became of the task, counts as crashed too:
//! nothing tells the difference.

use domain::{Save, Task, TaskStatus, Timestamp};
use tracing::{error, warn};

use crate::queue::ack::{Ack, LATE_MESSAGE, retry_backoff, wait};
use crate::task::pipeline::Processed;
use crate::task::silent_claims::{died_alone, forgiven, must_run_alone};
use crate::task::{lost_costs, own_write};
use crate::{Interrupt, Processor};

/// The wait grows up to so many crashes that are its own. Then a lease takes longer to end than it lasts.
const MAX_WAIT_AFTER: u32 = 3;
/// What its timeline says of such a task.
const DIED: &str = "its processor died; it runs alone";

/// Until when `task` has to wait if its processor died while it ran alone: as long as after a failed attempt, since its
/// run wrote something last.
pub(crate) fn put_off_until(processor: &Processor, task: &Task) -> Option<Timestamp> {
    let ran = task.doc.timeline.last().filter(|_| died_alone(task))?.at;
    let own = task.control.attempts.saturating_sub(forgiven(task).saturating_add(1));
    let back_off = retry_backoff(own.min(MAX_WAIT_AFTER));
    let until = domain::after(ran, processor.resources.jitter.spread(back_off));
    (until > processor.clock().now()).then_some(until)
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
        task.note(now, DIED);
    }
}

/// Writes that the work on `task` begins alone, if it must: should this run die as well, it is the task's own fault. What
/// the run that died had spent is written with it.
///
/// # Errors
/// It cannot be written: the task must not be worked on.
pub(crate) async fn begin(processor: &Processor, task: &mut Task) -> Result<(), Interrupt> {
    if !task.doc.runs_alone {
        return Ok(());
    }
    task.doc.alone_fence = task.control.fence;
    let spent = lost_costs::find(&processor.resources, task).await?;
    task.control.updated_at = processor.clock().now();
    match own_write::save(&processor.resources, task).await? {
        Save::Done => {
            processor.resources.stats.spent(&spent);
            Ok(())
        }
        Save::Stale => Err(Interrupt::Lost),
    }
}

/// Gives the claim of `task` back, to be claimed again when it is its turn to run alone.
pub(crate) async fn set_aside(processor: &Processor, task: Task) -> Processed {
    let now = processor.clock().now();
    match give_back(processor, task, now, domain::after(now, LATE_MESSAGE)).await {
        Some(attempts) => Processed::SetAside { attempts },
        None => Processed::Done(Ack::Retry(None), None),
    }
}

/// Gives the claim of `task` back until `not_before`, given how often its message has been received.
pub(crate) async fn put_off(
    processor: &Processor,
    task: Task,
    not_before: Timestamp,
    receive_count: u32,
) -> Processed {
    let (ack, due_at) = wait(processor.clock().now(), not_before, receive_count);
    let is_written = give_back(processor, task, not_before, due_at).await.is_some();
    Processed::Done(if is_written { ack } else { Ack::Retry(None) }, None)
}

/// Writes that the claim of `task` came to nothing. The attempts that are its own; `None` if it is not written.
async fn give_back(
    processor: &Processor,
    mut task: Task,
    not_before: Timestamp,
    due_at: Timestamp,
) -> Option<u32> {
    task.control.attempts = task.control.attempts.saturating_sub(forgiven(&task).saturating_add(1));
    task.doc.runs_alone = true;
    task.doc.settled_fence = task.control.fence;
    let now = processor.clock().now();
    // It may come for its turn often.
    task.doc.timeline.pop_if(|last| last.note == DIED);
    if let Err(illegal) = task.transition(TaskStatus::Waiting, now, DIED) {
        error!(task_id = %task.id, %illegal, "a claimed task cannot be given back");
        return None;
    }
    task.control.not_before = Some(not_before);
    task.control.due_at = Some(due_at);
    match processor.stores().tasks.save(&mut task).await {
        Ok(Save::Done) => {
            warn!(task_id = %task.id, %not_before, "the processor of the task died; it runs alone when it is its turn");
            Some(task.control.attempts)
        }
        Ok(Save::Stale) => None,
        Err(problem) => {
            warn!(task_id = %task.id, %problem, "a task whose processor died waits for the end of its lease");
            None
        }
    }
}
