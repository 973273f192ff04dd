//! What has happened, as the world saw it: what invariants are judged by.

use std::collections::{BTreeMap, BTreeSet};

use domain::{DayFigures, Decision, Effect, EffectState, MAX_ATTEMPTS, Task, TaskId, TaskStatus, Timestamp};
use serde_json::Value;

use super::{EnvId, World};

/// What the keys of the figures of days begin with.
pub(crate) const FIGURES: &str = "stats:";

/// What has happened.
#[derive(Debug, Default)]
pub struct History {
    /// Tasks whose senders were told that they are taken in, and when.
    pub promised: BTreeMap<TaskId, Timestamp>,
    /// Senders that gave up: what they sent was never promised.
    pub unpromised: u64,
    /// The tasks of each event of the plan.
    pub tasks_of_event: BTreeMap<usize, BTreeSet<TaskId>>,
    /// How often people have asked for another try.
    pub retries: BTreeMap<TaskId, u32>,
    /// Comments of ours.
    pub publications: Vec<Publication>,
    /// Answers of models that were billed.
    pub paid: Vec<Paid>,
    /// What answer models were shown, by task.
    pub shown: Vec<(TaskId, String)>,
    /// What triage was shown, by task.
    pub triaged: Vec<(TaskId, String)>,
    /// When a model was asked last for each task.
    pub asked: BTreeMap<TaskId, Timestamp>,
    /// When each task began to wait last.
    pub waits: BTreeMap<TaskId, Timestamp>,
    /// How many processors a task has killed in its present life.
    pub killed: BTreeMap<TaskId, u32>,
    /// Tasks of which a part was damaged where it is stored.
    pub damaged: BTreeSet<TaskId>,
    /// Those of them whose body was, or what their receiver was told: nobody knows where their result was to go, or
    /// which it was.
    pub results_damaged: BTreeSet<TaskId>,
    /// Ends that were written.
    pub ends: Vec<End>,
    /// Ends that a write has counted of which nobody has heard yet: they may be counted again. By its number.
    pub unheard: BTreeMap<usize, BTreeMap<String, u64>>,
    /// Writes of figures that were made.
    pub counts: usize,
    /// Beginnings of new lives: when somebody sent an ended task around again.
    pub lives: Vec<(TaskId, Timestamp)>,
    /// Decisions that were written, and when.
    pub decisions: Vec<(TaskId, Decision, Timestamp)>,
    /// What people were told that they have done.
    pub acknowledged: Vec<Acknowledged>,
    /// What was posted to receivers.
    pub callbacks: Vec<Callback>,
    /// How often a task's processor died, or a model failed it, in its present life.
    pub hardships: BTreeMap<TaskId, u32>,
    /// Claims that ended without a word, and were put down to their tasks.
    pub at_fault: BTreeSet<(TaskId, u64)>,
    /// Claims whose last write failed.
    pub unwritten: BTreeSet<(TaskId, u64)>,
    /// Intents whose write failed, for a planted bug that keeps them.
    pub unsent: BTreeMap<TaskId, Effect>,
    /// What must not happen, seen when it did.
    pub violations: Vec<Violation>,
}

/// A comment that we have written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// For which task.
    pub task: TaskId,
    /// Which of its effects.
    pub effect: String,
    /// In which thread.
    pub thread: String,
    /// What it says.
    pub text: String,
    /// When it landed.
    pub at: Timestamp,
}

/// A billed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// For which task.
    pub task: TaskId,
    /// For which step.
    pub step: String,
    /// In which round.
    pub round: u32,
    /// The text that came out.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// An end of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Of which task.
    pub task: TaskId,
    /// Which end.
    pub status: TaskStatus,
    /// The beginning of the life that it ends.
    pub opened_at: Timestamp,
    /// When it was written.
    pub at: Timestamp,
    /// Which environment has written that it counts it in the figures of the day.
    pub counted_by: Option<EnvId>,
}

/// Something that a person was told to have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// To which task.
    pub task: TaskId,
    /// `approve`, `reject` or `retry`.
    pub what: &'static str,
    /// On which draft.
    pub draft_hash: String,
    /// By whom.
    pub by: &'static str,
    /// When it was answered.
    pub at: Timestamp,
}

