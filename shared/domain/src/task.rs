//! [`Task`]: everything that is remembered of one event, except the large parts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::after;
use crate::task_doc::TimelineEntry;
use crate::{
    DraftOrigin, Effect, EffectState, IllegalMove, NewTask, StepUsage, TaskDoc, TaskError, TaskId,
    TaskStatus, Timestamp, clip,
};

/// The source of tasks that somebody has asked for without a webhook (`POST /tasks`).
pub const API_SOURCE: &str = "api";
/// Tries that count before a task fails.
pub const MAX_ATTEMPTS: u32 = 5;
/// Days that a task may stay unfinished; a day less than the queues' retention.
pub const MAX_OPEN_DAYS: i64 = 13;
/// Days that a task is kept after it was received.
pub const RETENTION_DAYS: i64 = 30;
/// Every unfinished task is due for something, and a sweep sees to it within a minute. One that has been due for so long
/// has fallen out of the system: it was accepted, has not ended, and nothing will happen to it.
pub const FORGOTTEN: Duration = Duration::from_secs(15 * 60);

const DAY: Duration = Duration::from_secs(86_400);

/// Entries a timeline keeps: the first ones and the latest.
const TIMELINE_HEAD: usize = 4;
const TIMELINE_CAP: usize = 24;
/// Bytes a note keeps; the task item must stay under 8 KB.
const NOTE_BYTES: usize = 200;
/// Bytes that the latest note has: why a task waits, and how to mend that, is read whole.
const LATEST_NOTE_BYTES: usize = 1_000;
/// Steps whose usage is listed one by one.
const USAGE_CAP: usize = 12;

/// A task: the event's address, and all that happened since.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// What claims and wake-ups change.
    pub control: Control,
    /// The rest.
    pub doc: TaskDoc,
}

/// The fields that conditional writes look at; stores keep each as a field of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// Where the task stands.
    pub status: TaskStatus,
    /// Rises by one on every write: the condition of the next one.
    pub revision: u64,
    /// Rises by one on every claim and never falls.
    pub fence: u64,
    /// Real tries; a claim adds one, an orderly deferral gives it back.
    pub attempts: u32,
    /// Who works on it, and until when; `None` unless `processing`.
    pub lease: Option<Lease>,
    /// No claim before this; `None` unless `waiting`.
    pub not_before: Option<Timestamp>,
    /// When the sweeper looks at it next; `None` once it has ended, every message says so, and its follow-up is done.
    pub due_at: Option<Timestamp>,
    /// Time of the last write.
    pub updated_at: Timestamp,
}

/// The right to work on a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Unique to the attempt: the same claim sent twice by a retrying client is one claim.
    pub owner: String,
    /// The end; past it anybody may claim.
    pub until: Timestamp,
}

impl Task {
    /// Whether the holder of the console token called `name` has requested it (`POST /tasks`).
    #[must_use]
    pub fn is_requested_by(&self, name: &str) -> bool {
        self.doc.source == API_SOURCE && self.doc.actor.eq_ignore_ascii_case(name)
    }

    /// A task as it is first stored: `received`, due for a look by the sweeper at `due_at`.
    #[must_use]
    pub fn received(id: TaskId, new: NewTask, now: Timestamp, due_at: Timestamp) -> Self {
        let mut task = Self {
            id,
            control: Control {
                status: TaskStatus::Received,
                revision: 1,
                fence: 0,
                attempts: 0,
                lease: None,
                not_before: None,
                due_at: Some(due_at),
                updated_at: now,
            },
            doc: TaskDoc::new(new, now),
        };
        task.note(now, "stored");
        task
    }

    /// A task that ends before it began, because its event could not be read: kept so that nothing
    /// is lost, and retried by a person once the reader is mended. A processor sees to what follows its end.
    #[must_use]
    pub fn unreadable(id: TaskId, new: NewTask, now: Timestamp, error: TaskError) -> Self {
        let mut task = Self::received(id, new, now, now);
        task.control.status = TaskStatus::Failed;
        task.record_follow_up(now);
        task.set_due_for_notices(now, None);
        task.note(now, &error.message);
        task.doc.error = Some(error);
        task
    }

    /// Moves the task to `to`, and keeps the rules that tie the control fields to the status: a lease only while
    /// `processing`, `not_before` only while `waiting`, no `due_at` at an end unless a message is still to say how it
    /// ended or the follow-up is still to be done.
    ///
    /// # Errors
    /// [`IllegalMove`] when the life of a task has no such move; the task is unchanged then.
    pub fn transition(&mut self, to: TaskStatus, now: Timestamp, note: &str) -> Result<(), IllegalMove> {
        self.control.status.check_move(to)?;
        self.control.status = to;
        self.control.updated_at = now;
        if to != TaskStatus::Processing {
            self.control.lease = None;
        }
        if to != TaskStatus::Waiting {
            self.control.not_before = None;
        }
        if to.is_end() {
            self.set_due_for_notices(now, None);
        }
        self.note(now, note);
        Ok(())
    }

