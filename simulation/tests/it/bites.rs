//! Planted bugs, each found within a stated number of seeds.

use simulation::planted::{FOUND, Planted, first_breaking};

#[test]
fn every_planted_bug_is_found_within_its_seeds() {
    for (planted, within, invariant) in FOUND {
        let seed = first_breaking(*planted, *within, invariant);
        assert!(seed.is_some(), "{planted} broke `{invariant}` in none of {within} seeds");
    }
}

#[test]
fn every_bug_that_can_be_planted_must_be_found() {
    let looked_for: Vec<Planted> = FOUND.iter().map(|(planted, ..)| *planted).collect();
    assert_eq!(looked_for, Planted::ALL);
}
