//! `generateContent`, `streamGenerateContent` and `countTokens`.

use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answer, Candidate};
use super::builder::Scripted;
use super::errors::ApiError;
use super::faults::{Fault, usual};
use super::log::{InFlight, ReceivedRequest};
use super::models::{self, Model};
use super::question::Question;
use super::request::{Format, Request};
use super::respond;
use super::router::{Call, trouble};
use super::shared::Shared;
use super::spelling::{self, Fields};
use super::tokens::{Tokens, count};
use super::{intent, schema, stream};
use crate::kit::lock;

pub(super) async fn handle(
    shared: &Arc<Shared>,
    call: &Call,
    name: &str,
    verb: &str,
    mut faults: Vec<Fault>,
    received: &ReceivedRequest,
    in_flight: InFlight,
) -> Result<Response, ApiError> {
    let model = models::resolve(name, &call.version, verb)?;
    let deadline = deadline(call)?;
    let prepared = prepare(shared, call.json()?, model)?;
    shared.take_quota(model.name)?;
    think(shared.latency(), deadline).await?;
    let scripted = shared.settings.script.as_ref().and_then(|script| script(received));
    let mut words = None;
    match scripted {
        Some(Scripted::Fault(fault)) => {
            if let Some(response) = trouble(&[fault], model.name).await? {
                return Ok(response);
            }
            faults.push(fault);
        }
        Some(Scripted::Text(text)) => words = Some(text),
        None => {}
    }
    let mut answer = prepared.answer(shared, words, &faults);
    answer.is_vertex = call.vertex.is_some();
    let billed = answer.billed();
    let mut response = match verb {
        "streamGenerateContent" if call.query("alt") != Some("sse") => {
            return Err(ApiError::invalid("The stand-in streams as server-sent events alone: add alt=sse."));
        }
        "streamGenerateContent" => stream::respond(&answer, &faults, in_flight),
        _ if faults.contains(&Fault::MidStream) => return Err(usual(503)),
        _ => respond::ok(&answer.body()),
    };
    response.extensions_mut().insert(billed);
    Ok(response)
}

/// How long the caller gives the server.
fn deadline(call: &Call) -> Result<Duration, ApiError> {
    let seconds = call.header("x-server-timeout").parse().unwrap_or(u64::MAX);
    let words = || format!("Manually set deadline {seconds}s is too short. Minimum allowed deadline is 10s.");
    if seconds < 10 { Err(ApiError::invalid(words())) } else { Ok(Duration::from_secs(seconds)) }
}

/// Takes the time of the latency, cut short by the deadline.
async fn think(latency: Duration, deadline: Duration) -> Result<(), ApiError> {
    if latency.is_zero() {
        return Ok(());
    }
    let thought = tokio::time::timeout(deadline, tokio::time::sleep(latency)).await;
    thought.map_err(|_| usual(504))
}

/// A request that passed all checks, with the cache it builds on.
pub(super) struct Prepared {
    model: &'static Model,
    request: Request,
    cache: Option<Tokens>,
}

pub(super) fn prepare(shared: &Shared, body: &Value, model: &'static Model) -> Result<Prepared, ApiError> {
    let request = Request::parse(body, model)?;
    let cached = |name: &String| lock(&shared.caches).tokens(name, model, shared.now());
    let cache = request.cache.as_ref().map(cached).transpose()?;
    let prepared = Prepared { model, request, cache };
    if prepared.prompt().total() > model.input_limit {
        return Err(ApiError::invalid(format!(
            "The input token count exceeds the maximum number of tokens allowed {}.",
            model.input_limit
        )));
    }
    Ok(prepared)
}

impl Prepared {
    fn prompt(&self) -> Tokens {
        self.cache.map_or(self.request.tokens, |cache| self.request.tokens.plus(cache))
    }

    /// The answer; `words` stands in for what the model would say.
    pub(super) fn answer(&self, shared: &Shared, words: Option<String>, faults: &[Fault]) -> Answer {
        let (request, prompt, blocked) = (&self.request, self.prompt(), faults.contains(&Fault::Blocked));
        let thoughts = match request.thinking {
            base if base > 0 && !blocked => base + (prompt.total() / 64).min(64),
            _ => 0,
        };
        let told = |fault: &Fault| if let Fault::Thoughts(tokens) = fault { Some(*tokens) } else { None };
        let thoughts = faults.iter().find_map(told).unwrap_or(thoughts);
        let mut answer = Answer {
            candidate: None,
            prompt,
            cached: self.cache,
            thoughts,
            tier: request.tier,
            model: self.model.name,
            id: shared.id(22),
            is_vertex: false,
        };
        if blocked {
            return answer;
        }
        let (mut text, finish) = self.bounded(words, thoughts);
        if faults.contains(&Fault::Malformed) {
            text = text.map(|text| text.chars().take(text.chars().count() / 2).collect());
        }
        if text.is_none() {
            answer.thoughts = request.max_output_tokens.unwrap_or(thoughts).min(thoughts.max(1));
        }
        let signed = answer.thoughts > 0 && text.is_some();
        let signature =
            signed.then(|| data_encoding::BASE64.encode(format!("stand-in {}", answer.id).as_bytes()));
        answer.candidate = Some(Candidate { text, signature, finish });
        answer
    }

    fn say(&self, question: &Question) -> String {
        match &self.request.format {
            Format::Text => intent::answer(question),
            Format::Json(Some(schema)) => schema::instance(schema, question).to_string(),
            Format::Json(None) => json!({"answer": intent::answer(question)}).to_string(),
        }
    }

    /// What is said within the token limit, and why it ends; nothing when thinking has used that up.
    fn bounded(&self, words: Option<String>, thoughts: u64) -> (Option<String>, &'static str) {
        let limit = self.request.max_output_tokens.unwrap_or(self.model.output_limit);
        if thoughts >= limit {
            return (None, "MAX_TOKENS");
        }
        let text = words.unwrap_or_else(|| self.say(&Question::read(&self.request.contents)));
        if count(&text) <= limit - thoughts {
            return (Some(text), "STOP");
        }
        let room = usize::try_from((limit - thoughts).saturating_mul(4)).unwrap_or(usize::MAX);
        (Some(text.chars().take(room).collect()), "MAX_TOKENS")
    }
}

pub(super) fn count_tokens(call: &Call, name: &str) -> Result<Response, ApiError> {
    models::resolve(name, &call.version, "countTokens")?;
    let body = call.json()?;
    let kind = if call.vertex.is_some() { "VertexCountTokensRequest" } else { "CountTokensRequest" };
    spelling::check(body, kind, "")?;
    let request = body.field("generateContentRequest").unwrap_or(body);
    if request.items("contents").is_empty() {
        return Err(ApiError::invalid("* CountTokensRequest.contents: contents is not specified\n"));
    }
    let tokens = Tokens::of(request);
    Ok(respond::ok(&json!({"totalTokens": tokens.total(), "promptTokensDetails": tokens.details()})))
}
