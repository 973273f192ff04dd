//! An ingest on in-memory stores under a clock that is set by hand, and requests as GitHub sends
//! them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::response::Response;
use domain::{Clock, Lane, PartKey, Stores, Task, TaskId, Timestamp, Visibility};
use embedded::Embedded;
use http::{HeaderMap, Request, StatusCode};
use ingest::{Ingest, SecretMap, SecretsSource, router};
use secrecy::SecretString;
use serde_json::{Value, json};
use settings::SourceSettings;
use telemetry::{Metrics, Recorded};
use tower::ServiceExt;
use webhook::{Filter, PriorityRules, Provider, Secrets, Sender};

pub(crate) const SECRET: &str = "a secret of the tests";
const START: i64 = 1_795_000_000_000;

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub(crate) struct Watch(Arc<AtomicI64>);

impl Watch {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }

    pub(crate) fn clock(&self) -> Clock {
        let millis = Arc::clone(&self.0);
        Clock::from_fn(move || Timestamp::from_millisecond(millis.load(Ordering::SeqCst)).unwrap())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock().now()
    }

    pub(crate) fn set(&self, now: Timestamp) {
        self.0.store(now.as_millisecond(), Ordering::SeqCst);
    }
}

/// Empty stores.
pub(crate) fn in_memory(watch: &Watch) -> Stores {
    Embedded::in_memory(watch.clock()).unwrap().stores()
}

pub(crate) struct Rig {
    pub(crate) stores: Stores,
    pub(crate) metrics: Recorded,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) watch: Watch,
    pub(crate) router: Router,
}

/// What a rig is made of besides the stores.
pub(crate) struct Parts {
    pub(crate) stores: Stores,
    pub(crate) source: SourceSettings,
    pub(crate) secrets: SecretsSource,
    pub(crate) store_timeout: Duration,
    pub(crate) watch: Watch,
    /// Whether it stands where strangers can reach it.
    pub(crate) deployed: bool,
}

/// Has somebody listen to the log from the first line on, to nothing. What is logged where nobody listens
/// is switched off for the process, and a line that is written for the first time while a test begins to
/// listen may stay so.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap());
}

impl Default for Parts {
    fn default() -> Self {
        listen();
        let watch = Watch::new();
        Self {
            stores: in_memory(&watch),
            source: SourceSettings {
                automation: None,
                at: None,
                hooks: Vec::new(),
                name: "github".to_owned(),
                sender: Sender::of(Provider::Github),
                priorities: PriorityRules::default(),
                filter: Filter { login: Some("afterhook-bot".to_owned()), ..Filter::default() },
                max_event_age: None,
                trusted: false,
                mode: settings::Mode::Live,
            },
            secrets: SecretsSource::fixed(secrets(&[SECRET])),
            store_timeout: Duration::from_secs(60),
            watch,
            deployed: false,
        }
    }
}

impl Parts {
    pub(crate) fn rig(self) -> Rig {
        let clock = self.watch.clock();
        let (metrics, recorded) = Metrics::memory(clock.clone());
        let ingest = Ingest::new(self.stores.clone(), [&self.source], self.secrets, clock, metrics);
        let ingest = ingest.with_store_timeout(self.store_timeout);
        let ingest = Arc::new(if self.deployed { ingest.with_usual_event_ages() } else { ingest });
        Rig {
            stores: self.stores,
            metrics: recorded,
            router: router(Arc::clone(&ingest)),
            ingest,
            watch: self.watch,
        }
    }
}

/// The secrets of the source `github`.
pub(crate) fn secrets(secrets: &[&str]) -> SecretMap {
    let secrets = Secrets(secrets.iter().map(|secret| SecretString::from(*secret)).collect());
    SecretMap::from([("github".to_owned(), secrets)])
}

