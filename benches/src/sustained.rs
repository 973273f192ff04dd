//! 50,000 webhooks a minute, for a minute: the front door alone, on a database on this machine's disk.

use std::time::Duration;

use axum::Router;
use domain::{Clock, Stage, Timestamp};
use embedded::Embedded;
use futures::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::github_event::{self, Webhook};
use crate::report::Table;
use crate::sender::{self, Pace, Sent};
use crate::statistics::{millis, percentile};
use crate::{Outcome, agent, ingest_rig};

const A_SECOND: u64 = 834;
const SECONDS: u64 = 60;
const CONNECTIONS: usize = 64;
const TARGET: Duration = Duration::from_millis(200);

pub(crate) fn run() -> Outcome<Vec<Table>> {
    let mut table = Table::new(format!("sustained: {A_SECOND} webhooks of 12 KB a second for {SECONDS} s"));
    let directory = tempfile::tempdir()?;
    let stores = Embedded::open(directory.path(), Clock::system())?.stores();
    let router = ingest_rig::ingest(&agent::settings()?, stores.clone());
    // A thread each for the server and for who sends: what one spends, the other does not wait for.
    let server = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let url = serve(&server, router)?;
    let client = Builder::new_current_thread().enable_all().build()?;
    let sent = client.block_on(send(&url))?;
    let count = usize::try_from(A_SECOND * SECONDS)?;
    let rate = f64::from(u32::try_from(sent.latencies.len())?) / sent.took.as_secs_f64();
    table.target("answered a second", format!("{rate:.0}"), "≥ 830", rate >= 830.0);
    table.all_of("answered 202", sent.statuses.get(&202).copied().unwrap_or_default(), count);
    let stored = client.block_on(stores.tasks.due(Stage::Received, Timestamp::MAX, count + 1))?.len();
    table.all_of("stored", stored, count);
    let p99 = percentile(&sent.latencies, 0.99);
    table.target("answered within, p99", millis(p99), "< 200 ms", p99 < TARGET);
    table.figure("answered within, p50", millis(percentile(&sent.latencies, 0.5)));
    table.figure("answered within, slowest", millis(percentile(&sent.latencies, 1.0)));
    server.shutdown_background();
    Ok(vec![table])
}

fn serve(server: &Runtime, router: Router) -> Outcome<String> {
    let listener = server.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    server.spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

/// At this pace whatever becomes of earlier ones, as senders do. Those of the next second are made while one's are sent.
async fn send(url: &str) -> Outcome<Sent> {
    let pace = Pace { connections: CONNECTIONS, gap: Duration::from_secs(1) / u32::try_from(A_SECOND)? };
    let made = stream::iter(0..SECONDS).map(make).buffered(2);
    let webhooks = made.flat_map(|made| stream::iter(made.unwrap_or_default()));
    sender::send_each(url, webhooks, pace).await
}

/// None where they cannot be made: the count of answers tells.
async fn make(second: u64) -> Option<Vec<Webhook>> {
    let numbers = second * A_SECOND + 1..(second + 1) * A_SECOND + 1;
    tokio::task::spawn_blocking(|| github_event::issues(numbers).ok()).await.ok().flatten()
}
