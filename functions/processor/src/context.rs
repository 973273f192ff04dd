//! [`Context`]: what an automation can do.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use domain::{
    Classification, Comment, DraftOrigin, Event, Mark, ModelCall, ModelRole, OutputFormat, Proof, Publisher,
    ServiceError, Target, TaskError, TaskId, TaskOutput, Timestamp, short_sha256,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use settings::{AgentSettings, ApprovalPolicy, AutomationSettings};

use crate::clean::{Allowed, Cleaned, clean};
use crate::conversation::Conversation;
use crate::gate::{Candidate, parked_because};
use crate::run::{OUTSIDE_CALL, Run};
use crate::untrusted::visible;
use crate::{Approval, Deed, Found, Interrupt, media, prompt};

/// The name of the reply in the effect ledger.
pub(crate) const REPLY: &str = "reply";

/// What an automation is given: the event, and everything that it may do about it.
///
/// An automation may be run several times for one task: after a deferral, after a crash, after a
/// person's approval. Whatever costs money or changes the world therefore goes through this type,
/// which does each thing once: [`Context::ask`] and [`Context::step`] are saved, [`Context::reply`]
/// is in the effect ledger.
#[derive(Clone)]
pub struct Context(pub(crate) Arc<Run>);

/// How an automation ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Whether it did what was asked.
    pub success: bool,
    /// What it has to show.
    pub output: TaskOutput,
    /// Where to look at it.
    pub output_url: Option<String>,
}

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
        let task = self.0.task.lock().await;
        task.doc.classification.clone().unwrap_or_else(crate::triage::unclassified)
    }

    /// `[automations]` of agent.toml.
    #[must_use]
    pub fn settings(&self) -> &AutomationSettings {
        &self.0.processor.config.automations
    }

    /// The clients of the services outside.
    #[must_use]
    pub fn services(&self) -> &wiring::Services {
        &self.0.processor.services
    }

    /// Where an answer goes.
    ///
    /// # Errors
    /// [`Interrupt`] when the event belongs to no thread that can be answered.
    pub fn target(&self) -> Result<&Target, Interrupt> {
        self.0.target()
    }

    /// Fails now when an answer could go nowhere, before one is paid for; the next [`Context::ask`] looks
    /// beside the history whether the thread is still open, too. What came by the API has no thread, and its
    /// answer is its result.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn answerable(&self) -> Result<(), Interrupt> {
        self.0.answers.store(true, Ordering::Relaxed);
        if self.0.is_requested().await { Ok(()) } else { self.0.target().map(drop) }
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
        let (target, limit) = (self.0.event.target.as_ref(), self.0.processor.config.agent.history);
        let Some(target) = target.filter(|_| limit > 0) else { return Ok(Vec::new()) };
        let history = async { self.0.processor.services.of(target)?.history(target, limit).await };
        match tokio::time::timeout(OUTSIDE_CALL, history).await {
            Ok(Ok(comments)) => Ok(comments),
            Ok(Err(error)) => Err(Interrupt::from_service("history", &error, self.0.now())),
            Err(_) => Err(Interrupt::defer("the thread's comments did not come in time", None)),
        }
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
        let call = self.answer_call(step, instruction).await?;
        let mut answer = self.0.processor.model.generate(&call).await;
        if let Some((error, bare)) = media::refused(&answer, &call) {
            self.0.record_calls(&error.exchanges, &error.usage).await?;
            answer = self.0.processor.model.generate(&bare).await;
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
        match self.0.saved(name).await? {
            Some(saved) => Ok(saved),
            None => self.0.save_step(name, work.await?).await,
        }
    }

    /// Does `deed` once for this task and `name`, whatever crashes in between; its proof.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn once(&self, name: &str, deed: &dyn Deed) -> Result<Proof, Interrupt> {
        self.0.once(name, deed).await
    }

    /// Whether the effect `name` has been begun: then what it is must not be decided anew.
    pub async fn has_begun(&self, name: &str) -> bool {
        self.0.task.lock().await.effect(name).is_some()
    }

    /// Asks a person whether to go on, showing them `text`; returns once they have approved it. Until then
    /// the task is parked, and the automation runs again from its beginning after the approval. Whoever
    /// rejects it ends the task.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn approval(&self, name: &str, text: &str) -> Result<Approval, Interrupt> {
        self.0.ask_person(name, &visible(text), &format!("the automation asks: {name}")).await
    }

    /// Passes `text` through the gate as the content of the effect `name`: cleaned, and approved by a
    /// person where the approval policy or a safety check wants that. The text that comes back is the one
    /// to use.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn release(&self, name: &str, text: &str) -> Result<Approval, Interrupt> {
        let Cleaned { text, alarm } = self.cleaned(text)?;
        self.pass(name, text, alarm.as_deref(), None).await
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
        self.pass(name, visible(what), None, policy).await
    }

    async fn pass(
        &self,
        name: &str,
        text: String,
        alarm: Option<&str>,
        policy: Option<ApprovalPolicy>,
    ) -> Result<Approval, Interrupt> {
        if let Some(approval) = self.0.answered(name).await? {
            return Ok(approval);
        }
        let agent = &self.0.processor.config.agent;
        let agent = AgentSettings { approval: policy.unwrap_or(agent.approval), ..agent.clone() };
        let confidence = self.classification().await.confidence;
        let candidate = Candidate { confidence, from: DraftOrigin::Model, alarm, over_cap: None };
        let approval = Approval { text, edited: false, by: agent.name.clone() };
        if self.has_begun(name).await {
            // It passed the gate before; parking it now could not take it back.
            self.0.keep_text(&approval.text).await?;
            return Ok(approval);
        }
        match parked_because(&agent, &candidate) {
            Some(because) => self.0.ask_person(name, &approval.text, &because).await,
            None => {
                self.0.keep_draft(&approval.text, DraftOrigin::Model, name, None).await?;
                Ok(approval)
            }
        }
    }

    /// Answers in the thread that the event came from: cleans `text`, parks it when a person must look at
    /// it first, and publishes it once, unless the thread was closed meanwhile. What came by `POST /tasks`
    /// has no thread: there the answer is the task's result.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn reply(&self, text: String) -> Result<Finished, Interrupt> {
        let approval = self.0.answered(REPLY).await?;
        // What may be published already is not to be called off.
        if !self.has_begun(REPLY).await {
            self.0.still_open(approval.is_some()).await?;
        }
        let text = match approval {
            Some(approval) => approval.text,
            None => self.pass_gate(&text, DraftOrigin::Model).await?,
        };
        let hash = short_sha256(&text);
        if self.0.answers_caller().await {
            return Ok(Finished { success: true, output: TaskOutput::Draft(hash), output_url: None });
        }
        let target = self.0.target()?;
        let service = self.0.processor.services.of(target).map_err(|error| self.failed(REPLY, &error))?;
        let proof = self.0.once(REPLY, &Posting { service, target, text: &text }).await?;
        *self.0.published.lock().await = Some(text);
        Ok(Finished { success: true, output: TaskOutput::Draft(hash), output_url: proof.url })
    }

    /// The cleaned text if it may go out as it is; else it is parked.
    pub(crate) async fn pass_gate(&self, text: &str, from: DraftOrigin) -> Result<String, Interrupt> {
        let agent = &self.0.processor.config.agent;
        let Cleaned { text, alarm } = self.cleaned(text)?;
        if self.has_begun(REPLY).await {
            // It passed the gate before; parking it now could not take it back.
            self.0.keep_text(&text).await?;
            return Ok(text);
        }
        let candidate = Candidate {
            confidence: self.classification().await.confidence,
            from,
            alarm: alarm.as_deref(),
            over_cap: self.0.reply_over_cap().await?,
        };
        self.0.keep_draft(&text, from, REPLY, parked_because(agent, &candidate)).await?;
        Ok(text)
    }

    /// `text` without what must not go out.
    fn cleaned(&self, text: &str) -> Result<Cleaned, Interrupt> {
        let agent = &self.0.processor.config.agent;
        let event = &self.0.event;
        let allowed = Allowed::new(&event.actor, &agent.link_hosts)
            .with_addresses_of(&event.text)
            .with_addresses_of(event.opening.as_deref().unwrap_or_default())
            .with_hosts_of(&agent.persona);
        let allowed = agent.documents.iter().fold(allowed, |all, document| all.with_hosts_of(&document.text));
        let cleaned = clean(text, &allowed, &agent.persona);
        if cleaned.text.is_empty() {
            let told = TaskError::new(REPLY, "empty_draft", "nothing was left of the draft after cleaning");
            return Err(Interrupt::fail(told));
        }
        Ok(cleaned)
    }

    /// Whether what is about to be written can still be said in the thread, if that is what it is for.
    async fn open_to_answer(&self) -> Result<(), Interrupt> {
        if self.0.answers.load(Ordering::Relaxed) { self.0.still_open(false).await } else { Ok(()) }
    }

    async fn answer_call(&self, step: &str, instruction: &str) -> Result<ModelCall, Interrupt> {
        let (history, open) = futures::join!(self.history(), self.open_to_answer());
        open?;
        let history = history?;
        let agent = &self.0.processor.config.agent;
        let note = self.0.task.lock().await.doc.retry_note.clone();
        let (id, event) = (&self.0.id, &self.0.event);
        let shown = media::shown(event, &agent.media_hosts);
        let note = note.as_deref();
        let turns = Conversation { id, event, history: &history, shown, instruction, note }.turns();
        let task = self.0.task.lock().await;
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
            slot: self.0.take_slot(&task),
            deadline: self.0.answer_by(),
        })
    }
}

/// A comment in a thread. Its service's places are not counted: a thread has one task at a time.
struct Posting<'a> {
    service: &'a dyn Publisher,
    target: &'a Target,
    text: &'a str,
}

#[async_trait]
impl Deed for Posting<'_> {
    fn host(&self) -> Option<String> {
        None
    }

    async fn act(&self, mark: &Mark) -> Result<Proof, ServiceError> {
        self.service.publish(self.target, self.text, mark).await
    }

    async fn find(&self, mark: &Mark, since: Timestamp) -> Result<Found, ServiceError> {
        let found = self.service.find(self.target, mark, since).await?;
        Ok(found.map_or(Found::NotDone, Found::Done))
    }
}
