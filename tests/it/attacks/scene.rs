//! Where attacks happen: a running system with a parked draft, and what of it must not change.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use afterhook::{Backend, Dev, Running};
use domain::{Clock, Timestamp};
use e2e::api::Api;
use e2e::hooks;
use e2e::world::{TOKEN, World, triage_says};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::{Client, redirect};
use serde_json::{Value, json};
use settings::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use webhook::{Provider, Secrets};

pub(super) const CHANNEL: &str = "C0APPROVALS";
pub(super) const APPROVER: &str = "U2CERLKJA";
pub(super) const SLACK_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
pub(super) const MIRROR_SECRET: &str = "the mirror's own secret";
pub(super) const ZENDESK_SECRET: &str = "the help desk's own secret";
/// Besides the shipped agent.toml.
const MORE: &str = r#"
[approvals.slack]
channel = "C0APPROVALS"
approvers = ["U2CERLKJA"]

[sources.slack]

[sources.mirror]
provider = "github"

[sources.zendesk]
subdomain = "acme"

[api]
callback_hosts = ["hooks.example.com"]
"#;

/// What became of one attack.
pub(super) struct Record {
    /// Its name and what it did, if it did something.
    pub(super) broken: Option<String>,
}

/// A running system with a draft that waits for a person.
pub(super) struct Scene {
    pub(super) api: Api,
    pub(super) world: World,
    pub(super) id: String,
    pub(super) hash: String,
    _running: Running,
    pub(super) http: Client,
    kind: &'static str,
    before: Value,
    /// Events of attacks that are kept unread.
    kept: AtomicUsize,
    records: Mutex<Vec<Record>>,
}

/// What an attacker hears.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Scene {
    pub(super) async fn set(kind: &'static str) -> Self {
        Self::of(kind, World::scripted(triage_says("question", 0.4, false)).await, settings()).await
    }

    pub(super) async fn of(kind: &'static str, world: World, settings: Settings) -> Self {
        let mut environment = world.environment();
        environment.set_secret("slack", SLACK_SECRET);
        environment.set_secret("mirror", MIRROR_SECRET);
        environment.set_secret("zendesk", ZENDESK_SECRET);
        let dev = Dev {
            settings,
            environment,
            backend: Backend::Memory,
            data_dir: None,
            port: 0,
            made_up: Vec::new(),
        };
        let running = afterhook::start(dev).await.unwrap();
        let api = Api::at(running.url());
        let id = api.accept(7).await;
        let task = api.until(&id, "awaiting_approval").await;
        let hash = task["draft"]["hash"].as_str().unwrap().to_owned();
        let http = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        let (before, kept, records) = (Value::Null, AtomicUsize::new(0), Mutex::default());
        let mut scene = Self { api, world, id, hash, _running: running, http, kind, before, kept, records };
        // The message that asks about the draft belongs to what was there before.
        let began = std::time::Instant::now();
        while scene.world.slack.notes(CHANNEL).is_empty() && began.elapsed().as_secs() < 10 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        scene.before = scene.seen().await;
        scene
    }

    /// Everything that an attack could have changed. What a genuine sender has signed and our parser cannot read is
    /// kept as a failed task; such tasks are counted, and must be [`is_unread`] to be among them.
    async fn seen(&self) -> Value {
        let page = self.api.get("/tasks?limit=100").await.json();
        assert!(page["cursor"].is_null(), "a scene has fewer tasks than a page");
        let (unread, tasks): (Vec<&Value>, Vec<&Value>) =
            page["tasks"].as_array().unwrap().iter().partition(|task| is_unread(task));
        let told = |task: &&Value| json!([task["task_id"], task["status"], task["decision"], task["draft"]]);
        json!({
            "tasks": tasks.iter().map(told).collect::<Vec<_>>(),
            "unread": unread.len(),
            "comments": self.world.github.comment_count(),
            "asked the model": self.world.gemini.counters().requests,
            "said in Slack": self.world.slack.our_message_count(),
        })
    }

    /// Notes that `name` was tried: it is held if `ok`, and nothing has changed besides what is kept unread.
    pub(super) async fn tried(&self, name: &str, ok: bool, heard: &impl std::fmt::Debug) {
        let (mut before, seen) = (self.before.clone(), self.seen().await);
        before["unread"] = json!(self.kept.load(Ordering::Relaxed));
        let what = match (ok, seen == before) {
            (true, true) => None,
            (false, _) => Some(format!("was answered {heard:?}")),
            (true, false) => Some(changes(&before, &seen)),
        };
        let broken = what.map(|what| format!("{}: {name}: {}", self.kind, domain::clip(&what, 600)));
        self.records.lock().unwrap().push(Record { broken });
    }

    /// The attack `name` was refused, or ignored, and had no effect.
    pub(super) async fn refused(&self, name: &str, heard: Heard) {
        let ignored = heard.status == 200 && heard.body.contains("\"ignored\"");
        self.tried(name, (400..500).contains(&heard.status) || ignored, &heard).await;
    }

    /// The attack `name` is genuinely signed, and perhaps cannot be read: it was refused, ignored, or kept as a failed
    /// task for a person to look at, because of which nothing was asked, drafted, decided, published or said.
    pub(super) async fn refused_or_unread(&self, name: &str, heard: Heard) {
        let answer: Value = serde_json::from_str(&heard.body).unwrap_or_default();
        match answer["task_id"].as_str().filter(|_| answer["status"] == "accepted") {
            Some(id) => {
                let task = self.api.task(id).await;
                self.kept.fetch_add(1, Ordering::Relaxed);
                self.tried(name, is_unread(&task), &(heard, task)).await;
            }
            None => self.refused(name, heard).await,
        }
    }

    /// The records, once what may still happen behind the answers has had time to.
    pub(super) async fn leave(self) -> Vec<Record> {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        self.tried("nothing comes of them later", true, &()).await;
        self.records.into_inner().unwrap()
    }

    /// Any request.
    pub(super) async fn send(&self, method: Method, path: &str, headers: HeaderMap, body: Vec<u8>) -> Heard {
        let request =
            self.http.request(method, format!("{}{path}", self.api.url())).headers(headers).body(body);
        let answer = match request.send().await {
            Ok(answer) => answer,
            // Who is refused before all is sent may find the connection closed.
            Err(closed) => return Heard { status: 400, headers: HeaderMap::new(), body: closed.to_string() },
        };
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Heard { status, headers, body: answer.text().await.unwrap() }
    }

    pub(super) async fn hook(&self, source: &str, headers: HeaderMap, body: Vec<u8>) -> Heard {
        self.send(Method::POST, &format!("/webhooks/{source}"), headers, body).await
    }

    /// JSON to the API with the right token.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Heard {
        let headers =
            headers(&[("authorization", &format!("Bearer {TOKEN}")), ("content-type", "application/json")]);
        self.send(Method::POST, path, headers, body.to_string().into_bytes()).await
    }

    /// Bytes on the wire, as no client would send them.
    pub(super) async fn raw(&self, bytes: &[u8]) -> Heard {
        let address = self.api.url().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut answer = Vec::new();
        let exchange = async {
            // Who is refused early may find the connection closed while it still sends.
            let _ = stream.write_all(bytes).await;
            let _ = stream.read_to_end(&mut answer).await;
        };
        let _ = tokio::time::timeout(std::time::Duration::from_secs(3), exchange).await;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(400);
        Heard { status, headers: HeaderMap::new(), body: text }
    }
}

