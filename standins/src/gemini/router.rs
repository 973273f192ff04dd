//! From an HTTP request to the endpoint that answers it: log, credentials, faults, dispatch.

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::errors::ApiError;
use super::faults::Fault;
use super::json::Node;
use super::log::{Billed, ReceivedRequest};
use super::shared::Shared;
use super::spelling;
use super::{caches, generate, models, respond};
use crate::kit::reset;

/// The largest request that Google takes inline.
const MAX_BODY: usize = 104_857_600;

/// Headers that are never shown to a test, a log or anybody.
const CREDENTIALS: &[&str] = &["x-goog-api-key", "authorization", "cookie"];

/// What a path and method mean.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Endpoint {
    /// A model's method, such as `generateContent`.
    Model(String, String),
    Resource(Resource),
}

/// What can be read, listed, made and deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Resource {
    ListModels,
    GetModel(String),
    Caches(caches::Action),
}

/// A request, read.
#[derive(Debug)]
pub(super) struct Call {
    /// The API version: `v1`, `v1beta`.
    pub(super) version: String,
    /// The body's bytes.
    pub(super) body: Bytes,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
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

    /// The body as a JSON object; an absent one is empty.
    pub(super) fn json(&self) -> Result<Node, ApiError> {
        if self.body.is_empty() {
            return Ok(Node::EMPTY);
        }
        let node: Node = serde_json::from_slice(&self.body)
            .map_err(|e| ApiError::invalid(format!("Invalid JSON payload received. {e}")))?;
        if node.as_map().is_none() { Err(spelling::invalid_value("request")) } else { Ok(node) }
    }

    /// One page of a list as a response body. Pages hold 50 unless `pageSize` says else; the list's field
    /// is absent when it is empty.
    pub(super) fn page_body(&self, field: &str, items: Vec<Value>) -> Result<Value, ApiError> {
        let number = |name: &str| match self.query(name).unwrap_or_default() {
            "" => Ok(0),
            text => text.parse::<usize>().map_err(|_| ApiError::invalid(format!("Invalid {name}."))),
        };
        let (size, start) = (number("pageSize")?, number("pageToken")?);
        let size = if size == 0 { 50 } else { size.min(1_000) };
        let (mut body, next) = (json!({}), start.saturating_add(size));
        if next < items.len() {
            body["nextPageToken"] = next.to_string().into();
        }
        if start < items.len() {
            body[field] = items.into_iter().skip(start).take(size).collect();
        }
        Ok(body)
    }

    fn received(&self, shared: &Shared, endpoint: Option<&Endpoint>) -> ReceivedRequest {
        let (model, verb) = match endpoint {
            Some(Endpoint::Model(model, verb)) => (Some(model.clone()), verb.clone()),
            _ => (None, String::new()),
        };
        let headers: BTreeMap<String, String> = self
            .headers
            .iter()
            .filter(|(name, _)| !CREDENTIALS.contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let query = self.query.iter().filter(|(key, _)| key != "key");
        ReceivedRequest {
            at: shared.now(),
            method: self.method.to_string(),
            path: self.path.clone(),
            query: form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish(),
            model,
            verb,
            headers,
            body: if shared.reads_bodies() {
                serde_json::from_slice(&self.body).unwrap_or(Value::Null)
            } else {
                Value::Null
            },
            status: None,
            billed: None,
        }
    }
}

/// Answers any request.
pub(super) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let started = shared.now();
    let mut response = match read(request).await {
        Ok(call) => logged(&shared, &call).await,
        Err(error) => respond::error(&error),
    };
    respond::timed(&mut response, domain::between(started, shared.now()));
    response
}

async fn read(request: Request) -> Result<Call, ApiError> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| {
        ApiError::invalid(format!("Request payload size exceeds the limit: {MAX_BODY} bytes, or broke off."))
    })?;
    let query =
        form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let path = parts.uri.path().replace("%3A", ":").replace("%3a", ":");
    let version = path.split('/').find(|segment| is_version(segment)).unwrap_or("v1beta").to_owned();
    Ok(Call { version, body, method: parts.method, path, query, headers: parts.headers })
}

