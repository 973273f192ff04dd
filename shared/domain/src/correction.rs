//! [`Correction`]: what a person says would have been right about a task; and [`Reactions`] to its answer.
//!
//! They are labels, kept as parts of the task and never in its item: so none of them can publish, spend, move a task
//! or take a write from the processor that works on it. Nothing is decided by them; they are what cases and figures are
//! made of.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Blob, DecideError, Decider, Origin, PartKey, PayloadStore, PutNew, StoreError, Stores, Task, TaskId,
    TaskOutput, TaskStatus, Timestamp, after, short_sha256,
};

/// What stands for the intent of what triage called spam, and what it ignores such a task with.
pub const SPAM: &str = "spam";
/// What a person says of an event that is not spam.
pub const NOT_SPAM: &str = "not_spam";
/// Corrections of one task: whoever sends more has lost control of a script.
const MAX_CORRECTIONS: usize = 100;
/// How long the lines of a day are kept.
const LOG_KEPT: Duration = Duration::from_secs(35 * 86_400);
const DAY_SECONDS: i64 = 86_400;

/// What a person says of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label<'a> {
    /// The intent that is right.
    Intent(&'a str),
    /// Whether it is spam.
    Spam(bool),
    /// Whether its published answer is good.
    Thumb(Thumb),
}

/// An opinion of a published answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Thumb {
    /// It is good.
    Up,
    /// It is not.
    Down,
}

/// What a correction is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum CorrectionKind {
    /// The intent.
    Intent,
    /// Whether it is spam.
    Spam,
    /// The published answer.
    Thumb,
}

/// What a person said of a task, beside what the model had said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Correction {
    /// What it is about.
    pub kind: CorrectionKind,
    /// An intent; `spam` or `not_spam`; `up` or `down`.
    pub said: String,
    /// The model's word for the same, at that time: an intent, or `spam`; `null` for a thumb.
    pub model_said: Option<String>,
    /// How sure the model was; `null` where it did not say.
    pub confidence: Option<f64>,
    /// Name of the console token or account.
    pub by: String,
    /// From where.
    pub from: Option<Origin>,
    /// When it was received.
    pub at: Timestamp,
}

/// How many people reacted to the published answer, at the service where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reactions {
    /// 👍.
    pub up: u64,
    /// 👎.
    pub down: u64,
    /// When they were counted.
    pub at: Timestamp,
}

/// All labels of a task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labelled {
    /// In the order in which they were given. Of two about one thing the later one holds.
    pub corrections: Vec<Correction>,
    /// The latest count.
    pub reactions: Option<Reactions>,
}

/// A line of the log of a day: a label, and whose answer it is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelRecord {
    /// The task.
    pub task_id: TaskId,
    /// The version of the agent that worked on it.
    pub version: Option<String>,
    /// What was said.
    #[serde(flatten)]
    pub said: Said,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// By a person, to us.
    Correction(Correction),
    /// So many reactions has the answer now. Of two counts of one answer the later one holds.
    Reactions(Reactions),
}

impl Thumb {
    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl CorrectionKind {
    /// The word in JSON, and in figures.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Spam => "spam",
            Self::Thumb => "thumb",
        }
    }

    /// Whether it is about the answer. The intent and spam are one thing: the later word of both holds.
    fn is_thumb(self) -> bool {
        self == Self::Thumb
    }
}

impl Label<'_> {
    /// What it is about.
    #[must_use]
    pub fn kind(self) -> CorrectionKind {
        match self {
            Self::Intent(_) => CorrectionKind::Intent,
            Self::Spam(_) => CorrectionKind::Spam,
            Self::Thumb(_) => CorrectionKind::Thumb,
        }
    }

    /// The word in JSON.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Intent(intent) => intent,
            Self::Spam(true) => SPAM,
            Self::Spam(false) => NOT_SPAM,
            Self::Thumb(thumb) => thumb.as_str(),
        }
    }
}

impl Correction {
    /// Whether the model had said something else. A thumb contradicts nothing that it said.
    #[must_use]
    pub fn is_contradiction(&self) -> bool {
        let Some(model_said) = self.model_said.as_deref() else { return false };
        match self.kind {
            CorrectionKind::Intent => self.said != model_said,
            CorrectionKind::Spam => (self.said == SPAM) != (model_said == SPAM),
            CorrectionKind::Thumb => false,
        }
    }

