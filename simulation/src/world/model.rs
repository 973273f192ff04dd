//! The model: slow, dear, and not always there.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Deferral, Exchange, Model, ModelAnswer, ModelCall, ModelError, ModelFailure, ModelRole, PartKey,
    StepUsage, TaskId, after,
};
use serde_json::json;

use super::port::Operation;
use super::senders::event_number;
use super::{Mishap, Paid, Port, Ports, World, lock};
use crate::scenario::Nature;

/// A thought takes so long, milliseconds.
const THOUGHT: std::ops::Range<u64> = 200..9_000;
/// What each of its calls costs, US dollars.
const PRICE: f64 = 0.001;

/// What the models remember.
#[derive(Default)]
pub(crate) struct Models {
    answers: Mutex<u64>,
    natures: Mutex<BTreeMap<TaskId, Nature>>,
}

#[async_trait]
impl Model for Ports {
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        let nature = self.world.nature_of(&call.task_id);
        let about = format!("{} of {}", call.step, call.task_id);
        let operation = Operation::write(Port::Model, "ask", &about);
        self.world.note(|| format!("{} asks for the {about}", self.who()));
        self.may_ask(call);
        let left = domain::between(self.world.clock(self.env).now(), call.deadline);
        let thought = self.world.millis(THOUGHT).min(left);
        match self.draw(Port::Model, true) {
            Some(Mishap::FailBefore) => return Err(self.unavailable(call)),
            Some(Mishap::CrashBefore) => return self.die(&operation, "before").await,
            Some(Mishap::Hang) => {
                self.pause(left).await;
                return Err(self.lost(call));
            }
            Some(Mishap::Slow) => self.pause(Duration::from_secs(45).min(left)).await,
            Some(Mishap::FailAfter) => {
                self.pause(thought).await;
                self.answer(call, nature);
                return Err(self.lost(call));
            }
            Some(Mishap::CrashAfter) => {
                self.pause(thought).await;
                self.answer(call, nature);
                return self.die(&operation, "after").await;
            }
            Some(Mishap::Twice) | None => {}
        }
        self.pause(thought).await;
        match nature {
            Nature { poison: true, .. } if call.role == ModelRole::Answer => {
                self.die(&operation, "of it: it").await
            }
            Nature { blocked: true, .. } => Err(failed(call, ModelFailure::Blocked, "blocked")),
            _ => Ok(self.answer(call, nature)),
        }
    }
}

impl Ports {
    fn answer(&self, call: &ModelCall, nature: Nature) -> ModelAnswer {
        let number = {
            let mut answers = lock(&self.world.models.answers);
            *answers += 1;
            *answers
        };
        let (text, value) = match call.role {
            ModelRole::Triage => {
                let verdict =
                    json!({"intent": "bug_report", "confidence": nature.confidence(), "spam": nature.spam});
                (verdict.to_string(), Some(verdict))
            }
            ModelRole::Answer => (format!("Thank you. This is answer number {number}."), None),
        };
        self.paid(call, &text);
        let exchange = Exchange {
            step: call.step.clone(),
            model: "simulated".to_owned(),
            request: json!({}),
            response: json!({}),
            at: self.world.now(),
        };
        ModelAnswer { text, value, usage: vec![usage(&call.step)], exchanges: vec![exchange] }
    }

    /// What is saved is never asked for again.
    fn may_ask(&self, call: &ModelCall) {
        let world = &self.world;
        let (id, step) = (&call.task_id, &call.step);
        let Some(task) = world.tasks.get(id) else { return };
        let saved = match call.role {
            ModelRole::Triage => task.doc.classification.is_some(),
            ModelRole::Answer => world.parts.has(id, &PartKey::step(task.doc.round, step)),
        };
        if saved {
            let what = format!("{step} of {id} in round {}", task.doc.round);
            world.violated("no saved step is paid twice", what);
        }
    }

    /// Writes down what was billed.
    fn paid(&self, call: &ModelCall, text: &str) {
        let (task, step, text) = (call.task_id.clone(), call.step.clone(), text.to_owned());
        let round = self.world.tasks.get(&task).map_or(0, |task| task.doc.round);
        let mut history = self.world.history();
        if call.role == ModelRole::Answer {
            let turns: Vec<&str> = call.turns.iter().map(|turn| turn.text.as_str()).collect();
            history.shown.push((task.clone(), turns.join("\n")));
        }
        history.paid.push(Paid { task, step, round, text, at: self.world.now() });
    }

    /// Certainly not asked.
    fn unavailable(&self, call: &ModelCall) -> ModelError {
        let now = self.world.clock(self.env).now();
        let slot = Some(after(now, self.world.millis(500..120_000)));
        let (why, not_before) = match self.world.between(0..6) {
            0 => (Deferral::Quota, slot),
            1 => (Deferral::Budget, slot),
            2 => (Deferral::Busy, None),
            3 => (Deferral::OutOfTime, None),
            4 => (Deferral::Unavailable, slot),
            _ => (Deferral::Unavailable, None),
        };
        failed(call, ModelFailure::Defer { why, not_before }, "the world is at fault")
    }

    /// Asked, and no answer came.
    fn lost(&self, call: &ModelCall) -> ModelError {
        self.world.history().hardship(&call.task_id);
        failed(call, ModelFailure::Retry, "no answer came")
    }
}

fn failed(call: &ModelCall, failure: ModelFailure, message: &str) -> ModelError {
    ModelError {
        step: call.step.clone(),
        failure,
        message: message.to_owned(),
        usage: Vec::new(),
        exchanges: Vec::new(),
    }
}

fn usage(step: &str) -> StepUsage {
    StepUsage {
        step: step.to_owned(),
        model: "simulated".to_owned(),
        prompt_tokens: 100,
        cached_tokens: 0,
        output_tokens: 20,
        thought_tokens: 0,
        cost_usd: Some(PRICE),
        saved_usd: None,
        attempts: 1,
        ms: 1,
    }
}

impl World {
    /// What the model makes of a task, by the number of its event, which stands in its body.
    pub(crate) fn nature_of(&self, task: &TaskId) -> Nature {
        if let Some(known) = lock(&self.models.natures).get(task) {
            return *known;
        }
        let number = event_number(&self.body_of(task));
        let nature = number.map(|number| self.scenario.nature_of(number)).unwrap_or_default();
        lock(&self.models.natures).insert(task.clone(), nature);
        nature
    }
}

impl super::History {
    /// Whether a model was shown `text` for `task`.
    #[must_use]
    pub fn was_shown(&self, task: &TaskId, text: &str) -> bool {
        self.shown.iter().any(|(id, shown)| id == task && shown.contains(text))
    }
}