/// A post to a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// About which task.
    pub task: TaskId,
    /// Its `webhook-id`.
    pub id: String,
    /// The status that it tells.
    pub status: String,
    /// Its body.
    pub body: String,
    /// When it came.
    pub at: Timestamp,
}

/// Something that must not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant that does not hold.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

impl History {
    /// The figures of a day were written: `now` in place of `before`. The number of the write.
    pub(crate) fn counted(&mut self, before: Option<Value>, now: &Value) -> usize {
        let mut more = DayFigures::read(now.clone()).ended;
        let before = before.map(|before| DayFigures::read(before).ended).unwrap_or_default();
        for (status, count) in &mut more {
            *count = count.saturating_sub(before.get(status).copied().unwrap_or_default());
        }
        self.counts += 1;
        self.unheard.insert(self.counts, more);
        self.counts
    }

    /// `env` counts the end of the present life of `task`.
    fn counted_by(&mut self, task: &Task, env: EnvId) {
        let mut ends = self.ends.iter_mut().rev();
        if let Some(end) = ends.find(|end| end.task == task.id && end.opened_at == task.doc.opened_at) {
            end.counted_by = Some(env);
        }
    }

    /// Whoever made that write knows it.
    pub(crate) fn counts_heard(&mut self, number: Option<usize>) {
        if let Some(number) = number {
            self.unheard.remove(&number);
        }
    }

    /// A real failure of `task`.
    pub(crate) fn hardship(&mut self, task: &TaskId) {
        *self.hardships.entry(task.clone()).or_default() += 1;
    }

    /// Decisions on drafts of `task` that were written until `at`.
    pub fn decisions_on(&self, task: &TaskId, at: Timestamp) -> impl Iterator<Item = &Decision> {
        let of_task = self.decisions.iter().filter(move |(id, _, written)| id == task && *written <= at);
        of_task.map(|(_, decision, _)| decision)
    }
}

/// Whether `effect` may have happened, and nobody knows.
pub(crate) fn is_intent(effect: &&Effect) -> bool {
    matches!(effect.state, EffectState::Intended { .. })
}

/// Whether whoever wrote `task`, or somebody before, counts its end.
fn counts(task: &Task) -> bool {
    task.doc.follow_up.as_ref().is_none_or(|follow_up| follow_up.counted)
}

impl World {
    /// The environment that worked on `held` has died, or stood still until nobody could tell the difference. Whoever was
    /// alone in it is at fault, as far as anybody can tell; and so is whoever had begun to run alone, beside others that
    /// had not.
    pub(crate) fn crashed(&self, held: &[TaskId]) {
        let began_alone: Vec<&TaskId> = held.iter().filter(|id| self.tasks.runs_alone(id)).collect();
        let at_fault = match (held, began_alone.as_slice()) {
            ([alone], _) => alone,
            (_, [alone]) => *alone,
            _ => return,
        };
        self.note(|| format!("   {at_fault} is at fault, of {held:?}"));
        self.put_present_down_to(at_fault);
    }

    /// Whoever claims `task` by a clock that says `now` may take it from a run that has begun alone, and whose lease goes
    /// on by its own clock: nothing tells that from a run that died.
    pub(crate) fn taken_early(&self, task: &TaskId, now: Timestamp) {
        let Some((holder, until)) = self.tasks.held_alone(task) else { return };
        if now >= until && self.clock(holder).now() < until {
            self.note(|| {
                format!("   {task} is taken from {} before its lease is over", self.name_of(holder))
            });
            self.put_present_down_to(task);
        }
    }

    /// Whoever claims `task` from a run that had begun alone and could not write what came of it: nothing tells that from a
    /// run that died.
    pub(crate) fn told_nothing(&self, claimed: &Task) {
        let before = claimed.control.fence.saturating_sub(1);
        let is_alone = claimed.doc.alone_fence == before && claimed.doc.settled_fence < before;
        if is_alone && self.history().unwritten.contains(&(claimed.id.clone(), before)) {
            self.put_down_to(&claimed.id, before);
        }
    }

