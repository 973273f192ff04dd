//! The disk takes nothing any more while the system runs, as if it were full or read-only; then it does again.

use std::process::Command;
use std::time::Duration;

use e2e::world::World;

use super::{assert_answered_once, finish, send, send_all};
use crate::binary::{Process, afterhook_without_end_by_signal};

/// Sets how large files may be that `process` writes.
fn limit_files(process: &Process, bytes: &str) {
    let pid = process.pid().to_string();
    let limit = format!("--fsize={bytes}:");
    let set = Command::new("prlimit").args(["--pid", &pid, &limit]).status();
    assert!(set.expect("prlimit, of util-linux").success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_nothing_is_answered_503_and_loses_nothing() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let mut command = afterhook_without_end_by_signal(world.variables(), "XFSZ");
    command.args(["dev", "--no-sample", "--port", "0", "--data-dir"]).arg(dir.path());
    let process = Process::start(&mut command).await;
    let api = process.api();
    let mut accepted = send_all(&api, 1..=8, Duration::ZERO).await;
    // Some of them are being worked on.
    limit_files(&process, "1");
    for issue in 9..=12 {
        assert!(send(&api, issue).await.is_none(), "nothing is accepted that is not stored");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    limit_files(&process, "unlimited");
    accepted.extend(send_all(&api, 9..=12, Duration::from_millis(20)).await);
    finish(process, dir.path(), &world, &accepted).await;
    assert_answered_once(&world, &accepted);
}
