//! [`Task`]: everything that is remembered of one event, but for the large parts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

use crate::clock::after;
use crate::{
    Aftermath, Decision, DraftRef, Effect, IllegalMove, Notice, Priority, StepUsage, TaskId, TaskStatus,
    Timestamp, clip,
};

/// The source of tasks that somebody has asked for without a webhook (`POST /tasks`).
pub const API_SOURCE: &str = "api";
/// Tries that count before a task fails.
pub const MAX_ATTEMPTS: u32 = 5;
/// Days that a task may stay unfinished; a day less than the queues' retention.
pub const MAX_OPEN_DAYS: i64 = 13;
/// Days that a task is kept after it was received.
pub const RETENTION_DAYS: i64 = 30;

/// Entries a timeline keeps: the first ones and the latest.
const TIMELINE_HEAD: usize = 4;
const TIMELINE_CAP: usize = 24;
/// Bytes a note or message keeps; the task item must stay under 8 KB.
const NOTE_BYTES: usize = 200;
const MESSAGE_BYTES: usize = 1_000;
/// Bytes that the words of a person, or of an automation, keep within the task item.
pub const WORDS_BYTES: usize = 2_000;
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
    /// When the sweeper looks at it next; `None` once it has ended, every message says so, and nothing is
    /// owed any more.
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

/// The part of a task that only its holder (or the one who decides) writes.
///
/// A field that holds its default value is left out where it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskDoc {
    /// Name of the source in agent.toml.
    pub source: String,
    /// Kind and action, such as `issues.opened`.
    pub event: String,
    /// Whose share of queue, quota and budget it uses; 1 to 256 bytes.
    pub tenant: String,
    /// The conversation; 1 to 256 bytes.
    pub thread: String,
    /// Who caused it.
    pub actor: String,
    /// How urgent it is.
    pub priority: Priority,
    /// Small facts that travel with it.
    pub metadata: Map<String, Value>,
    /// When ingest stored it.
    pub received_at: Timestamp,
    /// Start of its present life: `received_at`, or the latest retry.
    pub opened_at: Timestamp,
    /// Media type of the raw body.
    pub content_type: String,
    /// The sender's unsigned word for the kind of event (such as `X-GitHub-Event`): a hint to the
    /// parser, never trusted above the body.
    #[serde(default, skip_serializing_if = "is_default")]
    pub event_hint: Option<String>,
    /// Deferrals in a row: the exponent of the next delay.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deferrals: u32,
    /// The time at which the model can be asked, as it told when it put the task off.
    #[serde(default, skip_serializing_if = "is_default")]
    pub slot: Option<Timestamp>,
    /// Whether the reply was counted against the cap of its thread.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reply_counted: bool,
    /// Milliseconds of work in former claims.
    #[serde(default, skip_serializing_if = "is_default")]
    pub worked_ms: f64,
    /// Fresh messages that the sweeper has sent since the last claim that came to something.
    #[serde(default, skip_serializing_if = "is_default")]
    pub wakes: u32,
    /// Rises when a person asks for a new draft: saved steps of former rounds count no more.
    #[serde(default, skip_serializing_if = "is_default")]
    pub round: u32,
    /// What the person who asked for a new draft said.
    #[serde(default, skip_serializing_if = "is_default")]
    pub retry_note: Option<String>,
    /// Since when no model can be had for it; `None` once one has answered.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shut_since: Option<Timestamp>,
    /// Hash of the draft that stood in for a model's answer: a decision on it is carried out without
    /// asking a model again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stand_in: Option<String>,
    /// What triage made of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub classification: Option<Classification>,
    /// The draft, without its text.
    #[serde(default, skip_serializing_if = "is_default")]
    pub draft: Option<DraftRef>,
    /// What the draft answers, when it is not the reply: the question of an automation to a person. A
    /// decision on it is no decision on the reply.
    #[serde(default, skip_serializing_if = "is_default")]
    pub question: Option<String>,
    /// When the parked draft expires.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires_at: Option<Timestamp>,
    /// What a person said about the draft.
    #[serde(default, skip_serializing_if = "is_default")]
    pub decision: Option<Decision>,
    /// The request of the latest decision or retry. Without it two people's equal decisions within
    /// one millisecond would be the same write, which a store takes for one that was sent twice.
    #[serde(default, skip_serializing_if = "is_default")]
    pub decided_in: Option<String>,
    /// Where a person can look at the conversation.
    #[serde(default, skip_serializing_if = "is_default")]
    pub thread_url: Option<String>,
    /// The messages that ask people about its drafts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notices: Vec<Notice>,
    /// What is owed after an end that no processor has made.
    #[serde(default)]
    pub aftermath: Option<Aftermath>,
    /// The ledger of outside effects.
    #[serde(default, skip_serializing_if = "is_default")]
    pub effects: Vec<Effect>,
    /// How it ended well.
    #[serde(default, skip_serializing_if = "is_default")]
    pub result: Option<TaskResult>,
    /// Model calls.
    #[serde(default, skip_serializing_if = "is_default")]
    pub usage: Vec<StepUsage>,
    /// Tokens of the calls that no longer fit into `usage`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub older_tokens: u64,
    /// Money of the calls that no longer fit into `usage`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub older_cost_usd: f64,
    /// Whether some call has no known price.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cost_unknown: bool,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "is_default")]
    pub error: Option<TaskError>,
    /// What happened when; capped.
    #[serde(default, skip_serializing_if = "is_default")]
    pub timeline: Vec<TimelineEntry>,
}

