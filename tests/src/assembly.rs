//! [`Assembly`]: ingest, processor, sweeper and console on any adapters and under any clock, run by
//! hand: nothing happens to a task until the test says so.

#![allow(clippy::expect_used, reason = "a test that lacks what it needs must fail")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use console::{Console, TokenSource};
use domain::{Clock, Delivery, Jitter, Lane, Stores, Visibility, after};
use ingest::{Ingest, SecretsSource, signing_secrets};
use processor::{Ack, Parts, Processor};
use serde_json::Value;
use settings::Settings;
use sweeper::{Report, Sweeper};
use telemetry::Metrics;
use tokio::task::JoinSet;
use webhook::Provider;

use crate::api::Api;
use crate::world::{LOGIN, World, listen};

/// What one delivery may take, as template.yaml has it.
const INVOCATION: Duration = Duration::from_secs(180);
/// Work that is not done after so long never will be.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The agent.toml that the project ships.
///
/// # Panics
/// When it is not sound.
#[must_use]
pub fn shipped_settings() -> Settings {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent/agent.toml");
    Settings::load(&path).expect("the shipped agent.toml is sound")
}

/// The system without anything that runs by itself, but its HTTP server.
pub struct Assembly {
    /// The system's callers.
    pub api: Api,
    /// Storage and queues.
    pub stores: Stores,
    /// What works on deliveries.
    pub processor: Arc<Processor>,
    /// What finds tasks that would be stuck.
    pub sweeper: Sweeper,
    _server: JoinSet<()>,
}

impl Assembly {
    /// The system on `stores`, by `clock`, in `world`.
    ///
    /// # Panics
    /// When it cannot be put together.
    pub async fn new(world: &World, stores: Stores, clock: &Clock) -> Self {
        Self::with(shipped_settings(), world, stores, clock).await
    }

    /// The same with these settings.
    ///
    /// # Panics
    /// When it cannot be put together.
    pub async fn with(settings: Settings, world: &World, stores: Stores, clock: &Clock) -> Self {
        Self::measured(settings, world, stores, clock, &Metrics::none()).await
    }

    /// The same, with what it counts written to `metrics`.
    ///
    /// # Panics
    /// When it cannot be put together.
    pub async fn measured(
        settings: Settings,
        world: &World,
        stores: Stores,
        clock: &Clock,
        metrics: &Metrics,
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let environment = world.environment();
        let jitter = Jitter::fixed(1.0);
        let state = Arc::clone(&stores.state);
        let model =
            processor::gemini(&settings, &environment, state, clock.clone(), jitter.clone(), metrics.clone());
        let parts = Parts {
            stores: stores.clone(),
            model: model.expect("a Gemini client"),
            services: wiring::services(&settings, &environment, clock).expect("clients"),
            clock: clock.clone(),
            jitter,
            metrics: metrics.clone(),
        };
        let processor =
            Arc::new(Processor::new(&settings, processor::registry(), parts).expect("a processor"));
        let names: Vec<String> = settings.sources.keys().cloned().collect();
        let ingest = Ingest::new(
            stores.clone(),
            settings.sources.values(),
            SecretsSource::fixed(signing_secrets(&environment, &names)),
            clock.clone(),
            metrics.clone(),
        );
        ingest.set_login(Provider::Github, LOGIN);
        let tokens = TokenSource::fixed(&environment.console_tokens);
        let console = Console::new(stores.clone(), tokens, clock.clone()).with_settings(&settings);
        let app = ingest::router(Arc::new(ingest)).merge(console::routes(Arc::new(console)));
        let (listener, url) = listen().await;
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.expect("the system serves") });
        let sweeper = Sweeper { stores: stores.clone(), clock: clock.clone(), metrics: metrics.clone() };
        Self { api: Api::at(url), stores, processor, sweeper, _server: server }
    }

    /// What can be received from `lane` at this moment.
    ///
    /// # Panics
    /// When the queue fails.
    pub async fn receive(&self, lane: Lane) -> Vec<Delivery> {
        let from = Visibility { lane: Some(lane), timeout: INVOCATION };
        self.stores.queue.receive(from, 10, Duration::ZERO).await.expect("a queue that answers")
    }

    /// Works on one delivery, and deletes it when it is done.
    ///
    /// # Panics
    /// When the queue fails.
    pub async fn deliver(&self, delivery: &Delivery) -> Ack {
        let deadline = after(self.processor.clock().now(), INVOCATION);
        let ack = self.processor.handle(delivery, deadline).await;
        if ack == Ack::Delete {
            self.stores.queue.delete(&delivery.receipt).await.expect("a queue that answers");
        }
        ack
    }

    /// Works on everything that can be received now. Returns how much that was.
    pub async fn work(&self) -> usize {
        let mut worked = 0;
        for lane in Lane::ALL {
            for delivery in self.receive(lane).await {
                worked += 1;
                self.deliver(&delivery).await;
            }
        }
        worked
    }

    /// Works until the task has this status, and returns it.
    ///
    /// # Panics
    /// When it never has.
    pub async fn work_until(&self, id: &str, status: &str) -> Value {
        let began = Instant::now();
        loop {
            self.work().await;
            let task = self.api.task(id).await;
            if task["status"] == status {
                return task;
            }
            assert!(began.elapsed() < TIMEOUT, "task {id} never was {status}: {task:#}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// One sweep.
    ///
    /// # Panics
    /// When the stores fail.
    pub async fn sweep(&self) -> Report {
        let deadline = after(self.sweeper.clock.now(), Duration::from_secs(60));
        self.sweeper.sweep(deadline).await.whole().expect("stores that answer").report
    }
}
