//! Several processors on one set of stores. Each has a model client of its own and works as Lambda has
//! it work: batches, the urgent lanes first, and done messages deleted afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::processor::{Processor, SqsAttributes, SqsEvent, SqsRecord};
use domain::{Clock, Delivery, Jitter, Lane, ListQuery, Receipt, Stores, Task, Visibility, after};
use embedded::Embedded;
use settings::Settings;
use sweeper::Sweeper;
use telemetry::{Metrics, Recorded};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::assembly::{self, Surroundings};
use crate::github_event::Webhook;
use crate::ingest_rig;
use crate::world::World;

/// Processors that run at once.
pub(crate) const PROCESSORS: usize = 4;
/// Batches that each of them has in work at once. With one alone, the batches that sort the first tasks
/// keep those waiting whose time has come, and it is the lack of hands that is measured.
const BATCHES: usize = 5;
/// Time that an invocation may take, as template.yaml gives it.
const INVOCATION: Duration = Duration::from_secs(900);
/// Lanes as they are served, and messages of one batch.
const LANES: [(Lane, usize); 3] = [(Lane::Express, 10), (Lane::Standard, 10), (Lane::Bulk, 20)];
/// How soon an idle processor looks again.
const POLL: Duration = Duration::from_millis(20);
const SWEEP_EVERY: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Running processors and their sweeper. They stop when this is dropped.
pub(crate) struct Fleet {
    pub(crate) stores: Stores,
    /// What their metrics say.
    pub(crate) metrics: Recorded,
    /// What works now: a batch that is under way is done by what was there before.
    processors: Vec<watch::Sender<Arc<Processor>>>,
    counted: Metrics,
    running: JoinSet<()>,
}

impl Fleet {
    /// Starts them on an empty database in memory; needs a runtime.
    pub(crate) fn start(world: &World, settings: &Settings) -> Outcome<Self> {
        let clock = Clock::system();
        let stores = Embedded::in_memory(clock.clone())?.stores();
        let (metrics, recorded) = Metrics::memory(clock.clone());
        let (mut running, mut processors) = (JoinSet::new(), Vec::new());
        for _ in 0..PROCESSORS {
            let (processor, now) = watch::channel(made(world, settings, &stores, &metrics, assembly::KEY)?);
            for _ in 0..BATCHES {
                running.spawn(serve(now.clone()));
            }
            processors.push(processor);
        }
        running.spawn(sweep(Sweeper { stores: stores.clone(), clock, metrics: Metrics::none() }));
        Ok(Self { stores, metrics: recorded, processors, counted: metrics, running })
    }

    /// Puts others with this key of the model's service in the place of the processors, as Lambda's are made anew when the
    /// secret has changed.
    pub(crate) fn renew(&self, world: &World, settings: &Settings, key: &str) -> Outcome<()> {
        for processor in &self.processors {
            processor.send_replace(made(world, settings, &self.stores, &self.counted, key)?);
        }
        Ok(())
    }

    /// Takes `webhooks` in, as ingest does.
    pub(crate) async fn take(&self, settings: &Settings, webhooks: &[Webhook]) -> Outcome<()> {
        let router = ingest_rig::ingest(settings, self.stores.clone());
        for webhook in webhooks {
            ingest_rig::accept(&router, webhook).await?;
        }
        Ok(())
    }

