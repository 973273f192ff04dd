//! CPU time of ingest on the AWS adapters, against the bare SDK calls that it makes: two PutItem side
//! by side and one SendMessage, with the same conditions and bodies of the same size.
//!
//! A bare call is what somebody writes who has the values: it fills the items in, and sends them with
//! a client as the SDK configures it. What the adapters' configuration adds (time-outs) or leaves out
//! is theirs; the same calls through it are shown beside. Only this process is counted, so that the emulator
//! behind the wire does not matter.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use axum::Router;
use domain::{Envelope, Lane, TaskId};
use e2e::emulator::{Emulator, Resources};
use futures::try_join;
use serde_json::Value;
use tokio::runtime::Builder;

use crate::github_event::Webhook;
use crate::report::Table;
use crate::statistics::{median, micros};
use crate::{Outcome, agent, cpu, github_event, ingest_rig, null_stores};

/// Webhooks of one block, and blocks of each kind.
const BLOCK: u64 = 60;
const BLOCKS: u64 = 11;
/// An issue of no block.
const SAMPLE: u64 = 1_000_000;
const TARGET: f64 = 1.3;

type Item = HashMap<String, AttributeValue>;

pub(crate) fn run() -> Outcome<Vec<Table>> {
    let title = format!("ingest-aws: CPU a webhook of 12 KB, median of {BLOCKS} × {BLOCK}, alternating");
    let mut table = Table::new(title);
    let emulator = Emulator::shared();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let blocks = runtime.block_on(measure(emulator))?;
    let (with, without, own) = (median(&blocks.ingest), median(&blocks.bare), median(&blocks.own));
    let ours = median(&blocks.configured);
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    table.target(
        "ingest, as a multiple of the SDK calls",
        format!("{ratio:.2} ×"),
        "≤ 1.30 ×",
        ratio <= TARGET,
    );
    table.figure("ingest on the AWS adapters", micros(with));
    table.figure("the bare calls: 2 × PutItem ∥, then SendMessage", micros(without));
    table.figure("  the same, with the SDK configured as the adapters have it", micros(ours));
    let more = with.saturating_sub(without);
    table.figure("more than the calls", micros(more));
    table.figure("  of it ingest without storing, between such calls", micros(own));
    table.figure("  of it the adapters", micros(more.saturating_sub(own)));
    Ok(vec![table])
}

/// CPU time for each webhook, one entry for each block.
#[derive(Default)]
struct Blocks {
    ingest: Vec<Duration>,
    bare: Vec<Duration>,
    /// The bare calls, configured as the adapters are.
    configured: Vec<Duration>,
    /// Ingest on stores that store nothing, each webhook after a bare call: with caches as cold as
    /// between two real ones.
    own: Vec<Duration>,
}

async fn measure(emulator: &Emulator) -> Outcome<Blocks> {
    let settings = agent::settings()?;
    let resources = emulator.resources().await;
    let router = ingest_rig::ingest(&settings, resources.stores.clone());
    let nothing = ingest_rig::ingest(&settings, null_stores::null());
    let ours = emulator.sdk_config().await;
    let sample = Sample::of_ingest(&ours, &resources, &router).await?;
    let bare = Bare::new(&as_shipped(&ours).await?, &resources, &sample);
    let configured = Bare::new(&as_configured(&ours), &resources, &sample);
    let mut blocks = Blocks::default();
    // The first block warms up, and is not counted.
    for block in 0..=BLOCKS {
        let webhooks = github_event::issues(block * BLOCK + 1..(block + 1) * BLOCK + 1)?;
        let ingest = ingest_rig::cpu_each(&router, &webhooks).await?;
        let (calls, _) = bare.cpu_each(&webhooks, None).await?;
        let (with_ours, _) = configured.cpu_each(&webhooks, None).await?;
        let (_, own) = bare.cpu_each(&webhooks, Some(&nothing)).await?;
        if block > 0 {
            blocks.ingest.push(ingest);
            blocks.bare.push(calls);
            blocks.configured.push(with_ours);
            blocks.own.push(own);
        }
    }
    Ok(blocks)
}

/// The SDK's own configuration, for the same service and with the same transport as `ours`.
async fn as_shipped(ours: &SdkConfig) -> Outcome<SdkConfig> {
    let endpoint = ours.endpoint_url().ok_or("the emulator has no endpoint")?;
    let http = ours.http_client().ok_or("the clients have no transport")?;
    let keys = ours.credentials_provider().ok_or("the emulator takes no keys")?;
    let shipped = aws_config::defaults(BehaviorVersion::latest())
        .region(ours.region().cloned())
        .endpoint_url(endpoint)
        .http_client(http)
        .credentials_provider(keys);
    Ok(shipped.load().await)
}

