//! Messages that ask people about drafts and that the processor has not delivered: those that could not be
//! posted, those that a crash has left in doubt, and those of drafts that were decided elsewhere or expired.
//!
//! Apart from the sweep over tasks: a silent Slack keeps no task waiting.

use domain::{Approver, Clock, Jitter, Stores, TaskId, Timestamp, deliver_notices};
use tracing::{info, warn};

/// Delivers the messages of parked and ended tasks.
#[derive(Clone)]
pub struct Notices {
    /// Storage.
    pub stores: Stores,
    /// The time.
    pub clock: Clock,
    /// Randomness: what tells two sweeps apart that intend the same in one millisecond.
    pub jitter: Jitter,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Messages that were posted.
    pub posted: u32,
    /// Messages that now say how it ended.
    pub marked: u32,
    /// Messages that the place did not take, and tasks that the stores did not give.
    pub failed: u32,
}

impl Notices {
    /// Delivers the messages of `due`, which a sweep was [asked about](crate::Swept::asked_about), one task after the other, until `deadline` or until the place refuses
    /// more than a single message or does not answer: the next sweep goes on.
    pub async fn deliver_notices(
        &self,
        approver: &dyn Approver,
        due: Vec<TaskId>,
        deadline: Timestamp,
    ) -> Tally {
        let owner = format!("sweep {:x}", self.jitter.draw().to_bits());
        let mut tally = Tally::default();
        for id in due {
            if self.clock.now() >= deadline {
                break;
            }
            match deliver_notices(&self.stores, approver, &self.clock, &id, &owner).await {
                Ok(report) => {
                    tally.posted += report.posted;
                    tally.marked += report.marked;
                    for problem in &report.failures {
                        warn!(task_id = %id, %problem, "a message about a draft was not delivered; the next sweep tries again");
                        tally.failed += 1;
                    }
                    if report.is_down() {
                        break;
                    }
                }
                Err(problem) => {
                    warn!(task_id = %id, %problem, "a message about a draft was not delivered; the next sweep tries again");
                    tally.failed += 1;
                }
            }
        }
        if tally != Tally::default() {
            info!(?tally, "messages about drafts were delivered");
        }
        tally
    }
}
