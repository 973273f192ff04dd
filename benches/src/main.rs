//! The figures that the project holds itself to, measured: each benchmark prints a table with its
//! targets, and the process fails when one is missed.
//!
//! `cargo run --release -p benches -- all`, or one of the names that `NAMES` lists. Comparisons are
//! made within one run, in alternating blocks, since machines differ and are noisy. Everything listens
//! on 127.0.0.1, and what is started is stopped.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a terminal program speaks to its user")]

mod agent;
mod assembly;
mod burst;
mod calls;
mod child;
mod console;
mod cost;
mod costs;
mod cpu;
mod dev;
mod fleet;
mod github_event;
mod ingest;
mod ingest_aws;
mod ingest_rig;
mod null_stores;
mod outage;
mod page;
mod page_tasks;
mod processor;
mod refused;
mod report;
mod scenario;
mod seen;
mod sender;
mod slow_model;
mod stages;
mod statistics;
mod storm;
mod sustained;
mod thinking;
mod world;

use std::process::ExitCode;

use report::Table;

/// Whatever keeps a benchmark from measuring.
type Problem = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T> = Result<T, Problem>;
type Benchmark = fn() -> Outcome<Vec<Table>>;

/// Every benchmark, the quick ones first.
const NAMES: [(&str, Benchmark); 14] = [
    ("ingest", ingest::run),
    ("ingest-aws", ingest_aws::run),
    ("processor", processor::run),
    ("calls", calls::run),
    ("cost", cost::run),
    ("dev", dev::run),
    ("console", page::run),
    ("burst", burst::run),
    ("sustained", sustained::run),
    ("slow-model", slow_model::run),
    ("storm", storm::run),
    ("outage", outage::run),
    ("thinking", thinking::run),
    ("refused", refused::run),
];

fn main() -> ExitCode {
    // The clients of this process are built without a provider; a second call would find this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let [calls::CLIENT, url, measure] = wanted.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return client(url, measure);
    }
    if wanted == [costs::NAME] {
        return print_costs();
    }
    match chosen(&wanted) {
        Ok(benchmarks) => run(&benchmarks),
        Err(problem) => {
            eprintln!("bench: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// COSTS.md.
fn print_costs() -> ExitCode {
    match costs::page() {
        Ok(page) => {
            print!("{page}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("bench {}: {problem}", costs::NAME);
            ExitCode::FAILURE
        }
    }
}

/// The other process of the benchmark `calls`.
fn client(url: &str, measure: &str) -> ExitCode {
    match calls::run_client(url, measure) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bench {}: {problem}", calls::CLIENT);
            ExitCode::FAILURE
        }
    }
}

fn chosen(wanted: &[String]) -> Outcome<Vec<(&'static str, Benchmark)>> {
    if wanted.is_empty() || wanted.iter().any(|name| name == "all") {
        return Ok(NAMES.to_vec());
    }
    let find = |name: &String| NAMES.into_iter().find(|(known, _)| known == name);
    let unknown = |name: &String| {
        let known = NAMES.map(|(known, _)| known).join(", ");
        format!("there is no benchmark `{name}`; there are {known}, and `all`")
    };
    wanted.iter().map(|name| find(name).ok_or_else(|| unknown(name).into())).collect()
}

/// Runs them one after the other: two at once would measure each other.
fn run(benchmarks: &[(&'static str, Benchmark)]) -> ExitCode {
    let mut all_well = true;
    for (name, benchmark) in benchmarks {
        match benchmark() {
            Ok(tables) => {
                for table in tables {
                    table.print();
                    all_well &= table.is_met();
                }
            }
            Err(problem) => {
                eprintln!("bench {name}: {problem}");
                all_well = false;
            }
        }
    }
    if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
