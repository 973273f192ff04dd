//! Messages that ask people about drafts: posted right after a park, changed right after a decision was
//! carried out, and an answer to those whose click decided nothing.
//!
//! All of it comes after the task's last write and after its thread was released. If something fails here, or
//! the processor dies, the sweeper makes up for it: the promise is the parked task, not the message.

use domain::{Approver, Task, TaskId, answer_clicks, deliver_notices};
use tracing::warn;

use crate::Processor;

/// Delivers the messages of a task that nobody works on any more. `owner` is the claim's, or unique to this
/// delivery.
pub(crate) async fn deliver(processor: &Processor, id: &TaskId, owner: &str) {
    let Some(approver) = &processor.approver else { return };
    let report =
        match deliver_notices(processor.stores(), approver.as_ref(), processor.clock(), id, owner).await {
            Ok(report) => report,
            Err(problem) => return not_delivered(id, &problem),
        };
    report.failures.iter().for_each(|problem| not_delivered(id, problem));
    if let Some(task) = report.task.filter(|task| !task.doc.notices.is_empty()) {
        answer(processor, approver.as_ref(), &task).await;
    }
}

fn not_delivered(id: &TaskId, problem: &dyn std::fmt::Display) {
    warn!(task_id = %id, %problem, "a message about a draft was not delivered; the sweeper tries again");
}

async fn answer(processor: &Processor, approver: &dyn Approver, task: &Task) {
    match answer_clicks(processor.stores(), approver, task, processor.clock().now()).await {
        Ok(failures) => {
            for problem in failures {
                warn!(task_id = %task.id, %problem, "somebody could not be told why their click decided nothing");
            }
        }
        Err(problem) => warn!(task_id = %task.id, %problem, "clicks could not be answered"),
    }
}
