//! How many requests go to AWS: one GitHub issue from the webhook to the comment, and one sweep, on the AWS
//! adapters against the emulator. The tests of e2e pin the same requests by name.

use domain::Clock;
use e2e::assembly::Assembly;
use e2e::emulator::{Emulator, Wire};
use e2e::world::World;
use tokio::runtime::Builder;

use super::aws::Requests;
use crate::Outcome;

/// What was counted.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) event: Requests,
    pub(super) sweep: Requests,
}

/// An issue that the stand-in for Gemini calls a bug report.
const ISSUE: u64 = 7;

pub(super) fn count() -> Outcome<Counted> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(counted())
}

async fn counted() -> Outcome<Counted> {
    let (emulator, wire) = (Emulator::shared(), Wire::default());
    let resources = emulator.resources_with(&wire.under(&emulator.sdk_config().await)).await;
    let system = Assembly::new(&World::new().await, resources.stores, &Clock::system()).await;
    system.api.accept(ISSUE).await;
    let mut event = requests(&wire.take())?;
    while system.work().await == 0 {}
    // Lambda's receiving is polling, which costs the same whether something is there or not.
    let worked = wire.take().into_iter().filter(|name| name != "ReceiveMessage").collect::<Vec<_>>();
    let worked = requests(&worked)?;
    event = Requests {
        writes: event.writes + worked.writes,
        reads: event.reads + worked.reads,
        queue: event.queue + worked.queue,
    };
    let now = system.sweeper.clock.now();
    system.sweeper.sweep(domain::after(now, std::time::Duration::from_secs(60))).await?;
    system.sweeper.count(now).await?;
    Ok(Counted { event, sweep: requests(&wire.take())? })
}

fn requests(names: &[String]) -> Outcome<Requests> {
    let mut requests = Requests::default();
    for name in names {
        match name.as_str() {
            "PutItem" | "UpdateItem" | "DeleteItem" => requests.writes += 1,
            "GetItem" | "Query" | "BatchGetItem" => requests.reads += 1,
            "SendMessage" | "DeleteMessage" | "ChangeMessageVisibility" | "GetQueueAttributes" => {
                requests.queue += 1;
            }
            other => return Err(format!("{other} has no price here").into()),
        }
    }
    Ok(requests)
}
