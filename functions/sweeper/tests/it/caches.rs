//! When context caches are swept, and that nothing depends on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{Clock, Expected, Jitter, StateStore, Swap, Timestamp, after};
use embedded::Embedded;
use gemini::Swept;
use serde_json::json;
use settings::{Environment, Settings};
use sweeper::Caches;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

fn start() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// A clock, a store in which caches have been made, and a service that counts the lists it gives.
struct Bench {
    seconds: Arc<AtomicU64>,
    clock: Clock,
    state: Arc<dyn StateStore>,
    lists: Arc<AtomicUsize>,
    url: String,
    _server: JoinSet<()>,
}

impl Bench {
    async fn new(status: StatusCode) -> Self {
        let seconds = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&seconds);
        let clock = Clock::from_fn(move || after(start(), Duration::from_secs(read.load(Ordering::SeqCst))));
        let state = Embedded::in_memory(clock.clone()).unwrap().stores().state;
        let forget_at = after(start(), Duration::from_secs(1_000_000));
        let name = json!("abc");
        let named = state.swap("cache-installation", Expected::Absent, &name, start(), forget_at);
        assert!(matches!(named.await.unwrap(), Swap::Done(_)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let lists = Arc::new(AtomicUsize::new(0));
        let list = move |State(lists): State<Arc<AtomicUsize>>| async move {
            lists.fetch_add(1, Ordering::SeqCst);
            (status, "{}")
        };
        let app = Router::new().fallback(list).with_state(Arc::clone(&lists));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { seconds, clock, state, lists, url, _server: server }
    }

    fn caches(&self, jitter: f64) -> Caches {
        Caches::new(Arc::clone(&self.state), self.clock.clone(), Jitter::fixed(jitter))
    }

    async fn sweep(&self, caches: &Caches, url: Option<&str>, second: u64) -> Option<Swept> {
        self.seconds.store(second, Ordering::SeqCst);
        let variables = url.map(|url| ("GEMINI_BASE_URL", url));
        let environment = Environment::from_map(variables).unwrap();
        let deadline = after(self.clock.now(), Duration::from_secs(30));
        caches.sweep(&settings(), &environment, deadline).await
    }

    fn lists(&self) -> usize {
        self.lists.load(Ordering::SeqCst)
    }
}

fn settings() -> Settings {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../agent/agent.toml");
    Settings::load(path.as_ref()).unwrap()
}

#[tokio::test]
async fn the_fleet_sweeps_every_five_minutes_and_no_oftener() {
    let bench = Bench::new(StatusCode::OK).await;
    let (one, other) = (bench.caches(0.1), bench.caches(0.2));
    let url = Some(bench.url.as_str());
    assert_eq!(bench.sweep(&one, url, 0).await, Some(Swept::default()));
    for (caches, second) in [(&one, 60), (&other, 61), (&other, 299)] {
        assert_eq!(bench.sweep(caches, url, second).await, None);
    }
    assert_eq!(bench.lists(), 1);
    assert!(bench.sweep(&other, url, 300).await.is_some());
    assert_eq!(bench.sweep(&one, url, 301).await, None);
    assert_eq!(bench.lists(), 2);
}

#[tokio::test]
async fn without_a_key_and_an_address_nothing_is_done() {
    let bench = Bench::new(StatusCode::OK).await;
    let caches = bench.caches(0.1);
    assert_eq!(bench.sweep(&caches, None, 0).await, None);
    assert!(caches.is_due(), "a key may come with the next reading of the secrets");
    assert_eq!(bench.lists(), 0);
}

#[tokio::test]
async fn a_service_that_fails_or_is_not_there_is_left_alone_for_five_minutes() {
    let bench = Bench::new(StatusCode::SERVICE_UNAVAILABLE).await;
    let caches = bench.caches(0.1);
    let url = bench.url.clone();
    assert_eq!(bench.sweep(&caches, Some(&url), 0).await, None);
    assert_eq!(bench.sweep(&caches, Some(&url), 299).await, None);
    assert_eq!(bench.lists(), 1);
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);
    assert_eq!(bench.sweep(&caches, Some(&nobody), 300).await, None);
    assert!(!caches.is_due());
}
