//! The figures of the day know every end, whatever goes wrong outside; and none twice, whoever dies. They decide
//! nothing: what dies between an end and its count is not made up for, nor is a write of theirs whose answer is lost.

use std::collections::BTreeMap;

use domain::{DayFigures, TaskId, day_keys};

use super::After;
use crate::scenario::Happening;
use crate::world::{Mishap, Port};

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let injected = after.world.faults.injected();
    if injected.keys().any(|(port, _)| *port == Port::State) {
        return Vec::new();
    }
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    let mut day = after.world.time.start();
    while day <= domain::after(after.world.now(), std::time::Duration::from_secs(86_400)) {
        for key in day_keys(day) {
            if let Some(value) = after.world.values.value(&key) {
                for (status, count) in DayFigures::read(value).ended {
                    *counted.entry(status).or_default() += count;
                }
            }
        }
        day = domain::after(day, std::time::Duration::from_secs(86_400));
    }
    let mut ended: BTreeMap<String, u64> = BTreeMap::new();
    for end in &after.history.ends {
        *ended.entry(end.status.as_str().to_owned()).or_default() += 1;
    }
    let holds = if may_cost_figures(after) {
        counted.iter().all(|(status, count)| ended.get(status).is_some_and(|ends| count <= ends))
    } else {
        counted == ended
    };
    if holds { Vec::new() } else { vec![format!("ended {ended:?}, counted {counted:?}")] }
}

/// Whether something may have come between an end and its count: a death, a write of a task whose answer was lost, or a
/// person who has retried the task first.
fn may_cost_figures(after: &After<'_>) -> bool {
    let disturbs =
        |what: &Happening| matches!(what, Happening::Kill | Happening::KillAll | Happening::Freeze { .. });
    let kills = |mishap| matches!(mishap, Mishap::Freeze | Mishap::CrashBefore | Mishap::CrashAfter);
    let injected = after.world.faults.injected();
    let lives = |task: &TaskId| after.history.ends.iter().filter(|end| end.task == *task).count();
    after.world.scenario.plan.iter().any(|(_, what)| disturbs(what))
        || after.tasks.iter().any(|task| lives(&task.id) > 1)
        || injected.keys().any(|(port, mishap)| matches!(port, Port::Tasks | Port::Queue) || kills(*mishap))
}
