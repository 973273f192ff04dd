//! Planted bugs, each found within a stated number of seeds.

use simulation::planted::Planted;
use simulation::{Options, Scenario, run};

/// Each bug, within how many seeds it must be found, and by which invariant.
const FOUND: [(Planted, u64, &str); 3] = [
    (Planted::LeaseWithoutFencing, 200, "a completed task has one publication, every other one none"),
    (Planted::PublishBeforeIntent, 50, "a completed task has one publication, every other one none"),
    (Planted::DedupeByUnsignedHeader, 50, "one happening is one task"),
];

/// The first seed in which `planted` breaks `invariant`.
fn found(planted: Planted, within: u64, invariant: &str) -> Option<u64> {
    let options = Options { planted: Some(planted), ..Options::default() };
    (0..within).find(|seed| {
        let outcome = run(&Scenario::of(*seed), options);
        outcome.violations.iter().any(|violation| violation.invariant == invariant)
    })
}

#[test]
fn every_planted_bug_is_found_within_its_seeds() {
    for (planted, within, invariant) in FOUND {
        let seed = found(planted, within, invariant);
        let name = planted.name();
        assert!(seed.is_some(), "{name} broke `{invariant}` in none of {within} seeds");
    }
}

#[test]
fn every_bug_that_can_be_planted_must_be_found() {
    let looked_for: Vec<Planted> = FOUND.iter().map(|(planted, ..)| *planted).collect();
    assert_eq!(looked_for, Planted::ALL);
}
