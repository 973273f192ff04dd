//! `POST /tasks`: a task without a webhook.
//!
//! It is stored as ingest stores one: the task and its body side by side, then the message, then the
//! answer, so a 202 means that nothing of it can be lost any more.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use domain::{
    FIRST_LOOK, MAX_NESTING, NewTask, PartKey, StoreError, TakenIn, Task, TaskId, Timestamp, after, between,
    nests_too_deep, take_in,
};
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::{Span, warn};
use webhook::{ApiTask, Parsed, Provider, Received, Sender};

use crate::Console;
use crate::auth::Caller;
use crate::body::Body;
use crate::refusal::Refusal;

/// Bytes that an idempotency key may have.
const MAX_KEY_BYTES: usize = 255;
const JSON: &str = "application/json";

/// What is asked for; `prompt` or `payload` must be there.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes what `ApiTask` reads")]
pub(crate) struct NewApiTask {
    /// Always `api`.
    source: Option<String>,
    /// What to do, in words.
    prompt: Option<String>,
    /// What to do, as data.
    payload: Option<Value>,
    /// 1 (bulk) to 5 (urgent); 3 if absent.
    #[schemars(range(min = 1, max = 5))]
    priority: Option<u8>,
    /// Small facts that travel with it: at most 16.
    metadata: Option<Map<String, Value>>,
    /// Where the result is posted; its host must be allowed in agent.toml.
    callback_url: Option<String>,
}

/// A task that is stored and enqueued.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Accepted {
    /// Always `accepted`.
    status: &'static str,
    /// Its name.
    task_id: String,
}

pub(crate) async fn create(
    State(console): State<Arc<Console>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Body(body): Body<Map<String, Value>>,
) -> Result<(StatusCode, Extension<TaskId>, Json<Accepted>), Refusal> {
    check(&console, &body)?;
    let now = console.clock.now();
    let id = id(&caller, key(&headers)?, now);
    // For what is logged on the way; the line of the request finds it in the response.
    Span::current().record("task_id", id.as_str());
    // Written anew, so that the same task is the same bytes: an object's members are sorted.
    let bytes = serde_json::to_vec(&body).map_err(|error| StoreError::broken("write the task", error))?;
    let task = task(&id, &caller, &bytes, now)?;
    let taken = store(&console, &task, &bytes, now).await?;
    let took = between(now, console.clock.now());
    match taken {
        TakenIn::Duplicate => console.metrics.duplicate(took),
        TakenIn::New | TakenIn::Completed => console.metrics.accepted(took),
    }
    let accepted = Accepted { status: "accepted", task_id: id.to_string() };
    Ok((StatusCode::ACCEPTED, Extension(id), Json(accepted)))
}

/// Everything that is wrong with the task, at once.
fn check(console: &Console, body: &Map<String, Value>) -> Result<(), Refusal> {
    let mut wrong = Vec::new();
    match ApiTask::read(body) {
        Ok(task) => {
            let host = task.callback_url.as_ref().and_then(|url| url.host_str());
            if host.is_some_and(|host| !console.api.allows(host)) {
                wrong.push(
                    "`callback_url` has a host that is not allowed: name it in `callback_hosts` under [api] in \
                     agent.toml"
                        .to_owned(),
                );
            }
        }
        Err(mistakes) => wrong.extend(mistakes.iter().map(ToString::to_string)),
    }
    // Here alone: what an earlier version has taken in is worked on.
    if body.get("metadata").is_some_and(nests_too_deep) {
        wrong.push(format!("`metadata` nests deeper than {MAX_NESTING} levels"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Refusal::Invalid(format!("{}.", wrong.join("; ")))) }
}

/// The caller's own name for the request.
fn key(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=MAX_KEY_BYTES).contains(&key.len()));
    key.map(Some).ok_or_else(|| {
        Refusal::Malformed(format!(
            "`Idempotency-Key` must be 1 to {MAX_KEY_BYTES} visible ASCII characters."
        ))
    })
}

/// With a key: the same for the same caller and key, whatever becomes of its answer. Without: one that no
/// other request has.
fn id(caller: &Caller, key: Option<&str>, now: Timestamp) -> TaskId {
    let identity = match key {
        Some(key) => format!("key\0{}\0{key}", caller.name),
        None => format!("request\0{}\0{}", caller.request(), now.as_nanosecond()),
    };
    TaskId::derive(Provider::Api.name(), identity.as_bytes())
}

fn task(id: &TaskId, caller: &Caller, body: &[u8], now: Timestamp) -> Result<Task, Refusal> {
    let received = Received { event_hint: None, body };
    let event = match Sender::of(Provider::Api).parse(&received) {
        Ok(Parsed::Event(event)) => *event,
        Ok(_) => return Err(Refusal::Invalid("The task cannot be read.".to_owned())),
        Err(error) => return Err(Refusal::Invalid(format!("{error}."))),
    };
    let (title, text) = (event.title.clone(), event.text.clone());
    let new = NewTask {
        source: Provider::Api.name().to_owned(),
        priority: event.priority.unwrap_or_default(),
        event: event.name,
        tenant: event.tenant,
        // The same words asked twice are two conversations.
        thread: id.to_string(),
        actor: caller.name.to_string(),
        metadata: event.metadata,
        content_type: JSON.to_owned(),
        event_hint: None,
    };
    let mut task = Task::received(id.clone(), new, now, after(now, FIRST_LOOK));
    task.doc.introduce(title.as_deref(), &text, None);
    Ok(task)
}

/// Takes the task in. A request that is repeated under its key completes whatever a former try has left
/// undone.
async fn store(console: &Console, task: &Task, body: &[u8], now: Timestamp) -> Result<TakenIn, Refusal> {
    let taken = take_in(&console.stores, task, body, now, |_| ()).await?;
    if taken != TakenIn::New {
        same_body(console, &task.id, body).await?;
    }
    Ok(taken)
}

/// A key that comes with another body is a mistake of the caller, who would take the answer to one task
/// for the answer to another. A stored body that is damaged tells nothing: the task is accepted all the same, and
/// ends with that reason.
async fn same_body(console: &Console, id: &TaskId, body: &[u8]) -> Result<(), Refusal> {
    let Some(blob) = console.stores.payloads.get(id, &PartKey::payload()).await? else { return Ok(()) };
    match blob.unpack() {
        Ok(stored) if stored == body => Ok(()),
        Ok(_) => Err(Refusal::KeyReused),
        Err(problem) => {
            warn!(task_id = %id, %problem, "a repeated request cannot be compared with the stored one");
            Ok(())
        }
    }
}