/// `issues.opened`, as far as it matters.
pub(crate) fn issue(number: u64) -> Value {
    json!({
        "action": "opened",
        "issue": {
            "number": number,
            "title": "It fails",
            "body": "words of the issue",
            "user": { "login": "mona", "type": "User" },
            "created_at": "2026-11-18T09:00:00Z",
        },
        "repository": { "full_name": "octo/repo" },
        "sender": { "login": "mona", "type": "User" },
    })
}

pub(crate) fn bytes(value: &Value) -> Bytes {
    serde_json::to_vec(value).unwrap().into()
}

pub(crate) fn task_id(body: &[u8]) -> TaskId {
    TaskId::derive("github", body)
}

/// The headers that sign `body` with `secret`, and name it JSON.
pub(crate) fn signed_headers(secret: &str, body: &[u8], now: Timestamp) -> HeaderMap {
    let secrets = Secrets(vec![secret.into()]);
    let mut headers = HeaderMap::new();
    for (name, value) in Provider::Github.scheme().sign(&secrets, body, now) {
        headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("x-github-event", "issues".parse().unwrap());
    headers.insert("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958".parse().unwrap());
    headers
}

pub(crate) fn request(headers: HeaderMap, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post("/webhooks/github").body(body.into()).unwrap();
    *request.headers_mut() = headers;
    request
}

impl Rig {
    /// `body`, signed as it should be.
    pub(crate) fn signed(&self, body: &Bytes) -> Request<Body> {
        request(signed_headers(SECRET, body, self.watch.now()), body.clone())
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub(crate) async fn post(&self, body: &Bytes) -> Answer {
        self.send(self.signed(body)).await
    }

    pub(crate) async fn task(&self, body: &[u8]) -> Option<Task> {
        self.stores.tasks.get(&task_id(body)).await.unwrap()
    }

    pub(crate) async fn payload(&self, body: &[u8]) -> Option<Vec<u8>> {
        let blob = self.stores.payloads.get(&task_id(body), &PartKey::payload()).await.unwrap();
        blob.map(|blob| blob.unpack().unwrap())
    }

    /// The messages that are on `lane`, which has none then.
    pub(crate) async fn drain(&self, lane: Lane) -> Vec<TaskId> {
        let queue = Visibility { lane: Some(lane), timeout: Duration::from_secs(3_600) };
        let deliveries = self.stores.queue.receive(queue, 10, Duration::ZERO).await.unwrap();
        deliveries.iter().map(|delivery| delivery.task_id().unwrap()).collect()
    }

    /// Nothing of `body` has left a trace.
    pub(crate) async fn assert_nothing_stored(&self, body: &[u8]) {
        assert_eq!(self.task(body).await, None);
        assert_eq!(self.payload(body).await, None);
        for lane in Lane::ALL {
            assert!(self.drain(lane).await.is_empty());
        }
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let json = serde_json::from_slice(&body).unwrap_or_else(|_| panic!("not JSON: {body:?}"));
        Self { status: parts.status, headers: parts.headers, json }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn assert(&self, status: u16, json: &Value) {
        assert_eq!((self.status.as_u16(), &self.json), (status, json));
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    /// An error with all that RFC 9457 asks for.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, kind: &str) {
        assert_eq!(self.json["type"], format!("urn:afterhook:problem:{kind}"), "{self:?}");
        assert_eq!(self.status.as_u16(), status);
        assert_eq!(self.json["status"], status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        for field in ["title", "detail"] {
            assert!(self.json[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
        }
    }

    /// An error that asks the sender to try again.
    #[track_caller]
    pub(crate) fn assert_retry(&self, kind: &str) {
        self.assert_problem(503, kind);
        let seconds: u32 = self.header("retry-after").unwrap().parse().unwrap();
        assert!((1..60).contains(&seconds));
    }

    #[track_caller]
    pub(crate) fn assert_taken(&self, word: &str, body: &[u8]) {
        self.assert(202, &json!({ "status": word, "task_id": task_id(body) }));
    }
}
