//! Google's own SDK for Gemini, as it is on PyPI, against the stand-in: whoever develops against the
//! stand-in meets the service that this SDK knows, and the errors that it has types for.

use std::collections::BTreeSet;
use std::time::Duration;

use e2e::venv::Venv;
use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use crate::binary::{Process, afterhook};

const CHECKS: &str = include_str!("gemini_sdk/checks.py");
const VENV: Venv = Venv {
    name: "gemini-sdk",
    what: "Google's SDK for Gemini",
    file: "tests/requirements/gemini_sdk.txt",
    requirements: include_str!("../requirements/gemini_sdk.txt"),
};
/// It takes seconds, most of them for importing the SDK; a machine that builds may be slow.
const TIMEOUT: Duration = Duration::from_secs(120);

/// What came of one check.
#[derive(Debug, Deserialize)]
struct Checked {
    version: String,
    check: String,
    problem: Option<String>,
}

#[tokio::test]
async fn googles_sdk_finds_the_service_that_it_knows() {
    let python = tokio::task::spawn_blocking(|| VENV.python()).await.unwrap();
    let python = python.unwrap_or_else(|why| panic!("{why}"));
    let standin = Process::start(afterhook([]).args(["standin", "gemini", "--port", "0"])).await;
    let mut checks = Command::new(python);
    // Proxies and keys of this machine's user are none of its business.
    checks.env_clear().args(["-I", "-c", CHECKS, &standin.url]).kill_on_drop(true);
    let output = timeout(TIMEOUT, checks.output()).await.expect("the checks end").unwrap();
    let (said, complaints) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{complaints}", output.status);
    let checked: Vec<Checked> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |version: &str| -> BTreeSet<&str> {
        checked.iter().filter(|done| done.version == version).map(|done| done.check.as_str()).collect()
    };
    assert_eq!(of("v1"), written());
    assert_eq!(of("v1beta"), written());
    let problems: Vec<String> = checked.iter().filter_map(Checked::problem).collect();
    assert!(problems.is_empty(), "{} of {} failed:\n{}", problems.len(), checked.len(), problems.join("\n"));
}

impl Checked {
    fn problem(&self) -> Option<String> {
        let problem = self.problem.as_ref()?;
        Some(format!("{} with {}: {problem}", self.check, self.version))
    }
}

/// The names of the checks, as they are written: one that is not run must not pass for a success.
fn written() -> BTreeSet<&'static str> {
    let name = |block: &'static str| block.strip_prefix("def ")?.split('(').next();
    let names: BTreeSet<&str> = CHECKS.split("@check\n").filter_map(name).collect();
    assert!(names.len() > 20, "{names:?}");
    names
}
