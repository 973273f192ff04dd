//! Messages that ask people about drafts: posted right after a park, changed right after a decision was
//! carried out, and a word to those whose click decided nothing.
//!
//! All of it comes after the task's last write and after its thread was released. What fails here, or
//! dies, is made up for by the sweeper: the message is no part of the promise, the parked task is.

use std::sync::Arc;

use domain::{Approver, Task, TaskId, answer_clicks, deliver_notices};
use tracing::warn;

use crate::Processor;

impl Processor {
    /// The same, which also asks people in this place, if there is one.
    #[must_use]
    pub fn with_approver(self, approver: Option<Arc<dyn Approver>>) -> Self {
        Self { approver, ..self }
    }

    /// Looks after the messages of a task that nobody works on any more. `owner` is the claim's, or
    /// unique to this delivery.
    pub(crate) async fn deliver_notices(&self, id: &TaskId, owner: &str) {
        let Some(approver) = &self.approver else { return };
        let tended = match deliver_notices(&self.stores, approver.as_ref(), &self.clock, id, owner).await {
            Ok(tended) => tended,
            Err(problem) => {
                return warn!(task_id = %id, %problem, "a message about a draft; the sweeper tries again");
            }
        };
        for problem in &tended.failures {
            warn!(task_id = %id, %problem, "a message about a draft; the sweeper tries again");
        }
        if let Some(task) = tended.task.filter(|task| !task.doc.notices.is_empty()) {
            self.answer(approver.as_ref(), &task).await;
        }
    }

    async fn answer(&self, approver: &dyn Approver, task: &Task) {
        match answer_clicks(&self.stores, approver, task, self.clock.now()).await {
            Ok(failures) => {
                for problem in failures {
                    warn!(task_id = %task.id, %problem, "somebody is not told why their click decided nothing");
                }
            }
            Err(problem) => warn!(task_id = %task.id, %problem, "clicks are not answered"),
        }
    }
}