async fn logged(shared: &Arc<Shared>, call: &Call) -> Response {
    let endpoint = endpoint(call);
    let received = call.received(shared, endpoint.as_ref());
    let number = shared.log.received(shared.kept(&received));
    let response = match answer(shared, call, endpoint, &received).await {
        Ok(response) => response,
        Err(error) => respond::error(&error),
    };
    let billed = response.extensions().get::<Billed>().copied();
    shared.log.answered(number, response.status().as_u16(), billed);
    response
}

async fn answer(
    shared: &Arc<Shared>,
    call: &Call,
    endpoint: Option<Endpoint>,
    received: &ReceivedRequest,
) -> Result<Response, ApiError> {
    let endpoint = endpoint.ok_or_else(|| {
        ApiError::not_found(format!("The requested URL {} was not found on this server.", call.path))
    })?;
    check_key(call)?;
    match endpoint {
        Endpoint::Model(model, verb) => model_method(shared, call, &model, &verb, received).await,
        Endpoint::Resource(resource) => resource_method(shared, call, resource).await,
    }
}

async fn resource_method(shared: &Shared, call: &Call, resource: Resource) -> Result<Response, ApiError> {
    if let Some(response) = trouble(&shared.faults(call, None)?, "").await? {
        return Ok(response);
    }
    let now = shared.now();
    match resource {
        Resource::ListModels => Ok(respond::ok(&call.page_body("models", models::all(&call.version, now))?)),
        Resource::GetModel(name) => Ok(respond::ok(&models::get(&name, &call.version, now)?)),
        Resource::Caches(action) => caches::handle(shared, call, action),
    }
}

async fn model_method(
    shared: &Arc<Shared>,
    call: &Call,
    model: &str,
    verb: &str,
    received: &ReceivedRequest,
) -> Result<Response, ApiError> {
    let in_flight = shared.log.call(models::concrete(model));
    let faults = shared.faults(call, Some(model))?;
    if let Some(response) = trouble(&faults, models::concrete(model)).await? {
        return Ok(response);
    }
    match verb {
        "generateContent" | "streamGenerateContent" => {
            generate::handle(shared, call, model, verb, faults, received, in_flight).await
        }
        "countTokens" => generate::count_tokens(shared, call, model),
        _ => Err(ApiError::no_model(model, &call.version, verb)),
    }
}

/// Carries out the faults that need no knowledge of the endpoint.
pub(super) async fn trouble(faults: &[Fault], model: &str) -> Result<Option<Response>, ApiError> {
    for fault in faults {
        match fault {
            Fault::Slow(time) => tokio::time::sleep(*time).await,
            Fault::Hang => std::future::pending().await,
            Fault::Reset => return Ok(Some(reset())),
            Fault::Html => return Ok(Some(respond::html())),
            other => {
                if let Some(error) = other.error(model) {
                    return Err(error);
                }
            }
        }
    }
    Ok(None)
}

fn check_key(call: &Call) -> Result<(), ApiError> {
    let bearer = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    match call.header("x-goog-api-key").or_else(|| call.query("key")).or(bearer) {
        None | Some("") => Err(ApiError::key_missing()),
        Some("INVALID") => Err(ApiError::key_invalid()),
        Some(_) => Ok(()),
    }
}

fn is_version(segment: &str) -> bool {
    matches!(segment, "v1" | "v1beta" | "v1alpha")
}

fn endpoint(call: &Call) -> Option<Endpoint> {
    let segments: Vec<&str> = call.path.split('/').filter(|s| !s.is_empty()).collect();
    let [version, rest @ ..] = segments.as_slice() else { return None };
    if !is_version(version) {
        return None;
    }
    let (get, post) = (call.method == Method::GET, call.method == Method::POST);
    let resource = match rest {
        ["models"] if get => Resource::ListModels,
        ["models", name] => match name.split_once(':') {
            Some((model, verb)) if post => return Some(Endpoint::Model(model.into(), verb.into())),
            None if get => Resource::GetModel((*name).to_owned()),
            _ => return None,
        },
        ["cachedContents", id @ ..] => Resource::Caches(caches::Action::parse(&call.method, id)?),
        _ => return None,
    };
    Some(Endpoint::Resource(resource))
}

/// An empty answer to a deletion.
pub(super) fn empty() -> Response {
    respond::json(StatusCode::OK, &json!({}))
}
