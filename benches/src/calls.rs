//! Calls over TLS: how many connections they share, what the plane adds to a call, and what it saves
//! against a client for each call.
//!
//! The server is in this process and the client in another one, which trusts the server's certificate
//! by a variable of its own environment. Times within one table come from one run of that client.

mod client;
mod server;

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::Outcome;
use crate::report::Table;
use crate::statistics::{micros, millis};
use server::{Manner, Server};

pub(crate) use client::run as run_client;

/// The first argument of the process that calls.
pub(crate) const CLIENT: &str = "calls-client";

/// Calls through one environment, and how many of them are under way at once.
const CALLS: usize = 10_000;
const AT_ONCE: usize = 64;
/// Calls with a client each: enough for a percentile.
const UNPOOLED: usize = 2_000;
/// Calls of one block, one after the other, and blocks of each kind.
const BLOCK: usize = 200;
const BLOCKS: usize = 11;

const HANDSHAKE: Duration = Duration::from_millis(50);
/// What the quickest model takes.
const THINKING: Duration = Duration::from_millis(20);

const MAX_CONNECTIONS: usize = 4;
const OVERHEAD: Duration = Duration::from_micros(300);

/// What the client is to measure.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Measure {
    /// Calls through the plane beside bare ones, one after the other.
    Overhead,
    /// Many calls at once, through one model.
    Pooled,
    /// The same with a client for each.
    Unpooled,
}

/// Figures of many calls at once.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Load {
    p50: Duration,
    p95: Duration,
    calls: usize,
    took: Duration,
}

impl Load {
    #[expect(clippy::cast_precision_loss)]
    fn per_second(&self) -> f64 {
        self.calls as f64 / self.took.as_secs_f64()
    }
}

/// Medians of calls one after the other.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Medians {
    plane: Duration,
    bare: Duration,
}

pub(crate) fn run() -> Outcome<Vec<Table>> {
    Ok(vec![overhead()?, pooling()?])
}

fn overhead() -> Outcome<Table> {
    let title = format!("calls: the plane beside bare reqwest over HTTP/2, median of {BLOCKS} × {BLOCK}");
    let mut table = Table::new(title);
    let server = Server::start(Manner::default())?;
    let Medians { plane, bare } = measure(&server, Measure::Overhead)?;
    let more = plane.saturating_sub(bare);
    table.target("more than the bare call, p50", micros(more), "≤ 300 µs", more <= OVERHEAD);
    table.figure("a call through the plane, state in memory", micros(plane));
    table.figure("the same request with reqwest alone", micros(bare));
    Ok(table)
}

fn pooling() -> Outcome<Table> {
    let title = format!(
        "calls: TLS with a handshake of {} ms, a model of {} ms, {AT_ONCE} at once",
        HANDSHAKE.as_millis(),
        THINKING.as_millis()
    );
    let mut table = Table::new(title);
    let server = Server::start(Manner { handshake: HANDSHAKE, thinking: THINKING })?;
    let pooled: Load = measure(&server, Measure::Pooled)?;
    let connections = server.connections();
    let unpooled: Load = measure(&server, Measure::Unpooled)?;
    let row = format!("connections of one environment for {CALLS} calls");
    table.target(&row, connections.to_string(), "≤ 4", connections <= MAX_CONNECTIONS);
    let lower = 1.0 - pooled.p95.as_secs_f64() / unpooled.p95.as_secs_f64();
    table.target("p95, below a client for each call by", crate::seen::percent(lower), "≥ 40 %", lower >= 0.4);
    let more = pooled.per_second() / unpooled.per_second();
    table.target("throughput, of a client for each call", format!("{more:.1} ×"), "≥ 2 ×", more >= 2.0);
    for (name, load) in [("through the plane", pooled), ("a client for each call", unpooled)] {
        let figures = format!("{}, {}", millis(load.p50), millis(load.p95));
        table.figure(&format!("{name}: p50, p95"), figures);
        table.figure("  calls, calls a second", format!("{}, {:.0}", load.calls, load.per_second()));
    }
    Ok(table)
}

/// Runs the client against `server`.
fn measure<T: for<'de> Deserialize<'de>>(server: &Server, measure: Measure) -> Outcome<T> {
    let mut trusted = NamedTempFile::new()?;
    trusted.write_all(server.certificate.as_bytes())?;
    let output = Command::new(std::env::current_exe()?)
        .args([CLIENT, &server.url, &serde_json::to_string(&measure)?])
        .env_clear()
        .env("SSL_CERT_FILE", trusted.path())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("the client of the calls ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
