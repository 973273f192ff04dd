//! A backlog that is killed in mid-drain. `simulation --backlog 4500` does the same with more tasks.

use simulation::{Options, Scenario, run};

#[test]
fn backlog_whose_processors_die_five_times_ends_with_none_pending_and_none_doubled() {
    let outcome = run(&Scenario::backlog(300, 5), Options::default());
    assert_eq!((outcome.tasks, outcome.violations.as_slice()), (300, [].as_slice()), "{outcome}");
    assert!(outcome.killed >= 5, "{outcome}");
}

/// As when `dev` or its supervisor restarts it again and again.
#[test]
fn process_that_dies_six_times_within_seconds_fails_no_task() {
    for seed in 0..20 {
        let outcome = run(&Scenario::restarts(seed, 30, 6), Options::default());
        assert_eq!((outcome.tasks, outcome.violations.as_slice()), (30, [].as_slice()), "{outcome}");
        assert!(outcome.killed >= 5, "{outcome}");
    }
}