    fn of(task: &Task, label: Label<'_>, person: Decider<'_>) -> Result<Self, DecideError> {
        let known = task.doc.classification.as_ref();
        let spam = is_called_spam(task);
        let conflict =
            |hint| Err(DecideError::Conflict { id: task.id.clone(), status: task.control.status, hint });
        let (model_said, confidence) = match label {
            Label::Intent(_) | Label::Spam(_) if spam => (Some(SPAM.to_owned()), None),
            Label::Intent(_) | Label::Spam(_) => match known {
                Some(known) => (Some(known.intent.clone()), Some(known.confidence)),
                None => return conflict("no model has sorted it, so there is nothing to correct"),
            },
            Label::Thumb(_) if has_published(task) => (None, None),
            Label::Thumb(_) => return conflict("no answer of it is published, so there is none to judge"),
        };
        Ok(Self {
            kind: label.kind(),
            said: label.word().to_owned(),
            model_said,
            confidence,
            by: person.name.to_owned(),
            from: Some(person.from.clone()),
            at: person.at,
        })
    }
}

/// Whether triage called `task` spam, and that is how it ended.
#[must_use]
pub fn is_called_spam(task: &Task) -> bool {
    let last = task.doc.timeline.last().map(|entry| entry.note.as_str());
    task.control.status == TaskStatus::Ignored && last == Some(SPAM)
}

/// Whether an answer of `task` stands where people see it.
#[must_use]
pub fn has_published(task: &Task) -> bool {
    let result = task.doc.result.as_ref().filter(|_| !task.doc.shadow);
    let is_draft = result.is_some_and(|result| matches!(result.output, TaskOutput::Draft(_)));
    task.control.status == TaskStatus::Completed && is_draft
}

/// Keeps what a person says of `task`, with the task and in the log of the day. The same request twice is one
/// correction.
///
/// # Errors
/// [`DecideError::Conflict`] where the task has nothing of the kind to correct; [`DecideError::Store`].
pub async fn correct(
    stores: &Stores,
    task: &Task,
    label: Label<'_>,
    person: Decider<'_>,
) -> Result<Correction, DecideError> {
    let correction = Correction::of(task, label, person)?;
    let blob = Blob::of_json("keep a correction", &correction)?;
    let what = format!("{}:{}", correction.kind.as_str(), person.request);
    let part = PartKey::correction(person.at.as_millisecond(), &what);
    let forget_at = task.parts_forgotten_at();
    if stores.payloads.put_new(&task.id, &part, &blob, forget_at).await? == PutNew::Stored {
        let line =
            Blob::of_json("log a label", &LabelRecord::of(task, Said::Correction(correction.clone())))?;
        let part = PartKey::correction(person.at.as_millisecond(), &format!("{}:{what}", task.id));
        stores.payloads.put_new(&place(person.at), &part, &line, after(person.at, LOG_KEPT)).await?;
    }
    Ok(correction)
}

/// Keeps what `person` says of `task` in one breath, and returns what was kept. What the same person has said last, with
/// no word about the same thing since by anybody, is not kept again.
///
/// # Errors
/// As [`correct`]; [`DecideError::Conflict`] if the task has no room for more.
pub async fn correct_once(
    stores: &Stores,
    task: &Task,
    said: &[Label<'_>],
    person: Decider<'_>,
) -> Result<Vec<Correction>, DecideError> {
    let known = labels(&*stores.payloads, &task.id).await?;
    let mut kept = Vec::new();
    for label in said.iter().filter(|label| !known.is_repetition(**label, said, person.name)) {
        check_room(task, &known)?;
        kept.push(correct(stores, task, *label, person).await?);
    }
    Ok(kept)
}

impl Labelled {
    /// Whether `label` and all that `said` has besides about the same thing are `by`'s and the last words about it.
    fn is_repetition(&self, label: Label<'_>, said: &[Label<'_>], by: &str) -> bool {
        let is_about = |kind: CorrectionKind| kind.is_thumb() == label.kind().is_thumb();
        let said: Vec<_> = said.iter().filter(|it| is_about(it.kind())).collect();
        let known = self.corrections.iter().rev().filter(|it| is_about(it.kind));
        let last: Vec<_> = known.take(said.len()).collect();
        // Words of one moment stand in any order.
        let was_said =
            |it: &Label<'_>| last.iter().any(|known| known.kind == it.kind() && known.said == it.word());
        last.iter().all(|known| known.by == by) && said.into_iter().all(was_said)
    }
}