/// What the adapters make of `ours` for DynamoDB and SQS.
fn as_configured(ours: &SdkConfig) -> SdkConfig {
    let unwatched = StalledStreamProtectionConfig::disabled();
    ours.clone().into_builder().stalled_stream_protection(unwatched).build()
}

/// The items that ingest writes for one webhook.
struct Sample {
    task: Item,
    payload: Item,
}

impl Sample {
    /// Lets ingest take one webhook in, and reads what it wrote.
    async fn of_ingest(sdk: &SdkConfig, resources: &Resources, router: &Router) -> Outcome<Self> {
        let dynamo = aws_sdk_dynamodb::Client::new(sdk);
        let sample = github_event::issues([SAMPLE])?;
        let answer: Value = serde_json::from_slice(&ingest_rig::accept(router, &sample[0]).await?)?;
        let id = answer["task_id"].as_str().ok_or("the answer names no task")?;
        let table = &resources.config.tasks_table;
        Ok(Self {
            task: item(&dynamo, table, id, "task").await?,
            payload: item(&dynamo, table, id, "payload").await?,
        })
    }
}

/// The SDK calls alone.
struct Bare<'s> {
    dynamo: aws_sdk_dynamodb::Client,
    sqs: aws_sdk_sqs::Client,
    table: String,
    queue: String,
    sample: &'s Sample,
}

impl<'s> Bare<'s> {
    fn new(sdk: &SdkConfig, resources: &Resources, sample: &'s Sample) -> Self {
        Self {
            dynamo: aws_sdk_dynamodb::Client::new(sdk),
            sqs: aws_sdk_sqs::Client::new(sdk),
            table: resources.config.tasks_table.clone(),
            queue: resources.config.queue_url_standard.clone(),
            sample,
        }
    }

    /// CPU time of the calls for each of `webhooks`, and of what comes `between` them; blocks with
    /// something between are no measure of the calls, whose caches it empties.
    async fn cpu_each(
        &self,
        webhooks: &[Webhook],
        between: Option<&Router>,
    ) -> Outcome<(Duration, Duration)> {
        let (mut calls, mut others) = (Duration::ZERO, Duration::ZERO);
        for webhook in webhooks {
            let (envelope, taken) = (envelope(), webhook.request()?);
            let before = cpu::of_this_thread();
            // Boxed, as the calls of the adapters are.
            Box::pin(self.call(&envelope)).await?;
            let after = cpu::of_this_thread();
            if let Some(router) = between {
                ingest_rig::take(router, taken).await?;
            }
            calls += after.saturating_sub(before);
            others += cpu::of_this_thread().saturating_sub(after);
        }
        let count = u32::try_from(webhooks.len())?.max(1);
        Ok((calls / count, others / count))
    }

    async fn call(&self, envelope: &Envelope) -> Outcome<()> {
        const NEW: &str = "attribute_not_exists(task_id)";
        let (task, payload) =
            (named(&self.sample.task, &envelope.task_id), named(&self.sample.payload, &envelope.task_id));
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let put = |item| self.dynamo.put_item().table_name(&self.table).set_item(Some(item));
        let task = put(task).condition_expression(NEW).return_values_on_condition_check_failure(old).send();
        let payload = put(payload).condition_expression(NEW).send();
        try_join!(async { task.await.map_err(crate::Problem::from) }, async {
            payload.await.map_err(crate::Problem::from)
        })?;
        let message = self.sqs.send_message().queue_url(&self.queue).message_body(envelope.body());
        message.message_group_id(envelope.group()).send().await?;
        Ok(())
    }
}

/// Where to send the next request, each of which writes items of its own.
fn envelope() -> Envelope {
    static SENT: AtomicU64 = AtomicU64::new(0);
    let task_id = TaskId::derive("bare", &SENT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Envelope { task_id, lane: Lane::Standard, tenant: "octo/tidepool".to_owned() }
}

/// `item`, filled in anew for the task `id`.
fn named(item: &Item, id: &TaskId) -> Item {
    let mut item = item.clone();
    item.insert("task_id".to_owned(), AttributeValue::S(id.to_string()));
    item
}

async fn item(dynamo: &aws_sdk_dynamodb::Client, table: &str, id: &str, part: &str) -> Outcome<Item> {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let get = dynamo.get_item().table_name(table).key("task_id", text(id)).key("part", text(part));
    let found = get.consistent_read(true).send().await?.item;
    found.ok_or_else(|| format!("there is no item {part} of {id}").into())
}
