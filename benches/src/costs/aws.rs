//! The bill of AWS, from requests.

use super::counted::Counted;
use super::watching::{alarm_metrics, resources};

/// Requests of one thing that happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Requests {
    pub(super) writes: u32,
    pub(super) reads: u32,
    pub(super) queue: u32,
}

impl Requests {
    pub(super) fn without(self, other: Self) -> Self {
        Self {
            writes: self.writes.saturating_sub(other.writes),
            reads: self.reads.saturating_sub(other.reads),
            queue: self.queue.saturating_sub(other.queue),
        }
    }
}

/// US dollars by AWS's price pages for us-east-1, seen in November 2026.
const HTTP_API: f64 = 1.00 / 1e6;
const INVOCATION: f64 = 0.20 / 1e6;
const GIGABYTE_SECOND_ARM64: f64 = 0.000_013_333_4;
const WRITE_UNIT: f64 = 0.625 / 1e6;
const READ_UNIT: f64 = 0.125 / 1e6;
const QUEUE_REQUEST: f64 = 0.40 / 1e6;
const LOG_GIGABYTE: f64 = 0.50;
const ALARM_MONTH: f64 = 0.10;
/// Of a metric that is written in each of its hours.
const METRIC_MONTH: f64 = 0.30;
const DASHBOARD_MONTH: f64 = 3.00;
const SECRET_MONTH: f64 = 0.40;
const SECRET_READ: f64 = 0.05 / 1e4;
const TRACE: f64 = 5.00 / 1e6;

/// A write of a task: up to 2 KB, and one entry of an index.
const UNITS_OF_A_WRITE: f64 = 3.0;
/// A write of the sweeper's, to the state table: up to 1 KB, and no index.
const UNITS_OF_A_STATE_WRITE: f64 = 1.0;
/// A read: up to 4 KB, or a page of an index, consistent.
const UNITS_OF_A_READ: f64 = 1.0;
/// What an event reads and writes of the answers that are kept for outages has up to 16 KB. A busy tenant writes them once
/// a minute; here each event does.
const MORE_UNITS_OF_KEPT_ANSWERS: (f64, f64) = (16.0 - UNITS_OF_A_WRITE, 4.0 - UNITS_OF_A_READ);
/// Ingest has 512 MB, and takes 30 ms. The processor has 1 GB; two calls to models take 12 s.
const INGEST_GIGABYTE_SECONDS: f64 = 0.5 * 0.030;
const PROCESSOR_GIGABYTE_SECONDS: f64 = 1.0 * 12.0;
/// The sweeper has 256 MB, and takes half a second.
const SWEEPER_GIGABYTE_SECONDS: f64 = 0.25 * 0.5;
/// Lines in the log, of all functions and of the API.
const LINE_GIGABYTES_AN_EVENT: f64 = 8e-6;
/// What Lambda writes of each invocation.
const LINE_GIGABYTES_A_SWEEP: f64 = 0.5e-6;
/// Sweeps of 30 days.
const SWEEPS: f64 = 43_200.0;
const SWEEPS_A_LOOK: f64 = 5.0;
pub(super) const HOURS: f64 = 720.0;
/// Lambda asks each of three lanes with five pollers, each for 20 s.
const POLLS: f64 = 3.0 * 5.0 * 3.0 * SWEEPS;
/// Those that ingest, console and the others read.
const SECRETS: f64 = 3.0;
type Rows = Vec<(String, f64)>;

