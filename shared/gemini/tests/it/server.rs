//! A server that answers request by request as its script says, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What the server does with a request.
pub(crate) enum Step {
    Json(u16, Value),
    Text(u16, String),
    /// With a header.
    Header(u16, &'static str, String),
    /// Never answers.
    Hang,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) raw: String,
}

impl Asked {
    /// The model in the path.
    pub(crate) fn model(&self) -> &str {
        let path = self.uri.rsplit('/').next().unwrap();
        path.split(':').next().unwrap()
    }
}

#[derive(Default)]
struct Script {
    steps: Mutex<VecDeque<Step>>,
    asked: Mutex<Vec<Asked>>,
    arrived: Notify,
}

/// The server; it ends with its test.
pub(crate) struct Server {
    pub(crate) url: String,
    script: Arc<Script>,
    /// Steps of the script.
    length: usize,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        let steps: VecDeque<Step> = steps.into_iter().collect();
        let length = steps.len();
        let script = Arc::new(Script { steps: Mutex::new(steps), ..Script::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(follow).with_state(Arc::clone(&script));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, script, length, task }
    }

    /// Everything that was asked; fails if that is not what the script has, step by step.
    pub(crate) fn finish(&self) -> Vec<Asked> {
        let asked = self.script.asked.lock().unwrap().clone();
        assert_eq!(asked.len(), self.length, "requests, and steps of the script");
        asked
    }

    /// The models that were asked, in order.
    pub(crate) fn models(&self) -> Vec<String> {
        self.finish().iter().map(|asked| asked.model().to_owned()).collect()
    }

    /// How many requests have arrived.
    pub(crate) fn asked(&self) -> usize {
        self.script.asked.lock().unwrap().len()
    }

    /// Waits until a request has arrived.
    pub(crate) async fn arrival(&self) {
        self.script.arrived.notified().await;
    }
}

/// Every test asks what its script has, whether it looks or not.
impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        if !std::thread::panicking() {
            self.finish();
        }
    }
}

async fn follow(
    State(script): State<Arc<Script>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let raw = String::from_utf8(body.to_vec()).unwrap();
    let body = serde_json::from_str(&raw).unwrap_or_default();
    script.asked.lock().unwrap().push(Asked { method, uri: uri.to_string(), headers, body, raw });
    script.arrived.notify_one();
    let step = script.steps.lock().unwrap().pop_front();
    let status = |code| StatusCode::from_u16(code).unwrap();
    match step {
        Some(Step::Json(code, body)) => (status(code), axum::Json(body)).into_response(),
        Some(Step::Text(code, body)) => (status(code), body).into_response(),
        Some(Step::Header(code, name, value)) => (status(code), [(name, value)]).into_response(),
        Some(Step::Hang) => std::future::pending().await,
        None => (StatusCode::IM_A_TEAPOT, "the script is at its end").into_response(),
    }
}
