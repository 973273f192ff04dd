//! `interactions`: the stateful sibling of `generateContent`, with snake-case JSON of its own.

use axum::body::Bytes;
use axum::response::Response;
use domain::Timestamp;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

use super::errors::ApiError;
use super::facts::Facts;
use super::faults::Fault;
use super::models;
use super::ordered::Node;
use super::respond::{self, Framing};
use super::router::{Call, empty};
use super::shared::Shared;
use super::tokens::count;
use super::{answers, schema};
use crate::kit::lock;

/// What is asked of the interactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Get(String),
    Delete(String),
    Cancel(String),
}

impl Action {
    /// What method and path mean; `id` is the rest of the path.
    pub(super) fn parse(method: &Method, id: &[&str]) -> Option<Self> {
        match (method, id) {
            (&Method::POST, []) => Some(Self::Create),
            (&Method::GET, [id]) => Some(Self::Get((*id).to_owned())),
            (&Method::DELETE, [id]) => Some(Self::Delete((*id).to_owned())),
            (&Method::POST, [id, "cancel"]) => Some(Self::Cancel((*id).to_owned())),
            _ => None,
        }
    }
}

/// Stored interactions, by id.
#[derive(Debug, Default)]
pub(super) struct Interactions(BTreeMap<String, Value>);

/// Answers a request about interactions. Errors have a shape of their own here.
pub(super) async fn handle(shared: &Shared, call: &Call, action: Action) -> Result<Response, ApiError> {
    let result = match action {
        Action::Create => create(shared, call).await,
        Action::Get(id) => get(shared, &id).map(|found| respond::ok(&found)),
        Action::Delete(id) => get(shared, &id).map(|_| {
            lock(&shared.interactions).0.remove(&id);
            empty()
        }),
        Action::Cancel(id) => get(shared, &id).and_then(|found| match found["status"].as_str() {
            Some("in_progress") => Ok(respond::ok(&found)),
            _ => Err(ApiError::invalid("Only an interaction in progress can be cancelled.")),
        }),
    };
    Ok(result.unwrap_or_else(|error| {
        let code = error.status().to_lowercase().replace("invalid_argument", "invalid_request");
        respond::json(error.http_status(), &json!({"error": {"code": code, "message": error.message()}}))
    }))
}

fn get(shared: &Shared, id: &str) -> Result<Value, ApiError> {
    let stored = lock(&shared.interactions).0.get(id).cloned();
    stored.ok_or_else(|| ApiError::not_found(format!("Interaction {id} not found.")))
}

async fn create(shared: &Shared, call: &Call) -> Result<Response, ApiError> {
    let body = call.json()?;
    let name = body.string("model").ok_or_else(|| ApiError::invalid("'model' is required."))?;
    let model = models::resolve(name, &call.version, "generateContent", shared.now())?;
    let contents = contents(&body)?;
    if let Some(previous) = body.string("previousInteractionId") {
        get(shared, previous)?;
    }
    let system = body.string("systemInstruction").unwrap_or_default();
    let facts = Facts::read(&[system.to_owned()], &[], &contents);
    let schema = body.field("responseFormat").and_then(|format| format.field("schema"));
    let text = match schema {
        Some(schema) => schema::instance(schema, &facts).to_json(),
        None => answers::compose(&facts),
    };
    let input = count(system) + contents.iter().map(|c| count(&super::request::text_of(c))).sum::<u64>();
    shared.take_quota(model.name, input)?;
    let latency = shared.latency(model.name);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let interaction = describe(shared.id(40), name, &text, input, shared.now());
    if body.field("store").and_then(Node::as_bool) != Some(false) {
        let id = interaction["id"].as_str().unwrap_or_default().to_owned();
        lock(&shared.interactions).0.insert(id, interaction.clone());
    }
    if body.field("stream").and_then(Node::as_bool) == Some(true) {
        let broken = shared.faults(call, None)?.contains(&Fault::MidStream);
        return Ok(stream(&interaction, &text, shared.settings.chunk_delay, broken));
    }
    Ok(respond::ok(&interaction))
}

/// `input` as contents: a text, or a list of steps with typed content.
fn contents(body: &Node) -> Result<Vec<Node>, ApiError> {
    let text_content = |role: &str, text: &str| Node::from(json!({"role": role, "parts": [{"text": text}]}));
    let required = || ApiError::invalid("'input' is required: a text or a list of steps.");
    match body.field("input").ok_or_else(required)? {
        Node::List(steps) => {
            let turns: Vec<Node> = steps
                .iter()
                .map(|step| {
                    let role = if step.string("type") == Some("model_output") { "model" } else { "user" };
                    let content = step.items("content").iter().chain([step]);
                    let texts: Vec<&str> = content.filter_map(|c| c.string("text")).collect();
                    text_content(role, &texts.join("\n"))
                })
                .collect();
            if turns.is_empty() { Err(required()) } else { Ok(turns) }
        }
        other => Ok(vec![text_content("user", other.as_str().ok_or_else(required)?)]),
    }
}

fn describe(id: String, model: &str, text: &str, input: u64, now: Timestamp) -> Value {
    let (output, thought) = (count(text), 32);
    json!({
        "id": format!("v1_{id}"),
        "object": "interaction",
        "model": model,
        "status": "completed",
        "created": now,
        "updated": now,
        "service_tier": "standard",
        "steps": [
            {"type": "thought", "signature": data_encoding::BASE64.encode(format!("stand-in {id}").as_bytes())},
            {"type": "model_output", "content": [{"type": "text", "text": text}]},
        ],
        "usage": {
            "total_input_tokens": input,
            "input_tokens_by_modality": [{"modality": "text", "tokens": input}],
            "total_cached_tokens": 0,
            "total_output_tokens": output,
            "total_thought_tokens": thought,
            "total_tool_use_tokens": 0,
            "total_tokens": input + output + thought,
        },
    })
}

/// The events of a streamed interaction, in their order.
fn stream(interaction: &Value, text: &str, pause: Duration, broken: bool) -> Response {
    let (id, model) = (&interaction["id"], &interaction["model"]);
    let begun = json!({"id": id, "model": model, "object": "interaction", "status": "in_progress"});
    let mut finished = interaction.clone();
    if let Some(fields) = finished.as_object_mut() {
        fields.remove("steps");
    }
    let signature = &interaction["steps"][0]["signature"];
    let mut events = vec![
        ("interaction.created", json!({"interaction": begun})),
        ("interaction.status_update", json!({"interaction_id": id, "status": "in_progress"})),
        ("step.start", json!({"index": 0, "step": {"type": "thought"}})),
        ("step.delta", json!({"index": 0, "delta": {"type": "thought_signature", "signature": signature}})),
        ("step.stop", json!({"index": 0})),
        ("step.start", json!({"index": 1, "step": {"type": "model_output"}})),
        ("step.delta", json!({"index": 1, "delta": {"type": "text", "text": text}})),
        ("step.stop", json!({"index": 1})),
        ("interaction.completed", json!({ "interaction": finished })),
    ];
    if broken {
        events.truncate(6);
        events.push((
            "error",
            json!({"error": {"code": "unavailable", "message": "The model is overloaded."}}),
        ));
    }
    let mut frames: Vec<Bytes> = events
        .into_iter()
        .map(|(name, mut data)| {
            data["event_type"] = name.into();
            Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
        })
        .collect();
    frames.push(Bytes::from_static(b"event: done\ndata: [DONE]\n\n"));
    respond::frames(Framing::Events, frames, pause, false, ())
}
