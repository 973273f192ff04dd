//! What is written down as spent is not more than can have been: nothing is counted twice. A write whose answer was lost
//! is known again among the latest ones alone: what an older one wrote may be counted once more
//! (`World::budget_refused`), which is on the safe side.

use super::After;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let spent: u64 = after.world.values.budgets().iter().map(|budget| budget.spent).sum();
    let most = after.world.most_spent();
    if spent <= most {
        Vec::new()
    } else {
        vec![format!("{spent} millionths are spent, at most {most} were billed")]
    }
}
