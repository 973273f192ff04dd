//! What lines of the log look like.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use domain::{Clock, Timestamp};
use serde_json::{Value, json};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;

use super::JsonLines;

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

/// The text that `work` logs under the filter `directives`.
fn logged(directives: &str, work: impl FnOnce()) -> String {
    let buffer = Buffer::default();
    let writer = buffer.clone();
    let clock = Clock::fixed(Timestamp::from_millisecond(1_600_000_000_123).unwrap());
    let layer = JsonLines::new(move || writer.clone(), clock);
    let filter = crate::filter::parse(Some(directives)).unwrap();
    let subscriber =
        tracing_subscriber::registry().with(filter).with(filter_fn(crate::filter::is_harmless)).with(layer);
    tracing::subscriber::with_default(subscriber, work);
    let bytes = buffer.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn line(work: impl FnOnce()) -> Value {
    serde_json::from_str(&logged("trace", work)).unwrap()
}

#[test]
fn fields_of_spans_and_event_are_members_of_the_line() {
    let line = line(|| {
        let outer = tracing::info_span!("task", task_id = "tsk_1", step = "claim");
        let _outer = outer.enter();
        let _inner = tracing::info_span!("model", step = "triage", tokens = 5_u64).entered();
        tracing::info!(target: "gemini", ms = 1.5, ok = true, left = -1, kind = ?Some(1), "answered");
    });
    assert_eq!(
        line,
        json!({"timestamp": "2020-09-13T12:26:40.123Z", "level": "INFO", "target": "gemini", "message": "answered",
            "task_id": "tsk_1", "step": "triage", "tokens": 5, "ms": 1.5, "ok": true, "left": -1, "kind": "Some(1)"})
    );
}

#[test]
fn metrics_bear_what_they_are_about_and_pass_any_filter() {
    let clock = Clock::fixed(Timestamp::from_millisecond(1_600_000_000_123).unwrap());
    let text = logged("error", || {
        let _request =
            tracing::error_span!("request", function = "processor", request_id = "r-1", lane = "bulk")
                .entered();
        let _task = tracing::error_span!("task", task_id = "tsk_1").entered();
        let metrics = crate::Metrics::logged(clock).of_stack(Some("prod"));
        metrics.not_ready("no_secret");
        metrics.failed("sweeper");
    });
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let about = |line: &Value| ["function", "request_id", "task_id", "lane"].map(|name| line[name].clone());
    assert_eq!(about(&lines[0]), [json!("processor"), json!("r-1"), json!("tsk_1"), Value::Null]);
    assert_eq!((&lines[0]["NotReady"], &lines[0]["reason"]), (&json!(1.0), &json!("no_secret")));
    assert_eq!(lines[0]["_aws"]["Timestamp"], 1_600_000_000_123_i64);
    assert_eq!(about(&lines[1])[0], "sweeper", "a dimension is not what the line is about");
    assert_eq!(lines.len(), 2);
}

const XRAY: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

#[test]
fn lines_about_one_task_have_one_trace_in_every_invocation() {
    let id = domain::TaskId::derive("github", b"one");
    let task_id = id.to_string();
    let ingest = line(|| tracing::info!(task_id, trace_id = XRAY, "webhook was accepted"));
    let processor = line(|| {
        let _invocation = tracing::info_span!("invocation", trace_id = "Root=1-0-0").entered();
        let _task = tracing::info_span!("task", task_id = %id).entered();
        tracing::info!("published");
    });
    assert_eq!(ingest["trace_id"], id.trace_id());
    assert_eq!(ingest["xray_trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
    assert_eq!(processor["trace_id"], ingest["trace_id"]);
}

#[test]
fn a_line_about_no_task_has_the_trace_of_its_invocation() {
    let traced = line(|| tracing::info!(trace_id = XRAY, "started"));
    assert_eq!(traced["trace_id"], "5759e988bd862e3fe1be46a994272793");
    let foreign =
        line(|| tracing::info!(task_id = "tsk_x", trace_id = "whatever a stranger sent", "refused"));
    assert_eq!(foreign["trace_id"], "whatever a stranger sent");
}

#[test]
fn a_field_that_is_recorded_later_is_there() {
    let line = line(|| {
        let span = tracing::info_span!("task", intent = tracing::field::Empty);
        span.record("intent", "question");
        span.in_scope(|| tracing::info!("classified"));
    });
    assert_eq!(line["intent"], "question");
}

#[test]
fn every_event_is_one_line_whatever_it_says() {
    let text = logged("info", || {
        tracing::info!(actor = "mona\nlevel=ERROR \"", "one\ntwo");
        tracing::info!("three");
    });
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["message"], &lines[0]["actor"]),
        (&json!("one\ntwo"), &json!("mona\nlevel=ERROR \""))
    );
}

#[test]
fn a_field_cannot_take_the_place_of_a_fixed_member() {
    let line = line(|| tracing::info!(level = "none", timestamp = "never", "x"));
    assert_eq!((&line["level"], &line["field.level"]), (&json!("INFO"), &json!("none")));
    assert_eq!(line["field.timestamp"], "never");
}

#[test]
fn an_error_brings_its_causes() {
    let cause = io::Error::other(io::Error::other("inner"));
    let error: &(dyn std::error::Error + 'static) = &cause;
    assert_eq!(line(|| tracing::error!(error, "x"))["error"], "inner");
    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);
    let outer = Outer(cause);
    let error: &(dyn std::error::Error + 'static) = &outer;
    assert_eq!(line(|| tracing::error!(error, "x"))["error"], "outer: inner");
}

#[test]
fn the_filter_holds_back_what_it_should() {
    let text = logged("warn,gemini=debug", || {
        tracing::info!(target: "github", "no");
        tracing::debug!(target: "gemini", "yes");
    });
    assert_eq!(text.matches("\"message\"").count(), 1);
    assert!(text.contains("\"yes\""));
}

#[test]
fn what_the_wire_carries_is_never_logged() {
    let text = logged("trace", || {
        tracing::debug!(target: "h2::codec", header = "x-goog-api-key: hunter2", "sent");
        tracing::debug!(target: "hyper_util::client", "hunter2");
        tracing::trace!(target: "aws_smithy_runtime::client", "hunter2");
        tracing::info!(target: "aws_sdk_sqs", "kept");
    });
    assert!(text.contains("kept") && !text.contains("hunter2"), "{text}");
}
