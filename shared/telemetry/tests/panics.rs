//! A panic in the log, which belongs to a process: so the test runs itself again, and reads what that has said.

use std::process::Command;

use serde_json::Value;
use telemetry::{Format, Output, init};

/// A filter of `error` has the span all the same.
#[test]
#[ignore = "panics; run by the test below"]
fn panics_in_a_request() {
    init(Format::Json, Output::Stderr, Some("error")).unwrap();
    let span =
        tracing::error_span!("invocation", function = "processor", request_id = "r-1", trace_id = "t-1");
    span.in_scope(|| panic!("it is broken"));
}

#[test]
fn a_panic_is_a_line_that_names_function_and_request() {
    let mut again = Command::new(std::env::current_exe().unwrap());
    let said = again.args(["--exact", "panics_in_a_request", "--ignored", "--nocapture"]).output().unwrap();
    let text = String::from_utf8(said.stderr).unwrap();
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let [line] = &lines[..] else { panic!("{text}") };
    assert_eq!((&line["message"], &line["panic"]), (&"panicked".into(), &"it is broken".into()));
    assert_eq!((&line["function"], &line["request_id"]), (&"processor".into(), &"r-1".into()));
    assert!(line["place"].as_str().unwrap().contains("panics.rs"), "{line}");
}
