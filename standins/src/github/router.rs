//! From an HTTP request to what answers it: log, faults, credentials, rate limit, dispatch.

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use domain::Timestamp;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};

use super::auth::Caller;
use super::faults::Fault;
use super::respond::{self, Refusal, set};
use super::shared::Shared;
use super::{comments, issues, page};
use crate::kit::broken::reset;
use crate::kit::handle::State;
use crate::kit::lock;
use crate::kit::log::ReceivedRequest;

/// More than GitHub takes for a comment, so that too long ones get GitHub's own refusal.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// The one installation of every App.
const INSTALLATION: u64 = 50_990_001;

/// A request, read.
#[derive(Debug)]
pub(super) struct Call {
    /// The method.
    pub(super) method: Method,
    /// Scheme, host and, on an Enterprise Server, `/api/v3`.
    pub(super) base: String,
    /// Scheme and host.
    pub(super) origin: String,
    /// The path below the base.
    path: String,
    /// The decoded query parameters.
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    body: Bytes,
}

impl Call {
    /// A header's value, if it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A query parameter's value.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(&self.body).map_err(|_| Refusal::new(400, "Problems parsing JSON"))
    }

    fn received(&self, now: Timestamp) -> ReceivedRequest {
        ReceivedRequest {
            at: now,
            method: self.method.to_string(),
            path: self.path.clone(),
            query: form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish(),
            body: serde_json::from_slice(&self.body).unwrap_or(Value::Null),
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
    let segments: Vec<&str> = call.path.split('/').filter(|s| !s.is_empty()).collect();
    let response = match (&call.method, segments.as_slice()) {
        (&Method::GET, []) => page::index(&lock(&shared.store)),
        (&Method::GET, [owner, repo, "issues", number]) if *owner != "repos" => {
            page::issue(&lock(&shared.store), owner, repo, number)
        }
        _ => api(shared, &call, &segments).await,
    };
    shared.core().log.answered(number, response.status().as_u16());
    response
}

async fn read(request: Request) -> Result<Call, Refusal> {
    let (parts, body) = request.into_parts();
    let body =
        to_bytes(body, MAX_BODY).await.map_err(|_| Refusal::new(413, "The request body is too large"))?;
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let origin = format!("http://{host}");
    let path = parts.uri.path();
    let (prefix, path) = match path.strip_prefix("/api/v3/") {
        Some(rest) => ("/api/v3", format!("/{rest}")),
        None => ("", path.to_owned()),
    };
    let query =
        form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    Ok(Call {
        base: format!("{origin}{prefix}"),
        origin,
        path,
        query,
        body,
        method: parts.method,
        headers: parts.headers,
    })
}

/// A request of the API: what every one of them goes through.
async fn api(shared: &Shared, call: &Call, segments: &[&str]) -> Response {
    let now = shared.now();
    let (left, reset_at) = shared.spend(now.as_second());
    let faults = match shared.faults(call) {
        Ok(faults) => faults,
        Err(refusal) => return refusal.into_response(),
    };
    shared.core().linger().await;
    let done = guarded(shared, call, segments, &faults, left.is_none()).await;
    let exhausted = left.is_none() || done.as_ref().is_err_and(|refusal| refusal.exhausted);
    let refused = done.is_err();
    let mut response = done.unwrap_or_else(Refusal::into_response);
    let left = if exhausted { 0 } else { left.unwrap_or(0) };
    limits(&mut response, shared.limit(), left, reset_at);
    let id = format!("{:04X}:{:X}", call.path.len(), now.as_microsecond());
    set(&mut response, "x-github-request-id", &id);
    if refused { response } else { aftermath(response, &faults).await }
}

/// Faults that come before anything is done, the limit, the credentials; then the endpoint.
async fn guarded(
    shared: &Shared,
    call: &Call,
    segments: &[&str],
    faults: &[Fault],
    over: bool,
) -> Result<Response, Refusal> {
    for fault in faults {
        match fault {
            Fault::Slow(time) => tokio::time::sleep(*time).await,
            Fault::Hang => std::future::pending().await,
            other => other.refusal().map_or(Ok(()), Err)?,
        }
    }
    if call.header("user-agent").is_none_or(str::is_empty) {
        return Err(Refusal::new(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
        ));
    }
    if over {
        return Err(Refusal::primary_limit());
    }
    let caller = lock(&shared.tokens).caller(&call.headers, shared.now())?;
    dispatch(shared, call, segments, caller)
}

/// Faults that come after it was done: the caller does not learn about it.
async fn aftermath(response: Response, faults: &[Fault]) -> Response {
    for fault in faults {
        match fault {
            Fault::Lost => return reset(),
            Fault::DoneBut502 => return Refusal::of_status(502).into_response(),
            Fault::DoneButHangs => std::future::pending().await,
            _ => {}
        }
    }
    response
}

fn dispatch(shared: &Shared, call: &Call, segments: &[&str], caller: Caller) -> Result<Response, Refusal> {
    if let Caller::App(id) = caller {
        return app(shared, call, segments, id);
    }
    match (call.method.as_str(), segments) {
        ("GET", ["user"]) if caller == Caller::Person => Ok(ok(&user(shared.account(), &call.origin))),
        ("GET", ["user"]) => Err(Refusal::of_status(403)),
        (_, ["app", ..] | ["repos", _, _, "installation"]) => {
            Err(Refusal::new(401, "A JSON web token could not be decoded"))
        }
        ("GET", ["repos", owner, repo]) => Ok(ok(&issues::repository(call, owner, repo)?)),
        ("GET", ["repos", owner, repo, "issues", "comments", id]) => {
            comments::get(shared, call, owner, repo, id)
        }
        ("GET", ["repositories", id, "issues", number, "comments"]) => {
            let (owner, repo) = issues::by_id(&lock(&shared.store), id).ok_or_else(Refusal::not_found)?;
            comments::list(shared, call, &owner, &repo, number)
        }
        (method, ["repos", owner, repo, "issues", number, rest @ ..]) => match (method, rest) {
            ("GET", []) => issues::get(shared, call, owner, repo, number),
            ("GET", ["comments"]) => comments::list(shared, call, owner, repo, number),
            ("POST", ["comments"]) => comments::create(shared, call, owner, repo, number, caller),
            ("GET", ["labels"]) => issues::labels(shared, call, owner, repo, number),
            ("POST", ["labels"]) => issues::add_labels(shared, call, owner, repo, number),
            ("DELETE", ["labels", name]) => issues::remove_label(shared, call, owner, repo, number, name),
            _ => Err(Refusal::not_found()),
        },
        _ => Err(Refusal::not_found()),
    }
}

/// What an App may do as itself.
fn app(shared: &Shared, call: &Call, segments: &[&str], id: u64) -> Result<Response, Refusal> {
    let installation = json!({
        "id": INSTALLATION,
        "app_id": id,
        "app_slug": shared.account(),
        "target_type": "Organization",
        "repository_selection": "all",
        "permissions": {"issues": "write", "metadata": "read"},
    });
    match (call.method.as_str(), segments) {
        ("GET", ["app"]) => Ok(ok(&json!({
            "id": id,
            "slug": shared.account(),
            "name": shared.account(),
            "html_url": format!("{}/apps/{}", call.origin, shared.account()),
            "permissions": {"issues": "write", "metadata": "read"},
            "events": ["issues", "issue_comment"],
        }))),
        ("GET", ["app", "installations"]) => Ok(ok(&json!([installation]))),
        ("GET", ["repos", owner, repo, "installation"]) => {
            issues::check_names(owner, repo)?;
            Ok(ok(&installation))
        }
        ("POST", ["app", "installations", given, "access_tokens"]) => {
            if given.parse() != Ok(INSTALLATION) {
                return Err(Refusal::not_found());
            }
            let (token, end) = lock(&shared.tokens).issue(shared.now());
            Ok(respond::json(
                StatusCode::CREATED,
                &json!({
                    "token": token,
                    "expires_at": Timestamp::from_second(end.as_second()).unwrap_or(end),
                    "permissions": {"issues": "write", "metadata": "read"},
                    "repository_selection": "all",
                }),
            ))
        }
        _ => Err(Refusal::of_status(403)),
    }
}

/// An account as it is embedded everywhere.
pub(super) fn user(login: &str, origin: &str) -> Value {
    let id = 9_919_001 + login.bytes().fold(0_u64, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte));
    json!({
        "login": login,
        "id": id,
        "node_id": format!("U_{id}"),
        "html_url": format!("{origin}/{login}"),
        "url": format!("{origin}/users/{login}"),
        "type": if login.ends_with("[bot]") { "Bot" } else { "User" },
        "site_admin": false,
    })
}

/// A 200.
pub(super) fn ok(body: &Value) -> Response {
    respond::json(StatusCode::OK, body)
}

fn limits(response: &mut Response, limit: u64, left: u64, reset_at: i64) {
    set(response, "x-ratelimit-limit", &limit.to_string());
    set(response, "x-ratelimit-remaining", &left.to_string());
    set(response, "x-ratelimit-used", &limit.saturating_sub(left).to_string());
    set(response, "x-ratelimit-reset", &reset_at.to_string());
    set(response, "x-ratelimit-resource", "core");
    set(response, "x-github-media-type", "github.v3; format=json");
}
