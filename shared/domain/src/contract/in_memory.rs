//! A claim and a save as a store in memory makes them: the one description for the fakes of the tests.

use crate::{Claim, ClaimRequest, Save, Task, TaskStatus};

/// Claims `task`, which is stored, if it can be claimed. Its owner claims it as often as it likes.
pub fn claim(task: &mut Task, request: &ClaimRequest) -> Claim {
    let control = &mut task.control;
    match (control.status, &control.lease, control.not_before) {
        (TaskStatus::Processing, Some(lease), _) if lease.owner == request.lease.owner => {
            return Claim::Claimed(Box::new(task.clone()));
        }
        (TaskStatus::Processing, Some(lease), _) if lease.until > request.now => {
            return Claim::Busy { until: lease.until };
        }
        (TaskStatus::Waiting, _, Some(not_before)) if not_before > request.now => {
            return Claim::NotDue { not_before };
        }
        (status, ..) if !status.is_claimable() => return Claim::Settled(status),
        _ => {}
    }
    control.status = TaskStatus::Processing;
    control.revision += 1;
    control.fence += 1;
    control.attempts += 1;
    control.lease = Some(request.lease.clone());
    control.not_before = None;
    control.due_at = Some(request.lease.until);
    control.updated_at = request.now;
    Claim::Claimed(Box::new(task.clone()))
}

/// Writes `task` over what is `stored`, and says what was there before if it was written now. A write that has
/// happened already is done, and changes nothing.
pub fn save(stored: &mut Task, task: &Task) -> (Save, Option<Task>) {
    let mut written = task.clone();
    written.control.revision += 1;
    if *stored == written {
        return (Save::Done, None);
    }
    if stored.control.revision != task.control.revision {
        return (Save::Stale, None);
    }
    (Save::Done, Some(std::mem::replace(stored, written)))
}
