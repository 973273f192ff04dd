//! Four hundred tasks at once, four processors, one quota: how much of the quota becomes answers, and
//! how many calls are wasted on finding out that there is none left.

use std::time::Duration;

use domain::{Clock, Task, TaskStatus};
use settings::Settings;
use standins::gemini::{GeminiStandin, Latency};
use tokio::runtime::Builder;

use crate::fleet::{Fleet, PROCESSORS};
use crate::report::Table;
use crate::seen::{self, Call, percent};
use crate::statistics::seconds;
use crate::world::World;
use crate::{Outcome, agent, github_event};

const TASKS: u64 = 400;
/// Twice what the quota needs, and a minute.
const TIMEOUT: Duration = Duration::from_secs(300);
const GOODPUT: f64 = 0.95;
const WASTED: f64 = 0.02;

pub(crate) fn run() -> Outcome<Vec<Table>> {
    let settings = agent::load(&agent::of("storm.toml"))?;
    let mut table =
        Table::new(format!("storm: {TASKS} tasks at once, {PROCESSORS} processors, storm.toml's quotas"));
    let world = World::with(standin(&settings), &Clock::system())?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let tasks = runtime.block_on(weather(&world, &settings))?;
    fill(&mut table, &settings, &world, &tasks)?;
    Ok(vec![table])
}

/// A model that thinks for half a second or so, under the limits that agent.toml names.
fn standin(settings: &Settings) -> standins::gemini::Builder {
    let thinking = Latency::Between(Duration::from_millis(200), Duration::from_millis(800));
    let standin =
        GeminiStandin::builder().keep_requests(seen::REMEMBERED).keep_bodies(false).latency(thinking);
    let limited =
        settings.models.in_use().into_iter().filter_map(|model| Some((model, rpm(settings, model)?)));
    limited.fold(standin, |standin, (model, rpm)| standin.quota_of(model, rpm))
}

fn rpm(settings: &Settings, model: &str) -> Option<u64> {
    settings.models.limits.get(model).and_then(|limits| limits.requests_per_minute)
}

async fn weather(world: &World, settings: &Settings) -> Outcome<Vec<Task>> {
    let fleet = Fleet::start(world, settings)?;
    fleet.take(settings, &github_event::issues(1..=TASKS)?).await?;
    fleet.ended(usize::try_from(TASKS)?, TIMEOUT).await
}

fn fill(table: &mut Table, settings: &Settings, world: &World, tasks: &[Task]) -> Outcome<()> {
    let calls = seen::calls(&world.gemini);
    let answer = &settings.models.answer;
    let rpm = rpm(settings, answer).ok_or("storm.toml sets no quota")?;
    let goodput = seen::goodput(&seen::of(&calls, answer), rpm);
    let share = goodput.map_or(0.0, |goodput| goodput.share);
    table.target("answers after the first window, of the quota", percent(share), "≥ 95 %", share >= GOODPUT);
    let wasted = seen::share(seen::answered(&calls, 429), calls.len());
    table.target("calls answered with 429", percent(wasted), "≤ 2 %", wasted <= WASTED);
    let completed = tasks.iter().filter(|task| task.control.status == TaskStatus::Completed).count();
    table.all_of("completed", completed, usize::try_from(TASKS)?);
    let answered = world.answered(1..=TASKS);
    table.none("issues without a comment", answered.never);
    table.none("issues with more than one comment", answered.doubled);
    table.none("tasks that lost an attempt", tasks.iter().filter(|task| task.control.attempts > 1).count());
    for model in settings.models.in_use() {
        of_model(table, &calls, model);
    }
    if let Some(goodput) = goodput {
        let window = seconds(goodput.window);
        table.note(format!("after the first window: {} answers in {window}", goodput.answers));
    }
    explain(table, tasks);
    Ok(())
}

fn of_model(table: &mut Table, calls: &[Call], model: &str) {
    let calls = seen::of(calls, model);
    let throttled = seen::answered(calls.iter().copied(), 429);
    table.figure(&format!("{model}: calls, of them 429"), format!("{}, {throttled}", calls.len()));
    if let (Some(first), Some(last)) = (calls.first(), calls.last()) {
        table.figure("  from the first to the last", seconds(domain::between(first.at, last.at)));
    }
}

/// The first task that is not completed.
pub(crate) fn explain(table: &mut Table, tasks: &[Task]) {
    if let Some(task) = tasks.iter().find(|task| task.control.status != TaskStatus::Completed) {
        let why = task.doc.error.as_ref().map_or("no error", |error| &error.message);
        table
            .note(format!("{}: {}, {} attempts, {why}", task.id, task.control.status, task.control.attempts));
    }
}
