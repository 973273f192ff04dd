//! How many requests go to AWS: one GitHub issue from the webhook to the comment, and one sweep, on the AWS
//! adapters against the emulator. The tests of e2e pin the same requests by name.

use domain::{Clock, TaskId, TaskStatus};
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
/// It is done at the first; this ends a run that goes wrong.
const MAX_TRIES: u32 = 100;

pub(super) fn count() -> Outcome<Counted> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(counted())
}

async fn counted() -> Outcome<Counted> {
    let (emulator, wire) = (Emulator::shared(), Wire::default());
    let resources = emulator.resources_with(&wire.under(&emulator.sdk_config().await)).await;
    let world = World::new().await;
    let system = Assembly::new(&world, resources.stores, &Clock::system()).await;
    let id: TaskId = system.api.accept(ISSUE).await.parse()?;
    let mut names = wire.take();
    let mut tries = 0;
    while !is_completed(&system, &id).await? {
        tries += 1;
        if tries > MAX_TRIES {
            return Err("the issue never got its comment".into());
        }
        let _looked = wire.take();
        system.work().await;
        names.extend(wire.take());
    }
    let _looked = wire.take();
    // Lambda's receiving is polling, which costs the same whether something is there or not.
    names.retain(|name| name != "ReceiveMessage");
    let event = requests(&names)?;
    let now = system.sweeper.clock.now();
    let swept = system.sweeper.sweep(domain::after(now, std::time::Duration::from_secs(60))).await?;
    system.sweeper.count(&swept, now).await?;
    Ok(Counted { event, sweep: requests(&wire.take())? })
}

async fn is_completed(system: &Assembly, id: &TaskId) -> Outcome<bool> {
    let task = system.stores.tasks.get(id).await?;
    Ok(task.is_some_and(|task| task.control.status == TaskStatus::Completed))
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
