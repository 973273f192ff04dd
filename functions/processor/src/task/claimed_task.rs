//! [`ClaimedTask`]: one claim of one task, from the claim to the last write.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::{
    API_SOURCE, Audience, Blob, Classification, Comment, Content, EffectState, Event, Exchange, PartKey,
    PutNew, Save, StepUsage, StoreError, Target, Task, TaskError, TaskId, Timestamp, between, short_sha256,
};
use futures::future::try_join_all;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, OnceCell};

use crate::automation::fetched::Shown;
use crate::automation::untrusted;
use crate::reply::place::Place;
use crate::resources::Resources;
use crate::task::carried;
use crate::task::lease::end_of;
use crate::task::lost_costs::BilledCall;
use crate::task::own_write;
use crate::triage::answer::unclassified;
use crate::{Interrupt, simulated};

/// Kept free at the end of an invocation for the last writes.
const LAST_WRITES: Duration = Duration::from_secs(2);
/// What fails when a step or a call cannot be packed.
const SAVE_STEP: &str = "save a step";

/// One claim of one task. All changes to the task go through its lock, and every write is bound to
/// the revision that the claim has made: whoever lost the lease cannot write.
pub(crate) struct ClaimedTask {
    pub(crate) resources: Arc<Resources>,
    pub(crate) id: TaskId,
    pub(crate) task: Mutex<Task>,
    pub(crate) event: Event,
    pub(crate) fence: u64,
    pub(crate) round: u32,
    /// Whether its source is in shadow now: nothing outside is changed from here on.
    pub(crate) shadow: bool,
    /// What the fences around untrusted text are called in its prompts. Saved with the task by its next write.
    pub(crate) nonce: String,
    /// When the invocation must be over.
    pub(crate) deadline: Timestamp,
    calls: AtomicU32,
    permits: AtomicU32,
    /// Whether this run is going to answer in the thread.
    pub(crate) answers: AtomicBool,
    /// Whether this run has seen that the thread can be answered.
    pub(crate) seen_open: AtomicBool,
    /// Who can see the comment that triggered it, as this run has seen it in the service.
    pub(crate) seen_audience: OnceLock<Audience>,
    /// Whether a draft of this run waits for a person already.
    pub(crate) parked: AtomicBool,
    /// Whether this run begins nothing, and only finds out what became of what earlier runs have begun.
    pub(crate) only_looks: AtomicBool,
    /// The comments of the thread, as this run has seen them first.
    seen_history: OnceLock<Vec<Comment>>,
    /// The comments of the thread, as another run has seen them: this one looks at no others.
    history_then: OnceLock<Vec<Comment>>,
    /// Files that were fetched before triage, until the answer model is shown them.
    pub(crate) shown: Mutex<Option<Shown>>,
    /// What older tasks have left that gave way to this one.
    carried: OnceCell<Vec<Comment>>,
    /// The content of each effect, by its name: what this run has let through the gate for it.
    released: Mutex<BTreeMap<String, Content>>,
    /// What this run has spent and not counted yet.
    spent: Mutex<Vec<StepUsage>>,
    /// The text that was published, for later tasks that find no model.
    pub(crate) published: Mutex<Option<String>>,
}

