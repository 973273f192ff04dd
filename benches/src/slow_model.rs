//! Fifty issues within three minutes against a model that takes 25 s for each call: slow is no error.

use std::time::Duration;

use crate::report::Table;
use crate::scenario::{self, Scenario};
use crate::sender::Pace;
use crate::world::World;
use crate::{Outcome, child};

const ISSUES: u64 = 50;
const THINKING: Duration = Duration::from_secs(25);
const SCENARIO: Scenario = Scenario {
    webhooks: ISSUES,
    // The last one goes out 147 s after the first.
    pace: Pace { connections: 50, gap: Duration::from_secs(3) },
    patience: Duration::from_secs(180),
    own_model: false,
};

pub(crate) fn run() -> Outcome<Vec<Table>> {
    let (profile, binary) = child::binaries()?.into_iter().next().ok_or("there is no afterhook to run")?;
    let mut table =
        Table::new(format!("slow-model ({profile}): {ISSUES} issues in 147 s, 25 s a model call"));
    let world = World::start(THINKING)?;
    let observed = scenario::run(&binary, &world, &SCENARIO)?;
    observed.fill(&mut table, ISSUES)?;
    let counters = world.gemini.counters();
    table.figure("model calls", counters.requests.to_string());
    table.figure("model calls at once, at most", counters.max_in_flight.to_string());
    Ok(vec![table])
}