    /// All tasks once `count` of them have ended, or when the patience is at its end.
    pub(crate) async fn ended(&self, count: usize, patience: Duration) -> Outcome<Vec<Task>> {
        let deadline = Instant::now() + patience;
        loop {
            let tasks = tasks(&self.stores).await?;
            let ended = tasks.iter().filter(|task| task.control.status.is_end()).count();
            if ended >= count || Instant::now() >= deadline || self.running.is_empty() {
                return Ok(tasks);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// All tasks, newest first.
pub(crate) async fn tasks(stores: &Stores) -> Outcome<Vec<Task>> {
    let mut query = ListQuery { limit: 100, ..ListQuery::default() };
    let mut tasks = Vec::new();
    loop {
        let mut page = stores.tasks.list(&query).await?;
        tasks.append(&mut page.tasks);
        match page.cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => return Ok(tasks),
        }
    }
}

fn made(
    world: &World,
    settings: &Settings,
    stores: &Stores,
    metrics: &Metrics,
    key: &str,
) -> Outcome<Arc<Processor>> {
    let (clock, jitter, metrics) = (&Clock::system(), Jitter::from_fn(fastrand::f64), metrics.clone());
    assembly::processor(settings, Surroundings { world, stores, clock, jitter, metrics, key })
}

/// Works until dropped.
async fn serve(now: watch::Receiver<Arc<Processor>>) {
    loop {
        let processor = Arc::clone(&now.borrow());
        match turn(&processor, usize::MAX).await {
            Ok(0) => tokio::time::sleep(POLL).await,
            Ok(_) => {}
            Err(problem) => {
                eprintln!("a processor cannot reach its queue: {problem}");
                tokio::time::sleep(SWEEP_EVERY).await;
            }
        }
    }
}

/// Works on one batch, of `at_once` messages at most, of the most urgent lane that has one; how many
/// messages it had.
pub(crate) async fn turn(processor: &Arc<Processor>, at_once: usize) -> Outcome<usize> {
    for (lane, most) in LANES {
        let deliveries = receive(processor, lane, most.min(at_once)).await?;
        if !deliveries.is_empty() {
            let count = deliveries.len();
            work(processor, lane, deliveries).await?;
            return Ok(count);
        }
    }
    Ok(0)
}

/// A receive hands out ten messages at most; Lambda puts several together for a larger batch.
async fn receive(processor: &Processor, lane: Lane, most: usize) -> Outcome<Vec<Delivery>> {
    let from = Visibility { lane: Some(lane), timeout: 6 * INVOCATION };
    let mut batch = Vec::new();
    while batch.len() < most {
        let mut received = processor.stores().queue.receive(from, most - batch.len(), Duration::ZERO).await?;
        if received.is_empty() {
            break;
        }
        batch.append(&mut received);
    }
    Ok(batch)
}

/// One invocation, and what Lambda does after it.
async fn work(processor: &Arc<Processor>, lane: Lane, deliveries: Vec<Delivery>) -> Outcome<()> {
    let mut receipts: BTreeMap<String, Receipt> =
        deliveries.iter().map(|delivery| (delivery.message_id.clone(), delivery.receipt.clone())).collect();
    let event = SqsEvent { records: deliveries.into_iter().map(|delivery| record(lane, delivery)).collect() };
    let deadline = after(processor.clock().now(), INVOCATION);
    let answer = processor.handle_batch(event, |_| Some(lane), deadline).await;
    for failure in answer.batch_item_failures {
        receipts.remove(&failure.item_identifier);
    }
    for receipt in receipts.values() {
        processor.stores().queue.delete(receipt).await?;
    }
    Ok(())
}

/// A delivery as Lambda hands it over.
pub(crate) fn record(lane: Lane, delivery: Delivery) -> SqsRecord {
    SqsRecord {
        message_id: Some(delivery.message_id),
        receipt_handle: Some(delivery.receipt.handle),
        body: Some(delivery.body),
        attributes: SqsAttributes {
            approximate_receive_count: Some(delivery.receive_count.to_string()),
            sent_timestamp: None,
        },
        event_source_arn: Some(format!("arn:aws:sqs:us-east-1:123456789012:{lane}")),
    }
}

/// Sweeps every second until dropped.
async fn sweep(sweeper: Sweeper) {
    let mut every = tokio::time::interval(SWEEP_EVERY);
    loop {
        every.tick().await;
        let deadline = after(sweeper.clock.now(), INVOCATION);
        if let Err(problem) = sweeper.sweep(deadline).await.whole() {
            eprintln!("a sweep failed: {problem}");
        }
    }
}
