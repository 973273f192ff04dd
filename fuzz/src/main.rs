//! `fuzz`: attacks targets for as long as it is told to, and prints what it found.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use fuzz::{ALL, Budget, run};

/// Attacks everything that reads what others wrote.
#[derive(Parser)]
struct Arguments {
    /// The targets; all of them if none is named.
    targets: Vec<String>,
    /// How long each is attacked.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// What the inputs are drawn by; the same seed draws the same inputs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let Arguments { targets, seconds, seed } = Arguments::parse();
    let unknown = targets.iter().find(|name| ALL.iter().all(|target| target.name != **name));
    if let Some(name) = unknown {
        let names: Vec<&str> = ALL.iter().map(|target| target.name).collect();
        println!("`{name}` is no target; there are {}", names.join(", "));
        return ExitCode::from(2);
    }
    let mut is_sound = true;
    for target in
        ALL.iter().filter(|target| targets.is_empty() || targets.iter().any(|name| name == target.name))
    {
        let report = run(target, Budget { time: Duration::from_secs(seconds), seed });
        println!("{}: {} executions, the longest {:?}", target.name, report.executions, report.longest);
        if let Some(finding) = report.finding {
            println!("  {}\n  input: \"{}\"", finding.what, finding.input.escape_ascii());
            is_sound = false;
        }
    }
    if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
