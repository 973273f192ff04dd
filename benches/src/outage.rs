//! The model is down for a minute in the middle of a run, once with errors and once in silence, and
//! fails at random in another: what still reaches it, how soon work goes on, and whether every task ends.

use std::time::Duration;

use domain::{Clock, Task, TaskStatus, Timestamp, between};
use serde_json::Value;
use settings::Settings;
use standins::gemini::{Fault, FaultRule, GeminiStandin, Latency};
use telemetry::Recorded;
use tokio::runtime::Builder;

use crate::fleet::{Fleet, PROCESSORS};
use crate::github_event::Webhook;
use crate::report::Table;
use crate::seen::{self, Call, percent};
use crate::statistics::seconds;
use crate::storm::explain;
use crate::world::World;
use crate::{Outcome, agent, github_event};

/// Before the outage, and after it: tasks keep coming all the time.
const CALM: Duration = Duration::from_secs(20);
const DOWN: Duration = Duration::from_secs(60);
/// A task comes every so often.
const GAP: Duration = Duration::from_millis(250);
/// How long the tasks may take to end after the last one has come.
const TIMEOUT: Duration = Duration::from_secs(300);
/// As outage.toml has it.
const OPEN: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_secs(5);
/// Calls a minute that may still be started towards a model that is known to be down.
const KNOCKS: f64 = 10.0;

/// Likewise under noise, which opens the breakers at times: whoever waits for one does so for half a minute.
const NOISY_TIMEOUT: Duration = Duration::from_secs(900);
const NOISY_TASKS: u64 = 1_000;
const NOISE: f64 = 0.15;
const FAILED: f64 = 0.005;

pub(crate) fn run() -> Outcome<Vec<Table>> {
    let settings = agent::load(&agent::of("outage.toml"))?;
    let errors = outage("503 to every call", Fault::Status(503), &settings)?;
    let silence = outage("no answer to any call", Fault::Hang, &settings)?;
    Ok(vec![errors, silence, noise(&settings)?])
}

/// What happened when.
struct Course {
    down: Timestamp,
    back: Timestamp,
    tasks: Vec<Task>,
    metrics: Recorded,
}

fn outage(what: &str, fault: Fault, settings: &Settings) -> Outcome<Table> {
    let title = format!("outage of {} s: {what}, {PROCESSORS} processors, outage.toml", DOWN.as_secs());
    let mut table = Table::new(title);
    let world = World::with(standin(), &Clock::system())?;
    let webhooks = github_event::issues(1..=arrivals())?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let course = runtime.block_on(course(&world, settings, fault, &webhooks))?;
    let calls = seen::calls(&world.gemini);
    for model in settings.models.in_use() {
        of_model(&mut table, &course, &seen::of(&calls, model), model);
    }
    endings(&mut table, &course.tasks, &world, webhooks.len());
    Ok(table)
}

fn standin() -> standins::gemini::Builder {
    let thinking = Latency::Between(Duration::from_millis(100), Duration::from_millis(400));
    GeminiStandin::builder().keep_requests(seen::REMEMBERED).keep_bodies(false).latency(thinking)
}

fn arrivals() -> u64 {
    ((2 * CALM + DOWN).as_millis() / GAP.as_millis()) as u64
}

async fn course(world: &World, settings: &Settings, fault: Fault, webhooks: &[Webhook]) -> Outcome<Course> {
    let fleet = Fleet::start(world, settings)?;
    let outage = async {
        tokio::time::sleep(CALM).await;
        let down = Timestamp::now();
        world.gemini.set_faults(vec![FaultRule::always(fault)]);
        tokio::time::sleep(DOWN).await;
        world.gemini.set_faults(Vec::new());
        (down, Timestamp::now())
    };
    let arrivals = async {
        let mut every = tokio::time::interval(GAP);
        for webhook in webhooks {
            every.tick().await;
            fleet.take(settings, std::slice::from_ref(webhook)).await?;
        }
        Ok::<(), crate::Problem>(())
    };
    let ((down, back), arrived) = futures::join!(outage, arrivals);
    arrived?;
    let tasks = fleet.ended(webhooks.len(), TIMEOUT).await?;
    Ok(Course { down, back, tasks, metrics: fleet.metrics.clone() })
}

