//! Gemini, as its API answers: slow, dear, and not always there.

use std::fmt::from_fn;
use std::time::Duration;

use domain::ModelRole;
use gemini::wire::UsageMetadata;
use serde_json::{Value, json};
use simulated::{NoAnswer, Request};

use super::ledger::Bill;
use super::model::Asking;
use super::network::Reply;
use super::port::Operation;
use super::{Mishap, Paid, Port, Ports, World};
use crate::scenario::Nature;

pub(crate) use super::model::asking;

/// Where Google serves its models.
pub(super) const HOST: &str = "generativelanguage.googleapis.com";
/// A thought takes so long, milliseconds.
const THOUGHT: std::ops::Range<u64> = 200..9_000;
/// Bytes of a request for one token of a prompt: between these.
const BYTES_PER_TOKEN: std::ops::Range<i64> = 3..6;

/// What a request says.
struct Asked {
    model: String,
    is_stream: bool,
    body: String,
    /// Bytes of the texts of its prompt.
    texts: usize,
    /// Tokens that the answer may have.
    most_output: u64,
}

impl Asked {
    fn read(request: &Request) -> Self {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let body = String::from_utf8_lossy(body).into_owned();
        let path = request.url().path();
        let name = path.rsplit('/').next().unwrap_or(path);
        let model = name.split(':').next().unwrap_or(name).to_owned();
        let json: Value = serde_json::from_str(&body).unwrap_or_default();
        let most_output = json["generationConfig"]["maxOutputTokens"].as_u64().unwrap_or_default();
        let is_stream = name.ends_with(":streamGenerateContent");
        Self { model, is_stream, texts: texts(&json), body, most_output }
    }
}

/// Bytes of all texts in a request.
fn texts(json: &Value) -> usize {
    match json {
        Value::Array(all) => all.iter().map(texts).sum(),
        Value::Object(fields) => {
            let of_field = |(name, value): (&String, &Value)| match value {
                Value::String(text) if name == "text" => text.len(),
                other => texts(other),
            };
            fields.iter().map(of_field).sum()
        }
        _ => 0,
    }
}

/// What an answer says.
struct Said {
    body: Value,
    is_stream: bool,
}

impl Ports {
    /// Gemini's answer to `request`, which is sent for `asking`.
    pub(crate) async fn think(&self, asking: &Asking, request: &Request) -> Result<Reply, NoAnswer> {
        let about = from_fn(|f| write!(f, "{} of {}", asking.step, asking.task));
        let operation = Operation::write(Port::Model, "ask", &about);
        let mishap = self.draw(Port::Model, "ask", true);
        self.world.note(|| format!("{} sends for the {about} {mishap:?}", self.who()));
        let asked = Asked::read(request);
        let mut bill = self.world.open_bill(self.env, asked.body.len(), asked.most_output);
        let _under_way = self.world.under_way(self.env, &asked.model);
        self.connect().await;
        match mishap {
            Some(Mishap::FailBefore) => {
                bill.became_known();
                return self.unavailable();
            }
            Some(Mishap::CrashBefore) => return self.die(&operation, "before").await,
            Some(Mishap::Freeze) => self.stand_still().await,
            // Nothing is billed, and whoever waits cannot know that.
            Some(Mishap::Hang) if self.world.chance(500) => return std::future::pending().await,
            _ => {}
        }
        let nature = self.world.nature_of(&asking.task);
        let said = self.world.answer(asking, &asked, nature, &mut bill);
        match mishap {
            Some(Mishap::Hang) => return std::future::pending().await,
            Some(Mishap::Slow) => self.pause(Duration::from_secs(45)).await,
            _ => {}
        }
        self.pause(self.world.millis(THOUGHT)).await;
        match mishap {
            Some(Mishap::FailAfter) => return Err(NoAnswer::Lost),
            Some(Mishap::CrashAfter) => return self.die(&operation, "after").await,
            _ if nature.poison && asking.role == ModelRole::Answer => {
                self.world.poisoned(self.env, &asking.task);
                return self.die(&operation, "of it: it").await;
            }
            _ => {}
        }
        bill.became_known();
        Ok(said.reply())
    }

