//! The process sleeps for longer than its leases, and goes on.
//!
//! Tests begin in the order of their names, and this one waits for most of its time: it begins early, and the others run
//! meanwhile.

use std::time::Duration;

use crate::faults::freeze::stopped;

/// Longer than the lease of a task, than an act takes to settle, and than any time-out of a client: a laptop that was closed.
const ASLEEP: Duration = Duration::from_secs(125);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_slept_for_longer_than_its_leases_writes_every_comment_once() {
    stopped(1, ASLEEP).await;
}
