//! Puts the system together and starts it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use console::{Console, TokenSource};
use domain::{Clock, Jitter, Lane, Publisher, Stores};
use ingest::{Ingest, SecretsSource};
use processor::{Parts, Processor, Services};
use settings::{Environment, Settings};
use sweeper::Sweeper;
use telemetry::Metrics;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use webhook::Provider;

use super::backend::{Backend, Storage};
use super::runner;
use super::world::{self, Service};
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
    /// GitHub, real or not.
    pub github: Arc<dyn Publisher>,
    /// The environment it runs in: addresses of the stand-ins, made-up secrets.
    pub environment: Environment,
    /// agent.toml.
    pub settings: Settings,
    /// Secrets that were made up, by their variable.
    pub made_up: Vec<(String, String)>,
    tasks: JoinSet<()>,
}

impl Running {
    /// The base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops everything at once. Nothing is lost by that: whatever was under way is taken up at the
    /// next start.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Starts the system and returns once it listens.
///
/// # Errors
/// [`Failure`] says what is in the way: a port in use, a directory that another process has, settings
/// that cannot work.
pub async fn start(dev: Dev) -> Result<Running, Failure> {
    install_crypto();
    let Dev { settings, mut environment, backend, data_dir, port, made_up } = dev;
    let clock = Clock::system();
    let mut tasks = JoinSet::new();
    let listener = bind(port).await?;
    let address = listener.local_addr().map_err(|error| Failure::at("the port", error))?;
    let storage = Arc::new(Storage::open(backend, &clock).await?);
    let services = world::populate(&mut environment, data_dir.as_deref(), &clock, &mut tasks)?;
    let github = processor::github(&settings, &environment, clock.clone()).map_err(wiring)?;
    let processor = processor(&settings, &environment, &storage, &github, &clock)?;
    let ingest = Arc::new(ingest(&settings, &environment, &storage, &clock));
    let console =
        Console::new(storage.stores.clone(), TokenSource::fixed(&environment.console_tokens), clock.clone())
            .with_settings(&settings);
    let app = ingest::router(Arc::clone(&ingest)).merge(console::routes(Arc::new(console)));
    tasks.spawn(async move {
        if let Err(problem) = axum::serve(listener, app).await {
            tracing::error!(%problem, "the HTTP server stopped");
        }
    });
    for lane in Lane::ALL {
        tasks.spawn(runner::lane(Arc::clone(&processor), Arc::clone(&storage), lane));
    }
    let caches = sweeper::Caches::new(
        Arc::clone(&storage.stores.state),
        clock.clone(),
        Jitter::from_fn(fastrand::f64),
    );
    tasks.spawn(runner::caches(caches, settings.clone(), environment.clone(), clock.clone()));
    let sweeper = Sweeper { stores: storage.stores.clone(), clock, metrics: Metrics::none() };
    tasks.spawn(runner::sweeper(sweeper, Arc::clone(&storage)));
    tasks.spawn(introduce(Arc::clone(&github), ingest));
    let (stores, what) = (storage.stores.clone(), storage.what.clone());
    Ok(Running { address, stores, services, storage: what, github, environment, settings, made_up, tasks })
}

/// `ring` serves every TLS connection of this process.
fn install_crypto() {
    // A second start in one process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

async fn bind(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        Failure::new(format!(
            "port {port} on 127.0.0.1: {error}; choose another with --port N (0 = any free one)"
        ))
    })
}

fn wiring(error: processor::WireError) -> Failure {
    Failure::new(error.to_string())
}

fn processor(
    settings: &Settings,
    environment: &Environment,
    storage: &Storage,
    github: &Arc<dyn Publisher>,
    clock: &Clock,
) -> Result<Arc<Processor>, Failure> {
    let jitter = Jitter::from_fn(fastrand::f64);
    let metrics = Metrics::none();
    let state = Arc::clone(&storage.stores.state);
    let model =
        processor::gemini(settings, environment, state, clock.clone(), jitter.clone(), metrics.clone());
    let parts = Parts {
        stores: storage.stores.clone(),
        model: model.map_err(wiring)?,
        services: Services { github: Arc::clone(github) },
        clock: clock.clone(),
        jitter,
        metrics,
    };
    Processor::new(settings, processor::registry(), parts).map(Arc::new).map_err(wiring)
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
}

/// Tells ingest the agent's own login as soon as GitHub says it.
async fn introduce(github: Arc<dyn Publisher>, ingest: Arc<Ingest>) {
    let mut pause = Duration::from_millis(500);
    loop {
        match github.login().await {
            Ok(login) => return ingest.set_login(Provider::Github, &login),
            Err(problem) => tracing::warn!(%problem, "the agent's own login is not known yet"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(60));
    }
}
