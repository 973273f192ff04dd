//! The ordinary runs.

use simulation::{Options, run_seeds};

const SEEDS: u64 = 10_000;

#[test]
fn what_must_hold_holds_in_every_run() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let summary = run_seeds(0..SEEDS, threads, Options::default(), false);
    assert!(summary.failed.is_none(), "{summary}");
    assert_eq!(summary.seeds, SEEDS);
}
