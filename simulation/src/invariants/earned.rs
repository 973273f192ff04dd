//! A task fails for a reason of its own: what the world did to stores, services and neighbours fails nobody.

use domain::{MAX_ATTEMPTS, PAYLOAD_MISSING, TaskStatus};

use super::After;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let failed = after.tasks.iter().filter(|task| task.control.status == TaskStatus::Failed);
    let mut found = Vec::new();
    for task in failed {
        let Some(error) = &task.doc.error else { continue };
        let hardships = after.history.hardships.get(&task.id).copied().unwrap_or_default();
        let nature = after.world.nature_of(&task.id);
        let earned = match error.kind.as_str() {
            "blocked_prompt" => nature.blocked,
            "no_attempts_left" if nature.poison => true,
            "damaged" => after.history.damaged.contains(&task.id),
            // Whoever sent it was never told that it was taken in.
            PAYLOAD_MISSING => !after.history.promised.contains_key(&task.id),
            _ => hardships >= MAX_ATTEMPTS,
        };
        if !earned {
            let (id, step, kind, message) = (&task.id, &error.step, &error.kind, &error.message);
            found.push(format!("{id} failed after {hardships} hardships: {step}: {kind}: {message}"));
        }
    }
    found
}
