//! How many requests go to AWS: one GitHub issue from the webhook to the comment, and one sweep, on the AWS
//! adapters against the emulator. The tests of e2e pin the same requests by name.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, StatsRecorder, TaskId, TaskStatus};
use e2e::assembly::Assembly;
use e2e::emulator::{Emulator, Wire};
use e2e::world::World;
use serde_json::Value;
use sweeper::{AnswerReactions, MissedDeliveries, ModelWatch, Sweeper};
use tokio::runtime::Builder;

use super::aws::Requests;
use crate::Outcome;

/// What was counted.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) event: Requests,
    pub(super) sweep: Requests,
    /// Metrics, by their names and dimensions, that both have written.
    pub(super) series: u32,
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
    // What is done once an hour is done by the first.
    sweep(&system).await?;
    let _first = wire.take();
    sweep(&system).await?;
    let sweep = requests(&wire.take())?;
    Ok(Counted { event, sweep, series: series(&system.figures.documents())? })
}

/// One sweep of the deployed function, for a source whose sender can be asked for what it could not deliver.
async fn sweep(system: &Assembly) -> Outcome<()> {
    let Sweeper { stores, clock, metrics } = &system.sweeper;
    let now = clock.now();
    let swept = system.sweeper.sweep(domain::after(now, Duration::from_secs(60))).await?;
    system.sweeper.count(&swept, now).await?;
    let (state, clock) = (Arc::clone(&stores.state), clock.clone());
    let stats = StatsRecorder::new(Arc::clone(&state), 0);
    let missed = MissedDeliveries { state: Arc::clone(&state), clock: clock.clone(), stats };
    let reactions = AnswerReactions { stores: stores.clone(), clock: clock.clone() };
    let settings = e2e::assembly::shipped_settings();
    let models = prices::model_items(&settings.models.in_use(), &settings.models.endpoints);
    let models = ModelWatch { state, clock, metrics: metrics.clone(), models };
    missed.is_due("github").await?;
    reactions.is_due("github").await?;
    models.count().await?;
    models.is_due().await?;
    Ok(())
}

/// How many metrics CloudWatch makes of these documents: a name with other dimensions, or other values of them, is
/// another one.
fn series(documents: &[Value]) -> Outcome<u32> {
    let mut found = BTreeSet::new();
    for document in documents {
        for directive in document["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten() {
            let named = directive["Dimensions"][0].as_array().into_iter().flatten().filter_map(Value::as_str);
            let dimensions: Vec<String> = named.map(|name| format!("{name}={}", document[name])).collect();
            for metric in directive["Metrics"].as_array().into_iter().flatten() {
                found.insert((metric["Name"].to_string(), dimensions.clone()));
            }
        }
    }
    Ok(u32::try_from(found.len())?)
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
