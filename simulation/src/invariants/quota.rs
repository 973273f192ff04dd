//! No model is asked more often in a day than it may be, also if an environment has to ask alone for a while, and only one
//! does; nor more often in a minute, where clocks agree, nobody stands still between the permit
//! and the question, and the store that counts works.

use super::After;
use crate::scenario::Happening;
use crate::world::{Mishap, Port};

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let (busiest, may) = (after.world.busiest_day(), after.world.scenario.policy.rpd.unwrap_or(u64::MAX));
    if busiest <= may {
        of_minutes(after)
    } else {
        vec![format!("{busiest} requests in a day, {may} may be")]
    }
}

fn of_minutes(after: &After<'_>) -> Vec<String> {
    let scenario = &after.world.scenario;
    let stands_still = scenario.plan.iter().any(|(_, what)| matches!(what, Happening::Freeze { .. }));
    let is_hampered = |(port, mishap): &(Port, Mishap)| *port == Port::State || *mishap == Mishap::Freeze;
    let is_hampered = after.world.faults.injected().keys().any(is_hampered);
    if stands_still || is_hampered || !scenario.max_skew.is_zero() {
        return Vec::new();
    }
    let (busiest, may) = (after.world.busiest_minute(), scenario.policy.rpm);
    if busiest <= may { Vec::new() } else { vec![format!("{busiest} requests in a minute, {may} may be")] }
}
