//! The bill of AWS, from requests.

/// Requests of one thing that happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Requests {
    pub(super) writes: u32,
    pub(super) reads: u32,
    pub(super) queue: u32,
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
const METRIC_MONTH: f64 = 0.30;
const SECRET_MONTH: f64 = 0.40;
const TRACE: f64 = 5.00 / 1e6;

/// A write of a task: up to 2 KB, and one entry of an index.
const UNITS_OF_A_WRITE: f64 = 3.0;
/// A read: up to 4 KB, or a page of an index, consistent.
const UNITS_OF_A_READ: f64 = 1.0;
/// Ingest has 512 MB, and takes 30 ms. The processor has 1 GB; two calls to models take 12 s.
const INGEST_GIGABYTE_SECONDS: f64 = 0.5 * 0.030;
const PROCESSOR_GIGABYTE_SECONDS: f64 = 1.0 * 12.0;
/// The sweeper has 256 MB, and takes half a second.
const SWEEPER_GIGABYTE_SECONDS: f64 = 0.25 * 0.5;
/// Lines and metrics in the log.
const LOG_GIGABYTES_AN_EVENT: f64 = 8e-6;
const LOG_GIGABYTES_A_SWEEP: f64 = 1e-6;
/// Sweeps of 30 days.
const SWEEPS: f64 = 43_200.0;
/// Lambda asks each of three lanes with five pollers, each for 20 s.
const POLLS: f64 = 3.0 * 5.0 * 3.0 * SWEEPS;
/// Environments that read their secret every five minutes: the sweeper's.
const SECRETS: f64 = 3.0;
/// Written by the sweeper whatever happens, each by itself and by stack.
const IDLE_METRICS: f64 = 6.0;

type Rows = Vec<(String, f64)>;

pub(super) fn thousand_events(event: &Requests) -> Rows {
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
        thousand("DynamoDB, 3 units a write and 1 a read", database(event)),
        thousand("SQS", f64::from(event.queue) * QUEUE_REQUEST),
        thousand("Logs, 8 KB an event", LOG_GIGABYTES_AN_EVENT * LOG_GIGABYTE),
        thousand("X-Ray, every webhook and batch", 2.0 * TRACE),
    ]
}

pub(super) fn idle_month(sweep: &Requests) -> Rows {
    let alarms = include_str!("../../../template.yaml").matches("Type: AWS::CloudWatch::Alarm").count();
    let alarms = u32::try_from(alarms).unwrap_or(u32::MAX);
    let row = |what: String, dollars: f64| (what, dollars);
    let named = |what: &str, dollars: f64| (what.to_owned(), dollars);
    vec![
        row(format!("{alarms} alarms"), f64::from(alarms) * ALARM_MONTH),
        named("Three secrets", SECRETS * SECRET_MONTH),
        named("Six metrics that the sweeper writes", IDLE_METRICS * METRIC_MONTH),
        named("SQS: three lanes, polled by Lambda", POLLS * QUEUE_REQUEST),
        named("DynamoDB: a sweep a minute", SWEEPS * database(sweep)),
        named("SQS: depth of the lanes, a sweep a minute", SWEEPS * f64::from(sweep.queue) * QUEUE_REQUEST),
        named(
            "Lambda: a sweep a minute, 256 MB for 0.5 s",
            SWEEPS * (INVOCATION + SWEEPER_GIGABYTE_SECONDS * GIGABYTE_SECOND_ARM64),
        ),
        named("Logs", SWEEPS * LOG_GIGABYTES_A_SWEEP * LOG_GIGABYTE),
    ]
}

fn database(requests: &Requests) -> f64 {
    f64::from(requests.writes) * UNITS_OF_A_WRITE * WRITE_UNIT
        + f64::from(requests.reads) * UNITS_OF_A_READ * READ_UNIT
}