    /// Adds a line to the timeline, dropping lines from its middle when it is full.
    pub fn note(&mut self, at: Timestamp, note: &str) {
        let timeline = &mut self.doc.timeline;
        if timeline.len() >= TIMELINE_CAP {
            timeline.remove(TIMELINE_HEAD);
        }
        if let Some(before) = timeline.last_mut() {
            before.note.truncate(clip(&before.note, NOTE_BYTES).len());
        }
        let note = clip(note, LATEST_NOTE_BYTES).to_owned();
        timeline.push(TimelineEntry { at, status: self.control.status, note });
    }

    /// Adds the usage of a model call, folding the oldest into the totals when the list is full.
    pub fn add_usage(&mut self, usage: StepUsage) {
        let doc = &mut self.doc;
        doc.cost_unknown |= usage.cost_usd.is_none();
        if doc.usage.len() >= USAGE_CAP {
            let oldest = doc.usage.remove(0);
            doc.older_tokens += oldest.tokens();
            doc.older_cost_usd += oldest.cost_usd.unwrap_or(0.0);
        }
        doc.usage.push(usage);
    }

    /// Whether a stand-in has played the model, so that nothing was paid.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.doc.usage.iter().any(crate::StepUsage::is_simulated)
    }

    /// US dollars spent; `None` when nothing was spent or a price is not known.
    #[must_use]
    pub fn cost_usd(&self) -> Option<f64> {
        if self.doc.cost_unknown || self.doc.usage.is_empty() {
            return None;
        }
        let listed: f64 = self.doc.usage.iter().filter_map(|usage| usage.cost_usd).sum();
        Some(listed + self.doc.older_cost_usd)
    }

    /// Prompt, output and thought tokens of all calls.
    #[must_use]
    pub fn tokens_used(&self) -> u64 {
        self.doc.older_tokens + self.doc.usage.iter().map(StepUsage::tokens).sum::<u64>()
    }

    /// The ledger entry called `name`.
    #[must_use]
    pub fn effect(&self, name: &str) -> Option<&Effect> {
        self.doc.effects.iter().find(|effect| effect.name == name)
    }

    /// The hash of the draft as the agent wrote it: the one that a person has seen, where they made another of it.
    #[must_use]
    pub fn drafted_hash(&self) -> Option<&str> {
        let draft = self.doc.draft.as_ref()?;
        let seen = self.doc.decision.as_ref().filter(|_| draft.from == DraftOrigin::Person);
        Some(seen.map_or(&draft.hash, |decision| &decision.draft_hash))
    }

    /// Writes `effect` into the ledger, in place of an older entry of its name.
    pub fn set_effect(&mut self, effect: Effect) {
        match self.doc.effects.iter_mut().find(|known| known.name == effect.name) {
            Some(known) => *known = effect,
            None => self.doc.effects.push(effect),
        }
    }

    /// Whether some outside effect may have happened without a proof of it.
    #[must_use]
    pub fn has_open_intent(&self) -> bool {
        self.doc.effects.iter().any(|effect| matches!(effect.state, EffectState::Intended { .. }))
    }

    /// Whether no sweep sees to it: it is due for nothing, or has been for longer than [`FORGOTTEN`].
    #[must_use]
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        self.control.due_at.is_none_or(|due| after(due, FORGOTTEN) <= now)
    }

    /// Whether it is under way, and nothing will happen to it: it is forgotten, and nobody works on it.
    #[must_use]
    pub fn is_lost(&self, now: Timestamp) -> bool {
        let is_held = self.control.lease.as_ref().is_some_and(|lease| lease.until > now);
        self.control.status.is_claimable() && self.is_forgotten(now) && !is_held
    }

    /// When a task that is unfinished fails for its age alone. What a person has approved is given a day more
    /// from then on: an approval that was accepted is carried out.
    #[must_use]
    pub fn gives_up_at(&self) -> Timestamp {
        let by_age = after(self.doc.opened_at, days(MAX_OPEN_DAYS));
        let approved = self.doc.decision.as_ref().filter(|decision| decision.publish_hash.is_some());
        approved.map_or(by_age, |decision| by_age.max(after(decision.at, DAY)))
    }

    /// When the sweeper gives an unfinished task up. A processor has a day more to find out what became of an effect.
    /// `None` if its receiver may know the result already: a processor alone can read it, and end the task with it, however
    /// late.
    #[must_use]
    pub fn swept_up_at(&self) -> Option<Timestamp> {
        let gives_up_at = self.gives_up_at();
        let at = if self.has_open_intent() { after(gives_up_at, DAY) } else { gives_up_at };
        (!self.doc.reported).then_some(at)
    }

    /// Until when a person can retry it: its raw body is forgotten soon after.
    #[must_use]
    pub fn retried_until(&self) -> Timestamp {
        after(self.doc.received_at, days(RETENTION_DAYS))
    }

    /// When the stores may forget its parts: a task that is retried on its last day may still be open
    /// for as long as any other, and needs its payload until then.
    #[must_use]
    pub fn parts_forgotten_at(&self) -> Timestamp {
        after(self.forgotten_at(), days(MAX_OPEN_DAYS + 1))
    }

    /// When the stores may forget it.
    #[must_use]
    pub fn forgotten_at(&self) -> Timestamp {
        after(self.doc.opened_at, days(RETENTION_DAYS))
    }
}

fn days(count: i64) -> Duration {
    Duration::from_secs(count.unsigned_abs() * DAY.as_secs())
}
