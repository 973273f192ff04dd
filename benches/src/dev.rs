//! How soon `afterhook dev` listens, and how soon after that its sample task is done.

use std::path::Path;
use std::time::Duration;

use crate::Outcome;
use crate::child::{self, Dev};
use crate::report::Table;
use crate::statistics::{median, millis, percentile};

const RUNS: usize = 10;
const READY: Duration = Duration::from_secs(1);
const SAMPLE: Duration = Duration::from_secs(2);

pub(crate) fn run() -> Outcome<Vec<Table>> {
    child::binaries()?.into_iter().map(|(profile, binary)| measure(profile, &binary)).collect()
}

fn measure(profile: &str, binary: &Path) -> Outcome<Table> {
    let mut table = Table::new(format!("dev ({profile}): {RUNS} starts on an empty data directory"));
    let (mut ready, mut done) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        // The shipped agent.toml. It listens before it sends the sample, which delays nothing.
        let dev = Dev::start(binary, &["--once"], &[])?;
        let (_, listens) = dev.ready()?;
        let (_, posted) = dev.line("posted comment ")?;
        ready.push(listens);
        done.push(posted.saturating_sub(listens));
    }
    row(&mut table, "start to `ready on`", &ready, "≤ 1 s", READY);
    row(&mut table, "`ready on` to the sample's comment", &done, "≤ 2 s", SAMPLE);
    Ok(table)
}

/// Held to the slowest run.
fn row(table: &mut Table, figure: &str, times: &[Duration], target: &str, most: Duration) {
    let slowest = percentile(times, 1.0);
    table.target(&format!("{figure}, slowest"), millis(slowest), target, slowest <= most);
    table.figure(&format!("{figure}, median"), millis(median(times)));
}
