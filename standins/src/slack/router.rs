//! From an HTTP request to what answers it: log, faults, credentials, dispatch.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::Response;
use domain::Timestamp;
use http::{HeaderMap, Method, header};
use serde_json::{Map, Value, json};

use super::faults::Fault;
use super::respond::{self, Refusal};
use super::shared::Shared;
use super::{BOT, TEAM, USER, channels, chat, page};
use crate::kit::broken::reset;
use crate::kit::handle::State;
use crate::kit::lock;
use crate::kit::log::ReceivedRequest;

/// More than Slack takes for a message, so that too long ones get Slack's own refusal.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// A request, read.
#[derive(Debug)]
pub(super) struct Call {
    http_method: Method,
    path: String,
    query: String,
    /// Scheme and host.
    origin: String,
    pub(super) headers: HeaderMap,
    /// The arguments, wherever they stood.
    arguments: Map<String, Value>,
}

impl Call {
    /// A header's value, or nothing.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Slack's method: `chat.postMessage`.
    fn method(&self) -> Option<&str> {
        self.path.strip_prefix("/api/")
    }

    /// Whether it changes something.
    pub(super) fn writes(&self) -> bool {
        self.method().is_some_and(|method| method.starts_with("chat."))
    }

    /// An argument as text, or nothing.
    pub(super) fn text(&self, name: &str) -> String {
        match self.arguments.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        }
    }

    /// An argument that is an object or a list: in a form it is JSON in a text.
    pub(super) fn json(&self, name: &str) -> Result<Option<Value>, serde_json::Error> {
        match self.arguments.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// Whether an argument is true.
    pub(super) fn is_set(&self, name: &str) -> bool {
        matches!(self.text(name).as_str(), "true" | "1")
    }

    fn received(&self, now: Timestamp) -> ReceivedRequest {
        let mut body = self.arguments.clone();
        body.remove("token");
        ReceivedRequest {
            at: now,
            method: self.http_method.to_string(),
            path: self.path.trim_start_matches("/api").to_owned(),
            query: self.query.clone(),
            body: Value::Object(body),
            status: None,
        }
    }
}

/// Answers any request.
pub(super) async fn handle(shared: &Shared, request: Request) -> Response {
    let call = match read(request).await {
        Ok(call) => call,
        Err(refusal) => return refusal.into_response(),
    };
    let number = shared.core().log.received(call.received(shared.now()));
    let response = match call.method() {
        Some(method) => api(shared, &call, method).await,
        None => page::show(&lock(&shared.store), &call.path),
    };
    shared.core().log.answered(number, response.status().as_u16());
    response
}

/// Arguments come as a query, a form or JSON, or as some of them.
async fn read(request: Request) -> Result<Call, Refusal> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| Refusal::of_status(413))?;
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let mut arguments: Map<String, Value> = pairs(query.as_bytes()).collect();
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|kind| kind.starts_with("application/json")) && !body.is_empty() {
        match serde_json::from_slice(&body) {
            Ok(Value::Object(fields)) => arguments.extend(fields),
            Ok(_) => return Err(Refusal::new("json_not_object")),
            Err(_) => return Err(Refusal::new("invalid_json")),
        }
    } else {
        arguments.extend(pairs(&body));
    }
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let (origin, path) = (format!("http://{host}"), parts.uri.path().to_owned());
    Ok(Call { http_method: parts.method, path, query, origin, headers: parts.headers, arguments })
}

fn pairs(text: &[u8]) -> impl Iterator<Item = (String, Value)> {
    form_urlencoded::parse(text).into_owned().map(|(name, value)| (name, Value::String(value)))
}

/// A request of the API: what every one of them goes through.
async fn api(shared: &Shared, call: &Call, method: &str) -> Response {
    let faults = match shared.faults(call) {
        Ok(faults) => faults,
        Err(refusal) => return refusal.into_response(),
    };
    shared.core().linger().await;
    match guarded(shared, call, method, &faults).await {
        Ok(body) => aftermath(respond::ok(body), &faults).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Faults that come before anything is done, the credentials; then the method.
async fn guarded(shared: &Shared, call: &Call, method: &str, faults: &[Fault]) -> Result<Value, Refusal> {
    for fault in faults {
        match fault {
            Fault::Slow(time) => tokio::time::sleep(*time).await,
            Fault::Hang => std::future::pending().await,
            other => other.refusal().map_or(Ok(()), Err)?,
        }
    }
    let token = call.header("authorization").strip_prefix("Bearer ").map(str::to_owned);
    match token.unwrap_or_else(|| call.text("token")).trim() {
        "" => return Err(Refusal::new("not_authed")),
        "INVALID" => return Err(Refusal::new("invalid_auth")),
        _ => {}
    }
    match method {
        "auth.test" => Ok(json!({
            "url": format!("{}/", call.origin), "team": "Stand-in", "user": "afterhook", "team_id": TEAM,
            "user_id": USER, "bot_id": BOT, "is_enterprise_install": false,
        })),
        "chat.postMessage" => chat::post(shared, call),
        "chat.update" => chat::update(shared, call),
        "chat.postEphemeral" => chat::whisper(shared, call),
        "conversations.replies" => channels::replies(shared, call),
        "conversations.history" => channels::history(shared, call),
        _ => Err(Refusal::new("unknown_method")),
    }
}

/// Faults that come after it was done: the caller does not learn about it.
async fn aftermath(response: Response, faults: &[Fault]) -> Response {
    for fault in faults {
        match fault {
            Fault::Lost => return reset(),
            Fault::DoneBut502 => return Refusal::of_status(502).into_response(),
            Fault::DoneButFatal => return Refusal::new("fatal_error").into_response(),
            Fault::DoneButHangs => std::future::pending().await,
            _ => {}
        }
    }
    response
}
