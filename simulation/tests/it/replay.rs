//! A run is a function of its seed.

use simulation::{Options, Scenario, run};

#[test]
fn the_same_seed_is_the_same_run_to_the_last_step() {
    let traced = Options { traced: true, ..Options::default() };
    // In the last one what an outage has left of several budgets is written at once.
    for seed in (0..20).chain([314]) {
        let (one, other) = (run(&Scenario::of(seed), traced), run(&Scenario::of(seed), traced));
        assert!(!one.trace.is_empty());
        assert_eq!(one.trace, other.trace, "seed {seed}");
    }
}
