//! The disk takes nothing any more while the system runs, or only what fits; then it takes everything again.
//!
//! A limit on the size of files stands for the disk's own: beyond it every write fails.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use domain::Timestamp;
use e2e::world::World;

use super::{Past, finish, send, send_all};
use crate::binary::{Process, afterhook_without_end_by_signal};

/// Sets how large files may be that `process` writes.
fn limit_files(process: &Process, bytes: &str) {
    let pid = process.pid().to_string();
    let limit = format!("--fsize={bytes}:");
    let set = Command::new("prlimit").args(["--pid", &pid, &limit]).status();
    assert!(set.expect("prlimit, of util-linux").success());
}

async fn start(world: &World, dir: &Path) -> Process {
    let mut command = afterhook_without_end_by_signal(world.variables(), "XFSZ");
    command.args(["dev", "--no-sample", "--port", "0", "--data-dir"]).arg(dir);
    Process::start(&mut command).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_nothing_is_answered_503_and_loses_nothing() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let process = start(&world, dir.path()).await;
    let api = process.api();
    let mut accepted = send_all(&api, 1..=8, Duration::ZERO).await;
    // Some of them are being worked on. Of no file more than its first byte is written now.
    limit_files(&process, "1");
    let troubles = vec![Timestamp::now()];
    for issue in 9..=12 {
        assert!(send(&api, issue).await.is_none(), "nothing is accepted that is not stored");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    limit_files(&process, "unlimited");
    accepted.extend(send_all(&api, 9..=12, Duration::from_millis(20)).await);
    finish(process, dir.path(), &world, &accepted, Past { troubles, ..Past::default() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_in_the_middle_of_a_write_loses_nothing() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let process = start(&world, dir.path()).await;
    let api = process.api();
    let mut accepted = send_all(&api, 1..=8, Duration::ZERO).await;
    // What is written goes to the end of the log first. So much fits that some of it ends between two pages.
    let written = std::fs::metadata(dir.path().join("afterhook.db-wal")).unwrap().len();
    limit_files(&process, &(written + 50_000).to_string());
    let troubles = vec![Timestamp::now()];
    let mut refused = Vec::new();
    for issue in 9..=40 {
        match send(&api, issue).await {
            Some(sent) => accepted.push(sent),
            None => refused.push(issue),
        }
    }
    assert!(!refused.is_empty(), "the disk is full");
    tokio::time::sleep(Duration::from_secs(1)).await;
    limit_files(&process, "unlimited");
    accepted.extend(send_all(&api, refused, Duration::from_millis(20)).await);
    finish(process, dir.path(), &world, &accepted, Past { troubles, ..Past::default() }).await;
}
