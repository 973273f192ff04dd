//! [`TaskDoc`]: the part of a task that stores keep as one document, and its types.

use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{Decision, DraftRef, Effect, FollowUp, Notice, Priority, StepUsage, TaskStatus, Timestamp, clip};

/// Bytes a message keeps; the task item must stay under 8 KB.
const MESSAGE_BYTES: usize = 1_000;
/// Bytes that a title keeps.
const TITLE_BYTES: usize = 160;
/// Bytes that the beginning of a question keeps, without the sign that it was cut.
const ASKED_BYTES: usize = 600;
/// Bytes that an address may have.
const LINK_BYTES: usize = 500;
/// Bytes of a text by a person or an automation that are kept in the task item.
pub const WORDS_BYTES: usize = 2_000;

/// The part of a task that only its holder (or the one who decides) writes.
///
/// A field that holds its default value is left out where it is stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
    /// The time at which the model can be asked again, as it said when it deferred the task.
    #[serde(default, skip_serializing_if = "is_default")]
    pub slot: Option<Timestamp>,
    /// Milliseconds of work in former claims.
    #[serde(default, skip_serializing_if = "is_default")]
    pub worked_ms: f64,
    /// Fresh messages that the sweeper has sent since the last claim that got the task on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub wakes: u32,
    /// Rises when a person asks for a new draft: saved steps of former rounds are not used again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub round: u32,
    /// What the person who asked for a new draft said.
    #[serde(default, skip_serializing_if = "is_default")]
    pub retry_note: Option<String>,
    /// Random: what the fences around untrusted text are called in its prompts. `None` until it is first worked on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub nonce: Option<String>,
    /// Since when no model is available for it; `None` once one has answered. Stored as `shut_since`, its first name.
    #[serde(rename = "shut_since", default, skip_serializing_if = "is_default")]
    pub model_down_since: Option<Timestamp>,
    /// Hash of the draft that replaced a model's answer. A decision on it is carried out without asking a model
    /// again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stand_in: Option<String>,
    /// The version of the agent that asked a model about it last: `AgentVersion::id`. `None` until it is first
    /// worked on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub version: Option<String>,
    /// Whether it was drafted for show, by a source in `mode = "shadow"`: nothing of it was published.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shadow: bool,
    /// What triage made of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub classification: Option<Classification>,
    /// The draft, without its text.
    #[serde(default, skip_serializing_if = "is_default")]
    pub draft: Option<DraftRef>,
    /// The automation's question that the draft belongs to; `None` for the reply. A decision on a question is no
    /// decision on the reply.
    #[serde(default, skip_serializing_if = "is_default")]
    pub question: Option<String>,
    /// When the parked draft expires.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires_at: Option<Timestamp>,
    /// What a person said about the draft.
    #[serde(default, skip_serializing_if = "is_default", serialize_with = "without_nulls")]
    pub decision: Option<Decision>,
    /// Who made the latest write of those that only one can win: the request of a decision or retry, or the receive of
    /// a message that a follow-up was counted for. Without it, two of them within one millisecond would be equal
    /// writes, which a store takes for one write sent twice.
    #[serde(default, rename = "decided_in", skip_serializing_if = "is_default")]
    pub written_in: Option<String>,
    /// What it is about, in one line of its sender. Untrusted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub title: Option<String>,
    /// The beginning of what was asked, for messages that ask people about its draft; `None` until one is parked. Untrusted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub asked: Option<String>,
    /// Where a person can look at the conversation.
    #[serde(default, skip_serializing_if = "is_default")]
    pub thread_url: Option<String>,
    /// The messages that ask people about its drafts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notices: Vec<Notice>,
    /// What is still to be done after an end that no processor made. Stored as `aftermath`, its first name.
    #[serde(rename = "aftermath", default, skip_serializing_if = "is_default")]
    pub follow_up: Option<FollowUp>,
    /// Whether the result that is posted to its receiver is saved, and the receiver may know it: the task then
    /// ends as that result says.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reported: bool,
    /// The fence of the last claim that ended with a write. A later claim before the present one ended without
    /// a word: its processor died.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settled_fence: u64,
    /// Whether its processor died: it runs alone until a run has come to more than an orderly deferral, so that it
    /// harms no other task and no other task harms it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub runs_alone: bool,
    /// The fence of the last claim that began to run alone: if that one ends without a word, it is the task's own
    /// fault.
    #[serde(default, skip_serializing_if = "is_default")]
    pub alone_fence: u64,
    /// The part of the last model call whose cost is in `usage` ([`crate::PartKey::call`]). A later one by an earlier claim
    /// was made by a processor that died before it could write so.
    #[serde(default, skip_serializing_if = "is_default")]
    pub counted_call: Option<String>,
    /// The kinds of the errors that its counted tries have ended with since somebody decided last, in their order. A
    /// counted try that is missing here ended without a word.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failed_tries: Vec<String>,
    /// The ledger of outside effects.
    #[serde(default, skip_serializing_if = "is_default")]
    pub effects: Vec<Effect>,
    /// How it ended well.
    #[serde(default, skip_serializing_if = "is_default")]
    pub result: Option<TaskResult>,
    /// Model calls.
    #[serde(default, skip_serializing_if = "is_default", serialize_with = "without_nulls")]
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
    #[serde(default, skip_serializing_if = "is_default", serialize_with = "without_nulls")]
    pub error: Option<TaskError>,
    /// What happened when; capped.
    #[serde(default, skip_serializing_if = "is_default")]
    pub timeline: Vec<TimelineEntry>,
    /// The document as it was found, if it was damaged: see [`Task::stored`](crate::Task::stored).
    #[serde(default, skip_serializing_if = "is_default")]
    pub damaged: Option<String>,
    /// The format of a document that an earlier version cannot read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub format: u32,
}