pub(super) fn thousand_events(counted: &Counted) -> Rows {
    let Counted { event, of_event, .. } = counted;
    let thousand = |what: &str, dollars: f64| (what.to_owned(), 1_000.0 * dollars);
    vec![
        thousand("HTTP API", HTTP_API),
        thousand(
            "Lambda: ingest, 512 MB for 30 ms",
            INVOCATION + INGEST_GIGABYTE_SECONDS * GIGABYTE_SECOND_ARM64,
        ),
        thousand(
            "Lambda: processor, 1 GB for 12 s",
            INVOCATION + PROCESSOR_GIGABYTE_SECONDS * GIGABYTE_SECOND_ARM64,
        ),
        thousand(
            "DynamoDB, 3 units a write and 1 a read; 16 and 4 of the answers kept for outages",
            database(event, UNITS_OF_A_WRITE) + kept_answers(),
        ),
        thousand("SQS", f64::from(event.queue) * QUEUE_REQUEST),
        thousand("Logs: lines, 8 KB an event", LINE_GIGABYTES_AN_EVENT * LOG_GIGABYTE),
        thousand(
            &format!("Logs: metrics, {} KB an event", of_event.kilobytes()),
            f64::from(of_event.kilobytes()) * 1e-6 * LOG_GIGABYTE,
        ),
        thousand("X-Ray, every webhook and batch", 2.0 * TRACE),
        thousand("Secrets: read for every webhook and batch", 2.0 * SECRET_READ),
    ]
}

pub(super) fn idle_month(counted: &Counted) -> Rows {
    let Counted { sweep, look, of_sweep, .. } = counted;
    let row = |what: String, dollars: f64| (what, dollars);
    let named = |what: &str, dollars: f64| (what.to_owned(), dollars);
    let (alarms, dashboards) = (alarm_metrics(), resources("AWS::CloudWatch::Dashboard"));
    let kilobytes = of_sweep.kilobytes();
    vec![
        row(
            format!("{} alarms, on {alarms} metrics", resources("AWS::CloudWatch::Alarm")),
            float(alarms) * ALARM_MONTH,
        ),
        row(format!("{dashboards} dashboard"), float(dashboards) * DASHBOARD_MONTH),
        named("Three secrets", SECRETS * SECRET_MONTH),
        named("Secrets: read by the sweeper every five minutes", SWEEPS / SWEEPS_A_LOOK * SECRET_READ),
        row(
            format!("{} metrics that the sweeper writes", of_sweep.series),
            metrics_month(of_sweep.series, HOURS),
        ),
        named("SQS: three lanes, polled by Lambda", POLLS * QUEUE_REQUEST),
        named("DynamoDB: a sweep a minute", SWEEPS * database(sweep, UNITS_OF_A_STATE_WRITE)),
        named(
            "DynamoDB: deliveries and reactions of GitHub, every five minutes",
            SWEEPS / SWEEPS_A_LOOK * database(look, UNITS_OF_A_STATE_WRITE),
        ),
        named("SQS: depth of the lanes, a sweep a minute", SWEEPS * f64::from(sweep.queue) * QUEUE_REQUEST),
        named(
            "Lambda: a sweep a minute, 256 MB for 0.5 s",
            SWEEPS * (INVOCATION + SWEEPER_GIGABYTE_SECONDS * GIGABYTE_SECOND_ARM64),
        ),
        named("X-Ray, every sweep", SWEEPS * TRACE),
        row(
            format!("Logs: lines, and metrics of {kilobytes} KB a sweep"),
            SWEEPS * (LINE_GIGABYTES_A_SWEEP + f64::from(kilobytes) * 1e-6) * LOG_GIGABYTE,
        ),
    ]
}

/// So many metrics for a month in whose hours so many events come: a metric is billed by the hour.
pub(super) fn metrics_month(metrics: usize, events: f64) -> f64 {
    float(metrics) * METRIC_MONTH * events.min(HOURS) / HOURS
}

/// An hour of invocations, so many a second, of which X-Ray records by its default the first of each second and five of a
/// hundred others.
pub(super) fn traced_hour(each_second: f64) -> (f64, f64) {
    let traces = 1.0 + (each_second - 1.0) * 0.05;
    (traces, traces * 3_600.0 * TRACE)
}

fn database(requests: &Requests, units_of_a_write: f64) -> f64 {
    f64::from(requests.writes) * units_of_a_write * WRITE_UNIT
        + f64::from(requests.reads) * UNITS_OF_A_READ * READ_UNIT
}

/// Dollars of the units of kept answers that [`database`] has not counted with their requests.
fn kept_answers() -> f64 {
    let (write, read) = MORE_UNITS_OF_KEPT_ANSWERS;
    write * WRITE_UNIT + read * READ_UNIT
}

fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
