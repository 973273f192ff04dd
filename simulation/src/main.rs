//! The long run, and the replay of one seed.

#![allow(clippy::print_stdout, reason = "it is a command")]

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use simulation::planted::Planted;
use simulation::scenario::shrink;
use simulation::{Options, Scenario, run, run_seeds};

/// Runs the simulation over many seeds, or replays one.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
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
    /// Plant a bug.
    #[arg(long, value_parser = Planted::from_name)]
    planted: Option<Planted>,
    /// Go on after a failure, and report the first.
    #[arg(long)]
    all: bool,
    /// Threads; as many as there are cores if absent.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = Options { traced: arguments.trace, planted: arguments.planted };
    let is_sound = match arguments.seed {
        Some(seed) => replay(seed, options, &arguments),
        None => run_many(&arguments, options),
    };
    if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether everything holds in the run of `seed`, or in what is left of it.
fn replay(seed: u64, options: Options, arguments: &Arguments) -> bool {
    let mut scenario = Scenario::of(seed);
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

fn run_many(arguments: &Arguments, options: Options) -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.unwrap_or(cores);
    let began = Instant::now();
    let seeds = arguments.from..arguments.from.saturating_add(arguments.seeds);
    let summary = run_seeds(seeds, threads, options, arguments.all);
    let took = began.elapsed();
    println!("{summary}");
    println!("{took:.1?}: {:.0} tasks a second", summary.tasks as f64 / took.as_secs_f64());
    summary.failed.is_none()
}
