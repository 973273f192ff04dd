//! [`Context`]: what an automation can do.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::{
    Audience, Classification, Comment, Event, ModelCall, ModelRole, OutputFormat, Proof, ServiceError,
    Target, TaskId,
};
use markdown::visible;
use serde::Serialize;
use serde::de::DeserializeOwned;
use settings::{ApprovalPolicy, AutomationSettings};
use wiring::ServiceClient;

use crate::automation::conversation::Conversation;
use crate::automation::{media, prompt, reference, shown};
use crate::reply::approval::ask_person;
use crate::reply::clean::Cleaned;
use crate::reply::place::{Place, check_channel};
use crate::reply::thread::still_open;
use crate::reply::{effect, gate, publish, shadow, thread};
use crate::task::carried::among;
use crate::task::claimed_task::ClaimedTask;
use crate::{Action, Approval, Finished, Interrupt};

/// What an automation is given: the event, and everything that it may do about it.
///
/// An automation may be run several times for one task: after a deferral, after a crash, after a
/// person's approval. Whatever costs money or changes the world therefore goes through this type,
/// which does each thing once: [`Context::ask`] and [`Context::step`] are saved, [`Context::reply`]
/// is in the effect ledger.
#[derive(Clone)]
pub struct Context(pub(crate) Arc<ClaimedTask>);

impl Context {
    /// The task.
    #[must_use]
    pub fn task_id(&self) -> &TaskId {
        &self.0.id
    }

