//! Metrics against the published rules of the embedded metric format.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{Clock, Lane, TaskStatus, Timestamp};
use serde_json::{Value, json};
use telemetry::{Ended, Metrics, Recorded, Unit, WATCHED};

mod every;

use every::{EVERY, usage};

const NOW_MS: i64 = 1_600_000_000_123;
const MS: Duration = Duration::from_millis(1);

fn clock() -> Clock {
    Clock::fixed(Timestamp::from_millisecond(NOW_MS).unwrap())
}

/// The units that CloudWatch takes, out of MetricDatum's list, as far as we use them.
const UNITS: [&str; 6] = ["Count", "Milliseconds", "Seconds", "Bytes", "Percent", "None"];

/// Checks a document against the specification, and returns the metrics with their dimensions.
fn check(document: &Value) -> Vec<(String, Vec<String>)> {
    let aws = document["_aws"].as_object().expect("_aws is an object");
    assert_eq!(aws.keys().collect::<Vec<_>>(), ["CloudWatchMetrics", "Timestamp"]);
    assert!(aws["Timestamp"].as_i64().expect("milliseconds since 1970") > 1_000_000_000_000);
    let directives = aws["CloudWatchMetrics"].as_array().expect("an array of directives");
    assert!(!directives.is_empty());
    directives.iter().flat_map(|directive| check_directive(document, directive)).collect()
}

fn check_directive(document: &Value, directive: &Value) -> Vec<(String, Vec<String>)> {
    let keys: BTreeSet<_> = directive.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(["Namespace", "Dimensions", "Metrics"]));
    assert_eq!(directive["Namespace"], "Afterhook");
    let sets = directive["Dimensions"].as_array().expect("an array of sets");
    assert_eq!(sets.len(), 1);
    let dimensions: Vec<String> = serde_json::from_value(sets[0].clone()).expect("a set of names");
    assert!(dimensions.len() <= 30);
    for name in &dimensions {
        let value = document[name].as_str().expect("the value of a dimension is a text");
        assert!(
            (1..=1024).contains(&value.len()) && value.chars().all(|c| c.is_ascii() && !c.is_ascii_control())
        );
    }
    let metrics = directive["Metrics"].as_array().expect("an array of definitions");
    assert!((1..=100).contains(&metrics.len()));
    metrics.iter().map(|metric| (check_metric(document, metric), dimensions.clone())).collect()
}

fn check_metric(document: &Value, metric: &Value) -> String {
    let name = metric["Name"].as_str().expect("a name");
    assert!((1..=1024).contains(&name.len()));
    assert!(UNITS.contains(&metric["Unit"].as_str().expect("a unit")));
    assert!(document[name].is_number(), "{name} is a number");
    name.to_owned()
}

fn record(work: impl FnOnce(&Metrics)) -> Recorded {
    let (metrics, recorded) = Metrics::memory(clock());
    work(&metrics);
    recorded
}

#[test]
fn one_call_is_one_document_with_all_its_metrics() {
    let recorded = record(|metrics| {
        metrics.emit(&[("A", Unit::Count, 1.0), ("B", Unit::Bytes, 2.5)], &[("x", "1"), ("y", "2")]);
    });
    assert_eq!(
        recorded.documents(),
        [json!({
            "_aws": {"Timestamp": NOW_MS, "CloudWatchMetrics": [{
                "Namespace": "Afterhook",
                "Dimensions": [["x", "y"]],
                "Metrics": [{"Name": "A", "Unit": "Count"}, {"Name": "B", "Unit": "Bytes"}],
            }]},
            "x": "1", "y": "2", "A": 1.0, "B": 2.5,
        })]
    );
}

/// Every metric once.
fn all(metrics: &Metrics) {
    EVERY.iter().for_each(|(_, call)| call(metrics));
}

/// The metrics of documents, as `Name{dimension,dimension}`.
fn contract(recorded: &Recorded) -> BTreeSet<String> {
    let found = recorded.documents();
    let found = found.iter().flat_map(check);
    found.map(|(name, dimensions)| format!("{name}{{{}}}", dimensions.join(","))).collect()
}

