//! What was billed is counted as spent, also what nobody has heard of who is dead by now; and what is written down as
//! spent is not more than can have been: nothing is counted twice. A write whose answer was lost
//! is known again among the latest ones alone: what an older one wrote may be counted once more
//! (`World::budget_refused`), which is on the safe side.

use std::time::Duration;

use super::After;
use crate::world::Purse;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    after.world.purses().flat_map(|purse| of(after, purse)).collect()
}

fn of(after: &After<'_>, purse: Purse) -> Vec<String> {
    let budgets = after.world.budgets(purse);
    let spent: u64 = budgets.iter().map(|budget| budget.spent).sum();
    let counted = spent + budgets.iter().map(|budget| budget.aside(None)).sum::<u64>();
    let (billed, most) = (after.world.billed(), after.world.most_spent(purse));
    let mut found = Vec::new();
    if spent > most {
        found.push(format!("{spent} millionths are spent ({purse:?}), at most {most} were billed"));
    }
    // The budget of a day is forgotten three days later.
    if billed > counted && after.world.time.elapsed() < Duration::from_secs(86_400) {
        found.push(format!("{billed} millionths were billed, {counted} are counted ({purse:?})"));
    }
    found
}
