//! From an HTTP request to the endpoint that answers it: log, credentials, faults, dispatch.

use axum::extract::{Request, State};
use axum::response::Response;
use domain::Timestamp;
use http::Method;
use serde_json::{Value, json};
use std::ops::Deref;
use std::sync::Arc;

use super::errors::ApiError;
use super::faults::{Fault, Refusal};
use super::log::{Billed, InFlight, ReceivedRequest};
use super::shared::Shared;
use super::spelling;
use super::vertex::{self, Vertex};
use super::{caches, generate, models, respond};
use crate::kit::{self, lock, reset};

/// The largest request that Google takes inline.
const MAX_BODY: usize = 104_857_600;

#[derive(Debug)]
pub(super) struct Call {
    /// The API version: `v1`, `v1beta`.
    pub(super) version: String,
    /// By which of Vertex AI's routes it came, if it did.
    pub(super) vertex: Option<Vertex>,
    http: kit::Call,
}

impl Deref for Call {
    type Target = kit::Call;

    fn deref(&self) -> &kit::Call {
        &self.http
    }
}

impl Call {
    async fn read(request: Request) -> Self {
        let mut http = kit::Call::read(request, "", MAX_BODY).await;
        http.path = http.path.replace("%3A", ":").replace("%3a", ":");
        let vertex = Vertex::take(&mut http);
        let version = http.path.split('/').find(|segment| is_version(segment));
        Self { version: version.unwrap_or("v1beta").to_owned(), vertex, http }
    }

    /// The body, which is a JSON object if there is one.
    pub(super) fn json(&self) -> Result<&Value, ApiError> {
        match &self.problem {
            Some(problem) => Err(ApiError::invalid(format!("Invalid JSON payload received. {problem}"))),
            None if self.body.is_object() || self.body.is_null() => Ok(&self.body),
            None => Err(spelling::invalid_value("request")),
        }
    }

    /// The parts of the path below the version of the API.
    fn below_version(&self) -> Option<Vec<&str>> {
        let segments = self.segments();
        segments.first().is_some_and(|first| is_version(first)).then(|| segments[1..].to_vec())
    }

    /// The model and its method, if the path names them.
    pub(super) fn model_method(&self) -> Option<(&str, &str)> {
        match self.below_version()?.as_slice() {
            ["models", name] if self.method == Method::POST => name.split_once(':'),
            _ => None,
        }
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

    /// What the log keeps.
    fn received(&self, at: Timestamp, with_body: bool) -> ReceivedRequest {
        let (model, verb) = self.model_method().unzip();
        ReceivedRequest {
            at,
            method: self.method.to_string(),
            path: self.path.clone(),
            model: model.map(str::to_owned),
            verb: verb.unwrap_or_default().to_owned(),
            body: if with_body { self.body.clone() } else { Value::Null },
            status: None,
            billed: None,
        }
    }
}

pub(super) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let mut call = Call::read(request).await;
    let admitted = call.vertex.as_ref().map_or(Ok(()), |vertex| vertex.admit(&shared, &mut call.http));
    let call = &call;
    let keeps = shared.keeps_bodies();
    let received = call.received(shared.now(), keeps || shared.settings.script.is_some());
    lock(&shared.counters).requests += 1;
    let kept = if keeps { received.clone() } else { call.received(received.at, false) };
    let number = shared.log.add(kept);
    let answer = match admitted {
        Ok(()) => answer(&shared, call, &received).await,
        Err(refusal) => Err(refusal),
    };
    let response = answer.unwrap_or_else(|error| match &call.vertex {
        Some(vertex) => respond::error(&vertex.says(error, call)),
        None => respond::error(&error),
    });
    let billed = response.extensions().get::<Billed>().copied();
    let status = Some(response.status().as_u16());
    shared.log.change(number, |request| (request.status, request.billed) = (status, billed));
    response
}

async fn answer(shared: &Arc<Shared>, call: &Call, received: &ReceivedRequest) -> Result<Response, ApiError> {
    let nowhere =
        || ApiError::new(404, format!("The requested URL {} was not found on this server.", call.path));
    if let Some(response) = vertex::token(shared, call) {
        return Ok(response);
    }
    let segments = call.below_version().ok_or_else(nowhere)?;
    if call.vertex.is_none() {
        check_key(call)?;
    }
    if let Some((model, verb)) = call.model_method() {
        return model_method(shared, call, model, verb, received).await;
    }
    if let Some(response) = trouble(&shared.faults(call, None)?, "").await? {
        return Ok(response);
    }
    match (&call.method, segments.as_slice()) {
        (&Method::GET, ["models"]) => Ok(respond::ok(&call.page_body("models", models::all(&call.version))?)),
        (&Method::GET, ["models", name]) => Ok(respond::ok(&models::get(name, &call.version)?)),
        (_, ["cachedContents", id @ ..]) => caches::handle(shared, call, id)?.ok_or_else(nowhere),
        _ => Err(nowhere()),
    }
}

async fn model_method(
    shared: &Arc<Shared>,
    call: &Call,
    model: &str,
    verb: &str,
    received: &ReceivedRequest,
) -> Result<Response, ApiError> {
    let in_flight = InFlight::begin(&shared.counters);
    let mut faults = shared.faults(call, Some(model))?;
    // Only who asks to be served when there is room is told that there is none.
    let is_flex = call.body["serviceTier"] == "flex";
    faults.retain(|fault| is_flex || *fault != Fault::Refused(Refusal::FlexShed));
    if let Some(response) = trouble(&faults, models::concrete(model)).await? {
        return Ok(response);
    }
    match verb {
        "generateContent" | "streamGenerateContent" => {
            generate::handle(shared, call, model, verb, faults, received, in_flight).await
        }
        "countTokens" => generate::count_tokens(call, model),
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
    let bearer = call.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    let keys = [call.header("x-goog-api-key"), call.query("key").unwrap_or_default(), bearer];
    match keys.into_iter().find(|key| !key.is_empty()) {
        None => Err(ApiError::key_missing()),
        Some("INVALID") => Err(ApiError::key_invalid()),
        Some(_) => Ok(()),
    }
}

fn is_version(segment: &str) -> bool {
    matches!(segment, "v1" | "v1beta" | "v1alpha")
}
