//! A console on in-memory stores under a clock that is set by hand, with tasks to look at.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use console::{Console, TokenSource, router};
use domain::contract::new_task;
use domain::{
    Blob, Classification, Clock, DraftOrigin, DraftRef, Lane, NewTask, PartKey, PutNew, Save, Stores, Task,
    TaskId, TaskOutput, TaskResult, TaskStatus, Timestamp, Visibility, after, short_sha256,
};
use embedded::Embedded;
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use settings::{ApiSettings, ConsoleToken};
use telemetry::{Metrics, Recorded};
use tower::ServiceExt;

pub(crate) const TOKENS: [(&str, &str); 2] =
    [("mona", "the-token-of-mona-that-nobody-guesses"), ("lisa", "the-token-of-lisa-that-nobody-guesses")];
pub(crate) const DRAFT: &str = "Thank you, this is fixed in 1.2.";
const START: i64 = 1_795_000_000_000;

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub(crate) struct Watch(Arc<AtomicI64>);

impl Watch {
    pub(crate) fn clock(&self) -> Clock {
        let millis = Arc::clone(&self.0);
        Clock::from_fn(move || Timestamp::from_millisecond(millis.load(Ordering::SeqCst)).unwrap())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock().now()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

pub(crate) struct Rig {
    /// As they are, whatever the console sees of them.
    pub(crate) stores: Stores,
    pub(crate) watch: Watch,
    pub(crate) router: Router,
}

/// Lines of `CONSOLE_TOKEN`: a name may have roles behind it.
pub(crate) fn tokens(tokens: &[(&str, &str)]) -> Vec<ConsoleToken> {
    tokens.iter().map(|(name, token)| format!("{name}:{token}").parse().unwrap()).collect()
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(TokenSource::fixed(&tokens(&TOKENS)), |stores| stores)
    }

    /// A rig whose console sees the stores through `lens`.
    pub(crate) fn with(tokens: TokenSource, lens: impl FnOnce(Stores) -> Stores) -> Self {
        let watch = Watch(Arc::new(AtomicI64::new(START)));
        let stores = Embedded::in_memory(watch.clock()).unwrap().stores();
        let api =
            ApiSettings { callback_hosts: vec!["hooks.example.com".to_owned()], ..ApiSettings::default() };
        let console = Console::new(lens(stores.clone()), tokens, watch.clock()).with_api(api);
        Self { stores, watch, router: router(Arc::new(console)) }
    }

    /// A rig, and the metrics that its console writes.
    pub(crate) fn recorded() -> (Self, Recorded) {
        Self::recorded_with(TokenSource::fixed(&tokens(&TOKENS)))
    }

    /// The same for the holders of `tokens`.
    pub(crate) fn recorded_with(tokens: TokenSource) -> (Self, Recorded) {
        let watch = Watch(Arc::new(AtomicI64::new(START)));
        let (metrics, recorded) = Metrics::memory(watch.clock());
        let stores = Embedded::in_memory(watch.clock()).unwrap().stores();
        let console = Console::new(stores.clone(), tokens, watch.clock());
        let router = router(Arc::new(console.with_metrics(metrics)));
        (Self { stores, watch, router }, recorded)
    }

    /// A console on the same stores, none of which is out of order.
    pub(crate) fn mended(&self) -> Self {
        let (stores, watch) = (self.stores.clone(), self.watch.clone());
        let console = Console::new(stores.clone(), TokenSource::fixed(&tokens(&TOKENS)), watch.clock());
        Self { stores, watch, router: router(Arc::new(console)) }
    }

    /// A rig whose agent.toml has these sources.
    pub(crate) fn with_sources(sources: &[&str]) -> Self {
        let rig = Self::new();
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agent");
        let sources: Vec<String> = sources.iter().map(|source| format!("[sources.{source}]\n")).collect();
        let text = format!("[agent]\npersona = \"prompts/persona.md\"\n{}", sources.concat());
        let settings = settings::Settings::parse(&text, &dir).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let tokens = TokenSource::fixed(&tokens(&TOKENS));
        let console = Console::new(rig.stores.clone(), tokens, rig.watch.clock()).with_settings(&settings);
        Self { router: router(Arc::new(console)), ..rig }
    }

    /// A rig whose agent.toml has the intents `bug_report` and `question`; and the metrics that its console writes.
    pub(crate) fn with_intents() -> (Self, Recorded) {
        let rig = Self::new();
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agent");
        let intent = |name| format!("[[intents]]\nname = \"{name}\"\nwhen = \"w\"\nautomation = \"reply\"\n");
        let intents = ["bug_report", "question"].map(intent).concat();
        let text = format!("[agent]\npersona = \"prompts/persona.md\"\n[sources.github]\n{intents}");
        let settings = settings::Settings::parse(&text, &dir).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let (metrics, recorded) = Metrics::memory(rig.watch.clock());
        let tokens = TokenSource::fixed(&tokens(&TOKENS));
        let console = Console::new(rig.stores.clone(), tokens, rig.watch.clock()).with_metrics(metrics);
        (Self { router: router(Arc::new(console.with_settings(&settings))), ..rig }, recorded)
    }

    /// A parked task that was sorted as a bug report.
    pub(crate) async fn sorted(&self, number: u32) -> Task {
        let mut task = self.parked(number).await;
        let parameters = json!({});
        task.doc.classification =
            Some(Classification { intent: "bug_report".to_owned(), confidence: 0.6, parameters });
        task.doc.version = Some("ver_0123456789ab".to_owned());
        self.save(&mut task).await;
        task
    }

    /// A task whose answer is published.
    pub(crate) async fn published(&self, number: u32) -> Task {
        let mut task = self.sorted(number).await;
        let now = self.watch.now();
        for status in [TaskStatus::Waiting, TaskStatus::Processing, TaskStatus::Completed] {
            task.transition(status, now, "on").unwrap();
        }
        let output = TaskOutput::Draft(short_sha256(DRAFT));
        task.doc.result =
            Some(TaskResult { success: true, output, output_url: None, execution_time_ms: 1.0 });
        self.save(&mut task).await;
        task
    }

    /// A console on the same stores for other tokens.
    pub(crate) fn with_tokens(&self, lines: &[(&str, &str)]) -> Self {
        let (stores, watch) = (self.stores.clone(), self.watch.clone());
        let console = Console::new(stores.clone(), TokenSource::fixed(&tokens(lines)), watch.clock());
        Self { stores, watch, router: router(Arc::new(console)) }
    }

    /// A console on the same stores, but for the state store, which is out of order.
    pub(crate) fn without_state(&self) -> Self {
        let (stores, watch) = (self.stores.clone(), self.watch.clone());
        let lens = Stores { state: Arc::new(crate::unsteady::NoState), ..stores.clone() };
        let console = Console::new(lens, TokenSource::fixed(&tokens(&TOKENS)), watch.clock());
        Self { stores, watch, router: router(Arc::new(console)) }
    }

    /// A task as ingest makes it, a second later than the one before.
    pub(crate) async fn task(&self, source: &str, number: u32) -> Task {
        self.watch.advance(Duration::from_secs(1));
        let new = NewTask {
            thread: format!("octo/repo#{number}"),
            content_type: "application/json; charset=utf-8".to_owned(),
            event_hint: Some("issues".to_owned()),
            ..new_task(source)
        };
        let now = self.watch.now();
        let id = TaskId::derive(source, &number.to_le_bytes());
        let task = Task::received(id, new, now, after(now, Duration::from_secs(120)));
        assert_eq!(self.stores.tasks.insert(&task).await.unwrap(), domain::Insert::New);
        task
    }

    /// A task whose draft waits for a person, for an hour.
    pub(crate) async fn parked(&self, number: u32) -> Task {
        let mut task = self.task("github", number).await;
        let now = self.watch.now();
        let hash = short_sha256(DRAFT);
        self.put(&task.id, &PartKey::draft(&hash), DRAFT.as_bytes()).await;
        task.transition(TaskStatus::Processing, now, "claimed").unwrap();
        task.transition(TaskStatus::AwaitingApproval, now, "parked").unwrap();
        let because = Some("low confidence".to_owned());
        task.doc.draft = Some(DraftRef { hash, from: DraftOrigin::Model, parked_because: because });
        let expires_at = after(now, Duration::from_secs(3_600));
        task.doc.expires_at = Some(expires_at);
        task.control.due_at = Some(expires_at);
        self.save(&mut task).await;
        task
    }

    pub(crate) async fn save(&self, task: &mut Task) {
        assert_eq!(self.stores.tasks.save(task).await.unwrap(), Save::Done);
    }

    pub(crate) async fn put(&self, id: &TaskId, part: &PartKey, bytes: &[u8]) {
        let blob = Blob::pack(bytes).unwrap();
        let forget_at = after(self.watch.now(), Duration::from_secs(86_400));
        assert_eq!(self.stores.payloads.put_new(id, part, &blob, forget_at).await.unwrap(), PutNew::Stored);
    }

    pub(crate) async fn stored(&self, id: &TaskId) -> Task {
        self.stores.tasks.get(id).await.unwrap().unwrap()
    }

    /// The messages that are on the express lane, which has none then.
    pub(crate) async fn drain(&self) -> Vec<TaskId> {
        self.drain_lane(Lane::Express).await
    }

    /// The same of any lane.
    pub(crate) async fn drain_lane(&self, lane: Lane) -> Vec<TaskId> {
        let queue = Visibility { lane: Some(lane), timeout: Duration::from_secs(3_600) };
        let deliveries = self.stores.queue.receive(queue, 10, Duration::ZERO).await.unwrap();
        deliveries.iter().map(|delivery| delivery.task_id().unwrap()).collect()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path, Body::empty())).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let mut request = request("POST", path, Body::from(body.to_string()));
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        self.send(request).await
    }

    /// Logs in with `token` at a console on this machine; the cookie.
    pub(crate) async fn log_in(&self, token: &str) -> String {
        let form = format!("token={token}");
        let answer = self.send(form_request("/ui/login", &form, None)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{:?}", answer.body);
        answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    /// A page, as the browser of mona's shows it.
    pub(crate) async fn page(&self, path: &str) -> Answer {
        let cookie = self.log_in(TOKENS[1].1).await;
        self.page_as(path, &cookie).await
    }

    pub(crate) async fn page_as(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header("host", HOST).header("cookie", cookie);
        let request = request.header("accept", "text/html,application/xhtml+xml");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// A task of the event `body`, whose draft waits for a person.
    pub(crate) async fn parked_event(&self, number: u32, body: &Value) -> Task {
        let mut task = self.parked(number).await;
        self.put(&task.id, &PartKey::payload(), body.to_string().as_bytes()).await;
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
        let (title, link) = (text("/issue/title"), text("/issue/html_url"));
        task.doc.introduce(title, text("/issue/body").unwrap_or_default(), link);
        self.save(&mut task).await;
        task
    }

    /// Sends a form as a page of the session `cookie` does.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)], cookie: &str) -> Answer {
        let page = self.page_as("/", cookie).await.text();
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let fields = fields.iter().copied().chain([("csrf", csrf.as_str())]);
        let form: Vec<String> = fields.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        self.send(form_request(path, &form.join("&"), Some(cookie))).await
    }

    pub(crate) async fn approve(&self, task: &Task) -> Answer {
        self.post(&format!("/tasks/{}/approve", task.id), &json!({ "draft_hash": short_sha256(DRAFT) })).await
    }
}

pub(crate) const HOST: &str = "127.0.0.1:3000";

/// A form as a browser sends it from a page of ours.
pub(crate) fn form_request(path: &str, form: &str, cookie: Option<&str>) -> Request<Body> {
    let request = Request::post(path)
        .header("host", HOST)
        .header("origin", format!("http://{HOST}"))
        .header("content-type", "application/x-www-form-urlencoded");
    let request = cookie.into_iter().fold(request, |request, cookie| request.header("cookie", cookie));
    request.body(Body::from(form.to_owned())).unwrap()
}

fn escaped(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A request of mona's.
pub(crate) fn request(method: &str, path: &str, body: Body) -> Request<Body> {
    let token = format!("Bearer {}", TOKENS[0].1);
    Request::builder().method(method).uri(path).header("authorization", token).body(body).unwrap()
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{:?}", self.body);
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        self.json()
    }

    /// An error with all that RFC 9457 asks for; its detail.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> String {
        let json = self.json();
        assert_eq!(json["type"], format!("urn:afterhook:problem:{kind}"), "{json}");
        assert_eq!(self.status.as_u16(), status);
        assert_eq!(json["status"], status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert!(!json["title"].as_str().unwrap().is_empty());
        json["detail"].as_str().unwrap().to_owned()
    }
}
