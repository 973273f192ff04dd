//! A model that answers by a script.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Deferral, Exchange, Model, ModelAnswer, ModelCall, ModelError, ModelFailure, ModelRole, OutputFormat,
    StepUsage, Timestamp,
};
use serde_json::{Value, json};

/// What the scripted model does next.
#[derive(Clone)]
pub enum Say {
    /// Sorts the event.
    Triage {
        /// As this intent.
        intent: &'static str,
        /// From 0 to 1.
        confidence: f64,
        /// Whether it takes it for spam.
        spam: bool,
    },
    /// Answers with this text.
    Text(&'static str),
    /// Answers with this value, as it is.
    Json(Value),
    /// Panics, as a fault of ours would.
    Panic,
    /// Fails.
    Fail(ModelFailure),
    /// Never answers.
    Hang,
}

/// A model that answers by a script, and without one sorts all as `bug_report` and is polite.
#[derive(Default)]
pub struct ScriptedModel {
    /// What it does next.
    pub script: Mutex<VecDeque<Say>>,
    /// What it was asked.
    pub calls: Mutex<Vec<ModelCall>>,
    /// How long it takes.
    pub delay: Mutex<Duration>,
    /// The thread whose calls are never answered.
    pub poison: Mutex<Option<&'static str>>,
    /// Whether its requests name a context cache in place of persona and documents.
    pub cached: Mutex<bool>,
    /// Why no call is answered at present, whatever the script says.
    pub down: Mutex<Option<Deferral>>,
}

fn usage(step: &str) -> StepUsage {
    StepUsage {
        step: step.to_owned(),
        model: "gemini-3.8-flash".to_owned(),
        prompt_tokens: 100,
        cached_tokens: 0,
        output_tokens: 20,
        thought_tokens: 3,
        cost_usd: Some(0.001),
        saved_usd: None,
        attempts: 1,
        ms: 5,
    }
}

fn exchange(call: &ModelCall, cached: bool) -> Exchange {
    let request = if cached {
        json!({"step": call.step, "cachedContent": "cachedContents/c1"})
    } else {
        json!({"step": call.step})
    };
    Exchange {
        step: call.step.clone(),
        model: "gemini-3.8-flash".to_owned(),
        request,
        response: json!({}),
        at: Timestamp::UNIX_EPOCH,
    }
}

#[async_trait]
impl Model for ScriptedModel {
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        self.calls.lock().unwrap().push(call.clone());
        let poison = *self.poison.lock().unwrap();
        if poison == Some(call.thread.as_str()) {
            return std::future::pending().await;
        }
        let delay = *self.delay.lock().unwrap();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let cached = *self.cached.lock().unwrap();
        let next = match *self.down.lock().unwrap() {
            Some(why) => Say::Fail(ModelFailure::Defer { why, not_before: None }),
            None => self.script.lock().unwrap().pop_front().unwrap_or_else(|| default_of(call)),
        };
        match next {
            Say::Triage { intent, confidence, spam } => {
                let value = json!({"intent": intent, "confidence": confidence, "spam": spam});
                Ok(answer(call, cached, value.to_string(), Some(value)))
            }
            Say::Json(value) => Ok(answer(call, cached, value.to_string(), Some(value))),
            Say::Text(text) => Ok(answer(call, cached, text.to_owned(), None)),
            Say::Fail(failure) => Err(ModelError {
                step: call.step.clone(),
                failure,
                message: "scripted: Unable to process input image.".to_owned(),
                usage: Vec::new(),
                exchanges: vec![exchange(call, cached)],
            }),
            Say::Panic => panic!("scripted"),
            Say::Hang => std::future::pending().await,
        }
    }
}

fn answer(call: &ModelCall, cached: bool, text: String, value: Option<Value>) -> ModelAnswer {
    ModelAnswer { text, value, usage: vec![usage(&call.step)], exchanges: vec![exchange(call, cached)] }
}

fn default_of(call: &ModelCall) -> Say {
    match (&call.role, &call.output) {
        (ModelRole::Triage, OutputFormat::Json { schema, .. }) if schema["type"] == "array" => {
            Say::Json(verdicts(schema["minItems"].as_u64().unwrap()))
        }
        (ModelRole::Triage, _) => Say::Triage { intent: "bug_report", confidence: 0.9, spam: false },
        (ModelRole::Answer, _) => Say::Text("Thanks, we look into it."),
    }
}

/// Triage answers on that many events.
pub fn verdicts(events: u64) -> Value {
    (1..=events)
        .map(|index| json!({"index": index, "intent": "bug_report", "confidence": 0.9, "spam": false}))
        .collect()
}

/// Triage finds the intent `bug_report`, with these parameters for its automation.
pub fn found(confidence: f64, parameters: Value) -> Say {
    let parameters = json!({"bug_report": parameters});
    Say::Json(
        json!({"intent": "bug_report", "confidence": confidence, "spam": false, "parameters": parameters}),
    )
}