/// Whether `labelled` has room for more.
fn check_room(task: &Task, labelled: &Labelled) -> Result<(), DecideError> {
    if labelled.corrections.len() < MAX_CORRECTIONS {
        return Ok(());
    }
    let hint = "it has a hundred corrections already; no more are taken";
    Err(DecideError::Conflict { id: task.id.clone(), status: task.control.status, hint })
}

/// The labels of the task. One that cannot be read is left out.
///
/// # Errors
/// [`StoreError`].
pub async fn labels(payloads: &dyn PayloadStore, id: &TaskId) -> Result<Labelled, StoreError> {
    let mut found = Labelled::default();
    for (part, blob) in payloads.list(id, PartKey::LABELS).await? {
        if part.as_str().starts_with(PartKey::REACTIONS) {
            let counted = blob.json::<Reactions>("read reactions").ok();
            // An earlier version of the code kept a part for each count.
            found.reactions = counted.into_iter().chain(found.reactions).max_by_key(|counted| counted.at);
        } else {
            found.corrections.extend(blob.json::<Correction>("read a correction"));
        }
    }
    Ok(found)
}

/// Keeps how many people reacted to the answer of `task`, in place of what was known, if that has changed: one part of the
/// task, and one line of the day. Says whether it has.
///
/// # Errors
/// [`StoreError`].
pub async fn note_reactions(
    payloads: &dyn PayloadStore,
    task: &Task,
    up: u64,
    down: u64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let known = labels(payloads, &task.id).await?.reactions;
    if known.map_or((0, 0), |known| (known.up, known.down)) == (up, down) {
        return Ok(false);
    }
    let reactions = Reactions { up, down, at: now };
    let blob = Blob::of_json("keep reactions", &reactions)?;
    payloads.put(&task.id, &PartKey::reactions(), &blob, task.parts_forgotten_at()).await?;
    let line = Blob::of_json("log a label", &LabelRecord::of(task, Said::Reactions(reactions)))?;
    let part = PartKey::from_name(format!("{}{}", PartKey::REACTIONS, task.id));
    payloads.put(&place(now), &part, &line, after(now, LOG_KEPT)).await?;
    Ok(true)
}

/// The log of the labels of the day of `at` (UTC), in the order in which they were given.
///
/// # Errors
/// [`StoreError`]. A line that cannot be read is left out.
pub async fn labels_of_day(
    payloads: &dyn PayloadStore,
    at: Timestamp,
) -> Result<Vec<LabelRecord>, StoreError> {
    let lines = payloads.list(&place(at), PartKey::LABELS).await?;
    Ok(lines.iter().filter_map(|(_, line)| line.json("read a label").ok()).collect())
}

impl LabelRecord {
    fn of(task: &Task, said: Said) -> Self {
        Self { task_id: task.id.clone(), version: task.doc.version.clone(), said }
    }
}

/// Where the lines of a day are. No task has this id: no sender's identity begins like this.
fn place(at: Timestamp) -> TaskId {
    TaskId::derive("labels", format!("\0labels\0{}", at.as_second().div_euclid(DAY_SECONDS)).as_bytes())
}

impl PartKey {
    /// What the parts with labels begin with.
    const LABELS: &str = "label:";
    /// What the parts with counts of reactions begin with.
    const REACTIONS: &str = "label:~reactions:";

    /// A correction; names sort in the order of time.
    fn correction(millis: i64, what: &str) -> Self {
        Self::from_name(format!("{}{millis:016}:{}", Self::LABELS, short_sha256(what)))
    }