/// What holds its default value is not stored: every write of an item is billed by its size.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Serializes `value` without its `null`s, which the public view of the same types shows. Only for types that
/// hold no JSON of somebody else: there a `null` has a meaning.
fn without_nulls<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let mut value = serde_json::to_value(value).map_err(S::Error::custom)?;
    drop_nulls(&mut value);
    value.serialize(serializer)
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
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

impl TaskDoc {
    pub(crate) fn new(new: NewTask, now: Timestamp) -> Self {
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
            ..Self::default()
        }
    }
}

impl TaskDoc {
    /// What it was made of.
    #[must_use]
    pub fn as_new(self) -> NewTask {
        NewTask {
            source: self.source,
            event: self.event,
            tenant: self.tenant,
            thread: self.thread,
            actor: self.actor,
            priority: self.priority,
            metadata: self.metadata,
            content_type: self.content_type,
            event_hint: self.event_hint,
        }
    }

    /// Keeps what the sender says of it, for people: its heading or else the first line of its text, and its address if
    /// that is one of the web.
    pub fn introduce(&mut self, title: Option<&str>, text: &str, link: Option<&str>) {
        let mut lines = title.into_iter().chain(text.lines()).map(str::trim);
        let first = lines.find(|line| !line.is_empty());
        self.title = first.map(|line| clip(line, TITLE_BYTES).to_owned());
        let link = link.filter(|link| link.starts_with("https://") && link.len() <= LINK_BYTES);
        self.thread_url = link.map(str::to_owned);
    }

    /// Keeps the beginning of what was asked.
    pub fn note_asked(&mut self, text: &str) {
        let text = text.trim();
        let begin = clip(text, ASKED_BYTES);
        let cut = if begin.len() < text.len() { "…" } else { "" };
        self.asked = Some(format!("{begin}{cut}")).filter(|asked| !asked.is_empty());
    }
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::new_task;
    use crate::{
        Closed, DraftOrigin, EffectState, NoticeState, Origin, Outcome, Proof, Task, TaskId, TaskResult, view,
    };

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn task() -> Task {
        let metadata = Map::from_iter([("theirs".to_owned(), Value::Null)]);
        let new = NewTask { metadata, ..new_task("github") };
        Task::received(TaskId::derive("github", b"1"), new, NOW, NOW)
    }

    /// Why a task waits ends with how to mend it; and its item must stay small however often it is put off.
    #[test]
    fn the_latest_note_is_whole_and_those_before_it_are_their_beginnings() {
        let (mut task, why) =
            (task(), format!("unavailable: {} make another key", "the key leaked; ".repeat(30)));
        for _ in 0..40 {
            task.note(NOW, &why);
        }
        assert_eq!(task.doc.timeline.last().unwrap().note, why);
        let bytes: usize = task.doc.timeline.iter().map(|entry| entry.note.len()).sum();
        assert!(bytes < 24 * 200 + 1_000, "{bytes}");
    }