    /// What happened. Its texts are untrusted.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.0.event
    }

    /// What triage made of it.
    pub async fn classification(&self) -> Classification {
        self.0.classification().await
    }

    /// `[automations]` of agent.toml.
    #[must_use]
    pub fn settings(&self) -> &AutomationSettings {
        &self.0.resources.settings.automations
    }

    /// The clients of the services outside.
    #[must_use]
    pub fn services(&self) -> &wiring::Services {
        &self.0.resources.services
    }

    /// Where an answer goes.
    ///
    /// # Errors
    /// [`Interrupt`] when the event belongs to no thread that can be answered.
    pub fn target(&self) -> Result<&Target, Interrupt> {
        self.0.target()
    }

    /// Fails now if an answer could go nowhere, before one is paid for. The next [`Context::ask`] also looks
    /// whether the thread is still open. A task of the API has no thread: its answer is its result.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn answerable(&self) -> Result<(), Interrupt> {
        self.0.answers.store(true, Ordering::Relaxed);
        if self.0.is_requested().await { Ok(()) } else { self.0.target().map(drop) }
    }

    /// Ends the task as ignored if `audience` has more people than those who see what caused it: nothing of an
    /// internal note may go to a place that others read. Call it before anything is paid for; [`Context::once`]
    /// checks the [`Action::audience`] again.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn seen_by(&self, audience: Audience) -> Result<(), Interrupt> {
        thread::seen_by(&self.0, audience).await
    }

    /// The same for a `channel` of Slack that is told of the event: what is said in a conversation that is not open to
    /// all members is told in no other.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub fn told_in(&self, channel: &str) -> Result<(), Interrupt> {
        check_channel(&self.0, channel)
    }

    /// The client of type `T` for `step`. Offline, where there is none, the task ends: what it would have to read is not
    /// known ([`crate::unread`]).
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub fn client<T: ServiceClient>(&self, step: &str) -> Result<&T, Interrupt> {
        self.services().client().map_err(|error| {
            shadow::offline(&self.0, T::SERVICE.title()).err().unwrap_or_else(|| self.failed(step, &error))
        })
    }

    /// What the failure of a service at `step` means for the task.
    #[must_use]
    pub fn failed(&self, step: &str, error: &ServiceError) -> Interrupt {
        Interrupt::from_service(step, error, self.0.now())
    }

    /// The last comments of the thread, as many as agent.toml says, oldest first; none when the event has
    /// no thread.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn history(&self) -> Result<Vec<Comment>, Interrupt> {
        let limit = self.0.resources.settings.agent.history;
        if limit == 0 || self.0.event.target.is_none() {
            return Ok(Vec::new());
        }
        if let Some(history) = self.0.history_then() {
            return Ok(history);
        }
        let place = Place::of(&self.0)?;
        let history = self.0.resources.look_up("history", place.history(limit)).await?;
        self.0.note_history(&history);
        Ok(history)
    }

    /// The instruction that the intent of the task has in agent.toml (`prompt`), or `instead` if it has none:
    /// for [`Context::ask`].
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn instruction(&self, instead: &str) -> Result<String, Interrupt> {
        prompt::instruction(&self.0, instead).await
    }

    /// The answer model's text on the thread so far, following `instruction`. Saved as the step
    /// `step`: asked again, it costs nothing.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn ask(&self, step: &str, instruction: &str) -> Result<String, Interrupt> {
        if let Some(saved) = self.0.saved(step).await? {
            return Ok(saved);
        }
        self.0.may_begin()?;
        self.0.can_keep(step).await?;
        let mut call = self.answer_call(step, instruction).await?;
        let mut answer = self.0.resources.model.generate(&call).await;
        while let Some((error, fewer)) = media::refused(&answer, &call) {
            self.0.record_calls(&error.exchanges, &error.usage).await?;
            call = fewer;
            shown::check(&self.0, &call).await?;
            answer = self.0.resources.model.generate(&call).await;
        }
        match answer {
            Ok(answer) => {
                self.0.model_answered().await;
                let (recorded, saved) = futures::join!(
                    self.0.record_calls(&answer.exchanges, &answer.usage),
                    self.0.save_step(step, answer.text)
                );
                recorded.and(saved)
            }
            Err(error) => {
                self.0.record_calls(&error.exchanges, &error.usage).await?;
                Err(Interrupt::from_model(&error))
            }
        }
    }

    /// The result of `work`, saved as the step `name`: once it has come out well, it is not run
    /// again, whatever happens after it.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn step<T, W>(&self, name: &str, work: W) -> Result<T, Interrupt>
    where
        T: Serialize + DeserializeOwned,
        W: Future<Output = Result<T, Interrupt>>,
    {
        if let Some(saved) = self.0.saved(name).await? {
            return Ok(saved);
        }
        self.0.may_begin()?;
        self.0.save_step(name, work.await?).await
    }

    /// Does `action` once for this task and `name`, whatever crashes in between; its proof. What changes something
    /// outside goes through here and nowhere else: in shadow, the task ends in its place.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn once(&self, name: &str, action: &dyn Action) -> Result<Proof, Interrupt> {
        effect::once(&self.0, name, action).await
    }

    /// The text that the effect `name` was begun with in an earlier round (a retry with a note begins another),
    /// if it was: [`Context::earlier`] finds out what became of it.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn begun(&self, name: &str) -> Result<Option<String>, Interrupt> {
        match self.0.begun_before(name).await {
            Some(content) => self.0.draft_text(&content.hash).await.map(Some),
            None => Ok(None),
        }
    }

    /// How the task ends if the effect `name` of an earlier round has happened. Call it before anything new is
    /// planned, and before [`Context::permit`] or [`Context::approval`]: nobody is to decide about what cannot happen
    /// any more. `action` searches for it; it is not performed.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn earlier(&self, name: &str, action: &dyn Action) -> Result<Option<Finished>, Interrupt> {
        if self.0.begun_before(name).await.is_none() {
            return Ok(None);
        }
        match effect::earlier(&self.0, name, action).await? {
            Some(earlier) => Ok(Some(earlier.finished(&self.0, name).await)),
            None => Ok(None),
        }
    }

    /// Asks a person whether to go on, showing them `text`; returns once they have approved it. Until then
    /// the task is parked, and the automation runs again from its beginning after the approval. Whoever
    /// rejects it ends the task.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn approval(&self, name: &str, text: &str) -> Result<Approval, Interrupt> {
        ask_person(&self.0, name, &visible(text), &format!("the automation asks: {name}")).await
    }

    /// Passes `text` through the gate as the content of the effect `name`: cleaned, and approved by a
    /// person where the approval policy or a safety check wants that. The text that comes back is the one
    /// to use.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn release(&self, name: &str, text: &str) -> Result<Approval, Interrupt> {
        let Cleaned { text, alarm } = gate::cleaned(&self.0, text)?;
        gate::release(&self.0, name, text, alarm.as_deref(), None).await
    }

    /// Passes an action, described by `what`, through the gate as the effect `name`: approved by a person
    /// where `policy` (agent.toml's own, if there is none) wants that.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn permit(
        &self,
        name: &str,
        what: &str,
        policy: Option<ApprovalPolicy>,
    ) -> Result<Approval, Interrupt> {
        gate::release(&self.0, name, visible(what), None, policy).await
    }

    /// Answers in the thread that the event came from: cleans `text`, parks it when a person must look at
    /// it first, and publishes it once, unless the thread was closed meanwhile. A task of `POST /tasks` has
    /// no thread: its answer is its result.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn reply(&self, text: String) -> Result<Finished, Interrupt> {
        publish::reply(&self.0, text, None).await
    }

    /// Likewise for an automation that lacks something: `text` asks for it, and waits for a person whatever the policy,
    /// who is told `why`. They may do what is to be done by hand, and answer in other words. Once they have approved it, it is
    /// published, and the automation does not run again: nothing that was refused is tried a second time.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn ask_back(&self, why: &str, text: String) -> Result<Finished, Interrupt> {
        publish::reply(&self.0, text, Some(why)).await
    }

    /// Whether the thread is still open, if what is about to be written is meant for it.
    async fn open_to_answer(&self) -> Result<(), Interrupt> {
        if self.0.answers.load(Ordering::Relaxed) { still_open(&self.0, false).await } else { Ok(()) }
    }

    async fn answer_call(&self, step: &str, instruction: &str) -> Result<ModelCall, Interrupt> {
        let (history, carried, open, reference) = futures::join!(
            self.history(),
            self.0.carried(),
            self.open_to_answer(),
            reference::about(&self.0)
        );
        open?;
        let reference = reference?;
        let history = among(history?, carried?);
        let agent = &self.0.resources.settings.agent;
        let note = self.0.task.lock().await.doc.retry_note.clone();
        let (nonce, event) = (self.0.nonce.as_str(), &self.0.event);
        let shown = shown::shown(&self.0).await?;
        let note = note.as_deref();
        let reference = &reference;
        let turns =
            Conversation { nonce, event, history: &history, reference, shown, instruction, note }.turns();
        let mut task = self.0.task.lock().await;
        let slot = self.0.take_slot(&mut task);
        Ok(ModelCall {
            task_id: self.0.id.clone(),
            step: step.to_owned(),
            role: ModelRole::Answer,
            tenant: task.doc.tenant.clone(),
            thread: task.doc.thread.clone(),
            priority: task.doc.priority,
            system: agent.persona.clone(),
            documents: agent.documents.clone(),
            turns,
            output: OutputFormat::Text,
            slot,
            waiting_since: task.doc.model_down_since,
            deadline: self.0.answer_by(),
        })
    }
}
