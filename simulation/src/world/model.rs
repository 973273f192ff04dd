//! What thinks: the real model plane of an environment, with an eye on who asks it for what.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::{Model, ModelAnswer, ModelCall, ModelError, ModelFailure, ModelRole, PartKey, TaskId};

use super::senders::event_number;
use super::{Ports, World, lock};
use crate::scenario::Nature;

thread_local! {
    static ASKING: RefCell<Option<Arc<Asking>>> = const { RefCell::new(None) };
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) task: TaskId,
    pub(crate) step: String,
    pub(crate) role: ModelRole,
}

/// The call in the middle of which this is asked.
pub(crate) fn asking() -> Option<Arc<Asking>> {
    ASKING.with_borrow(Clone::clone)
}

/// The natures of tasks, as far as they are known.
#[derive(Default)]
pub(crate) struct Natures(Mutex<BTreeMap<TaskId, Nature>>);

/// The model plane of one environment.
pub(crate) struct Thinking {
    pub(crate) ports: Arc<Ports>,
    pub(crate) plane: Arc<dyn Model>,
}

#[async_trait]
impl Model for Thinking {
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        let (ports, world) = (&self.ports, &self.ports.world);
        world.note(|| format!("{} asks for the {} of {}", ports.who(), call.step, call.task_id));
        ports.may_ask(call);
        world.history().asked.insert(call.task_id.clone(), world.now());
        let asking =
            Arc::new(Asking { task: call.task_id.clone(), step: call.step.clone(), role: call.role });
        let mut plane = self.plane.generate(call);
        let outcome = poll_fn(move |context| {
            let before = ASKING.replace(Some(Arc::clone(&asking)));
            let polled = plane.as_mut().poll(context);
            ASKING.set(before);
            polled
        })
        .await;
        if let Err(error) = &outcome {
            world.note(|| format!("{} gets no {} of {}: {error:?}", ports.who(), call.step, call.task_id));
            if matches!(error.failure, ModelFailure::Retry) {
                world.history().hardship(&call.task_id);
            }
        }
        outcome
    }

    async fn write_left(&self, patience: Duration) {
        let world = &self.ports.world;
        world.troubles.writes_left(self.ports.env, world.now());
        if !self.ports.bugs().leaves_unwritten() {
            self.plane.write_left(patience).await;
        }
    }
}

impl Ports {
    /// What is saved is never asked for again by who has the task. Whoever stood still, or whose clock is behind, and
    /// lost it meanwhile may be about to ask when it goes on, or store later what it was answered: nothing could keep
    /// it from that.
    fn may_ask(&self, call: &ModelCall) {
        let world = &self.world;
        let (id, step) = (&call.task_id, &call.step);
        let Some(task) = world.tasks.get(id).filter(|_| world.tasks.has_holder(id, self.env)) else { return };
        let saved = match call.role {
            ModelRole::Triage => task.doc.classification.is_some(),
            ModelRole::Answer => world.parts.was_there(id, &PartKey::step(task.doc.round, step)),
        };
        if saved {
            let what = format!("{step} of {id} in round {}", task.doc.round);
            world.violated("no saved step is paid twice", what);
        }
    }
}

impl World {
    /// What the model makes of a task, by the number of its event, which stands in its body.
    pub(crate) fn nature_of(&self, task: &TaskId) -> Nature {
        if let Some(known) = lock(&self.natures.0).get(task) {
            return *known;
        }
        let number = event_number(&self.body_of(task));
        let nature = number.map(|number| self.scenario.nature_of(number)).unwrap_or_default();
        lock(&self.natures.0).insert(task.clone(), nature);
        nature
    }
}

impl super::History {
    /// Whether an answer model was asked for `task`.
    #[must_use]
    pub fn was_asked(&self, task: &TaskId) -> bool {
        self.shown.iter().any(|(id, _)| id == task)
    }

    /// Whether an answer model was shown `text` for `task`.
    #[must_use]
    pub fn was_shown(&self, task: &TaskId, text: &str) -> bool {
        self.shown.iter().any(|(id, shown)| id == task && shown.contains(text))
    }

    /// Whether triage was shown `text` for `task`.
    #[must_use]
    pub fn was_triaged(&self, task: &TaskId, text: &str) -> bool {
        self.triaged.iter().any(|(id, shown)| id == task && shown.contains(text))
    }
}