    /// A task each of whose parts lacks everything that it can lack.
    fn bare_task() -> Task {
        let mut task = task();
        let doc = &mut task.doc;
        doc.classification = Some(Classification {
            intent: "bug".to_owned(),
            confidence: 0.5,
            parameters: json!({"theirs": null}),
        });
        doc.draft = Some(DraftRef { hash: "h".to_owned(), from: DraftOrigin::Model, parked_because: None });
        doc.decision = Some(Decision {
            outcome: Outcome::Rejected,
            by: "mona".to_owned(),
            from: Some(Origin::CONSOLE),
            at: NOW,
            draft_hash: "h".to_owned(),
            publish_hash: None,
            reason: None,
        });
        let closed = Closed { outcome: None, by: "mona".to_owned(), from: None, at: NOW };
        doc.notices = [None, Some(closed)]
            .map(|closed| Notice {
                name: "approval:1".to_owned(),
                draft_hash: "h".to_owned(),
                since: NOW,
                state: NoticeState::Wanted,
                closed,
            })
            .into();
        let proof = Proof { id: "1".to_owned(), url: None };
        doc.effects = vec![Effect {
            name: "reply".to_owned(),
            content: None,
            state: EffectState::Done { at: NOW, proof },
        }];
        let output = TaskOutput::Text("done".to_owned());
        doc.result = Some(TaskResult { success: true, output, output_url: None, execution_time_ms: 1.0 });
        doc.usage = vec![StepUsage {
            step: "triage".to_owned(),
            model: "m".to_owned(),
            prompt_tokens: 1,
            cached_tokens: 0,
            output_tokens: 1,
            thought_tokens: 0,
            cost_usd: None,
            saved_usd: None,
            attempts: 1,
            ms: 1,
        }];
        doc.error = Some(TaskError::new("publish", "refused", "no"));
        task
    }

    #[test]
    fn a_stored_task_has_no_null_but_those_of_others_and_reads_back() {
        let doc = bare_task().doc;
        let mut stored = serde_json::to_value(&doc).unwrap();
        assert_eq!(serde_json::from_value::<TaskDoc>(stored.clone()).unwrap(), doc);
        for theirs in ["/metadata", "/classification/parameters"] {
            assert_eq!(stored.pointer_mut(theirs).unwrap().take(), json!({"theirs": null}));
        }
        stored["metadata"] = json!({});
        stored["classification"]["parameters"] = json!({});
        assert!(!stored.to_string().contains("null"), "{stored}");
    }

    #[test]
    fn nulls_that_earlier_versions_stored_are_read() {
        let doc = bare_task().doc;
        let mut stored = serde_json::to_value(&doc).unwrap();
        for (part, field) in [
            ("/draft", "parked_because"),
            ("/decision", "publish_hash"),
            ("/decision", "reason"),
            ("/decision/from", "ip"),
            ("/notices/0", "closed"),
            ("/notices/1/closed", "outcome"),
            ("/notices/1/closed", "from"),
            ("/effects/0/proof", "url"),
            ("/result", "output_url"),
            ("/usage/0", "cost_usd"),
            ("/usage/0", "saved_usd"),
            ("/error", "automation"),
        ] {
            stored.pointer_mut(part).unwrap()[field] = Value::Null;
        }
        assert_eq!(serde_json::from_value::<TaskDoc>(stored).unwrap(), doc);
    }

    #[test]
    fn the_public_view_keeps_its_nulls() {
        let shown = serde_json::to_value(view(&bare_task(), None)).unwrap();
        for place in [
            "/not_before",
            "/draft/parked_because",
            "/decision/publish_hash",
            "/decision/reason",
            "/decision/from/ip",
            "/result/output_url",
            "/usage/0/cost_usd",
            "/error/automation",
        ] {
            assert_eq!(shown.pointer(place), Some(&Value::Null), "{place}: {shown}");
        }
    }

    #[test]
    fn stored_names_outlive_those_in_the_code() {
        let mut doc = task().doc;
        let earlier = serde_json::to_value(&doc).unwrap();
        let since = "2026-11-20T10:00:00Z";
        doc.model_down_since = Some(since.parse().unwrap());
        doc.follow_up = Some(FollowUp { due_at: NOW, counted: true, tries: 2 });
        let mut stored = earlier;
        stored["shut_since"] = json!(since);
        stored["aftermath"] = json!({"due_at": NOW, "counted": true, "tries": 2});
        assert_eq!(serde_json::to_value(&doc).unwrap(), stored);
        assert_eq!(serde_json::from_value::<TaskDoc>(stored).unwrap(), doc);
    }
}
