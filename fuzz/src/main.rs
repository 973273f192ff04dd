//! `fuzz`: attacks targets for as long as it is told to, and prints what it found.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use fuzz::{ALL, Budget, Target, run};

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
    /// Attacks nothing, and writes what the targets begin with into this folder, for other engines.
    #[arg(long, value_name = "DIR")]
    seeds_to: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { targets, seconds, seed, seeds_to } = Arguments::parse();
    let unknown = targets.iter().find(|name| ALL.iter().all(|target| target.name != **name));
    if let Some(name) = unknown {
        let names: Vec<&str> = ALL.iter().map(|target| target.name).collect();
        println!("`{name}` is no target; there are {}", names.join(", "));
        return ExitCode::from(2);
    }
    let chosen: Vec<&Target> = ALL
        .iter()
        .filter(|target| targets.is_empty() || targets.iter().any(|name| name == target.name))
        .collect();
    if let Some(folder) = seeds_to {
        return written(&folder, &chosen);
    }
    let mut is_sound = true;
    for target in chosen {
        let report = run(target, Budget { time: Duration::from_secs(seconds), seed });
        println!("{}: {} executions, the longest {:?}", target.name, report.executions, report.longest);
        if let Some(finding) = report.finding {
            println!("  {}\n  input: \"{}\"", finding.what, finding.input.escape_ascii());
            is_sound = false;
        }
    }
    if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn written(folder: &Path, targets: &[&Target]) -> ExitCode {
    let write = |target: &Target| -> std::io::Result<()> {
        let folder = folder.join(target.name);
        std::fs::create_dir_all(&folder)?;
        let mut inputs = target.inputs().into_iter().enumerate();
        inputs.try_for_each(|(number, input)| std::fs::write(folder.join(number.to_string()), input))
    };
    match targets.iter().try_for_each(|target| write(target)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("{}: {problem}", folder.display());
            ExitCode::FAILURE
        }
    }
}
