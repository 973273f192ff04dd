//! A panic in the metrics of a function, which belong to a process: so the test runs itself again, and reads what that
//! has said.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use serde_json::Value;

#[tokio::test]
#[ignore = "panics; run by the test below"]
async fn a_program_catches_a_panic_and_goes_on() {
    let work = async {
        assert!(catch_unwind(AssertUnwindSafe(|| panic!("it is broken"))).is_err());
        Ok(())
    };
    lambda::program("processor", work).await.unwrap();
}

/// Lambda sees no error in what was caught: a canary would go on.
#[test]
fn a_panic_that_is_caught_is_a_failure_of_this_version() {
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "a_program_catches_a_panic_and_goes_on", "--ignored", "--nocapture"]);
    // With one thread, the name of the test would be on the first line of the log.
    again.arg("--test-threads=2").env("STACK_NAME", "afterhook-prod").env("AWS_LAMBDA_FUNCTION_VERSION", "7");
    let text = String::from_utf8(again.output().unwrap().stdout).unwrap();
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let [panicked, failures] = &lines[..] else { panic!("{text}") };
    assert_eq!((&panicked["message"], &panicked["function"]), (&"panicked".into(), &"processor".into()));
    assert_eq!(failures["Failures"], 1.0);
    for (dimension, value) in [("stack", "afterhook-prod"), ("function", "processor"), ("version", "7")] {
        assert_eq!(failures[dimension], value, "{failures}");
    }
}
