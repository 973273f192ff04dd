//! Puts the system together and starts it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use console::{Console, TokenSource};
use domain::{Approver, Clock, Jitter, Lane, LaneTiers, Model, ServiceFailure, StatsRecorder, Stores};
use edge::{Hosts, refuse_foreign_hosts};
use ingest::{Ingest, SecretsSource};
use processor::{Parts, Processor};
use settings::{Environment, Settings};
use sweeper::{AnswerReactions, MissedDeliveries, Notices, Sweeper};
use telemetry::Metrics;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::JoinSet;
use tracing::{Instrument, Span, error_span};
use wiring::{OutsideService, Services};

use super::backend::{Backend, Storage};
use super::simulated_model::SimulatedModel;
use super::stage::Stage;
use super::world::{self, GEMINI, Received, Service, World};
use super::{runner, server};
use crate::Failure;

/// What to run.
#[derive(Debug)]
pub struct Dev {
    /// agent.toml.
    pub settings: Settings,
    /// The environment, with everything made up that it lacked.
    pub environment: Environment,
    /// Which adapters.
    pub backend: Backend,
    /// Where the stand-ins keep what must survive a restart; `None` keeps nothing.
    pub data_dir: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Secrets that were made up, by their variable.
    pub made_up: Vec<(String, String)>,
}

/// The running system. Stops when dropped.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Tasks, payloads, state and queues.
    pub stores: Stores,
    /// What is real and what is a stand-in.
    pub services: Vec<Service>,
    /// Where tasks are kept, in words.
    pub storage: String,
    /// The environment it runs in: addresses of the stand-ins, made-up secrets.
    pub environment: Environment,
    /// agent.toml.
    pub settings: Settings,
    /// Secrets that were made up, by their variable.
    pub made_up: Vec<(String, String)>,
    /// What the stand-ins are asked to do.
    pub(super) received: Received,
    pub(super) lanes: Lanes,
    tasks: JoinSet<()>,
}

/// The processors.
pub(super) struct Lanes {
    processor: Arc<Processor>,
    storage: Arc<Storage>,
    tiers: LaneTiers,
    running: Mutex<JoinSet<()>>,
}

impl Lanes {
    async fn start(&self) {
        let mut running = self.running.lock().await;
        for lane in Lane::ALL {
            let slots = Arc::new(Semaphore::new(runner::AT_ONCE));
            running.spawn(runner::lane(
                Arc::clone(&self.processor),
                Arc::clone(&self.storage),
                lane,
                slots,
                runner::time_of(self.tiers, lane),
            ));
        }
    }

    /// Stops all processors where they stand: nothing that they were about to do is done, and nothing is put in order.
    pub(super) async fn crash(&self) {
        self.running.lock().await.shutdown().await;
    }

    /// Starts them again, as a new process does.
    ///
    /// # Errors
    /// [`Failure`] when the store does not answer.
    pub(super) async fn restart(&self) -> Result<(), Failure> {
        self.storage.void_leases(self.processor.clock().now())?;
        self.start().await;
        Ok(())
    }
}

impl Running {
    /// The base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops everything at once. Nothing is lost: the next start takes up what was under way.
    pub async fn stop(mut self) {
        self.lanes.crash().await;
        self.tasks.shutdown().await;
    }
}

/// Starts the system and returns once it listens.
///
/// # Errors
/// [`Failure`] says why it cannot start: a port in use, a directory that another process has, settings that cannot
/// work.
pub async fn start(dev: Dev) -> Result<Running, Failure> {
    Box::pin(start_on(dev, &Stage::default())).await
}

