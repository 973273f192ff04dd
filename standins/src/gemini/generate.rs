//! `generateContent`, `streamGenerateContent` and `countTokens`.

use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answer, Candidate, Content, Usage};
use super::builder::Scripted;
use super::errors::ApiError;
use super::faults::Fault;
use super::json::Fields;
use super::log::{InFlight, ReceivedRequest};
use super::models::{self, Kind, Model};
use super::question::Question;
use super::request::{Format, Request};
use super::respond;
use super::router::{Call, trouble};
use super::shared::Shared;
use super::tokens::{Tokens, count};
use super::{canned, schema, stream};
use crate::kit::lock;

/// Answers `generateContent` and `streamGenerateContent`.
pub(super) async fn handle(
    shared: &Arc<Shared>,
    call: &Call,
    name: &str,
    verb: &str,
    mut faults: Vec<Fault>,
    received: &ReceivedRequest,
    in_flight: InFlight,
) -> Result<Response, ApiError> {
    let model = models::resolve(name, &call.version, verb, shared.now())?;
    let prepared = prepare(shared, call.json()?, model)?;
    if prepared.cache.is_some() && faults.contains(&Fault::CacheGone) {
        return Err(super::caches::gone());
    }
    shared.take_quota(model.name, prepared.prompt().total())?;
    think(shared.latency(), call).await?;
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
    let answer = prepared.answer(shared, words, &faults);
    let billed = answer.billed();
    let mut response = if verb == "streamGenerateContent" {
        if call.query("alt") != Some("sse") {
            return Err(ApiError::invalid("The stand-in streams as server-sent events alone: add alt=sse."));
        }
        stream::respond(&answer, &faults, in_flight)
    } else {
        unary(&answer, &faults)?
    };
    response.extensions_mut().insert(billed);
    Ok(response)
}

fn unary(answer: &Answer, faults: &[Fault]) -> Result<Response, ApiError> {
    if faults.contains(&Fault::MidStream) {
        return Err(stream::broken());
    }
    if faults.contains(&Fault::Truncated) {
        return Ok(respond::truncated(&answer.body()));
    }
    Ok(respond::ok(&answer.body()))
}

/// Takes the time of the latency, cut short by the deadline that the caller gave the server.
async fn think(latency: Duration, call: &Call) -> Result<(), ApiError> {
    let deadline = call.header("x-server-timeout").parse().ok().map(Duration::from_secs);
    let Some(deadline) = deadline.filter(|deadline| *deadline < latency) else {
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        return Ok(());
    };
    tokio::time::sleep(deadline).await;
    Err(ApiError::new(504, "Deadline expired before operation could complete."))
}

/// A request that passed all checks, with the cache it builds on.
pub(super) struct Prepared {
    model: &'static Model,
    request: Request,
    /// The tokens of its cache.
    cache: Option<Tokens>,
}

