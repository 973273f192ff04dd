//! `batches`: many requests at once, answered later.
//!
//! The answers are made when the job is created; the job shows them once its delay has passed.

use axum::response::Response;
use domain::{Timestamp, after};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::errors::ApiError;
use super::ordered::Node;
use super::respond;
use super::router::{Call, empty};
use super::shared::Shared;
use super::{embeddings, generate, models};
use crate::kit::lock;

/// What is asked of the batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    List,
    Get(String),
    Delete(String),
    Cancel(String),
}

impl Action {
    /// What method and path mean; `id` is the rest of the path.
    pub(super) fn parse(method: &Method, id: &[&str]) -> Option<Self> {
        match (method, id) {
            (&Method::GET, []) => Some(Self::List),
            (&Method::GET, [id]) => Some(Self::Get((*id).to_owned())),
            (&Method::DELETE, [id]) => Some(Self::Delete((*id).to_owned())),
            (&Method::POST, [id]) => Some(Self::Cancel(id.strip_suffix(":cancel")?.to_owned())),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Job {
    serial: u64,
    kind: &'static str,
    model: String,
    display: String,
    created: Timestamp,
    done: Timestamp,
    cancelled: Option<Timestamp>,
    asked: bool,
    count: usize,
    failed: usize,
    input: Value,
    output: Value,
}

/// All jobs, by id.
#[derive(Debug, Default)]
pub(super) struct Batches {
    by_id: BTreeMap<String, Job>,
    serial: u64,
}

impl Job {
    /// The state: a job with no delay still shows itself pending in the answer that creates it.
    fn state(&self, now: Timestamp) -> &'static str {
        match self.cancelled {
            Some(_) => "BATCH_STATE_CANCELLED",
            None if !self.asked => "BATCH_STATE_PENDING",
            None if now < self.done => "BATCH_STATE_RUNNING",
            None => "BATCH_STATE_SUCCEEDED",
        }
    }

    fn describe(&self, id: &str, now: Timestamp) -> Value {
        let state = self.state(now);
        let mut stats = json!({"requestCount": self.count.to_string()});
        let mut metadata = json!({
            "@type": format!("type.googleapis.com/google.ai.generativelanguage.v1main.{}", self.kind),
            "name": format!("batches/{id}"),
            "model": self.model,
            "displayName": self.display,
            "inputConfig": self.input,
            "createTime": self.created,
            "updateTime": self.cancelled.unwrap_or(if now < self.done { self.created } else { self.done }),
            "state": state,
        });
        let mut job = json!({"name": format!("batches/{id}")});
        if state == "BATCH_STATE_SUCCEEDED" {
            stats["successfulRequestCount"] = (self.count - self.failed).to_string().into();
            if self.failed > 0 {
                stats["failedRequestCount"] = self.failed.to_string().into();
            }
            metadata["output"] = self.output.clone();
            metadata["endTime"] = json!(self.done);
            job["done"] = true.into();
            job["response"] = self.output.clone();
            job["response"]["@type"] =
                format!("type.googleapis.com/google.ai.generativelanguage.v1main.{}Output", self.kind).into();
        } else {
            stats["pendingRequestCount"] = self.count.to_string().into();
        }
        metadata["batchStats"] = stats;
        job["metadata"] = metadata;
        job
    }
}

/// Answers a request about batches that exist.
pub(super) fn handle(shared: &Shared, call: &Call, action: Action) -> Result<Response, ApiError> {
    let now = shared.now();
    let mut batches = lock(&shared.batches);
    match action {
        Action::List => {
            let mut jobs: Vec<_> = batches.by_id.iter().collect();
            jobs.sort_by_key(|(_, job)| std::cmp::Reverse(job.serial));
            let listed = jobs.into_iter().map(|(id, job)| job.describe(id, now)).collect();
            Ok(respond::ok(&call.page_body("operations", listed)?))
        }
        Action::Get(id) => {
            let job = find(&mut batches, &id)?;
            job.asked = true;
            Ok(respond::ok(&job.describe(&id, now)))
        }
        Action::Delete(id) => {
            find(&mut batches, &id)?;
            batches.by_id.remove(&id);
            Ok(empty())
        }
        Action::Cancel(id) => {
            let job = find(&mut batches, &id)?;
            if matches!(job.state(now), "BATCH_STATE_SUCCEEDED" | "BATCH_STATE_CANCELLED") {
                return Err(ApiError::invalid(format!("Batch batches/{id} has already ended.")));
            }
            job.cancelled = Some(now);
            Ok(empty())
        }
    }
}

fn find<'a>(batches: &'a mut Batches, id: &str) -> Result<&'a mut Job, ApiError> {
    batches.by_id.get_mut(id).ok_or_else(|| ApiError::not_found("Requested entity was not found."))
}

