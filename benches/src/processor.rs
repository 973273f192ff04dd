//! Ten tasks in one batch against a model that thinks for a second, twice for each task: they wait
//! side by side, or it takes twenty seconds.

use std::time::{Duration, Instant};

use ::processor::SqsEvent;
use domain::{Clock, Jitter, Lane, ListQuery, Stores, TaskStatus, Visibility, after};
use embedded::Embedded;
use telemetry::Metrics;
use tokio::runtime::Builder;

use crate::assembly::{self, Surroundings};
use crate::fleet::record;
use crate::report::Table;
use crate::statistics::seconds;
use crate::world::World;
use crate::{Outcome, agent, github_event, ingest_rig};

const TASKS: usize = 10;
const THINKING: Duration = Duration::from_secs(1);
const TARGET: Duration = Duration::from_millis(2_200);
const INVOCATION: Duration = Duration::from_secs(60);

pub(crate) fn run() -> Outcome<Vec<Table>> {
    let mut table = Table::new("processor: one batch of 10 tasks, two model calls of 1 s each");
    let world = World::start(THINKING)?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (took, stores) = runtime.block_on(work(&world))?;
    let query = ListQuery { status: Some(TaskStatus::Completed), limit: TASKS, ..ListQuery::default() };
    let completed = runtime.block_on(stores.tasks.list(&query))?.tasks.len();
    let comments = world.comments(numbers());
    table.target("batch done", seconds(took), "≤ 2.20 s", took <= TARGET);
    table.figure("the model's own time", seconds(2 * THINKING));
    table.all_of("completed", completed, TASKS);
    table.all_of(
        "issues with exactly one comment",
        comments.iter().filter(|count| **count == 1).count(),
        TASKS,
    );
    table.figure("model calls", world.gemini.counters().requests.to_string());
    Ok(vec![table])
}

fn numbers() -> std::ops::RangeInclusive<u64> {
    1..=TASKS as u64
}

/// How long the batch takes, and where its tasks are.
async fn work(world: &World) -> Outcome<(Duration, Stores)> {
    let clock = Clock::system();
    let stores = Embedded::in_memory(clock.clone())?.stores();
    let settings = agent::settings()?;
    let router = ingest_rig::ingest(&settings, stores.clone());
    for webhook in github_event::issues(numbers())? {
        ingest_rig::accept(&router, &webhook).await?;
    }
    let (jitter, metrics) = (Jitter::fixed(0.5), Metrics::none());
    let around = Surroundings { world, stores: &stores, clock: &clock, jitter, metrics, key: assembly::KEY };
    let processor = assembly::processor(&settings, around)?;
    let lane = Visibility { lane: Some(Lane::Standard), timeout: 6 * INVOCATION };
    let deliveries = stores.queue.receive(lane, TASKS, Duration::ZERO).await?;
    if deliveries.len() != TASKS {
        return Err(format!("the lane has {} of {TASKS} messages", deliveries.len()).into());
    }
    let batch = SqsEvent {
        records: deliveries.into_iter().map(|delivery| record(Lane::Standard, delivery)).collect(),
    };
    let deadline = after(clock.now(), INVOCATION);
    let started = Instant::now();
    let answer = processor.handle_batch(batch, |_| Some(Lane::Standard), deadline).await;
    let took = started.elapsed();
    if !answer.batch_item_failures.is_empty() {
        return Err(format!("{} messages come back", answer.batch_item_failures.len()).into());
    }
    Ok((took, stores))
}
