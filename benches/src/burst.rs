//! A thousand webhooks at once: every one is taken quickly, and every task is done once.

use std::path::Path;
use std::time::Duration;

use crate::report::Table;
use crate::scenario::{self, Scenario};
use crate::sender::Pace;
use crate::statistics::{millis, percentile};
use crate::world::World;
use crate::{Outcome, child};

const WEBHOOKS: u64 = 1_000;
const SCENARIO: Scenario = Scenario {
    webhooks: WEBHOOKS,
    pace: Pace { connections: 64, gap: Duration::ZERO },
    patience: Duration::from_secs(180),
    own_model: true,
};
const TARGET: Duration = Duration::from_millis(200);

pub(crate) fn run() -> Outcome<Vec<Table>> {
    child::binaries()?.into_iter().map(|(profile, binary)| measure(profile, &binary)).collect()
}

fn measure(profile: &str, binary: &Path) -> Outcome<Table> {
    let title =
        format!("burst ({profile}): {WEBHOOKS} webhooks over {} connections", SCENARIO.pace.connections);
    let mut table = Table::new(title);
    let world = World::start(Duration::ZERO)?;
    let observed = scenario::run(binary, &world, &SCENARIO)?;
    let latencies = &observed.sent.latencies;
    let p99 = percentile(latencies, 0.99);
    table.target("answered within, p99", millis(p99), "< 200 ms", p99 < TARGET);
    table.figure("answered within, p50", millis(percentile(latencies, 0.5)));
    table.figure("answered within, slowest", millis(percentile(latencies, 1.0)));
    observed.fill(&mut table, WEBHOOKS)?;
    Ok(table)
}
