//! CPU time of ingest on a GitHub payload of 12 KB, beside a route that only reads it and answers.

use std::time::Duration;

use domain::Clock;
use embedded::Embedded;
use settings::Settings;
use tokio::runtime::Builder;

use crate::report::Table;
use crate::stages::{self, STAGES};
use crate::statistics::{median, micros};
use crate::{Outcome, agent, github_event, ingest_rig, null_stores};

/// Webhooks of one block, and blocks of each kind.
const BLOCK: u64 = 500;
const BLOCKS: u64 = 11;
const TARGET: Duration = Duration::from_micros(150);

/// CPU time for each webhook, one entry for each block.
#[derive(Default)]
struct Blocks {
    floor: Vec<Duration>,
    nothing: Vec<Duration>,
    memory: Vec<Duration>,
    stages: [Vec<Duration>; STAGES.len()],
}

pub(crate) fn run() -> Outcome<Vec<Table>> {
    let settings = agent::settings()?;
    let mut table = Table::new(format!("ingest: CPU a webhook of 12 KB, median of {BLOCKS} × {BLOCK}"));
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let blocks = runtime.block_on(measure(&settings))?;
    fill(&mut table, &blocks);
    Ok(vec![table])
}

async fn measure(settings: &Settings) -> Outcome<Blocks> {
    let mut blocks = Blocks::default();
    let (floor, nothing) = (ingest_rig::floor(), ingest_rig::ingest(settings, null_stores::null()));
    // The first block warms up, and is not counted.
    for block in 0..=BLOCKS {
        let webhooks = github_event::issues(block * BLOCK + 1..(block + 1) * BLOCK + 1)?;
        // A database of its own: an old one would have grown.
        let stores = Embedded::in_memory(Clock::system())?.stores();
        let memory = ingest_rig::ingest(settings, stores);
        let measured = [
            ingest_rig::cpu_each(&floor, &webhooks).await?,
            ingest_rig::cpu_each(&nothing, &webhooks).await?,
            ingest_rig::cpu_each(&memory, &webhooks).await?,
        ];
        let stages = stages::cpu_each(&webhooks)?;
        if block > 0 {
            blocks.floor.push(measured[0]);
            blocks.nothing.push(measured[1]);
            blocks.memory.push(measured[2]);
            blocks.stages.iter_mut().zip(stages).for_each(|(all, stage)| all.push(stage));
        }
    }
    Ok(blocks)
}

fn fill(table: &mut Table, blocks: &Blocks) {
    let (floor, nothing, memory) = (median(&blocks.floor), median(&blocks.nothing), median(&blocks.memory));
    table.target("ingest with the in-memory adapters", micros(memory), "≤ 150 µs", memory <= TARGET);
    table.figure("  of it SQLite (beside stores that store nothing)", micros(memory.saturating_sub(nothing)));
    table.figure("ingest without storing", micros(nothing));
    let mut rest = nothing.saturating_sub(floor);
    for (name, all) in STAGES.iter().zip(&blocks.stages) {
        let stage = median(all);
        rest = rest.saturating_sub(stage);
        table.figure(&format!("  {name}"), micros(stage));
    }
    table.figure("  task, headers, time-out and the rest", micros(rest));
    table.figure("a route that reads the body and answers", micros(floor));
}
