//! Calls, configurations and bodies that the tests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::contract::plain_call;
use domain::{
    Clock, Document, Jitter, Model, ModelAnswer, ModelCall, ModelError, ModelFailure, ModelRole,
    OutputFormat, Timestamp, after,
};
use embedded::Embedded;
use gemini::{Config, Gemini, Generation, ModelLimits, Signals};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::server::{Server, Step};

pub(crate) const KEY: &str = "AIza-not-a-real-key";
/// Model names of [`config`].
pub(crate) const TRIAGE: &str = "m-triage";
pub(crate) const ANSWER: &str = "m-answer";
pub(crate) const FALLBACK: &str = "m-fallback";

pub(crate) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub(crate) fn config(base_url: &str) -> Config {
    Config {
        base_url: base_url.to_owned(),
        triage: TRIAGE.to_owned(),
        answer: ANSWER.to_owned(),
        fallback: vec![FALLBACK.to_owned()],
        generation: short(),
        triage_generation: short(),
        ..Config::new(Some(SecretString::from(KEY)))
    }
}

/// Bounds answers so that they are not streamed.
fn short() -> Generation {
    Generation { max_output_tokens: 4_096, ..Generation::default() }
}

/// One model, so that nothing falls back.
pub(crate) fn alone(base_url: &str) -> Config {
    Config { fallback: vec![], ..config(base_url) }
}

/// Limits of the answer model.
pub(crate) fn with_limits(config: Config, limits: ModelLimits) -> Config {
    Config { limits: [(ANSWER.to_owned(), limits)].into(), ..config }
}

pub(crate) fn with_retries(config: Config, retries: u32) -> Config {
    with_limits(config, ModelLimits { retries, ..ModelLimits::default() })
}

pub(crate) fn limited(base_url: &str, limits: ModelLimits) -> Config {
    with_limits(alone(base_url), limits)
}

/// Limits without retries in place.
pub(crate) fn once() -> ModelLimits {
    ModelLimits { retries: 0, ..ModelLimits::default() }
}

pub(crate) fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What comes of `then` while `call` is under way, which has no answer.
pub(crate) async fn during<T>(
    model: &Gemini,
    call: &ModelCall,
    server: &Server,
    then: impl Future<Output = T>,
) -> T {
    let arrived = async {
        server.arrival().await;
        then.await
    };
    tokio::select! {
        _ = model.generate(call) => panic!("the model hangs"),
        came = arrived => came,
    }
}

/// A model whose clock stands at [`now`] and whose jitter is the shortest.
pub(crate) fn gemini(config: Config) -> Gemini {
    let store = Embedded::in_memory(Clock::fixed(now())).unwrap().stores().state;
    Gemini::new(config, store, Signals::none(), Clock::fixed(now()), Jitter::fixed(0.0)).unwrap()
}

/// Another one each time: identical questions share one answer.
fn question() -> String {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    format!("PRIVATE-QUESTION {}", ASKED.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn call() -> ModelCall {
    ModelCall {
        system: "You maintain a project.".to_owned(),
        documents: vec![Document { name: "faq.md".to_owned(), text: "Ask away.".to_owned() }],
        deadline: after(now(), seconds(120)),
        ..plain_call(&question())
    }
}

pub(crate) fn triage() -> ModelCall {
    ModelCall { role: ModelRole::Triage, ..call() }
}

/// Wants `{"n": <whole number>}`.
pub(crate) fn structured() -> ModelCall {
    let check = |value: &Value| match value["n"].is_u64() {
        true => Ok(()),
        false => Err("`n` must be a whole number".to_owned()),
    };
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    ModelCall { output: OutputFormat::Json { schema, check: Arc::new(check) }, ..call() }
}

pub(crate) async fn answered(server: &Server, call: &ModelCall) -> ModelAnswer {
    gemini(config(&server.url)).generate(call).await.unwrap()
}

/// The error of the one model, without fallbacks.
pub(crate) async fn failed(server: &Server) -> ModelError {
    gemini(alone(&server.url)).generate(&call()).await.unwrap_err()
}

pub(crate) async fn failure_of(steps: impl IntoIterator<Item = Step>) -> ModelFailure {
    let server = Server::start(steps).await;
    failed(&server).await.failure
}

/// A complete answer.
pub(crate) fn says(text: &str) -> Step {
    ends("STOP", text)
}

/// The body of a complete answer.
pub(crate) fn whole_answer() -> &'static str {
    r#"{"candidates":[{"content":{"parts":[{"text":"Hi."}]},"finishReason":"STOP"}]}"#
}

/// The same with `besides`.
pub(crate) fn says_hi(besides: Value) -> Step {
    let mut body: Value = serde_json::from_str(whole_answer()).unwrap();
    body.as_object_mut().unwrap().extend(besides.as_object().cloned().unwrap());
    Step::Json(200, body)
}

/// An answer that ends for `reason`.
pub(crate) fn ends(reason: &str, text: &str) -> Step {
    Step::Json(
        200,
        json!({
            "candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": reason, "index": 0}],
            "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 100, "totalTokenCount": 1100},
            "modelVersion": "gemini-3.8-flash", "responseId": "r"
        }),
    )
}

pub(crate) fn error(code: u16, message: &str, details: Value) -> Step {
    let word = if code == 404 { "NOT_FOUND" } else { "WORD" };
    Step::Json(code, json!({"error": {"code": code, "message": message, "status": word, "details": details}}))
}

pub(crate) fn bare(status: u16) -> Step {
    error(status, "Something is wrong.", json!([]))
}

pub(crate) fn leaked() -> Step {
    error(403, "Your API key was reported as leaked. Please use another API key.", json!([]))
}

/// 429 with a violated quota and, perhaps, a time.
pub(crate) fn throttled(quota: &str, retry_delay: Option<&str>) -> Step {
    let mut details = vec![json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaId": quota, "quotaValue": "10"}]})];
    let info = |delay| json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay});
    details.extend(retry_delay.map(info));
    error(429, "You exceeded your current quota.", json!(details))
}

pub(crate) const PER_MINUTE: &str = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier";
pub(crate) const PER_DAY: &str = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