    /// The latest count of reactions.
    fn reactions() -> Self {
        Self::from_name(Self::REACTIONS.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::new_task;
    use crate::{Classification, TaskResult};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    const PERSON: Decider<'_> =
        Decider { name: "mona", request: "r1", at: NOW, from: &Origin::Console { ip: None } };

    fn task() -> Task {
        Task::received(TaskId::derive("github", b"1"), new_task("github"), NOW, NOW)
    }

    fn sorted() -> Task {
        let mut task = task();
        let parameters = json!({});
        task.doc.classification =
            Some(Classification { intent: "bug".to_owned(), confidence: 0.9, parameters });
        task
    }

    #[test]
    fn what_the_model_said_stands_beside_what_the_person_said() {
        let task = sorted();
        let of = |label| Correction::of(&task, label, PERSON).unwrap();
        let other = of(Label::Intent("question"));
        assert_eq!((other.said.as_str(), other.model_said.as_deref()), ("question", Some("bug")));
        assert_eq!((other.confidence, other.is_contradiction()), (Some(0.9), true));
        assert!(!of(Label::Intent("bug")).is_contradiction());
        assert!(of(Label::Spam(true)).is_contradiction());
        assert!(!of(Label::Spam(false)).is_contradiction());
    }

    #[test]
    fn what_triage_called_spam_can_be_said_to_be_something_else() {
        let mut task = task();
        task.control.status = TaskStatus::Ignored;
        task.note(NOW, SPAM);
        let of = |label| Correction::of(&task, label, PERSON).unwrap();
        assert!(of(Label::Spam(false)).is_contradiction());
        assert!(of(Label::Intent("bug")).is_contradiction());
        assert_eq!(of(Label::Spam(true)).model_said.as_deref(), Some(SPAM));
    }

    #[test]
    fn a_word_is_repeated_only_where_no_other_about_the_same_thing_was_said_since() {
        let (bug, question) = (Label::Intent("bug"), Label::Intent("question"));
        let (spam, none, up, down) =
            (Label::Spam(true), Label::Spam(false), Label::Thumb(Thumb::Up), Label::Thumb(Thumb::Down));
        let mut published = sorted();
        published.control.status = TaskStatus::Completed;
        let output = TaskOutput::Draft("h".to_owned());
        published.doc.result =
            Some(TaskResult { success: true, output, output_url: None, execution_time_ms: 1.0 });
        let by = |name: &'static str, label| {
            Correction::of(&published, label, Decider { name, ..PERSON }).unwrap()
        };
        for (known, said, repeats) in [
            (vec![], vec![bug], false),
            (vec![by("ann", bug)], vec![bug], true),
            (vec![by("bo", bug)], vec![bug], false),
            (vec![by("ann", bug), by("ann", spam)], vec![bug], false),
            (vec![by("ann", bug), by("bo", question)], vec![bug], false),
            (vec![by("ann", bug), by("bo", up)], vec![bug], true),
            (vec![by("ann", up), by("ann", bug)], vec![up], true),
            (vec![by("ann", up), by("bo", down)], vec![up], false),
            (vec![by("ann", none), by("ann", bug)], vec![none, bug], true),
            (vec![by("ann", bug), by("ann", none)], vec![none, bug], true),
            (vec![by("ann", none), by("ann", question)], vec![none, bug], false),
        ] {
            let labelled = Labelled { corrections: known, reactions: None };
            assert_eq!(labelled.is_repetition(said[0], &said, "ann"), repeats, "{labelled:?} {said:?}");
        }
    }

    #[test]
    fn what_was_not_sorted_or_not_published_has_nothing_to_correct() {
        for label in [Label::Intent("bug"), Label::Spam(true), Label::Thumb(Thumb::Up)] {
            assert!(matches!(Correction::of(&task(), label, PERSON), Err(DecideError::Conflict { .. })));
        }
        let mut published = sorted();
        published.control.status = TaskStatus::Completed;
        let output = TaskOutput::Draft("h".to_owned());
        published.doc.result =
            Some(TaskResult { success: true, output, output_url: None, execution_time_ms: 1.0 });
        assert_eq!(Correction::of(&published, Label::Thumb(Thumb::Down), PERSON).unwrap().said, "down");
        published.doc.shadow = true;
        assert!(Correction::of(&published, Label::Thumb(Thumb::Down), PERSON).is_err(), "nobody saw it");
    }
}
