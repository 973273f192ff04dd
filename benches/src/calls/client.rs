//! The process that calls: one execution environment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use domain::{
    Clock, Jitter, Model, ModelCall, ModelRole, OutputFormat, Priority, Speaker, TaskId, Turn, after,
};
use embedded::Embedded;
use futures::{StreamExt, TryStreamExt, stream};
use http::header::CONTENT_TYPE;
use reqwest::Client;
use telemetry::Metrics;
use tokio::runtime::Builder;

use super::{AT_ONCE, BLOCK, BLOCKS, CALLS, Load, Measure, Medians, UNPOOLED};
use crate::statistics::{median, percentile};
use crate::{Outcome, agent, assembly};

/// Calls the service at `url` and prints what was to be measured.
pub(crate) fn run(url: &str, measure: &str) -> Outcome<()> {
    let measure: Measure = serde_json::from_str(measure)?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let figures = runtime.block_on(async {
        Ok::<String, crate::Problem>(match measure {
            Measure::Overhead => serde_json::to_string(&overhead(url).await?)?,
            Measure::Pooled => serde_json::to_string(&pooled(url).await?)?,
            Measure::Unpooled => serde_json::to_string(&unpooled(url).await?)?,
        })
    })?;
    println!("{figures}");
    Ok(())
}

/// The model as a processor has it, with its state in memory.
fn model(url: &str) -> Outcome<Arc<dyn Model>> {
    let (settings, clock) = (agent::settings()?, Clock::system());
    let stores = Embedded::in_memory(clock.clone())?.stores();
    let environment = assembly::environment(url, url, assembly::KEY)?;
    assembly::model(&settings, &environment, &stores, &clock, &Jitter::fixed(0.5), &Metrics::none())
}

/// A question that no other call asks: equal ones would share their answer.
fn question(number: usize) -> ModelCall {
    ModelCall {
        task_id: TaskId::derive("bench", &number.to_be_bytes()),
        step: "answer".to_owned(),
        role: ModelRole::Answer,
        tenant: "octo/tidepool".to_owned(),
        thread: format!("octo/tidepool#{number}"),
        priority: Priority::DEFAULT,
        system: "You look after a project. Be brief.".to_owned(),
        documents: Vec::new(),
        turns: vec![Turn::text(Speaker::User, format!("In which version is number {number} fixed?"))],
        output: OutputFormat::Text,
        slot: None,
        waiting_since: None,
        deadline: after(Clock::system().now(), Duration::from_secs(60)),
    }
}

/// What a call asks over HTTP.
struct Bare {
    url: String,
    body: Bytes,
}

impl Bare {
    /// The request that `model` sends.
    async fn like(model: &Arc<dyn Model>, url: &str) -> Outcome<Self> {
        let answer = model.generate(&question(0)).await?;
        let sent = answer.exchanges.first().ok_or("the model sent nothing")?;
        let url = format!("{url}/v1beta/models/{}:generateContent", sent.model);
        Ok(Self { url, body: Bytes::from(serde_json::to_vec(&sent.request)?) })
    }

    async fn call(&self, client: &Client) -> Outcome<()> {
        let request = client.post(&self.url).header(CONTENT_TYPE, "application/json").body(self.body.clone());
        request.send().await?.error_for_status()?.bytes().await?;
        Ok(())
    }
}

fn client() -> Outcome<Client> {
    Ok(Client::builder().no_proxy().build()?)
}

async fn overhead(url: &str) -> Outcome<Medians> {
    let (model, client) = (model(url)?, client()?);
    let bare = Bare::like(&model, url).await?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    // The first block warms up, and is not counted.
    for block in 0..=BLOCKS {
        let (mut planes, mut bares) = (Vec::new(), Vec::new());
        for number in 1..=BLOCK {
            let call = question(block * BLOCK + number);
            let started = Instant::now();
            model.generate(&call).await?;
            planes.push(started.elapsed());
            let started = Instant::now();
            bare.call(&client).await?;
            bares.push(started.elapsed());
        }
        if block > 0 {
            with.push(median(&planes));
            without.push(median(&bares));
        }
    }
    Ok(Medians { plane: median(&with), bare: median(&without) })
}

async fn pooled(url: &str) -> Outcome<Load> {
    let model = model(url)?;
    load(CALLS, |number| {
        let model = Arc::clone(&model);
        async move {
            model.generate(&question(number)).await?;
            Ok(())
        }
    })
    .await
}

async fn unpooled(url: &str) -> Outcome<Load> {
    let model = model(url)?;
    let bare = Bare::like(&model, url).await?;
    load(UNPOOLED, |_| async { bare.call(&client()?).await }).await
}

/// Makes `count` calls, [`AT_ONCE`] of them at any time.
async fn load<F: Future<Output = Outcome<()>>>(count: usize, call: impl Fn(usize) -> F) -> Outcome<Load> {
    let timed = |number| {
        let call = call(number);
        async move {
            let started = Instant::now();
            call.await?;
            Ok::<Duration, crate::Problem>(started.elapsed())
        }
    };
    let started = Instant::now();
    let times: Vec<Duration> =
        stream::iter((1..=count).map(timed)).buffer_unordered(AT_ONCE).try_collect().await?;
    let took = started.elapsed();
    Ok(Load { p50: percentile(&times, 0.5), p95: percentile(&times, 0.95), calls: count, took })
}
