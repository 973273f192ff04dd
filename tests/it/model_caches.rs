//! The model client's use of context caches, against the stand-in: it refuses what Google refuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{Clock, Jitter, StateStore, Timestamp};
use embedded::Embedded;
use gemini::wire::{Content, GenerateContentRequest, Part, Role};
use gemini::{CacheKey, Caches, Config, Demand, Prepared, Wanted};
use serde_json::Value;
use standins::gemini::GeminiStandin;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const MODEL: &str = "gemini-pro-latest";
const TTL: Duration = Duration::from_secs(7_200);

/// The stand-in behind HTTP, and an environment that uses it, by one clock.
struct Bench {
    standin: GeminiStandin,
    seconds: Arc<AtomicI64>,
    clock: Clock,
    config: Config,
    store: Arc<dyn StateStore>,
    caches: Caches,
    _server: JoinSet<()>,
}

impl Bench {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let seconds = Arc::new(AtomicI64::new(1_795_000_000));
        let source = Arc::clone(&seconds);
        let clock = Clock::from_fn(move || Timestamp::from_second(source.load(Ordering::SeqCst)).unwrap());
        let standin = GeminiStandin::builder().clock(clock.clone()).build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let (served, mut server) = (standin.clone(), JoinSet::new());
        server.spawn(async move { served.serve(listener).await.unwrap() });
        let config = Config { base_url, ..Config::new(Some("key".to_owned().into())) };
        let store = Embedded::in_memory(clock.clone()).unwrap().stores().state;
        let caches = Caches::new(&config, Arc::clone(&store), TTL, Jitter::fixed(0.5)).unwrap();
        Self { standin, seconds, clock, config, store, caches, _server: server }
    }

    /// Another environment of the fleet.
    fn environment(&self) -> Caches {
        Caches::new(&self.config, Arc::clone(&self.store), TTL, Jitter::fixed(0.5)).unwrap()
    }

    async fn prepare(&self, model: &str, request: &GenerateContentRequest, per_hour: u32) -> Prepared {
        self.prepare_in(&self.caches, model, request, per_hour).await
    }

    async fn prepare_in(
        &self,
        caches: &Caches,
        model: &str,
        request: &GenerateContentRequest,
        per_hour: u32,
    ) -> Prepared {
        let key = CacheKey::of(model, request).unwrap();
        let demand = Demand { per_hour, ..Demand::default() };
        let wanted = Wanted { key: &key, request, demand, remaining: Duration::from_secs(60) };
        caches.prepare(&wanted, self.clock.now()).await
    }

    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    async fn ask(&self, prepared: &Prepared, request: &GenerateContentRequest) -> Value {
        let body = serde_json::to_value(&*prepared.request(request)).unwrap();
        let url = format!("{}/v1beta/models/{MODEL}:generateContent", self.config.base_url);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(url).header("x-goog-api-key", "key").json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }
}

fn request(words: usize) -> GenerateContentRequest {
    GenerateContentRequest {
        system_instruction: Some(Content { role: None, parts: vec![Part::text("Be kind. ".repeat(words))] }),
        contents: vec![Content::text(Role::User, "Hi")],
        ..GenerateContentRequest::default()
    }
}

#[tokio::test]
async fn a_cache_serves_expires_and_is_done_without() {
    let (bench, request) = (Bench::new().await, request(4_000));
    assert_eq!(bench.prepare(MODEL, &request, 3).await, Prepared::default());
    let prepared = bench.prepare(MODEL, &request, 4).await;
    let handle = prepared.handle.clone().unwrap();
    assert_eq!(bench.standin.cache_names(), [handle.name()]);
    let usage = &bench.ask(&prepared, &request).await["usageMetadata"];
    assert_eq!(usage["cachedContentTokenCount"], prepared.usage.as_ref().unwrap().prompt_tokens);

    bench.pass(7_000);
    let prepared = bench.prepare(MODEL, &request, 1).await;
    assert_eq!(prepared.handle.as_ref().map(|handle| handle.name()), Some(handle.name()));

    bench.pass(10_000);
    let refusal = bench.ask(&prepared, &request).await;
    assert!(gemini::ApiError::read(403, &refusal).is_lost_cache(), "{refusal}");
    assert_eq!(bench.prepare(MODEL, &request, 1).await, Prepared::default());
    assert!(bench.ask(&Prepared::default(), &request).await["candidates"].is_array());
}

#[tokio::test]
async fn refusals_are_learnt_from() {
    let bench = Bench::new().await;
    let small = request(500);
    for model in [MODEL, "gemini-4-carbon"] {
        assert_eq!(bench.prepare(model, &small, 9).await, Prepared::default());
        let requests = bench.standin.counters().requests;
        // Another environment has nothing to go by but the state.
        let other = bench.environment();
        assert_eq!(bench.prepare_in(&other, model, &small, 9).await, Prepared::default());
        assert_eq!(bench.standin.counters().requests, requests, "{model}");
    }
}
