//! The long run, and the replay of one seed.

#![allow(clippy::print_stdout, reason = "it is a command")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use simulation::planted::{FOUND, Planted, first_breaking};
use simulation::scenario::shrink;
use simulation::{LongRun, Options, Scenario, Summary, run, run_seeds};

/// Runs the simulation over many seeds, or replays one.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Run seeds for so many minutes instead, and print what ARCHITECTURE.md keeps of it.
    #[arg(long, conflicts_with = "seeds")]
    minutes: Option<u64>,
    /// Replay this one.
    #[arg(long)]
    seed: Option<u64>,
    /// Print every step of it.
    #[arg(long)]
    trace: bool,
    /// Take out of it what it fails without.
    #[arg(long)]
    shrink: bool,
    /// With `--shrink`: the invariant that must still be broken, by a part of its name.
    #[arg(long, default_value = "")]
    invariant: String,
    /// Plant a bug; without a name, plant each of them, and say when it was found.
    #[arg(long, value_name = "BUG", num_args = 0..=1, default_missing_value = "all", value_parser = planted)]
    planted: Option<Planting>,
    /// Drain a backlog of so many tasks, whose processors all die five times.
    #[arg(long, value_name = "TASKS")]
    backlog: Option<u32>,
    /// Go on after a failure, and report the first.
    #[arg(long)]
    all: bool,
    /// Let listings lag for minutes, and people delete comments whose answers were lost: how often one is written twice is
    /// what ARCHITECTURE.md says of the window that stays open.
    #[arg(long)]
    without_proof: bool,
    /// Threads; as many as there are cores if absent.
    #[arg(long)]
    threads: Option<usize>,
}

/// Seeds that a long run begins together: it looks at the clock in between.
const SEEDS_AT_ONCE: u64 = 500;
/// How often a long run says how far it has come.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// How often all processors die while a backlog is drained.
const DEATHS: u32 = 5;

/// Which bugs are planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Planting {
    Each,
    One(Planted),
}

fn planted(name: &str) -> Result<Planting, String> {
    if name == "all" { Ok(Planting::Each) } else { Planted::from_name(name).map(Planting::One) }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let planted = match arguments.planted {
        Some(Planting::One(planted)) => Some(planted),
        Some(Planting::Each) | None => None,
    };
    let options = Options { traced: arguments.trace, planted, without_proof: arguments.without_proof };
    let is_sound = match arguments.seed {
        _ if arguments.planted == Some(Planting::Each) => find_planted(),
        _ if arguments.backlog.is_some() => drain(arguments.backlog.unwrap_or_default()),
        Some(seed) => replay(seed, options, &arguments),
        None if arguments.minutes.is_some() => run_long(&arguments, options),
        None => run_many(&arguments, options),
    };
    if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether everything holds in the run of `seed`, or in what is left of it.
fn replay(seed: u64, options: Options, arguments: &Arguments) -> bool {
    let mut scenario = options.scenario(seed);
    if arguments.shrink {
        let quiet = Options { traced: false, ..options };
        scenario = shrink(scenario, 1_000, |smaller| {
            let outcome = run(smaller, quiet);
            outcome.violations.iter().any(|violation| violation.invariant.contains(&arguments.invariant))
        });
        println!("{scenario:#?}");
    }
    let outcome = run(&scenario, options);
    print!("{outcome}");
    outcome.unknown().next().is_none()
}

/// Whether each planted bug is found within its seeds.
fn find_planted() -> bool {
    println!("{:<28} {:>8} {:>8} {:>9}  broke", "bug", "found at", "within", "took");
    let mut all = true;
    for (planted, within, invariant) in FOUND {
        let began = Instant::now();
        let seed = first_breaking(*planted, *within, invariant);
        all &= seed.is_some();
        let at = seed.map_or_else(|| "never".to_owned(), |seed| seed.to_string());
        println!("{planted:<28} {at:>8} {within:>8} {:>8.1?}  {invariant}", began.elapsed());
    }
    all
}

/// Whether everything holds after a backlog of so many `tasks` was drained.
fn drain(tasks: u32) -> bool {
    let began = Instant::now();
    let outcome = run(&Scenario::backlog(tasks, DEATHS), Options::default());
    let (took, lasted) = (began.elapsed(), outcome.lasted);
    print!("{outcome}");
    println!(
        "{} processors killed; drained in {lasted:.0?} of its own time, {took:.1?} of ours",
        outcome.killed
    );
    outcome.violations.is_empty()
}

fn threads(arguments: &Arguments) -> usize {
    arguments.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Whether everything holds in as many runs as there is time for. Says every minute or so how far it has come.
fn run_long(arguments: &Arguments, options: Options) -> bool {
    let (threads, began) = (threads(arguments), Instant::now());
    let time = Duration::from_secs(60 * arguments.minutes.unwrap_or_default());
    let (mut summary, mut next, mut told) = (Summary::default(), arguments.from, Duration::ZERO);
    while began.elapsed() < time && (arguments.all || summary.failed.is_none()) {
        let end = next.saturating_add(SEEDS_AT_ONCE);
        summary.merge(run_seeds(next..end, threads, options, arguments.all));
        next = end;
        if began.elapsed() >= told + TOLD_EVERY {
            told = began.elapsed();
            let broken = summary.unknown.len();
            println!(
                "{told:.0?}: {} runs, {} tasks, {broken} invariants broken",
                summary.seeds, summary.tasks
            );
        }
    }
    let failed = summary.failed.take();
    let date = domain::Clock::system().now().to_string().chars().take("2026-11-29".len()).collect();
    print!("{}", LongRun { date, seeds: arguments.from..next, summary, took: began.elapsed(), threads });
    failed.as_ref().inspect(|failed| print!("{failed}")).is_none()
}

fn run_many(arguments: &Arguments, options: Options) -> bool {
    let (threads, began) = (threads(arguments), Instant::now());
    let seeds = arguments.from..arguments.from.saturating_add(arguments.seeds);
    let summary = run_seeds(seeds, threads, options, arguments.all);
    let took = began.elapsed();
    println!("{summary}");
    println!("{took:.1?}: {:.0} tasks a second", summary.tasks as f64 / took.as_secs_f64());
    summary.failed.is_none()
}
