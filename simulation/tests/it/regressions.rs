//! Seeds of long runs that broke an invariant once, beyond those of the ordinary runs.

use simulation::{Options, Scenario, run};

const SEEDS: [u64; 12] = [
    6_826, 16_055, 409_241, 1_012_359, 1_031_310, 1_202_908, 1_305_553, 2_108_703, 3_092_334, 4_159_539,
    5_056_368, 8_060_755,
];

#[test]
fn what_a_long_run_found_is_found_no_more() {
    for seed in SEEDS {
        let outcome = run(&Scenario::of(seed), Options::default());
        assert!(outcome.unknown().next().is_none(), "{outcome}");
    }
}
