//! A backlog that is killed in mid-drain. `simulation --backlog 4500` does the same with more tasks.

use simulation::{Options, Scenario, run};

#[test]
fn backlog_whose_processors_die_five_times_ends_with_none_pending_and_none_doubled() {
    let outcome = run(&Scenario::backlog(300, 5), Options::default());
    assert_eq!((outcome.tasks, outcome.violations.as_slice()), (300, [].as_slice()), "{outcome}");
    assert!(outcome.killed >= 5, "{outcome}");
}
