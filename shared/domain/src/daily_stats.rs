//! [`DayFigures`]: what a day has brought, for the overview of the console; and [`StatsRecorder`], which
//! writes them down.
//!
//! Figures, not limits: a write that a retrying client sends twice counts twice, and a process that dies loses what
//! it has not written yet. Nothing is decided by them.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    AgentVersion, CorrectionKind, Expected, LabelRecord, Outcome, Said, ShadowFigures, StateStore, StepUsage,
    StoreError, Swap, Task, TaskId, TaskStatus, Thumb, Timestamp, after,
};

/// Items that one day is spread over: the writers of a fleet would conflict on a single one. With 4, 500 environments at
/// 834 tasks a second made 1,597 write units a second on one key; with 32 they make 110.
pub const DAY_SHARDS: u32 = 32;
/// How long a day is remembered: as long as its tasks, and a little.
const LIFE: Duration = Duration::from_secs(35 * 86_400);
/// Conflicts with other writers before the figures are left for the next write.
const MAX_CONFLICTS: usize = 8;
const MICROS: f64 = 1e6;
/// Versions of a day that are told apart: the item stays small, however often somebody starts another one.
const MAX_VERSIONS: usize = 40;
/// Stands for all further versions of a day.
const OTHER_VERSIONS: &str = "other";

/// What a day, or a part of the fleet on that day, has brought.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DayFigures {
    /// Tasks that ended, by the name of their status.
    pub ended: BTreeMap<String, u64>,
    /// Tasks that ended, by the hour (UTC).
    pub hours: [u64; 24],
    /// What was asked of each model.
    pub models: BTreeMap<String, ModelFigures>,
    /// What each version of the agent has brought, by its id.
    pub versions: BTreeMap<String, VersionFigures>,
    /// Webhooks that had failed, and that their sender was asked to send again.
    pub redelivered: u64,
}

/// What a version of the agent has brought.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VersionFigures {
    /// What it is made of; `None` as long as all its tasks that have ended were begun by another version.
    pub made_of: Option<AgentVersion>,
    /// Its tasks that ended, by the name of their status.
    pub ended: BTreeMap<String, u64>,
    /// Drafts that a person published as they were.
    pub approved: u64,
    /// Drafts that a person changed.
    pub edited: u64,
    /// Drafts that a person refused.
    pub rejected: u64,
    /// What its calls to models came to.
    pub calls: ModelFigures,
    /// What it drafted as a second agent, beside the first.
    pub shadow: ShadowFigures,
    /// What people said of its tasks: read from the log of the day's labels, and not stored here.
    #[serde(skip)]
    pub labels: LabelFigures,
}

/// What people said of tasks. Of two words about one thing the later one counts: of two thumbs of one person, of two
/// corrections of a task's intent, of two counts of the reactions to its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelFigures {
    /// Whether the model had said something else, by the task and what it is about.
    corrections: BTreeMap<(TaskId, CorrectionKind), bool>,
    /// Whether an answer is good, by the task and who says so.
    thumbs: BTreeMap<(TaskId, String), bool>,
    /// Reactions where answers were published, by the task: 👍, and 👎.
    reactions: BTreeMap<TaskId, (u64, u64)>,
}

/// What was asked of a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelFigures {
    /// Calls that were billed.
    pub calls: u64,
    /// Tokens of prompts, cached ones included.
    pub prompt_tokens: u64,
    /// Those that were read from a cache.
    pub cached_tokens: u64,
    /// Tokens of answers and thoughts.
    pub output_tokens: u64,
    /// Millionths of a US dollar, at list prices.
    pub cost_micros: u64,
    /// Millionths of a US dollar that caches have saved, at list prices; below zero while keeping them has
    /// cost more than they saved.
    pub saved_micros: i64,
    /// Calls whose price is not known.
    pub unpriced: u64,
}

