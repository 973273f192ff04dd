//! One run: a thousand issues over days, with a clock that jumps from one burst to the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::processor::Processor;
use domain::{Clock, Jitter, Stage, Stores, TaskStatus, Timestamp, after};
use embedded::Embedded;
use settings::Settings;
use standins::gemini::{Builder, GeminiStandin, ReceivedRequest, Scripted};
use sweeper::Sweeper;
use telemetry::Metrics;

use super::bill::Bill;
use super::issues::Issues;
use super::{BURST_EVERY, BURSTS, ISSUES, Step};
use crate::assembly::{self, Surroundings};
use crate::world::World;
use crate::{Outcome, fleet, ingest_rig, seen};

/// Before the first of the price changes that are known.
const BEGIN: &str = "2026-11-23T08:00:00Z";
/// An answer is shared with whoever asks the same within 100 ms: who asks later pays for one.
const FORGOTTEN: Duration = Duration::from_millis(150);
/// A task that has not ended after so many seconds of the moved clock never will.
const MAX_SECONDS: u64 = 7_200;

/// What a run came to.
pub(super) struct Observed {
    pub(super) bill: Bill,
    /// What the tasks say they cost, in US dollars.
    pub(super) own_account: f64,
    pub(super) completed: usize,
    pub(super) triage_calls: u64,
    pub(super) answer_calls: u64,
}

/// A clock that runs, and can be moved forward.
#[derive(Clone)]
struct Moved {
    ahead_ms: Arc<AtomicU64>,
    clock: Clock,
}

impl Moved {
    fn new() -> Outcome<Self> {
        let (begin, started): (Timestamp, _) = (BEGIN.parse()?, Instant::now());
        let ahead_ms = Arc::new(AtomicU64::new(0));
        let ahead = Arc::clone(&ahead_ms);
        let clock = Clock::from_fn(move || {
            after(begin, started.elapsed() + Duration::from_millis(ahead.load(Ordering::Relaxed)))
        });
        Ok(Self { ahead_ms, clock })
    }

    fn forward(&self, by: Duration) {
        self.ahead_ms.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Moves on to `at`, unless that has passed.
    fn until(&self, at: Timestamp) {
        self.forward(domain::between(self.clock.now(), at));
    }
}

/// Questions that were answered, by kind.
#[derive(Clone, Default)]
struct Kinds {
    triage: Arc<AtomicU64>,
    answer: Arc<AtomicU64>,
}

/// Runs one step of the savings, with answers of `tokens`.
pub(super) async fn run(settings: &Settings, step: &Step, tokens: usize) -> Outcome<Observed> {
    let (moved, kinds) = (Moved::new()?, Kinds::default());
    let clock = &moved.clock;
    let world = World::with(standin(step, tokens, &kinds), clock)?;
    let stores = Embedded::in_memory(clock.clone())?.stores();
    let around = Surroundings {
        world: &world,
        stores: &stores,
        clock,
        jitter: Jitter::fixed(0.5),
        metrics: Metrics::none(),
        key: assembly::KEY,
    };
    let processor = assembly::processor(settings, around)?;
    bursts(settings, step, &processor, &moved).await?;
    let tasks = fleet::tasks(&stores).await?;
    let status = |status| tasks.iter().filter(|task| task.control.status == status).count();
    Ok(Observed {
        bill: Bill::of(&world.gemini, clock.now())?,
        own_account: tasks.iter().filter_map(domain::Task::cost_usd).sum(),
        completed: status(TaskStatus::Completed),
        triage_calls: kinds.triage.load(Ordering::Relaxed),
        answer_calls: kinds.answer.load(Ordering::Relaxed),
    })
}

/// A model whose answers have so many tokens; what it is asked in a schema, it answers by itself.
fn standin(step: &Step, tokens: usize, kinds: &Kinds) -> Builder {
    // The stand-in counts four characters as one token.
    let text: String = "Thanks, we see it too. ".chars().cycle().take(4 * tokens).collect();
    let kinds = kinds.clone();
    let script = move |request: &ReceivedRequest| {
        let config = &request.body["generationConfig"];
        let structured = config["responseMimeType"] == "application/json";
        let kind = if structured { &kinds.triage } else { &kinds.answer };
        kind.fetch_add(1, Ordering::Relaxed);
        (!structured).then(|| Scripted::Text(text.clone()))
    };
    let standin = GeminiStandin::builder().keep_requests(seen::REMEMBERED).keep_bodies(false).script(script);
    if step.caches { standin } else { standin.without_caches() }
}

/// Lets all issues come, burst by burst, and works on each burst until nothing of it is left.
async fn bursts(settings: &Settings, step: &Step, processor: &Arc<Processor>, moved: &Moved) -> Outcome<()> {
    let (stores, clock) = (processor.stores(), &moved.clock);
    let router = ingest_rig::ingest_at(settings, stores.clone(), clock.clone());
    let issues = Issues::read()?;
    let (mut next, mut due) = (1, clock.now());
    for burst in BURSTS.iter().cycle() {
        if next > ISSUES {
            return Ok(());
        }
        moved.until(due);
        due = after(due, BURST_EVERY);
        for _ in 0..*burst {
            if step.at_once == 1 {
                finish(step, processor, moved).await?;
                tokio::time::sleep(if Issues::is_double(next) { FORGOTTEN } else { Duration::ZERO }).await;
            }
            ingest_rig::accept(&router, &issues.opened(next, clock.now())?).await?;
            next += 1;
        }
        finish(step, processor, moved).await?;
    }
    Ok(())
}

async fn finish(step: &Step, processor: &Arc<Processor>, moved: &Moved) -> Outcome<()> {
    let sweeper =
        Sweeper { stores: processor.stores().clone(), clock: moved.clock.clone(), metrics: Metrics::none() };
    for _ in 0..MAX_SECONDS {
        if fleet::turn(processor, step.at_once).await? > 0 {
            continue;
        }
        if is_all_done(processor.stores()).await? {
            return Ok(());
        }
        // Whatever is left waits for a time.
        moved.forward(Duration::from_secs(1));
        sweeper.sweep(after(moved.clock.now(), Duration::from_secs(60))).await.whole()?;
    }
    Err("a task does not end".into())
}

async fn is_all_done(stores: &Stores) -> Outcome<bool> {
    for status in TaskStatus::OPEN {
        if !stores.tasks.due(Stage::of(status), Timestamp::MAX, 1).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}
