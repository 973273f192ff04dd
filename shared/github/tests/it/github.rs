//! A GitHub that does what a test's script says and remembers what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Method and path, such as `GET /user`.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What a script answers with.
pub(crate) enum Reply {
    Now(Response),
    /// After a while.
    Slow(Duration, Response),
    /// Never.
    Hang,
}

impl<T: IntoResponse> From<T> for Reply {
    fn from(answer: T) -> Self {
        Self::Now(answer.into_response())
    }
}

/// A running server; stops when dropped.
pub(crate) struct Server {
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub(crate) base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// A server that answers every request with what `script` says.
    pub(crate) async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, script) = (Arc::clone(&asked), Arc::new(script));
        let app = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let query = axum::extract::Query::try_from_uri(&uri).unwrap().0;
            let asked = Asked { method, path: uri.path().to_owned(), query, headers, body };
            seen.lock().unwrap().push(asked.clone());
            let script = Arc::clone(&script);
            async move {
                match script(&asked) {
                    Reply::Now(answer) => answer,
                    Reply::Slow(wait, answer) => {
                        tokio::time::sleep(wait).await;
                        answer
                    }
                    Reply::Hang => std::future::pending().await,
                }
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { base, asked, task }
    }

    /// Everything it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The same, as `GET /path` lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }

    /// How many requests had this line.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|asked| *asked == line).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// `GET /user` of our account, `afterhook-agent`.
pub(crate) fn user() -> Reply {
    Json(json!({"login": "afterhook-agent", "id": 1})).into()
}

/// An error as GitHub words it.
pub(crate) fn problem(status: u16, headers: &[(&'static str, &str)], message: &str) -> Response {
    let mut answer =
        (StatusCode::from_u16(status).unwrap(), Json(json!({"message": message}))).into_response();
    for (name, value) in headers {
        answer.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    answer
}

/// A comment as GitHub lists it.
pub(crate) fn comment(id: u64, author: &str, body: &str) -> Value {
    json!({
        "id": id, "body": body, "user": {"login": author, "type": "User"},
        "created_at": "2026-01-02T03:00:00Z", "updated_at": "2026-01-02T03:00:00Z",
        "html_url": format!("https://github.com/octo/hello/issues/7#issuecomment-{id}"),
    })
}

/// The page of `all` that was asked for, with a `Link` header as GitHub sends it. Its addresses point
/// at a host that must never be asked.
pub(crate) fn paged(asked: &Asked, all: &[Value]) -> Reply {
    let number = |name: &str, default| asked.query.get(name).map_or(default, |n| n.parse().unwrap());
    let (page, size): (usize, usize) = (number("page", 1), number("per_page", 30));
    let last = all.len().div_ceil(size).max(1);
    let items: Vec<&Value> = all.iter().skip((page - 1) * size).take(size).collect();
    let link = |to: usize, rel: &str| {
        format!(
            "<https://elsewhere.invalid/repositories/1/issues/7/comments?per_page={size}&page={to}>; rel=\"{rel}\""
        )
    };
    let mut links = Vec::new();
    if page > 1 {
        links.extend([link(1, "first"), link(page - 1, "prev")]);
    }
    if page < last {
        links.extend([link(page + 1, "next"), link(last, "last")]);
    }
    let mut answer = Json(items).into_response();
    if !links.is_empty() {
        answer.headers_mut().insert("link", HeaderValue::from_str(&links.join(", ")).unwrap());
    }
    answer.into()
}