/// What holds its default value is not stored: every write of an item is billed by its size.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What triage made of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Classification {
    /// Name of an intent of agent.toml.
    pub intent: String,
    /// 0 to 1.
    pub confidence: f64,
    /// What the automation of that intent asked for.
    pub parameters: Value,
}

/// How a task ended well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskResult {
    /// Whether the automation did what was asked.
    pub success: bool,
    /// What it has to show.
    pub output: TaskOutput,
    /// Where to look at it.
    pub output_url: Option<String>,
    /// Milliseconds of work, waiting not counted.
    pub execution_time_ms: f64,
}

/// The output of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOutput {
    /// The draft with this hash, as published.
    Draft(String),
    /// A short text.
    Text(String),
}

/// What went wrong, for the person who reads the task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TaskError {
    /// The step at which it happened.
    pub step: String,
    /// The automation that ran, if one did.
    pub automation: Option<String>,
    /// A stable word for programs, such as `blocked_prompt`.
    pub kind: String,
    /// What happened and how to mend it.
    pub message: String,
}

impl TaskError {
    /// An error at `step`, before or outside any automation.
    pub fn new(step: impl Into<String>, kind: impl Into<String>, message: impl AsRef<str>) -> Self {
        Self {
            step: step.into(),
            automation: None,
            kind: kind.into(),
            message: clip(message.as_ref(), MESSAGE_BYTES).to_owned(),
        }
    }
}

/// One line of a task's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// The status it had from then on.
    pub status: TaskStatus,
    /// What happened.
    pub note: String,
}

/// What ingest knows when it makes a task.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Name of the source.
    pub source: String,
    /// Kind and action.
    pub event: String,
    /// 1 to 256 bytes.
    pub tenant: String,
    /// 1 to 256 bytes.
    pub thread: String,
    /// Who caused it.
    pub actor: String,
    /// How urgent it is.
    pub priority: Priority,
    /// Small facts that travel with it.
    pub metadata: Map<String, Value>,
    /// Media type of the raw body.
    pub content_type: String,
    /// The sender's unsigned word for the kind of event.
    pub event_hint: Option<String>,
}

impl Task {
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
    /// is lost, and retried by a person once the reader is mended.
    #[must_use]
    pub fn stillborn(id: TaskId, new: NewTask, now: Timestamp, error: TaskError) -> Self {
        let mut task = Self::received(id, new, now, now);
        task.control.status = TaskStatus::Failed;
        task.control.due_at = None;
        task.note(now, &error.message);
        task.doc.error = Some(error);
        task
    }

    /// Moves the task to `to`, keeping the rules that tie the control fields to the status:
    /// a lease only while `processing`, `not_before` only while `waiting`, no `due_at` at an end unless
    /// a message is still to say how it ended, or something is owed after it.
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
        let note = clip(note, NOTE_BYTES).to_owned();
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

    /// Writes `effect` into the ledger, in place of an older entry of its name.
    pub fn set_effect(&mut self, effect: Effect) {
        match self.doc.effects.iter_mut().find(|known| known.name == effect.name) {
            Some(known) => *known = effect,
            None => self.doc.effects.push(effect),
        }
    }

    /// When a task that is unfinished fails for its age alone.
    #[must_use]
    pub fn gives_up_at(&self) -> Timestamp {
        after(self.doc.opened_at, Duration::from_secs(MAX_OPEN_DAYS.unsigned_abs() * 86_400))
    }

    /// When the stores may forget its parts: a task that is retried on its last day may still be open
    /// for as long as any other, and needs its payload until then.
    #[must_use]
    pub fn parts_forgotten_at(&self) -> Timestamp {
        let open = Duration::from_secs((MAX_OPEN_DAYS.unsigned_abs() + 1) * 86_400);
        after(self.forgotten_at(), open)
    }

    /// When the stores may forget it.
    #[must_use]
    pub fn forgotten_at(&self) -> Timestamp {
        after(self.doc.opened_at, Duration::from_secs(RETENTION_DAYS.unsigned_abs() * 86_400))
    }
}

impl TaskDoc {
    fn new(new: NewTask, now: Timestamp) -> Self {
        Self {
            source: new.source,
            event: new.event,
            tenant: new.tenant,
            thread: new.thread,
            actor: new.actor,
            priority: new.priority,
            metadata: new.metadata,
            received_at: now,
            opened_at: now,
            content_type: new.content_type,
            event_hint: new.event_hint,
            deferrals: 0,
            slot: None,
            reply_counted: false,
            worked_ms: 0.0,
            wakes: 0,
            round: 0,
            retry_note: None,
            shut_since: None,
            stand_in: None,
            classification: None,
            draft: None,
            question: None,
            expires_at: None,
            decision: None,
            decided_in: None,
            thread_url: None,
            notices: Vec::new(),
            aftermath: None,
            effects: Vec::new(),
            result: None,
            usage: Vec::new(),
            older_tokens: 0,
            older_cost_usd: 0.0,
            cost_unknown: false,
            error: None,
            timeline: Vec::new(),
        }
    }
}
