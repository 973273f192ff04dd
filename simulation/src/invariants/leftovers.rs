//! An hour after the last fault no lease is held, no message is on a lane, and no letter is dead.

use super::After;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (key, until) in after.world.values.leases(after.world.now()) {
        found.push(format!("the lease {key} is held until {until}"));
    }
    let left = after.world.lanes.left();
    if !left.messages.is_empty() {
        found.push(format!("messages for {:?} are on their lanes", left.messages));
    }
    if !left.dead.is_empty() {
        found.push(format!("messages for {:?} are dead letters", left.dead));
    }
    found
}