    /// Puts the end of the present claim of `task` down to it.
    fn put_present_down_to(&self, task: &TaskId) {
        self.put_down_to(task, self.tasks.get(task).map_or(0, |task| task.control.fence));
    }

    /// Puts the end of the claim `fence` of `task` down to it: once, whatever ends it.
    fn put_down_to(&self, task: &TaskId, fence: u64) {
        let mut history = self.history();
        if history.at_fault.insert((task.clone(), fence)) {
            history.hardship(task);
        }
    }

    /// Something happened that must not.
    pub(crate) fn violated(&self, invariant: &'static str, what: String) {
        self.note(|| format!("** {invariant}: {what}"));
        self.history().violations.push(Violation { invariant, what });
    }

    /// `task` kills `env`, which works on it. The first time may be put down to its neighbours, no other. Whoever has lost
    /// it meanwhile, standing still, dies of an earlier try, perhaps of an earlier life.
    pub(crate) fn poisoned(&self, env: EnvId, task: &TaskId) {
        if !self.tasks.has_holder(task, env) {
            return;
        }
        let killed = {
            let mut history = self.history();
            let killed = history.killed.entry(task.clone()).or_default();
            *killed += 1;
            *killed
        };
        if killed > MAX_ATTEMPTS + 1 {
            self.violated("a task kills no more processors than it has tries", format!("{task}: {killed}"));
        }
    }

    /// A place in the model's queue that a task was promised is good for its next question, whatever comes between.
    fn watch_slot(&self, before: Option<&Task>, after: &Task) {
        let Some(before) = before else { return };
        let is_gone = before.doc.slot.is_some() && after.doc.slot.is_none();
        if !is_gone
            || after.control.status != TaskStatus::Waiting
            || before.doc.opened_at != after.doc.opened_at
        {
            return;
        }
        let since = self.history().waits.get(&after.id).copied();
        let asked = self.history().asked.get(&after.id).copied();
        if asked < since {
            let why = after.doc.timeline.last().map_or("", |entry| entry.note.as_str());
            self.violated("a promised slot is kept", format!("{} lost its slot to: {why}", after.id));
        }
    }

    /// A task was written in `env`.
    pub(crate) fn written(&self, env: EnvId, before: Option<&Task>, after: &Task) {
        let was = before.map(|task| task.control.status);
        let (status, id, doc) = (after.control.status, &after.id, &after.doc);
        let is_new_life = before.is_some_and(|task| task.doc.opened_at != doc.opened_at);
        self.watch_slot(before, after);
        if was == Some(TaskStatus::Processing) && status != TaskStatus::Processing {
            let is_unsafe = |effect: &&Effect| before.is_some_and(|task| task.effect(&effect.name).is_none());
            for effect in doc.effects.iter().filter(is_intent).filter(is_unsafe) {
                let what = format!("{id} is {status}, and its intent to {} was never safe", effect.name);
                self.violated("no doubt about what was never sent", what);
            }
        }
        let mut history = self.history();
        if is_new_life {
            history.hardships.remove(id);
            history.killed.remove(id);
            let began = self.now();
            history.lives.push((id.clone(), began));
        }
        if status.is_end() && (was != Some(status) || is_new_life) {
            let at = self.now();
            let counted_by = counts(after).then_some(env);
            history.ends.push(End { task: id.clone(), status, opened_at: doc.opened_at, at, counted_by });
        } else if before.is_some_and(|before| !counts(before)) && counts(after) {
            history.counted_by(after, env);
        }
        if status == TaskStatus::Waiting {
            let at = self.now();
            history.waits.insert(id.clone(), at);
        }
        let known = before.and_then(|task| task.doc.decision.as_ref());
        if let Some(decision) = doc.decision.as_ref().filter(|decision| known != Some(decision)) {
            let at = self.now();
            history.decisions.push((id.clone(), decision.clone(), at));
        }
        drop(history);
        if was != Some(status) {
            self.note(|| {
                let why = doc.timeline.last().map_or("", |entry| entry.note.as_str());
                format!("   {id} is {status}: {why}")
            });
            self.noticed(after);
        }
    }
}
