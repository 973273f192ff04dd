//! A run is a function of its seed.

use simulation::planted::Planted;
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

#[test]
fn what_a_failure_prints_replays_that_very_run() {
    let planted = Some(Planted::PublishBeforeIntent);
    for without_proof in [false, true] {
        let options = Options { planted, without_proof, ..Options::default() };
        let failed =
            (0..50).map(|seed| run(&options.scenario(seed), options)).find_map(|outcome| outcome.replay);
        let printed = failed.unwrap();
        assert!(printed.contains(" --planted publish-before-intent"), "{printed}");
        assert_eq!(printed.contains(" --without-proof"), without_proof, "{printed}");
    }
    let options = Options { planted, ..Options::default() };
    let changed = |seed| Scenario { processors: 1, retired_per_mille: 1, ..options.scenario(seed) };
    let failed =
        (0..50).map(|seed| run(&changed(seed), options)).find(|outcome| !outcome.violations.is_empty());
    assert_eq!(failed.unwrap().replay, None, "it is that of no seed");
}
