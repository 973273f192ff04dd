//! One happening is one task, however often and under whatever name it is delivered.

use super::After;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let doubled = after.history.tasks_of_event.iter().filter(|(_, tasks)| tasks.len() > 1);
    doubled.map(|(number, tasks)| format!("event {number} is {tasks:?}")).collect()
}