impl DayFigures {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        for (status, count) in &other.ended {
            *self.ended.entry(status.clone()).or_default() += count;
        }
        for (sum, count) in self.hours.iter_mut().zip(other.hours) {
            *sum += count;
        }
        self.redelivered += other.redelivered;
        for (model, figures) in &other.models {
            self.models.entry(model.clone()).or_default().add(figures);
        }
        for (version, figures) in &other.versions {
            self.version(version).add(figures);
        }
    }

    /// The figures of `version`, or of all others once there are too many.
    fn version(&mut self, version: &str) -> &mut VersionFigures {
        let is_told = self.versions.len() < MAX_VERSIONS || self.versions.contains_key(version);
        self.versions.entry(if is_told { version } else { OTHER_VERSIONS }.to_owned()).or_default()
    }

    /// The figures in a stored value. What another version has written and this one cannot read counts
    /// as nothing.
    #[must_use]
    pub fn read(value: Value) -> Self {
        serde_json::from_value(value).unwrap_or_default()
    }

    /// Counts what was said, for the version that it was said of.
    pub fn label(&mut self, record: &LabelRecord) {
        let Some(version) = &record.version else { return };
        self.version(version).labels.count(record);
    }

    /// US dollars at list prices.
    #[must_use]
    pub fn cost_usd(&self) -> f64 {
        self.models.values().map(ModelFigures::cost_usd).sum()
    }

    /// US dollars that caches have saved, after what making and keeping them has cost.
    #[must_use]
    pub fn saved_usd(&self) -> f64 {
        self.models.values().map(ModelFigures::saved_usd).sum()
    }

    /// Tasks that ended.
    #[must_use]
    pub fn tasks(&self) -> u64 {
        self.ended.values().sum()
    }

    fn ended(&mut self, status: TaskStatus, now: Timestamp) {
        *self.ended.entry(status.as_str().to_owned()).or_default() += 1;
        let hour = now.as_second().rem_euclid(86_400) / 3_600;
        if let Some(count) = usize::try_from(hour).ok().and_then(|hour| self.hours.get_mut(hour)) {
            *count += 1;
        }
    }

    fn spent(&mut self, usage: &StepUsage) {
        self.models.entry(usage.model.clone()).or_default().spent(usage);
    }

    fn is_empty(&self) -> bool {
        self.ended.is_empty() && self.models.is_empty() && self.versions.is_empty() && self.redelivered == 0
    }
}

impl VersionFigures {
    /// Both together; `other` is the later one.
    pub fn add(&mut self, other: &Self) {
        if self.made_of.is_none() {
            self.made_of.clone_from(&other.made_of);
        }
        for (status, count) in &other.ended {
            *self.ended.entry(status.clone()).or_default() += count;
        }
        self.approved += other.approved;
        self.edited += other.edited;
        self.rejected += other.rejected;
        self.calls.add(&other.calls);
        self.shadow.add(&other.shadow);
        self.labels.add(&other.labels);
    }

    /// Tasks that ended.
    #[must_use]
    pub fn tasks(&self) -> u64 {
        self.ended.values().sum()
    }

    /// Drafts that a person decided about.
    #[must_use]
    pub fn decided(&self) -> u64 {
        self.approved + self.edited + self.rejected
    }

    /// The share of them that was changed; `None` if there were none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share of a count")]
    pub fn edit_rate(&self) -> Option<f64> {
        (self.decided() > 0).then(|| self.edited as f64 / self.decided() as f64)
    }

    fn ended(&mut self, task: &Task) {
        *self.ended.entry(task.control.status.as_str().to_owned()).or_default() += 1;
        match task.doc.decision.as_ref().map(|decision| decision.outcome) {
            Some(Outcome::Approved) => self.approved += 1,
            Some(Outcome::Edited) => self.edited += 1,
            Some(Outcome::Rejected) => self.rejected += 1,
            Some(Outcome::Expired) | None => {}
        }
    }
}

impl LabelFigures {
    /// Tasks of which the model had said something else.
    #[must_use]
    pub fn corrected(&self) -> u64 {
        let contradicted = self.corrections.iter().filter(|(_, contradicts)| **contradicts);
        let tasks: BTreeSet<_> = contradicted.map(|((task, _), _)| task).collect();
        u64::try_from(tasks.len()).unwrap_or(u64::MAX)
    }

    /// Good answers.
    #[must_use]
    pub fn thumbs_up(&self) -> u64 {
        self.said_to_us(true) + self.reactions.values().map(|it| it.0).sum::<u64>()
    }

    /// Answers that are not.
    #[must_use]
    pub fn thumbs_down(&self) -> u64 {
        self.said_to_us(false) + self.reactions.values().map(|it| it.1).sum::<u64>()
    }

    fn said_to_us(&self, good: bool) -> u64 {
        self.thumbs.values().map(|said| u64::from(*said == good)).sum()
    }

