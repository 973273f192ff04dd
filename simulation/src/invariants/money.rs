//! What is written down as spent is not more than can have been: nothing is counted twice. A write whose answer was lost
//! is known again among the latest ones alone; an older one is counted once more, which is on the safe side.

use super::After;

/// So many writes back the model plane knows its own again.
const REMEMBERED: u64 = 16;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let spent: u64 = after.world.values.budgets().iter().map(|budget| budget.spent).sum();
    let most = after.world.most_spent();
    if spent <= most || after.world.budget_writes() > REMEMBERED {
        return Vec::new();
    }
    vec![format!("{spent} millionths are spent, at most {most} were billed")]
}