/// Two stacks share a namespace, and an alarm cannot name every model.
#[test]
fn what_is_watched_is_written_by_stack_as_well() {
    let alone = record(all);
    let (metrics, recorded) = Metrics::memory(clock());
    all(&metrics.of_stack(Some("afterhook-prod")));
    let mut by_stack: BTreeSet<String> = WATCHED.iter().map(|name| format!("{name}{{stack}}")).collect();
    by_stack.extend(["RefusedSignatures{stack,source}", "Unverified{stack,source}"].map(str::to_owned));
    assert_eq!(contract(&recorded), &contract(&alone) | &by_stack);
    let stacked = recorded.documents().into_iter().filter(|document| document["stack"] == "afterhook-prod");
    assert_eq!(stacked.count(), 19, "one for each call that writes something watched");
    assert_eq!(recorded.total("BudgetUsed", &[("stack", "afterhook-prod")]), 50.0);
}

/// An alarm rings for a source of which some were refused and none has held, however few come.
#[test]
fn one_signature_that_holds_outweighs_the_refused() {
    let (metrics, recorded) = Metrics::memory(clock());
    let metrics = metrics.of_stack(Some("afterhook-prod"));
    let of = |source| recorded.total("Unverified", &[("stack", "afterhook-prod"), ("source", source)]);
    for _ in 0..3 {
        metrics.signature_refused("github");
        metrics.signature_refused("slack");
    }
    metrics.signature_held("slack");
    assert_eq!((of("github"), of("slack")), (3.0, -997.0));
}

/// An alarm that watches the new version of a rollout hears nothing of the old one.
#[test]
fn failures_are_told_apart_by_the_version_of_the_function() {
    let (metrics, recorded) = Metrics::memory(clock());
    let metrics = metrics.of_stack(Some("afterhook-prod"));
    for version in ["7", "8", "8"] {
        metrics.clone().of_version(Some(version)).failed("ingest");
    }
    let failures = |version| {
        let dimensions = [("stack", "afterhook-prod"), ("function", "ingest"), ("version", version)];
        recorded.total("Failures", &dimensions)
    };
    assert_eq!((failures("7"), failures("8")), (1.0, 2.0));
}

#[test]
fn a_task_that_ended_well_is_no_failed_one() {
    let ended = Ended {
        status: TaskStatus::Completed,
        intent: None,
        version: Some("ver_1"),
        worked: MS,
        since_received: MS,
    };
    let recorded = record(|metrics| metrics.task_ended(&ended));
    assert_eq!(recorded.total("FailedTasks", &[]), 0.0);
    assert_eq!(recorded.total("TaskOutcome", &[("status", "completed")]), 1.0);
}