fn of_model(table: &mut Table, course: &Course, calls: &[&Call], model: &str) {
    let opened = opened(&course.metrics, model, course.down, course.back);
    // Without a breaker that opened, every call of the outage was started towards a dead model.
    let since = opened.unwrap_or(course.down);
    let after = calls.iter().filter(|call| call.at > since && call.at < course.back).count();
    #[expect(clippy::cast_precision_loss)]
    let a_minute = after as f64 * 60.0 / between(since, course.back).as_secs_f64().max(1.0);
    let met = opened.is_some() && a_minute <= KNOCKS;
    let row = format!("{model}: calls a minute after opening");
    table.target(&row, format!("{a_minute:.1}"), "≤ 10", met);
    let opening = opened.map_or("never".to_owned(), |at| seconds(between(course.down, at)));
    table.figure("  opened after", opening);
    let first = calls.iter().filter(|call| call.at > course.back && call.status == Some(200));
    let first = first.map(|call| between(course.back, call.at)).min();
    let met = first.is_some_and(|first| first <= OPEN + SOON);
    let first = first.map_or("never".to_owned(), seconds);
    table.target("  first success after its return", first, "≤ 35 s", met);
}

/// When the breaker of `model` opened first in that time, as the metrics have it.
fn opened(metrics: &Recorded, model: &str, from: Timestamp, to: Timestamp) -> Option<Timestamp> {
    let time = |document: &Value| Timestamp::from_millisecond(document["_aws"]["Timestamp"].as_i64()?).ok();
    let documents = metrics.documents();
    let openings = documents.iter().filter(|document| document["BreakerOpen"].as_f64().is_some());
    let of_model = openings.filter(|document| document["model"] == model);
    of_model.filter_map(time).filter(|at| (from..=to).contains(at)).min()
}

fn endings(table: &mut Table, tasks: &[Task], world: &World, count: usize) {
    let in_status = |status| tasks.iter().filter(|task| task.control.status == status).count();
    let ended = tasks.iter().filter(|task| task.control.status.is_end()).count();
    table.all_of("tasks that ended", ended, count);
    let (completed, failed) = (in_status(TaskStatus::Completed), in_status(TaskStatus::Failed));
    table.figure("  completed, failed", format!("{completed}, {failed}"));
    let answered = world.answered(1..=count as u64);
    table.none("issues with more than one comment", answered.doubled);
    let slowest = tasks.iter().map(|task| between(task.doc.received_at, task.control.updated_at)).max();
    table.figure("slowest task", slowest.map_or_else(String::new, seconds));
    explain(table, tasks);
}

fn noise(settings: &Settings) -> Outcome<Table> {
    let title =
        format!("noise: {} of all calls fail at random, {NOISY_TASKS} tasks, outage.toml", percent(NOISE));
    let mut table = Table::new(title);
    let rule = FaultRule::always(Fault::Status(503)).share(NOISE);
    let world = World::with(standin().fault(rule), &Clock::system())?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let count = usize::try_from(NOISY_TASKS)?;
    let (tasks, metrics) = runtime.block_on(async {
        let fleet = Fleet::start(&world, settings)?;
        fleet.take(settings, &github_event::issues(1..=NOISY_TASKS)?).await?;
        let tasks = fleet.ended(count, NOISY_TIMEOUT).await?;
        Ok::<_, crate::Problem>((tasks, fleet.metrics.clone()))
    })?;
    let calls = seen::calls(&world.gemini);
    let failing = seen::share(seen::answered(&calls, 503), calls.len());
    let failed = tasks.iter().filter(|task| task.control.status == TaskStatus::Failed).count();
    let share = seen::share(failed, count);
    table.target("tasks that failed", percent(share), "≤ 0.5 %", share <= FAILED);
    endings(&mut table, &tasks, &world, count);
    table.figure("calls, of them failed", format!("{}, {}", calls.len(), percent(failing)));
    table.figure("breakers opened", format!("{:.0} times", metrics.total("BreakerOpen", &[])));
    Ok(table)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use telemetry::{Metrics, Unit};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn first_opening_within_the_outage_is_found() {
        let second = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&second);
        let clock = Clock::from_fn(move || at(clock.load(Ordering::Relaxed)));
        let (metrics, recorded) = Metrics::memory(clock);
        for (time, model) in [(1, "a"), (4, "b"), (5, "a"), (7, "a")] {
            second.store(time, Ordering::Relaxed);
            metrics.emit(&[("BreakerOpen", Unit::Count, 1.0)], &[("model", model)]);
        }
        assert_eq!(opened(&recorded, "a", at(2), at(9)), Some(at(5)));
        assert_eq!(opened(&recorded, "c", at(2), at(9)), None);
    }
}
