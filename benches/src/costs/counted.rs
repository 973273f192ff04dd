//! How many requests go to AWS, and how many metrics are written: one GitHub issue from the webhook to the comment, and what
//! the sweeper does, on the AWS adapters against the emulator. The tests of e2e pin the same requests by name.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{Clock, StatsRecorder, TaskId, TaskStatus, Timestamp, after};
use e2e::assembly::{Assembly, shipped_settings};
use e2e::emulator::{Emulator, Wire};
use e2e::world::World;
use serde_json::{Value, json};
use settings::Settings;
use sweeper::{AnswerReactions, MissedDeliveries, ModelWatch};
use telemetry::{Metrics, Recorded};
use tokio::runtime::Builder;
use wiring::OutsideService;

use super::aws::Requests;
use crate::Outcome;

/// What was counted.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) event: Requests,
    /// What every minute brings.
    pub(super) sweep: Requests,
    /// What every fifth minute brings besides.
    pub(super) look: Requests,
    pub(super) of_event: Written,
    pub(super) of_sweep: Written,
}

/// What was written to the log for CloudWatch to make metrics of.
#[derive(Debug)]
pub(super) struct Written {
    /// Metrics by name and values of dimensions: each is billed by itself.
    pub(super) series: usize,
    bytes: usize,
}

impl Written {
    /// Whole ones.
    pub(super) fn kilobytes(&self) -> u32 {
        u32::try_from(self.bytes.div_ceil(1_000)).unwrap_or(u32::MAX)
    }
}

/// An issue that the stand-in for Gemini calls a bug report.
const ISSUE: u64 = 7;
/// It is done at the first; this ends a run that goes wrong.
const MAX_TRIES: u32 = 100;
/// A source that has both deliveries to send again and reactions to read.
const SOURCE: &str = "github";
const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

pub(super) fn count() -> Outcome<Counted> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(counted())
}

async fn counted() -> Outcome<Counted> {
    let (emulator, wire) = (Emulator::shared(), Wire::default());
    let resources = emulator.resources_with(&wire.under(&emulator.sdk_config().await)).await;
    let (world, settings) = (World::new().await, shipped_settings());
    let (metrics, recorded) = Metrics::memory(Clock::system());
    let metrics = metrics.of_stack(Some("afterhook-prod")).of_version(Some("1"));
    let system =
        Assembly::measured(settings.clone(), &world, resources.stores, &Clock::system(), &metrics).await;
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
    let of_event = written(&recorded, 0);
    let before = recorded.documents().len();
    let minute = Minute::new(&system, settings, &world, metrics);
    // The first minute is a fifth one; in the second nothing is due but the sweep.
    minute.pass(&system).await?;
    let first = requests(&wire.take())?;
    let of_sweep = written(&recorded, before);
    minute.pass(&system).await?;
    let sweep = requests(&wire.take())?;
    Ok(Counted { event, sweep, look: first.without(sweep), of_event, of_sweep })
}

/// What the sweeper's function does in a minute in which nothing is to be done.
struct Minute {
    settings: Settings,
    environment: settings::Environment,
    missed: MissedDeliveries,
    reactions: AnswerReactions,
    models: ModelWatch,
    clock: Clock,
}

impl Minute {
    fn new(system: &Assembly, settings: Settings, world: &World, metrics: Metrics) -> Self {
        let (stores, clock) = (&system.stores, Clock::system());
        let state = || Arc::clone(&stores.state);
        let stats = StatsRecorder::new(state(), 0);
        Self {
            environment: world.environment(),
            missed: MissedDeliveries { state: state(), clock: clock.clone(), stats },
            reactions: AnswerReactions { stores: stores.clone(), clock: clock.clone() },
            models: ModelWatch {
                state: state(),
                clock: clock.clone(),
                metrics,
                models: prices::model_items(&settings.models.in_use(), &settings.models.endpoints),
            },
            settings,
            clock,
        }
    }

    async fn pass(&self, system: &Assembly) -> Outcome<()> {
        let now = self.clock.now();
        let deadline = after(now, MINUTE);
        let swept = system.sweeper.sweep(deadline).await.whole()?;
        system.sweeper.count(&swept, now).await?;
        self.ask(deadline).await?;
        self.models.count().await?;
        // Asking the service itself, once an hour, goes to no store.
        self.models.is_due().await?;
        Ok(())
    }

    async fn ask(&self, deadline: Timestamp) -> Outcome<()> {
        let (send, read) = (self.missed.is_due(SOURCE).await?, self.reactions.is_due(SOURCE).await?);
        let source = self.settings.sources.get(SOURCE).ok_or("the source is gone")?;
        let service =
            OutsideService::of_threads(source.sender.provider).ok_or("nothing can be asked there")?;
        let client = service.client(&self.settings, &self.environment, self.clock.clone())?;
        let publisher = client.as_ref().and_then(|client| client.publisher()).ok_or("no credentials")?;
        if let Some(redeliveries) = publisher.redeliveries().filter(|_| send) {
            self.missed.send_again(redeliveries, SOURCE, &source.hooks, deadline).await?;
        }
        if let Some(reactions) = publisher.reactions().filter(|_| read) {
            self.reactions.read(reactions, SOURCE, deadline).await?;
        }
        Ok(())
    }
}

/// What stands in the documents from `first` on.
fn written(recorded: &Recorded, first: usize) -> Written {
    let documents = recorded.documents();
    let documents = documents.get(first..).unwrap_or_default();
    let series: BTreeSet<String> = documents.iter().flat_map(series).collect();
    let bytes = documents.iter().map(bytes).sum();
    Written { series: series.len(), bytes }
}

/// The length of its line. Values are counted with three decimals: times have more in one run than in another.
fn bytes(document: &Value) -> usize {
    let mut line = document.clone();
    let values = line.as_object_mut().into_iter().flat_map(|members| members.values_mut());
    values.filter(|value| value.is_number()).for_each(|value| *value = json!(12.345));
    line.to_string().len() + 1
}

/// Each metric of `document` with the values of its dimensions.
fn series(document: &Value) -> Vec<String> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut series = Vec::new();
    for directive in list(&document["_aws"], "CloudWatchMetrics") {
        for set in list(&directive, "Dimensions") {
            let of: Vec<String> = set
                .as_array()
                .into_iter()
                .flatten()
                .map(|name| document[name.as_str().unwrap_or("")].to_string())
                .collect();
            series.extend(
                list(&directive, "Metrics").iter().map(|metric| format!("{} {set} {of:?}", metric["Name"])),
            );
        }
    }
    series
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