/// Starts the system on a stage.
pub(super) async fn start_on(dev: Dev, stage: &Stage) -> Result<Running, Failure> {
    install_crypto();
    let Dev { settings, mut environment, backend, data_dir, port, made_up } = dev;
    let apart = environment.check_apart(settings.sources.keys().map(String::as_str));
    apart.map_err(|mistakes| Failure::new(mistakes.to_string()))?;
    let clock = backend.clock(stage.clock.clone());
    let mut tasks = JoinSet::new();
    let listener = bind(port).await?;
    let address = listener.local_addr().map_err(|error| Failure::at("the port", error))?;
    let storage = Arc::new(Storage::open(backend, &clock).await?);
    let World { services, received } =
        world::populate(&settings, &mut environment, data_dir.as_deref(), stage, &mut tasks)?;
    let clients =
        wiring::services(&settings, &environment, &clock).map_err(|error| Failure::new(error.to_string()))?;
    let hosts = Hosts::local(environment.console_url.as_deref());
    environment.console_url.get_or_insert_with(|| format!("http://{address}"));
    let approver = wiring::approver(&settings, &environment, clock.clone())
        .map_err(|error| Failure::new(error.to_string()))?;
    let stand_ins: Vec<&str> =
        services.iter().filter(|service| service.standin).map(|service| service.name).collect();
    let here = services.iter().filter(|service| !service.standin && world::is_here(&service.address));
    let here: Vec<&str> = here.map(|service| service.name).collect();
    let is_simulated = stand_ins.contains(&GEMINI);
    let processor =
        processor(&settings, &environment, &storage, &clients, &clock, approver.clone(), is_simulated)?;
    let ingest = Arc::new(ingest(&settings, &environment, &storage, &clock));
    let console =
        Console::new(storage.stores.clone(), TokenSource::fixed(&environment.console_tokens), clock.clone())
            .with_settings(&settings)
            .with_stand_ins(&stand_ins)
            .with_addresses_here(&here);
    // Webhooks come by way of a tunnel under any name, and are signed.
    let pages = console::routes(Arc::new(console)).layer(from_fn_with_state(hosts, refuse_foreign_hosts));
    let hooks = named(ingest::router(Arc::clone(&ingest)), "ingest");
    let app = hooks.merge(named(pages, "console")).layer(from_fn(console::missing_pages));
    tasks.spawn(server::serve(listener, app));
    let tiers = settings.models.service_tier;
    let lanes = Lanes { processor, storage: Arc::clone(&storage), tiers, running: Mutex::default() };
    lanes.start().await;
    let (tell, asked_about) = watch::channel(Vec::new());
    if let Some(approver) = approver {
        let jitter = Jitter::from_fn(fastrand::f64);
        let notices = Notices { stores: storage.stores.clone(), clock: clock.clone(), jitter };
        tasks.spawn(runner::notices(notices, approver, asked_about).instrument(swept()));
    }
    let stats = StatsRecorder::new(Arc::clone(&storage.stores.state), 0);
    let missed = MissedDeliveries { state: Arc::clone(&storage.stores.state), clock: clock.clone(), stats };
    let reactions = AnswerReactions { stores: storage.stores.clone(), clock: clock.clone() };
    let outside = runner::outside(missed, reactions, clients.clone(), Arc::new(settings.clone()));
    tasks.spawn(outside.instrument(swept()));
    let sweeper = Sweeper { stores: storage.stores.clone(), clock, metrics: Metrics::none() };
    tasks.spawn(runner::sweeper(sweeper, Arc::clone(&storage), tell).instrument(swept()));
    for service in OutsideService::ALL.iter().copied() {
        tasks.spawn(introduce(clients.clone(), service, Arc::clone(&ingest)));
    }
    let (stores, what) = (storage.stores.clone(), storage.what.clone());
    Ok(Running {
        address,
        stores,
        services,
        storage: what,
        environment,
        settings,
        made_up,
        received,
        lanes,
        tasks,
    })
}

/// The same routes, whose lines in the log name the `function` that has them, as on Lambda.
fn named(routes: Router, function: &'static str) -> Router {
    routes.layer(from_fn(move |request: Request, next: Next| {
        next.run(request).instrument(error_span!("invocation", function))
    }))
}

/// What the sweeper's lines in the log are in.
fn swept() -> Span {
    error_span!("invocation", function = "sweeper")
}

/// `ring` serves every TLS connection of this process.
fn install_crypto() {
    // A second start in one process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

async fn bind(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| Failure::port(port, &error))
}

fn wiring(error: processor::ComposeError) -> Failure {
    Failure::new(error.to_string())
}

fn processor(
    settings: &Settings,
    environment: &Environment,
    storage: &Storage,
    clients: &Services,
    clock: &Clock,
    approver: Option<Arc<dyn Approver>>,
    is_simulated: bool,
) -> Result<Arc<Processor>, Failure> {
    let jitter = Jitter::from_fn(fastrand::f64);
    let metrics = Metrics::none();
    let state = Arc::clone(&storage.stores.state);
    let model =
        processor::gemini(settings, environment, state, clock.clone(), jitter.clone(), metrics.clone());
    let model: Arc<dyn Model> = model.map_err(wiring)?;
    let state = Arc::clone(&storage.stores.state);
    let second =
        processor::shadow_model(settings, environment, state, clock.clone(), jitter.clone(), metrics.clone());
    let parts = Parts {
        stores: storage.stores.clone(),
        model: if is_simulated { Arc::new(SimulatedModel(model)) } else { model },
        services: clients.clone(),
        clock: clock.clone(),
        jitter,
        metrics,
    };
    let processor = Processor::new(settings, processor::registry(), parts).map_err(wiring)?;
    let processor = processor.with_approver(approver).with_shadow(second.map_err(wiring)?);
    Ok(Arc::new(processor.map_err(wiring)?))
}

fn ingest(settings: &Settings, environment: &Environment, storage: &Storage, clock: &Clock) -> Ingest {
    let secrets = settings
        .sources
        .keys()
        .filter_map(|source| Some((source.clone(), environment.secrets_for(source)?.clone())))
        .collect();
    Ingest::new(
        storage.stores.clone(),
        settings.sources.values(),
        SecretsSource::fixed(secrets),
        clock.clone(),
        Metrics::none(),
    )
    .with_approvals(settings)
}

/// Tells ingest the agent's own login at a service, as soon as the service says it.
async fn introduce(clients: Services, service: OutsideService, ingest: Arc<Ingest>) {
    let (Some(publisher), Some(provider)) = (clients.publisher(service), service.provider()) else { return };
    let mut pause = Duration::from_millis(500);
    loop {
        match publisher.login().await {
            Ok(login) => return ingest.set_login(provider, &login),
            Err(problem) if problem.failure == ServiceFailure::Refused => {
                return tracing::warn!(%problem, "the agent's own login will not be known");
            }
            Err(problem) => tracing::warn!(%problem, "the agent's own login is not known yet"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(60));
    }
}
