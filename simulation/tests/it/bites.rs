//! Planted bugs, each found within a stated number of seeds.

use simulation::planted::Planted;
use simulation::{Options, run_seeds};

/// Within how many seeds each bug must be found.
const WITHIN: u64 = 300;

fn found(planted: Planted) -> Option<String> {
    let options = Options { planted: Some(planted), ..Options::default() };
    let failed = run_seeds(0..WITHIN, 2, options, false).failed?;
    failed.unknown().next().map(|verdict| verdict.invariant.to_owned())
}

#[test]
fn every_planted_bug_is_found() {
    for planted in Planted::ALL {
        assert!(found(planted).is_some(), "{} was not found in {WITHIN} seeds", planted.name());
    }
}
