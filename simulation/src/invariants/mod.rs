//! What must hold after every run: one file each.
//!
//! Some are watched while it goes on, where they can be seen best: that no saved step is paid twice
//! (`world/model.rs`), that no budget is exceeded, that what a
//! shard is given is neither lost nor had twice, that no call costs more than was set aside for it,
//! an answered batch leaves no money set aside and no environment has more calls at once than its share (`world/ledger.rs`), that a 2xx means stored (`world/senders.rs`), that no host has more calls at once than it may
//! (`world/receiver.rs`), that one failed read of the secrets refuses nobody (`world/secrets.rs`), that a dead processor holds
//! no task for long (`world/mod.rs`), that a promised slot is kept, a crash has its price and nobody doubts what was never sent (`world/history.rs`).

mod decisions;
mod earned;
mod ends;
mod figures;
mod gate;
mod leftovers;
mod messages;
mod money;
mod one_task;
mod publications;
mod quota;
mod rejected;
mod reply_cap;
mod superseded;
#[cfg(test)]
mod tests;
mod told;

use std::sync::MutexGuard;

use domain::{Task, TaskId};

use crate::world::{History, Violation, World};

/// A world at rest.
pub(crate) struct After<'w> {
    pub(crate) world: &'w World,
    pub(crate) tasks: Vec<Task>,
    pub(crate) history: MutexGuard<'w, History>,
}

impl After<'_> {
    fn task(&self, id: &TaskId) -> Option<&Task> {
        self.tasks.iter().find(|task| task.id == *id)
    }
}

/// What an invariant finds that does not hold.
type Check = fn(&After<'_>) -> Vec<String>;

/// Every invariant that is judged after a run.
const ALL: [(&str, Check); 15] = [
    ("every task ends and says why", ends::check),
    ("a task fails for a reason of its own", earned::check),
    ("one happening is one task", one_task::check),
    ("a completed task has one publication, every other one none", publications::check),
    ("nothing is published that the gate did not let through", gate::check),
    ("nothing is published after a rejection or an expiry", rejected::check),
    ("a thread has no more replies than it may", reply_cap::check),
    ("a decision that was acknowledged holds", decisions::check),
    ("every text of a superseded task was seen by a model", superseded::check),
    ("every end is told to its receiver", told::check),
    ("every end is in the figures of the day", figures::check),
    ("every message about a draft says how it was decided", messages::check),
    ("nothing is spent twice", money::check),
    ("no model is asked more often than it may be", quota::check),
    ("nothing is left behind", leftovers::check),
];

/// Everything that does not hold in `world`.
#[must_use]
pub fn check(world: &World) -> Vec<Violation> {
    let after = After { world, tasks: world.tasks.all(), history: world.history() };
    let violations = ALL
        .iter()
        .flat_map(|(invariant, check)| check(&after).into_iter().map(|what| Violation { invariant, what }));
    violations.collect()
}