/// What is no longer as it was.
fn changes(before: &Value, seen: &Value) -> String {
    let kinds = before.as_object().unwrap().iter();
    let changed = kinds.filter(|(kind, was)| seen[kind.as_str()] != **was);
    changed.map(|(kind, was)| format!("changed \"{kind}\" from {was} to {}; ", seen[kind.as_str()])).collect()
}

/// Whether `task` is the mere record of an event that could not be read: failed at `parse`, and never worked on.
fn is_unread(task: &Value) -> bool {
    let nothing = ["classification", "draft", "decision", "result", "cost_usd"];
    task["status"] == "failed"
        && task["error"]["step"] == "parse"
        && task["attempts"] == 0
        && task["usage"] == json!([])
        && nothing.iter().all(|field| task[field].is_null())
}

/// The shipped agent.toml with Slack, a second source and a callback host.
pub(super) fn settings() -> Settings {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent");
    let mut text = std::fs::read_to_string(dir.join("agent.toml")).unwrap();
    text.push_str(MORE);
    Settings::parse(&text, &dir).unwrap()
}

pub(super) fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    }
    headers
}

/// An issue that nobody has reported, as GitHub would sign it.
pub(super) fn fresh(number: u64) -> (HeaderMap, Vec<u8>) {
    let body = hooks::bytes(&hooks::issue(number));
    (hooks::signed("issues", &body), body)
}

/// The headers of Slack for `body`, signed at `at`.
pub(super) fn slack_signed(body: &[u8], at: Timestamp) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in Provider::Slack.scheme().sign(&Secrets(vec![SLACK_SECRET.into()]), body, at) {
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    }
    headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers
}

pub(super) fn now() -> Timestamp {
    Clock::system().now()
}