/// Answers `batchGenerateContent` and `asyncBatchEmbedContent`.
pub(super) fn create(shared: &Shared, call: &Call, model: &str, verb: &str) -> Result<Response, ApiError> {
    let now = shared.now();
    models::resolve(model, &call.version, verb, now)?;
    let body = call.json()?;
    let batch = body.field("batch").ok_or_else(|| ApiError::invalid("* batch: batch is not specified\n"))?;
    let config = batch.field("inputConfig").cloned().unwrap_or(Node::EMPTY);
    let lines = lines(shared, &config, now)?;
    if lines.is_empty() {
        return Err(ApiError::invalid("* batch.input_config: the batch has no requests\n"));
    }
    let embeds = verb == "asyncBatchEmbedContent";
    let answers: Vec<Value> =
        lines.iter().map(|line| answer(shared, line, model, &call.version, embeds)).collect();
    let failed = answers.iter().filter(|a| a.get("error").is_some()).count();
    let id = shared.id(36);
    let output = match config.string("fileName") {
        Some(_) => {
            let text: String = answers.iter().map(|a| format!("{a}\n")).collect();
            let name = format!("batch-{id}");
            lock(&shared.files).generated(name.clone(), text.into_bytes(), now, call.origin());
            json!({"responsesFile": format!("files/{name}")})
        }
        None => json!({"inlinedResponses": {"inlinedResponses": answers}}),
    };
    let mut batches = lock(&shared.batches);
    batches.serial += 1;
    let job = Job {
        serial: batches.serial,
        kind: if embeds { "EmbedContentBatch" } else { "GenerateContentBatch" },
        model: format!("models/{model}"),
        display: batch.string("displayName").unwrap_or_default().to_owned(),
        created: now,
        done: after(now, shared.settings.batch_delay),
        cancelled: None,
        asked: false,
        count: lines.len(),
        failed,
        input: config.string("fileName").map_or(json!({}), |name| json!({"fileName": name})),
        output,
    };
    let described = job.describe(&id, now);
    batches.by_id.insert(id, job);
    Ok(respond::ok(&described))
}

/// The requests of a batch: given inline, or as the lines of an uploaded file.
fn lines(shared: &Shared, config: &Node, now: Timestamp) -> Result<Vec<Node>, ApiError> {
    let Some(name) = config.string("fileName") else {
        return Ok(config.field("requests").map(|r| r.items("requests").to_vec()).unwrap_or_default());
    };
    let bytes = lock(&shared.files).content(name, now)?;
    let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines
        .enumerate()
        .map(|(number, line)| {
            serde_json::from_slice(line)
                .map_err(|e| ApiError::invalid(format!("Line {} of {name} is not JSON: {e}", number + 1)))
        })
        .collect()
}

/// One answer, with the metadata or key of its request; a refused request is an error of its own.
fn answer(shared: &Shared, line: &Node, model: &str, version: &str, embeds: bool) -> Value {
    let empty = Node::EMPTY;
    let request = line.field("request").unwrap_or(&empty);
    let result = if embeds {
        embeddings::one(request, model, version, shared.now())
    } else {
        models::resolve(model, version, "batchGenerateContent", shared.now())
            .and_then(|model| generate::prepare(shared, request, model))
            .map(|prepared| prepared.answer(shared, None, &[]).body())
    };
    let mut answer = match result {
        Ok(response) => json!({ "response": response }),
        Err(error) => {
            json!({"error": {"code": error.rpc_code(), "message": error.message()}})
        }
    };
    if let Some(key) = line.string("key") {
        answer["key"] = key.into();
    }
    if let Some(metadata) = line.field("metadata") {
        answer["metadata"] = metadata.to_value();
    }
    answer
}
