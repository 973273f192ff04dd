//! [`Context`]: what an automation can do.

use std::future::Future;
use std::sync::Arc;

use domain::{
    Blob, Classification, Comment, DraftOrigin, DraftRef, Event, ModelCall, ModelRole, OutputFormat, Part,
    StoreError, TaskError, TaskId, TaskOutput, after, draft_hash,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clean::{Allowed, clean};
use crate::gate::{Candidate, parked_because};
use crate::run::{OUTSIDE_CALL, Run};
use crate::{Interrupt, conversation};

/// The name of the reply in the effect ledger.
const REPLY: &str = "reply";

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

    /// The last comments of the thread, as many as agent.toml says, oldest first.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn history(&self) -> Result<Vec<Comment>, Interrupt> {
        let (target, limit) = (self.0.target()?, self.0.processor.config.agent.history);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let service = self.0.processor.services.of(target);
        let history = tokio::time::timeout(OUTSIDE_CALL, service.history(target, limit)).await;
        match history {
            Ok(Ok(comments)) => Ok(comments),
            Ok(Err(error)) => Err(Interrupt::from_service("history", &error, self.0.now())),
            Err(_) => Err(Interrupt::defer("the thread's comments did not come in time", None)),
        }
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
        match self.0.processor.model.generate(&call).await {
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

    /// Answers in the thread that the event came from: cleans `text`, parks it when a person must
    /// look at it first, and publishes it once.
    ///
    /// # Errors
    /// [`Interrupt`], to be passed up.
    pub async fn reply(&self, text: String) -> Result<Finished, Interrupt> {
        let text = match self.approved().await? {
            Some(text) => text,
            None => self.pass_gate(&text, DraftOrigin::Model).await?,
        };
        let hash = draft_hash(&text);
        let proof = self.0.publish_once(REPLY, self.0.target()?, &text).await?;
        *self.0.published.lock().await = Some(text);
        Ok(Finished { success: true, output: TaskOutput::Draft(hash), output_url: proof.url })
    }

    /// The text that a person has released for publishing, if one has.
    async fn approved(&self) -> Result<Option<String>, Interrupt> {
        let hash = {
            let task = self.0.task.lock().await;
            task.doc.decision.as_ref().and_then(|decision| decision.publish_hash.clone())
        };
        match hash {
            Some(hash) => self.0.draft_text(&hash).await.map(Some),
            None => Ok(None),
        }
    }

    /// The cleaned text if it may go out as it is; else it is parked.
    pub(crate) async fn pass_gate(&self, text: &str, from: DraftOrigin) -> Result<String, Interrupt> {
        let agent = &self.0.processor.config.agent;
        let event = &self.0.event;
        let allowed = Allowed { mention: event.actor.clone(), ..Allowed::default() }
            .with_hosts_of(&event.text)
            .with_hosts_of(event.opening.as_deref().unwrap_or_default())
            .with_hosts_of(&agent.persona);
        let allowed = agent.documents.iter().fold(allowed, |all, document| all.with_hosts_of(&document.text));
        let cleaned = clean(text, &allowed, &agent.persona);
        if cleaned.text.is_empty() {
            let told = TaskError::new(REPLY, "empty_draft", "nothing was left of the draft after cleaning");
            return Err(Interrupt::fail(told));
        }
        let begun = self.0.task.lock().await.effect(REPLY).is_some();
        let over_cap = if begun { None } else { self.0.reply_over_cap().await? };
        let candidate = Candidate {
            confidence: self.classification().await.confidence,
            from,
            alarm: cleaned.alarm.as_deref(),
            over_cap,
        };
        // A reply that has begun passed the gate before; parking it now could not take it back.
        let because = if begun { None } else { parked_because(agent, &candidate) };
        self.keep_draft(&cleaned.text, from, because).await?;
        Ok(cleaned.text)
    }

    /// Stores the draft's text, then the task that names it; parks it if there is a reason.
    async fn keep_draft(
        &self,
        text: &str,
        from: DraftOrigin,
        parked_because: Option<String>,
    ) -> Result<(), Interrupt> {
        let hash = draft_hash(text);
        let blob = Blob::pack(text.as_bytes()).map_err(|error| StoreError::broken("keep a draft", error))?;
        self.0.put(&Part::draft(&hash), &blob).await?;
        let parked = parked_because.is_some();
        let mut task = self.0.task.lock().await;
        if from == DraftOrigin::Fallback {
            task.doc.stand_in = Some(hash.clone());
        }
        task.doc.draft = Some(DraftRef { hash, from, parked_because });
        if parked {
            let expires = after(self.0.now(), self.0.processor.config.agent.approval_expires);
            task.doc.expires_at = Some(expires.min(task.gives_up_at()));
            let target = self.0.event.target.as_ref();
            task.doc.thread_url = target.and_then(|target| self.0.processor.services.of(target).link(target));
            return Err(Interrupt::Park);
        }
        Ok(())
    }

    async fn answer_call(&self, step: &str, instruction: &str) -> Result<ModelCall, Interrupt> {
        let history = self.history().await?;
        let agent = &self.0.processor.config.agent;
        let note = self.0.task.lock().await.doc.retry_note.clone();
        let turns = conversation::turns(&self.0.id, &self.0.event, &history, instruction, note.as_deref());
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
