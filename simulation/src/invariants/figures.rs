//! The figures of the day know every end, where nothing has gone wrong that may cost or double one: they decide
//! nothing, so a write of theirs that fails is not made up for.

use std::collections::BTreeMap;

use domain::{DayFigures, day_keys};

use super::After;
use crate::scenario::Happening;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let scenario = &after.world.scenario;
    let disturbed =
        |what: &Happening| matches!(what, Happening::Kill | Happening::KillAll | Happening::Freeze { .. });
    let was_disturbed = scenario.plan.iter().any(|(_, what)| disturbed(what));
    if was_disturbed || after.world.had_faults() || scenario.plan.is_empty() {
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
    if counted == ended { Vec::new() } else { vec![format!("ended {ended:?}, counted {counted:?}")] }
}