    /// Certainly not answered, and not billed.
    fn unavailable(&self) -> Result<Reply, NoAnswer> {
        let error = |status: u16, details: Value| {
            let message = "the world is at fault";
            let body = json!({"error": {"code": status, "message": message, "details": details}});
            Ok(Reply::json(status, &body))
        };
        match self.world.between(0..7) {
            0 => Err(NoAnswer::Unsent),
            1 => error(500, json!([])),
            2 => error(429, json!([])),
            3 => {
                let delay = format!("{}s", self.world.between(1..120));
                let kind = "type.googleapis.com/google.rpc.RetryInfo";
                error(429, json!([{"@type": kind, "retryDelay": delay}]))
            }
            4 => error(502, json!([])),
            _ => error(503, json!([])),
        }
    }
}

impl World {
    /// What the model says, and what is billed for it from the moment at which it was asked.
    fn answer(&self, asking: &Asking, asked: &Asked, nature: Nature, bill: &mut Bill) -> Said {
        let text = match asking.role {
            ModelRole::Triage => {
                json!({"intent": "bug_report", "confidence": nature.confidence(), "spam": nature.spam})
                    .to_string()
            }
            ModelRole::Answer => {
                format!("Thank you. This is answer number {}.", self.history().paid.len() + 1)
            }
        };
        let usage = self.usage(asked, nature);
        let version = version_of(&asked.model);
        self.charge(bill, &asked.model, version, &usage);
        self.paid(asking, &text, &asked.body);
        let mut said = if nature.blocked {
            json!({"promptFeedback": {"blockReason": "SAFETY"}})
        } else {
            let content = json!({"role": "model", "parts": [{"text": text}]});
            json!({"candidates": [{"content": content, "finishReason": "STOP", "index": 0}]})
        };
        said["usageMetadata"] = json!(usage);
        said["modelVersion"] = json!(version);
        Said { body: said, is_stream: asked.is_stream }
    }

    /// What is counted: now and then as many tokens as were allowed. Where tokens are limited a prompt has no more of them
    /// than it is taken for before it is sent: by how much more it has, the limit can be exceeded.
    fn usage(&self, asked: &Asked, nature: Nature) -> UsageMetadata {
        let is_limited = self.scenario.policy.tpm.is_some();
        let bytes = if is_limited { asked.texts } else { asked.body.len() };
        let bytes_per_token = self.between(BYTES_PER_TOKEN) + i64::from(is_limited);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let prompt = u64::try_from(bytes / bytes_per_token).unwrap_or_default();
        let some = u64::try_from(self.between(10..200)).unwrap_or_default();
        let output = if self.chance(150) { asked.most_output } else { some.min(asked.most_output) };
        let output = (!nature.blocked).then_some(output);
        UsageMetadata {
            prompt_token_count: Some(prompt),
            candidates_token_count: output,
            ..UsageMetadata::default()
        }
    }

    /// Writes down what was asked and answered.
    fn paid(&self, asking: &Asking, text: &str, body: &str) {
        let (task, step, text) = (asking.task.clone(), asking.step.clone(), text.to_owned());
        let round = self.tasks.get(&task).map_or(0, |task| task.doc.round);
        let mut history = self.history();
        let shown = match asking.role {
            ModelRole::Answer => &mut history.shown,
            ModelRole::Triage => &mut history.triaged,
        };
        shown.push((task.clone(), body.to_owned()));
        history.paid.push(Paid { task, step, round, text, at: self.now() });
    }
}

impl Said {
    fn reply(&self) -> Reply {
        if !self.is_stream {
            return Reply::json(200, &self.body);
        }
        let body = format!("data: {}\n\n", self.body).into_bytes();
        Reply { status: 200, headers: Vec::new(), body }.with("content-type", "text/event-stream")
    }
}

/// The model behind an alias: the dearest that it may be.
fn version_of(model: &str) -> &'static str {
    match model {
        "gemini-pro-latest" => "gemini-3.1-pro-preview",
        "gemini-flash-lite-latest" => "gemini-3.5-flash-lite",
        _ => "gemini-3.8-flash",
    }
}
