//! The API under schemathesis: everything that its description allows, and much that it does not. No
//! answer is a server error, and every one is as described.

use std::time::Duration;

use e2e::venv::Venv;
use e2e::world::{TOKEN, World, triage_says};
use tokio::process::Command;
use tokio::time::timeout;

use crate::dev::System;

const VENV: Venv = Venv {
    name: "schemathesis",
    what: "schemathesis",
    file: "tests/requirements/schemathesis.txt",
    requirements: include_str!("../../requirements/schemathesis.txt"),
};
/// It takes seconds; a machine that builds may be slow.
const TIMEOUT: Duration = Duration::from_secs(180);

#[tokio::test]
async fn every_request_that_can_be_made_up_is_answered_as_described() {
    let python = tokio::task::spawn_blocking(|| VENV.python()).await.unwrap();
    let python = python.unwrap_or_else(|why| panic!("{why}"));
    let world = World::scripted(triage_says("question", 0.4, false)).await;
    let system = System::start_in(world).await;
    for issue in 1..6 {
        let id = system.api.accept(issue).await;
        system.api.until(&id, "awaiting_approval").await;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut fuzzer = Command::new(python);
    // Proxies and settings of this machine's user are none of its business.
    fuzzer
        .env_clear()
        .current_dir(directory.path())
        .args([
            "-I",
            "-c",
            "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())",
            "run",
        ])
        .arg(format!("{}/openapi.json", system.api.url()))
        .args(["--header", &format!("Authorization: Bearer {TOKEN}")])
        .args(["--phases", "coverage,fuzzing,stateful", "--max-examples", "20", "--generation-deterministic"])
        // A cursor is a text, but only those that a list has returned are taken.
        .args(["--exclude-checks", "positive_data_acceptance", "--no-color"])
        .kill_on_drop(true);
    let output = timeout(TIMEOUT, fuzzer.output()).await.expect("the fuzzer ends").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("Tested: 13"), "all operations were tested: {said}");
}