/// Checks a request body.
pub(super) fn prepare(shared: &Shared, body: &Value, model: &'static Model) -> Result<Prepared, ApiError> {
    Request::check_cache(body)?;
    let request = Request::parse(body, model)?;
    let cache = match &request.cache {
        Some(name) => Some(lock(&shared.caches).tokens(name, model, shared.now())?),
        None => None,
    };
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
        let (request, id) = (&self.request, shared.id(22));
        let thoughts = match request.thinking {
            0 => 0,
            base => base + (self.prompt().total() / 64).min(64),
        };
        let mut answer = Answer {
            candidates: Vec::new(),
            usage: Usage {
                prompt: self.prompt(),
                cached: self.cache,
                candidates: 0,
                thoughts,
                tier: request.tier,
            },
            model: self.model.name,
            id,
        };
        if faults.contains(&Fault::Blocked) {
            answer.usage.thoughts = 0;
            return answer;
        }
        let candidate = self.candidate(words, faults, &answer);
        if candidate.content == Content::NoParts && candidate.finish == "MAX_TOKENS" {
            answer.usage.thoughts = request.max_output_tokens.unwrap_or(thoughts).min(thoughts.max(1));
        }
        let tokens = match &candidate.content {
            Content::Text(text) => count(text),
            Content::NoParts | Content::Nothing => 0,
        };
        answer.usage.candidates = tokens.saturating_mul(request.candidates);
        answer.candidates = (0..request.candidates).map(|_| candidate.clone()).collect();
        answer
    }

    fn candidate(&self, words: Option<String>, faults: &[Fault], answer: &Answer) -> Candidate {
        let question = Question::read(&self.request.contents);
        let content = Content::Text(words.unwrap_or_else(|| self.say(&question)));
        let (content, finish) = self.bounded(content, answer.usage.thoughts);
        let (content, finish) = spoilt(content, finish, &self.request.format, faults);
        let signed = self.model.kind == Kind::Levels && answer.usage.thoughts > 0;
        let signature = (signed && matches!(content, Content::Text(_)))
            .then(|| data_encoding::BASE64.encode(format!("stand-in {}", answer.id).as_bytes()));
        Candidate { content, signature, finish }
    }

    fn say(&self, question: &Question) -> String {
        match &self.request.format {
            Format::Text => canned::answer(question),
            Format::Json(Some(schema)) => schema::instance(schema, question).to_string(),
            Format::Json(None) => json!({"answer": canned::answer(question)}).to_string(),
        }
    }

    /// Cuts the text at stop sequences and at the token limit.
    fn bounded(&self, content: Content, thoughts: u64) -> (Content, &'static str) {
        let limit = self.request.max_output_tokens.unwrap_or(u64::MAX).min(self.model.output_limit);
        if thoughts >= limit {
            return (Content::NoParts, "MAX_TOKENS");
        }
        let Content::Text(mut text) = content else { return (content, "STOP") };
        if let Some(end) = self
            .request
            .stop
            .iter()
            .filter(|s| !s.is_empty())
            .filter_map(|stop| text.find(stop.as_str()))
            .min()
        {
            text.truncate(end);
        }
        if count(&text) <= limit - thoughts {
            return (Content::Text(text), "STOP");
        }
        let room = usize::try_from((limit - thoughts).saturating_mul(4)).unwrap_or(usize::MAX);
        (Content::Text(text.chars().take(room).collect()), "MAX_TOKENS")
    }
}

/// What the faults make of a good answer.
fn spoilt(
    content: Content,
    finish: &'static str,
    format: &Format,
    faults: &[Fault],
) -> (Content, &'static str) {
    let mut spoilt = (content, finish);
    for fault in faults {
        spoilt = match (fault, spoilt.0) {
            (Fault::MaxTokens, _) => (Content::NoParts, "MAX_TOKENS"),
            (Fault::Empty, _) => (Content::Nothing, "STOP"),
            (Fault::Safety, _) => (Content::NoParts, "SAFETY"),
            (Fault::Recitation, _) => (Content::NoParts, "RECITATION"),
            (Fault::UnknownFinish, content) => (content, "UNHEARD_OF_REASON"),
            (Fault::Malformed, Content::Text(text)) => {
                let half = text.chars().count() / 2;
                (Content::Text(text.chars().take(half).collect()), "STOP")
            }
            (Fault::OffSchema, Content::Text(_)) if *format != Format::Text => {
                (Content::Text(off_schema(format)), "STOP")
            }
            (_, content) => (content, spoilt.1),
        };
    }
    spoilt
}

/// JSON of another type than the schema asks for.
fn off_schema(format: &Format) -> String {
    let wanted = match format {
        Format::Json(Some(schema)) => schema.string("type").unwrap_or("object").to_lowercase(),
        _ => "object".to_owned(),
    };
    if wanted == "array" { r#"{"unexpected":true}"# } else { r#"["unexpected"]"# }.to_owned()
}

/// Answers `countTokens`.
pub(super) fn count_tokens(shared: &Shared, call: &Call, name: &str) -> Result<Response, ApiError> {
    models::resolve(name, &call.version, "countTokens", shared.now())?;
    let body = call.json()?;
    let request = body.field("generateContentRequest").unwrap_or(body);
    if request.items("contents").is_empty() {
        return Err(ApiError::invalid("* CountTokensRequest.contents: contents is not specified\n"));
    }
    let tokens = Tokens::of(request);
    Ok(respond::ok(&json!({"totalTokens": tokens.total(), "promptTokensDetails": tokens.details()})))
}