#[test]
fn every_metric_has_the_dimensions_of_its_contract() {
    let recorded = record(all);
    let found = contract(&recorded);
    let expected = [
        "Accepted{}",
        "AckLatency{}",
        "ApprovalsExpiring{}",
        "ApprovalsOldest{}",
        "ApprovalsWaiting{}",
        "BreakerOpen{model}",
        "BreakersOpen{model}",
        "BudgetUsed{budget}",
        "CacheHits{}",
        "Coalesced{}",
        "ConnectionsOpened{}",
        "Corrections{kind}",
        "CostUSD{model}",
        "Duplicates{}",
        "EndToEnd{}",
        "FailedTasks{}",
        "Failures{stack,function,version}",
        "Failures{stack,function}",
        "ModelCalls{model,outcome}",
        "ModelLatency{}",
        "ModelRefused{model}",
        "NotReady{reason}",
        "OutOfMoney{model}",
        "PermitUtilisation{}",
        "PermitWait{}",
        "QueueWait{lane}",
        "RefusedSignatures{source}",
        "Rejected{reason}",
        "TaskDuration{}",
        "TaskOutcome{status,intent}",
        "TaskOutcome{status,version}",
        "Throttled{model}",
        "TimeToFirstToken{}",
        "Tokens{model,kind}",
        "Unaccounted{}",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
}

#[test]
fn values_and_dimensions_are_what_was_measured() {
    let recorded = record(|metrics| {
        metrics.accepted(Duration::from_micros(1_500));
        metrics.model_called("gemini-pro-latest", "answered", 450 * MS, None);
        metrics.model_billed(&usage(Some(0.5)));
        metrics.permit(MS, 0.25);
        let ended = Ended {
            status: TaskStatus::Failed,
            intent: None,
            version: Some("ver_1"),
            worked: MS,
            since_received: 2 * MS,
        };
        metrics.task_ended(&ended);
        metrics.unaccounted(-3);
    });
    let model = ("model", "gemini-3.8-flash");
    for (metric, dimensions, value) in [
        ("Accepted", &[][..], 1.0),
        ("AckLatency", &[], 1.5),
        ("ModelCalls", &[("model", "gemini-pro-latest"), ("outcome", "answered")], 1.0),
        ("PermitUtilisation", &[], 25.0),
        ("ModelLatency", &[], 450.0),
        ("CostUSD", &[model], 0.5),
        ("Tokens", &[model, ("kind", "prompt")], 100.0),
        ("Tokens", &[model, ("kind", "output")], 20.0),
        ("Tokens", &[model, ("kind", "thought")], 3.0),
        ("Tokens", &[model], 123.0),
        ("TaskOutcome", &[("status", "failed"), ("intent", "none")], 1.0),
        ("TaskDuration", &[], 1.0),
        ("EndToEnd", &[], 2.0),
        ("Unaccounted", &[], -3.0),
    ] {
        assert_eq!(recorded.total(metric, dimensions), value, "{metric} {dimensions:?}");
    }
}

#[test]
fn an_unknown_cost_is_left_out() {
    let recorded = record(|metrics| metrics.model_billed(&usage(None)));
    for document in recorded.documents() {
        check(&document);
        assert_eq!(document.get("CostUSD"), None);
    }
}

#[test]
fn what_would_break_a_document_is_mended_or_left_out() {
    let long = "ä".repeat(2_000);
    let many: Vec<(String, String)> = (0..40).map(|n| (format!("d{n}"), "v".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (&**name, &**value)).collect();
    let recorded = record(|metrics| {
        metrics.emit(&[("A", Unit::Count, f64::NAN), ("B", Unit::Count, 1.0)], &[("x", "")]);
        metrics.emit(&[("A", Unit::Count, 1.0)], &[("x", "a\n{\"b\""), ("y", &long)]);
        metrics.emit(&[("A", Unit::Count, 1.0)], &many);
        metrics.emit(&[("A", Unit::Count, f64::INFINITY)], &[]);
        metrics.emit(&[], &[]);
    });
    let documents = recorded.documents();
    documents.iter().for_each(|document| {
        check(document);
    });
    assert_eq!(documents.len(), 3);
    assert_eq!((&documents[0]["x"], documents[0].get("A")), (&json!("none"), None));
    assert_eq!(documents[1]["x"], "a_{\"b\"");
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_gets_one_line_for_each_call() {
    let buffer = Buffer::default();
    let metrics = Metrics::writer(clock(), buffer.clone());
    metrics.accepted(MS);
    metrics.clone().rejected("stale\n");
    let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
    assert!(text.ends_with('\n'));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    lines.iter().for_each(|line| {
        check(line);
    });
}

struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_broken_writer_stops_nobody() {
    let metrics = Metrics::writer(clock(), Broken);
    metrics.accepted(MS);
    metrics.accepted(MS);
}

#[test]
fn each_document_bears_the_time_of_its_call() {
    let (metrics, recorded) = Metrics::memory(clock());
    metrics.claimed(Lane::Bulk, MS);
    assert_eq!(recorded.documents()[0]["_aws"]["Timestamp"], NOW_MS);
}