impl ClaimedTask {
    pub(crate) fn new(resources: Arc<Resources>, mut task: Task, event: Event, deadline: Timestamp) -> Self {
        task.doc.version.get_or_insert_with(|| resources.version.id.clone());
        Self {
            id: task.id.clone(),
            fence: task.control.fence,
            round: task.doc.round,
            shadow: resources.settings.is_shadow(&task.doc.source),
            nonce: task.doc.nonce.get_or_insert_with(untrusted::nonce).clone(),
            task: Mutex::new(task),
            event,
            resources,
            deadline,
            calls: AtomicU32::new(0),
            permits: AtomicU32::new(0),
            answers: AtomicBool::new(false),
            seen_open: AtomicBool::new(false),
            seen_audience: OnceLock::new(),
            parked: AtomicBool::new(false),
            only_looks: AtomicBool::new(false),
            seen_history: OnceLock::new(),
            history_then: OnceLock::new(),
            shown: Mutex::new(None),
            carried: OnceCell::new(),
            released: Mutex::default(),
            spent: Mutex::default(),
            published: Mutex::new(None),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.resources.clock.now()
    }

    /// When a model's answer must be here so that it can still be saved.
    pub(crate) fn answer_by(&self) -> Timestamp {
        self.deadline.checked_sub(LAST_WRITES).unwrap_or(self.deadline)
    }

    /// The slot that the task has waited for at the model. It is good for one call, the first; a run that asks
    /// no model keeps it.
    pub(crate) fn take_slot(&self, task: &mut Task) -> Option<Timestamp> {
        task.doc.slot.take()
    }

    /// A number for each permit of a host that this task takes.
    pub(crate) fn next_permit(&self) -> u32 {
        self.permits.fetch_add(1, Ordering::Relaxed)
    }

    /// How long the task can be held from now on.
    pub(crate) fn lease_left(&self) -> Duration {
        between(self.now(), end_of(self.deadline))
    }

    /// Where the answer goes.
    pub(crate) fn target(&self) -> Result<&Target, Interrupt> {
        Place::of(self).map(|place| place.target)
    }

    /// Who can see what caused it, by all that is known.
    pub(crate) fn audience(&self) -> Audience {
        self.seen_audience.get().map_or(self.event.audience, |seen| self.event.audience.max(*seen))
    }

    /// What older tasks were asked that gave way to this one, the oldest first.
    pub(crate) async fn carried(&self) -> Result<&[Comment], Interrupt> {
        let read = || carried::carried(&self.resources, &self.id, &self.event);
        self.carried.get_or_try_init(read).await.map(Vec::as_slice)
    }

    /// Lets this run see the thread as `other` has seen it.
    pub(crate) fn sees_as(&self, other: &Self) {
        // Nothing was seen yet by a run that begins.
        if let Some(history) = other.seen_history.get() {
            let _new = self.history_then.set(history.clone());
        }
        if let Some(carried) = other.carried.get() {
            let _new = self.carried.set(carried.clone());
        }
        if let Some(audience) = other.seen_audience.get() {
            let _new = self.seen_audience.set(*audience);
        }
        self.seen_open.store(true, Ordering::Relaxed);
    }

    /// The comments of the thread as another run has seen them, if this run is to look at no others.
    pub(crate) fn history_then(&self) -> Option<Vec<Comment>> {
        self.history_then.get().cloned()
    }

    /// Notes what this run has seen of the thread. The first look counts.
    pub(crate) fn note_history(&self, history: &[Comment]) {
        self.seen_history.get_or_init(|| history.to_vec());
    }

    /// What triage made of it.
    pub(crate) async fn classification(&self) -> Classification {
        self.task.lock().await.doc.classification.clone().unwrap_or_else(unclassified)
    }

    /// Notes that `text` may go out as the content of the effect `name`.
    pub(crate) async fn note_released(&self, name: &str, text: &str) {
        let content = self.content_of(text);
        self.released.lock().await.insert(name.to_owned(), content);
    }

    /// What this run has let through for the effect `name`.
    pub(crate) async fn released(&self, name: &str) -> Option<Content> {
        self.released.lock().await.get(name).cloned()
    }

    /// Whether the effect `name` has been begun with this very text: then it passed the gate before.
    pub(crate) async fn has_begun_with(&self, name: &str, text: &str) -> bool {
        let task = self.task.lock().await;
        task.effect(name).is_some_and(|effect| {
            effect.content == Some(self.content_of(text)) || simulated::intents_name_no_text()
        })
    }

    /// What the effect `name` was begun with in an earlier round, if it was; a run that only looks asks about its own
    /// round as well.
    pub(crate) async fn begun_before(&self, name: &str) -> Option<Content> {
        let task = self.task.lock().await;
        let content = task.effect(name).and_then(|effect| effect.content.clone());
        content.filter(|content| content.round != self.round || self.only_looks.load(Ordering::Relaxed))
    }

    /// Refuses whatever would begin something: a paid answer, a step, a question to a person, an effect.
    pub(crate) fn may_begin(&self) -> Result<(), Interrupt> {
        if !self.only_looks.load(Ordering::Relaxed) {
            return Ok(());
        }
        let message = "nothing new is started, because the task is about to end";
        Err(Interrupt::fail(TaskError::new("processing", "ending", message)))
    }

    /// The names of the effects that may have happened without a proof of it.
    pub(crate) async fn open_intents(&self) -> Vec<String> {
        let task = self.task.lock().await;
        let open =
            task.doc.effects.iter().filter(|effect| matches!(effect.state, EffectState::Intended { .. }));
        open.map(|effect| effect.name.clone()).collect()
    }

    fn content_of(&self, text: &str) -> Content {
        Content { hash: short_sha256(text), round: self.round }
    }

    /// Whether somebody asked for the task by `POST /tasks`.
    pub(crate) async fn is_requested(&self) -> bool {
        self.task.lock().await.doc.source == API_SOURCE
    }

    /// Whether the answer is the task's result and goes nowhere else: the caller of `POST /tasks` reads it there.
    pub(crate) async fn answers_caller(&self) -> bool {
        self.event.target.is_none() && self.is_requested().await
    }

    /// Changes the task and writes it.
    pub(crate) async fn update(&self, change: impl FnOnce(&mut Task)) -> Result<(), Interrupt> {
        let mut task = self.task.lock().await;
        change(&mut task);
        task.control.updated_at = self.now();
        match own_write::save(&self.resources, &mut task).await? {
            Save::Done => {
                // All of it is in what was written.
                self.count_spent().await;
                Ok(())
            }
            Save::Stale => Err(Interrupt::Lost),
        }
    }

    /// The saved result of the step `name`, if a former try came so far.
    pub(crate) async fn saved<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Interrupt> {
        let part = PartKey::step(self.round, name);
        match self.resources.stores.payloads.get(&self.id, &part).await? {
            None => Ok(None),
            Some(blob) => Ok(Some(blob.json("read a step")?)),
        }
    }

    /// Saves the result of the step `name`, and returns the one that counts: the first that was
    /// saved, be it by another processor.
    pub(crate) async fn save_step<T>(&self, name: &str, value: T) -> Result<T, Interrupt>
    where
        T: Serialize + DeserializeOwned,
    {
        match self.put(&PartKey::step(self.round, name), &Blob::of_json(SAVE_STEP, &value)?).await? {
            PutNew::Stored => Ok(value),
            PutNew::Exists => Ok(self.saved(name).await?.unwrap_or(value)),
        }
    }

    /// An answer of `step` that was paid for and could not be kept is paid for once more, and then only after the store
    /// has kept something else: an outage of one store does not spend the day's budget.
    ///
    /// # Errors
    /// The store takes nothing yet.
    pub(crate) async fn can_keep(&self, step: &str) -> Result<(), Interrupt> {
        if self.task.lock().await.doc.usage.iter().any(|paid| paid.step == step) {
            let again = format!("{step}.again{}", self.fence);
            self.put(&PartKey::step(self.round, &again), &Blob::of_json(SAVE_STEP, &())?).await?;
        }
        Ok(())
    }

    /// Saves what was said to the model, and what it cost. The task has the costs with its next write; until then they
    /// stand with the calls alone.
    pub(crate) async fn record_calls(
        &self,
        exchanges: &[Exchange],
        usage: &[StepUsage],
    ) -> Result<(), Interrupt> {
        let first = {
            let mut task = self.task.lock().await;
            usage.iter().for_each(|usage| task.add_usage(usage.clone()));
            task.doc.version = Some(self.resources.version.id.clone());
            self.spent.lock().await.extend_from_slice(usage);
            let count = u32::try_from(exchanges.len()).unwrap_or(u32::MAX);
            let first = self.calls.fetch_add(count, Ordering::Relaxed);
            if let Some(last) = count.checked_sub(1).map(|behind| first.saturating_add(behind)) {
                task.doc.counted_call = Some(PartKey::call(self.fence, last).to_string());
            }
            first
        };
        self.resources.keep_documents_of(exchanges).await;
        // All of it stands with the first of them.
        let nothing: &[StepUsage] = &[];
        let costs = std::iter::once(usage).chain(std::iter::repeat(nothing));
        let puts =
            (first..).zip(exchanges.iter().zip(costs)).map(|(sequence, (exchange, usage))| async move {
                let call = BilledCall { exchange, usage };
                self.put(&PartKey::call(self.fence, sequence), &Blob::of_json(SAVE_STEP, &call)?).await
            });
        try_join_all(puts).await.map(drop)
    }

    /// Counts what this run has spent and not counted yet among the figures of the day, once it is written with the task or
    /// the run is over. What never comes to that is counted by the run that finds it.
    pub(crate) async fn count_spent(&self) {
        self.resources.stats.spent(&std::mem::take(&mut *self.spent.lock().await));
    }

    /// Notes that a model can be had again, with the task's next write.
    pub(crate) async fn model_answered(&self) {
        self.task.lock().await.doc.model_down_since = None;
    }

    pub(crate) async fn put(&self, part: &PartKey, blob: &Blob) -> Result<PutNew, Interrupt> {
        let forget_at = self.task.lock().await.parts_forgotten_at();
        Ok(self.resources.stores.payloads.put_new(&self.id, part, blob, forget_at).await?)
    }

    /// Stores a text under its hash, where the task's result can name it.
    pub(crate) async fn keep_text(&self, text: &str) -> Result<String, Interrupt> {
        let hash = short_sha256(text);
        let blob = Blob::pack(text.as_bytes()).map_err(|error| StoreError::broken("keep a draft", error))?;
        self.put(&PartKey::draft(&hash), &blob).await?;
        Ok(hash)
    }

    pub(crate) async fn draft_text(&self, hash: &str) -> Result<String, Interrupt> {
        let blob = self.resources.stores.payloads.get(&self.id, &PartKey::draft(hash)).await?;
        let blob =
            blob.ok_or_else(|| StoreError::broken("read a draft", format!("draft {hash} is missing")))?;
        let text = blob.text().map_err(|error| StoreError::broken("read a draft", error))?;
        // The hash is what a person has approved; the text under it could have been written over.
        if short_sha256(&text) != hash {
            let why = format!("the stored text does not match the hash of draft {hash}");
            return Err(StoreError::broken("read a draft", why).into());
        }
        Ok(text)
    }
}
