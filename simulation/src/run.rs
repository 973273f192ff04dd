//! One run: from a scenario to what does not hold after it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Builder;

use crate::invariants;
use crate::known_holes::{self, Hole};
use crate::planted::Planted;
use crate::scenario::Scenario;
use crate::world::{Injected, ToWorld, Violation, World};

/// A run that is not at rest after so long hangs.
const RUN_TIMEOUT: Duration = Duration::from_secs(60 * 86_400);
/// Between two looks whether everything is at rest.
const LOOK: Duration = Duration::from_secs(300);
/// Everything must be at rest for so long.
const QUIET: Duration = Duration::from_secs(3_600);

/// How a scenario is run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whether every step is written down.
    pub traced: bool,
    /// The bug that is planted.
    pub planted: Option<Planted>,
    /// Whether seeds are run in a world that no ledger can see through: [`Scenario::without_proof`].
    pub without_proof: bool,
}

impl Options {
    /// The scenario of `seed`.
    #[must_use]
    pub fn scenario(self, seed: u64) -> Scenario {
        let ordinary = Scenario::of(seed);
        if self.without_proof { ordinary.without_proof() } else { ordinary }
    }

    /// What runs `scenario` once more, if it is that of its seed.
    fn replay(self, scenario: &Scenario) -> Option<String> {
        let seed = scenario.seed;
        let is_drawn = *scenario == self.scenario(seed);
        let planted = self.planted.map(|planted| format!(" --planted {planted}")).unwrap_or_default();
        let world = if self.without_proof { " --without-proof" } else { "" };
        is_drawn.then(|| format!("cargo run -p simulation -- --seed {seed}{planted}{world} --trace"))
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// The command that runs it once more, if something does not hold and there is one.
    pub replay: Option<String>,
    /// What does not hold.
    pub violations: Vec<Violation>,
    /// Every step, if that was asked for.
    pub trace: Vec<String>,
    /// What went wrong how often.
    pub injected: Injected,
    /// Tasks that there were.
    pub tasks: usize,
    /// Environments that died.
    pub killed: usize,
    /// The time that passed in it.
    pub lasted: Duration,
}

impl Outcome {
    /// What does not hold and is no known hole.
    pub fn unknown(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(|violation| known_holes::of(violation).is_none())
    }

    /// The known holes that were met with.
    pub fn known(&self) -> impl Iterator<Item = &'static Hole> {
        self.violations.iter().filter_map(known_holes::of)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {} tasks", self.seed, self.tasks)?;
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        for violation in &self.violations {
            let known = known_holes::of(violation).map(|hole| format!(" (known: {})", hole.name));
            writeln!(f, "{}: {}{}", violation.invariant, violation.what, known.unwrap_or_default())?;
        }
        if let Some(command) = self.replay.as_ref().filter(|_| self.trace.is_empty()) {
            writeln!(f, "replay it: {command}")?;
        }
        Ok(())
    }
}

/// Runs `scenario`.
///
/// # Panics
/// When no runtime can be made.
#[must_use]
pub fn run(scenario: &Scenario, options: Options) -> Outcome {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let world = World::new(Arc::new(scenario.clone()), options.planted, options.traced);
        let entered = simulated::enter(Arc::new(ToWorld::of(&world)));
        processor::simulated::enter(options.planted == Some(Planted::IntentNamesNoText));
        let outcome = live(&world).await;
        processor::simulated::leave();
        drop(entered);
        world.close();
        let replay = (!outcome.violations.is_empty()).then(|| options.replay(scenario)).flatten();
        Outcome { replay, ..outcome }
    })
}

async fn live(world: &Arc<World>) -> Outcome {
    world.start_pollers();
    world.start_sweepers();
    let lot = fastrand::Rng::with_seed(world.scenario.seed ^ 0x5eed);
    world.scheduler.run(lot, lead(Arc::clone(world))).await;
    let lasted = world.time.elapsed();
    let mut violations = world.history().violations.clone();
    // An invariant that cannot even be looked at does not hold.
    match catch_unwind(AssertUnwindSafe(|| invariants::check(world))) {
        Ok(found) => violations.extend(found),
        Err(_) => violations.push(Violation { invariant: "nothing panics", what: "a check did".to_owned() }),
    }
    Outcome {
        seed: world.scenario.seed,
        replay: None,
        violations,
        trace: world.trace.take(),
        injected: world.faults.injected(),
        tasks: world.tasks.all().len(),
        killed: world.scheduler.killed(),
        lasted,
    }
}

/// Lets everything happen that is planned, then waits until nothing happens any more.
async fn lead(world: Arc<World>) {
    let busy = Arc::new(AtomicUsize::new(world.scenario.plan.len()));
    for number in 0..world.scenario.plan.len() {
        let (inner, busy) = (Arc::clone(&world), Arc::clone(&busy));
        world.scheduler.spawn(None, async move {
            let scenario = Arc::clone(&inner.scenario);
            let (at, what) = &scenario.plan[number];
            tokio::time::sleep(*at).await;
            inner.happen(number, what).await;
            busy.fetch_sub(1, Ordering::Relaxed);
        });
    }
    tokio::time::sleep(world.scenario.calm).await;
    let mut quiet = Duration::ZERO;
    while quiet < QUIET && world.time.elapsed() < RUN_TIMEOUT {
        tokio::time::sleep(LOOK).await;
        let at_rest = busy.load(Ordering::Relaxed) == 0 && world.is_at_rest();
        quiet = if at_rest { quiet + LOOK } else { Duration::ZERO };
    }
}
