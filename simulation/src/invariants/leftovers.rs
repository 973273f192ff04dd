//! An hour after the last fault no lease is held, no money is set aside, no message is on a lane, and no letter is dead.

use super::After;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (key, until) in after.world.values.leases(after.world.now()) {
        found.push(format!("the lease {key} is held until {until}"));
    }
    let aside: u64 =
        after.world.values.budgets().iter().map(|(_, budget)| budget.aside(Some(after.world.now()))).sum();
    if aside > 0 {
        found.push(format!("{aside} millionths are set aside"));
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