    fn count(&mut self, record: &LabelRecord) {
        match &record.said {
            Said::Correction(it) if it.kind == CorrectionKind::Thumb => {
                self.thumbs.insert((record.task_id.clone(), it.by.clone()), it.said == Thumb::Up.as_str());
            }
            Said::Correction(it) => {
                self.corrections.insert((record.task_id.clone(), it.kind), it.is_contradiction());
            }
            Said::Reactions(all) => {
                self.reactions.insert(record.task_id.clone(), (all.up, all.down));
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.corrections.extend(other.corrections.iter().map(|(about, said)| (about.clone(), *said)));
        self.thumbs.extend(other.thumbs.iter().map(|(who, said)| (who.clone(), *said)));
        self.reactions.extend(other.reactions.iter().map(|(task, all)| (task.clone(), *all)));
    }
}

impl ModelFigures {
    /// US dollars at list prices.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact up to billions of dollars")]
    pub fn cost_usd(&self) -> f64 {
        self.cost_micros as f64 / MICROS
    }

    /// US dollars that caches have saved, after what making and keeping them has cost.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact up to billions of dollars")]
    pub fn saved_usd(&self) -> f64 {
        self.saved_micros as f64 / MICROS
    }

    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.prompt_tokens += other.prompt_tokens;
        self.cached_tokens += other.cached_tokens;
        self.output_tokens += other.output_tokens;
        self.cost_micros += other.cost_micros;
        self.saved_micros += other.saved_micros;
        self.unpriced += other.unpriced;
    }

    fn spent(&mut self, usage: &StepUsage) {
        self.calls += 1;
        self.prompt_tokens += usage.prompt_tokens;
        self.cached_tokens += usage.cached_tokens;
        self.output_tokens += usage.output_tokens + usage.thought_tokens;
        match usage.cost_usd {
            Some(usd) => self.cost_micros += micros(usd).max(0).unsigned_abs(),
            None => self.unpriced += 1,
        }
        self.saved_micros += usage.saved_usd.map_or(0, micros);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
fn micros(usd: f64) -> i64 {
    (usd * MICROS).round().clamp(-9e15, 9e15) as i64
}

/// The keys that the figures of the day of `now` (UTC) rest under.
#[must_use]
pub fn day_keys(now: Timestamp) -> [String; DAY_SHARDS as usize] {
    std::array::from_fn(|shard| key(now, shard))
}

fn key(now: Timestamp, shard: usize) -> String {
    format!("stats:{}:{shard}", now.strftime("%Y-%m-%d"))
}

/// Writes figures down: one write for everything that is new, and none when nothing is.
///
/// It remembers what it wrote last, so a write needs no read before it. A second try is needed only when another
/// writer on the same item was faster. A recorder that is lost loses what it has not written yet.
pub struct StatsRecorder {
    state: Arc<dyn StateStore>,
    shard: usize,
    /// The agent whose calls are noted.
    version: Option<AgentVersion>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Not yet written.
    new: DayFigures,
    written: Option<Written>,
    /// Whether a write is under way; its writer also takes what is added meanwhile.
    busy: bool,
}

#[derive(Clone)]
struct Written {
    key: String,
    figures: DayFigures,
    version: u64,
}

impl StatsRecorder {
    /// A recorder on the shard `shard` of [`DAY_SHARDS`]. Processes that choose a shard at random seldom conflict.
    #[must_use]
    pub fn new(state: Arc<dyn StateStore>, shard: u32) -> Self {
        let shard = usize::try_from(shard % DAY_SHARDS).unwrap_or_default();
        Self { state, shard, version: None, inner: Mutex::default() }
    }

    /// The same, which notes calls as those of `version`.
    #[must_use]
    pub fn of_version(self, version: AgentVersion) -> Self {
        Self { version: Some(version), ..self }
    }

    /// Notes calls to models. Written by the next [`Self::write`].
    pub fn spent(&self, usage: &[StepUsage]) {
        let mut inner = self.inner();
        usage.iter().for_each(|usage| inner.new.spent(usage));
        if let Some(version) = self.version.as_ref().filter(|_| !usage.is_empty()) {
            let figures = inner.new.version(&version.id);
            figures.made_of = Some(version.clone());
            usage.iter().for_each(|usage| figures.calls.spent(usage));
        }
    }

    /// Notes that `task` has ended, for its version too. Written by the next [`Self::write`].
    pub fn ended_task(&self, task: &Task, now: Timestamp) {
        let mut inner = self.inner();
        inner.new.ended(task.control.status, now);
        if let Some(id) = &task.doc.version {
            let figures = inner.new.version(id);
            figures.ended(task);
            if let Some(version) = self.version.as_ref().filter(|version| version.id == *id) {
                figures.made_of = Some(version.clone());
            }
        }
    }

    /// Notes what this version drafted beside another. Written by the next [`Self::write`].
    pub fn shadowed(&self, figures: &ShadowFigures) {
        let Some(version) = &self.version else { return };
        let mut inner = self.inner();
        let own = inner.new.version(&version.id);
        own.made_of = Some(version.clone());
        own.shadow.add(figures);
    }

    /// Notes that a task has ended. Written by the next [`Self::write`].
    pub fn ended(&self, status: TaskStatus, now: Timestamp) {
        self.inner().new.ended(status, now);
    }

    /// Notes that so many webhooks are sent again. Written by the next [`Self::write`].
    pub fn redelivered(&self, count: u64) {
        self.inner().new.redelivered += count;
    }

    /// Writes what is new.
    ///
    /// # Errors
    /// [`StoreError`]; what could not be written is tried again by the next call.
    pub async fn write(&self, now: Timestamp) -> Result<(), StoreError> {
        if mem::replace(&mut self.inner().busy, true) {
            return Ok(());
        }
        let mut turn = Turn { book: self, taken: DayFigures::default() };
        while turn.take() {
            self.add(&turn.taken, now).await?;
            turn.taken = DayFigures::default();
        }
        Ok(())
    }

    async fn add(&self, taken: &DayFigures, now: Timestamp) -> Result<(), StoreError> {
        let key = key(now, self.shard);
        let known = self.inner().written.clone().filter(|written| written.key == key);
        let (mut figures, mut expected) = known.map_or((DayFigures::default(), Expected::Absent), |known| {
            (known.figures, Expected::Version(known.version))
        });
        for _ in 0..MAX_CONFLICTS {
            let mut sum = figures;
            sum.add(taken);
            let value =
                serde_json::to_value(&sum).map_err(|error| StoreError::broken("note a day", error))?;
            match self.state.swap(&key, expected, &value, now, after(now, LIFE)).await? {
                Swap::Done(version) => {
                    self.inner().written = Some(Written { key, figures: sum, version });
                    return Ok(());
                }
                Swap::Conflict(Some(current)) => {
                    expected = Expected::Version(current.version);
                    figures = DayFigures::read(current.value);
                }
                Swap::Conflict(None) => (figures, expected) = (DayFigures::default(), Expected::Absent),
            }
        }
        Err(StoreError::unavailable(
            "note a day",
            format!("`{key}` could not be written: too many concurrent writes"),
        ))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of one writer. However it ends, another may write afterwards, and figures that were not written count
/// as new again.
struct Turn<'b> {
    book: &'b StatsRecorder,
    taken: DayFigures,
}

impl Turn<'_> {
    /// Takes what is new; whether there was anything.
    fn take(&mut self) -> bool {
        self.taken = mem::take(&mut self.book.inner().new);
        !self.taken.is_empty()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut inner = self.book.inner();
        inner.new.add(&self.taken);
        inner.busy = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(cost_usd: Option<f64>) -> StepUsage {
        StepUsage {
            step: "answer".to_owned(),
            model: "m".to_owned(),
            prompt_tokens: 100,
            cached_tokens: 40,
            output_tokens: 7,
            thought_tokens: 3,
            cost_usd,
            saved_usd: cost_usd.map(|_| 0.000_4),
            attempts: 1,
            ms: 5,
        }
    }

    #[test]
    fn figures_add_up() {
        let at = Timestamp::from_second(86_400 * 3 + 3_600 * 5 + 7).unwrap_or_default();
        let mut day = DayFigures::default();
        day.spent(&usage(Some(0.001_5)));
        day.spent(&usage(None));
        day.ended(TaskStatus::Completed, at);
        let mut sum = day.clone();
        sum.add(&day);
        let model = sum.models["m"];
        assert_eq!((model.calls, model.prompt_tokens, model.cached_tokens), (4, 400, 160));
        assert_eq!((model.output_tokens, model.cost_micros, model.unpriced), (40, 3_000, 2));
        assert_eq!((sum.ended["completed"], sum.hours[5], sum.tasks()), (2, 2, 2));
        assert!((sum.cost_usd() - 0.003).abs() < 1e-9);
        assert_eq!(model.saved_micros, 800);
    }

    #[test]
    fn a_cache_must_earn_back_what_it_costs() {
        let mut day = DayFigures::default();
        day.spent(&StepUsage { saved_usd: Some(-0.002), ..usage(Some(0.002)) });
        assert!((day.saved_usd() + 0.002).abs() < 1e-9);
        (0..6).for_each(|_| day.spent(&usage(Some(0.001))));
        assert!((day.saved_usd() - 0.000_4).abs() < 1e-9, "{}", day.saved_usd());
    }

    fn task() -> Task {
        let (new, at) = (crate::contract::new_task("github"), Timestamp::UNIX_EPOCH);
        Task::received(crate::TaskId::derive("github", b"1"), new, at, at)
    }

    #[test]
    fn of_two_words_about_one_thing_the_later_one_counts() {
        let mut day = DayFigures::default();
        let correction = |kind, said: &str| {
            Said::Correction(crate::Correction {
                kind,
                said: said.to_owned(),
                model_said: Some("bug".to_owned()),
                confidence: None,
                by: "mona".to_owned(),
                from: None,
                at: Timestamp::UNIX_EPOCH,
            })
        };
        let (intent, spam) = (CorrectionKind::Intent, CorrectionKind::Spam);
        let reactions = |up| Said::Reactions(crate::Reactions { up, down: 1, at: Timestamp::UNIX_EPOCH });
        let mut say = |said| {
            day.label(&LabelRecord { task_id: task().id, version: Some("ver_1".to_owned()), said });
            let labels = &day.versions["ver_1"].labels;
            (labels.corrected(), labels.thumbs_up(), labels.thumbs_down())
        };
        assert_eq!(say(correction(intent, "question")), (1, 0, 0));
        assert_eq!(say(correction(spam, "spam")), (1, 0, 0), "one task");
        assert_eq!(say(correction(spam, "not_spam")), (1, 0, 0));
        assert_eq!(say(correction(intent, "bug")), (0, 0, 0), "taken back");
        for up in [1, 0, 1] {
            assert_eq!(say(reactions(up)), (0, up, 1));
        }
    }

    fn ended(status: TaskStatus, outcome: Option<Outcome>) -> VersionFigures {
        let mut task = task();
        task.control.status = status;
        task.doc.decision = outcome.map(|outcome| crate::Decision {
            outcome,
            by: "mona".to_owned(),
            from: None,
            at: Timestamp::UNIX_EPOCH,
            draft_hash: "h".to_owned(),
            publish_hash: None,
            reason: None,
        });
        let mut figures = VersionFigures::default();
        figures.ended(&task);
        figures
    }

    #[test]
    fn the_edit_rate_is_the_share_of_what_people_decided_about() {
        let mut sum = VersionFigures::default();
        assert_eq!(sum.edit_rate(), None);
        for (status, outcome) in [
            (TaskStatus::Completed, None),
            (TaskStatus::Completed, Some(Outcome::Approved)),
            (TaskStatus::Completed, Some(Outcome::Approved)),
            (TaskStatus::Completed, Some(Outcome::Edited)),
            (TaskStatus::Rejected, Some(Outcome::Rejected)),
            (TaskStatus::Expired, Some(Outcome::Expired)),
        ] {
            sum.add(&ended(status, outcome));
        }
        assert_eq!((sum.tasks(), sum.decided(), sum.edit_rate()), (6, 4, Some(0.25)));
    }

    #[test]
    fn too_many_versions_share_one_place_and_none_is_lost() {
        let mut day = DayFigures::default();
        for number in 0..100 {
            day.version(&format!("ver_{number}")).approved += 1;
        }
        assert_eq!(day.versions.len(), MAX_VERSIONS + 1);
        assert_eq!(day.versions.values().map(|figures| figures.approved).sum::<u64>(), 100);
    }

    #[test]
    fn a_day_has_keys_of_its_own() {
        let first = Timestamp::from_second(0).unwrap_or_default();
        assert_eq!(day_keys(first)[1], "stats:1970-01-01:1");
    }

    #[test]
    fn what_cannot_be_read_counts_as_nothing() {
        assert_eq!(DayFigures::read(Value::from(7)), DayFigures::default());
    }
}
