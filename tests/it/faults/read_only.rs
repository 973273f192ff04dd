//! The database becomes read-only while the system runs, and can be written again later.
//!
//! Permissions are looked at when a file is opened, and only the kernel makes a file system read-only under a process
//! that has a file of it open for writing: when its disk fails. `read_only.c` lets the C library answer as it does then.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use domain::Timestamp;
use e2e::world::World;

use super::{Past, finish, send, send_all};
use crate::binary::{Process, afterhook};

/// Compiles what stands before the C library, by the compiler that SQLite is compiled with.
fn shim(dir: &Path) -> PathBuf {
    let (source, library) =
        (concat!(env!("CARGO_MANIFEST_DIR"), "/it/faults/read_only.c"), dir.join("read_only.so"));
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).args([source, "-ldl"]);
    assert!(compiler.status().expect("a C compiler").success());
    library
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_becomes_read_only_is_answered_503_and_loses_nothing() {
    let (dir, beside, world) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), World::new().await);
    let flag = beside.path().join("read-only");
    let mut command = afterhook(world.variables());
    command.args(["dev", "--no-sample", "--port", "0", "--data-dir"]).arg(dir.path());
    command.env("LD_PRELOAD", shim(beside.path())).env("READ_ONLY_WHILE", &flag);
    let process = Process::start(&mut command).await;
    let api = process.api();
    let mut accepted = send_all(&api, 1..=8, Duration::ZERO).await;
    // Some of them are being worked on.
    std::fs::write(&flag, "").unwrap();
    let troubles = vec![Timestamp::now()];
    for issue in 9..=12 {
        assert!(send(&api, issue).await.is_none(), "nothing is accepted that is not stored");
    }
    for task in &accepted {
        assert!(api.task(&task.id).await["status"].is_string(), "what is stored is shown");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    std::fs::remove_file(&flag).unwrap();
    accepted.extend(send_all(&api, 9..=12, Duration::from_millis(20)).await);
    finish(process, dir.path(), &world, &accepted, Past { troubles, ..Past::default() }).await;
}
