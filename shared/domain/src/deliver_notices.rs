//! [`deliver_notices`]: posts and changes the messages that ask people about a task's drafts.
//!
//! Its caller may die at any await point, and several callers may run it at once. Only the caller that has just
//! written a message's intent posts it. An intent that somebody else left behind is resolved by the message's own
//! metadata, and only once the intent has settled. Anybody may change a message to say how the draft was decided:
//! doing so twice is harmless.
//!
//! This is not the effect ledger: no claim protects a notice, so every step is a conditional write.

use std::time::Duration;

use crate::approver::mark;
use crate::notice::NOTICE_SETTLING;
use crate::{
    Approver, Ask, Clock, Closed, MessageRef, NOTICE_GIVES_UP, NOTICE_REFUSED_RETRY, NOTICE_RETRY, Notice,
    NoticeState, PartKey, SETTLING, Save, ServiceError, ServiceFailure, StoreError, Stores, Task, TaskId,
    TaskStatus, Timestamp, after, between,
};

/// A message is posted only this soon after its intent. The call may take 10 s and clocks may differ by as much, so
/// the message is there before anybody looks for it ([`NOTICE_SETTLING`]).
const FRESH: Duration = Duration::from_secs(20);

/// Times that a write is tried again because somebody else wrote in between.
const TRIES: usize = 5;

/// What became of a task's messages.
#[derive(Debug, Default)]
pub struct NoticeReport {
    /// Messages that were posted.
    pub posted: u32,
    /// Messages that now say how the draft was decided.
    pub marked: u32,
    /// What the service refused; tried again later.
    pub failures: Vec<ServiceError>,
    /// The task afterwards; `None` if there is none.
    pub task: Option<Task>,
}

impl NoticeReport {
    /// Whether the service is better left alone for a while. What it refuses of one message says nothing of others.
    #[must_use]
    pub fn is_down(&self) -> bool {
        let is_of_one =
            |it: &ServiceError| matches!(it.failure, ServiceFailure::Refused | ServiceFailure::NotFound);
        !self.failures.iter().all(is_of_one)
    }
}

/// Posts the task's messages that are not posted yet, and changes those whose draft was decided. A task that is
/// claimed is left to its holder.
///
/// `owner` is unique to the caller, or [`crate::claim_owner`] of the claim under which it has just
/// parked the task.
///
/// # Errors
/// [`StoreError`]: nothing is lost, a later call goes on.
pub async fn deliver_notices(
    stores: &Stores,
    approver: &dyn Approver,
    clock: &Clock,
    id: &TaskId,
    owner: &str,
) -> Result<NoticeReport, StoreError> {
    let Some(task) = stores.tasks.get(id).await? else { return Ok(NoticeReport::default()) };
    let names: Vec<String> = task
        .doc
        .notices
        .iter()
        .filter(|notice| notice.is_pending())
        .map(|notice| notice.name.clone())
        .collect();
    let mut notifier = Notifier { stores, approver, clock, owner, task, done: NoticeReport::default() };
    for name in names {
        notifier.step(&name).await?;
    }
    Ok(NoticeReport { task: Some(notifier.task), ..notifier.done })
}

/// One call of [`deliver_notices`].
struct Notifier<'a> {
    stores: &'a Stores,
    approver: &'a dyn Approver,
    clock: &'a Clock,
    owner: &'a str,
    /// As it was last read or written.
    task: Task,
    done: NoticeReport,
}

impl Notifier<'_> {
    async fn step(&mut self, name: &str) -> Result<(), StoreError> {
        if self.task.control.status == TaskStatus::Processing {
            return Ok(());
        }
        let Some(notice) = self.task.notice(name).cloned() else { return Ok(()) };
        match (&notice.state, &notice.closed) {
            (NoticeState::Wanted, None) => self.intend(notice).await,
            (NoticeState::Intended { owner, .. }, None) if owner == self.owner => self.post(notice).await,
            (NoticeState::Intended { at, .. }, _) => self.resolve(&notice, *at).await,
            (NoticeState::Posted { message }, Some(closed)) => self.mark(&notice, message, closed).await,
            (NoticeState::Wanted, Some(_)) => self.write(&notice, NoticeState::Dropped, None).await.map(drop),
            (NoticeState::Posted { .. }, None) | (NoticeState::Marked { .. } | NoticeState::Dropped, _) => {
                Ok(())
            }
        }
    }

    /// What became of an intent that somebody has left behind.
    async fn resolve(&mut self, notice: &Notice, intended: Timestamp) -> Result<(), StoreError> {
        if between(intended, self.clock.now()) < NOTICE_SETTLING {
            return Ok(());
        }
        match self.approver.find(&mark(&self.task.id, notice), notice.since).await {
            Ok(Some(message)) => self.prove(notice, message).await,
            Ok(None) if notice.closed.is_some() => {
                self.write(notice, NoticeState::Dropped, None).await.map(drop)
            }
            Ok(None) => self.intend(notice.clone()).await,
            Err(error) => self.failed(notice, notice.state.clone(), error).await,
        }
    }

    /// Writes that a message is about to be posted, and posts it. Of several who try, one writes.
    async fn intend(&mut self, notice: Notice) -> Result<(), StoreError> {
        let intent = NoticeState::Intended { at: self.clock.now(), owner: self.owner.to_owned() };
        match self.write(&notice, intent, None).await? {
            Some(intended) if intended.closed.is_none() => self.post(intended).await,
            // Decided in between: nobody needs to be asked, and nothing was posted.
            Some(intended) => self.write(&intended, NoticeState::Dropped, None).await.map(drop),
            None => Ok(()),
        }
    }

    /// Posts the message of an intent that was just written. Posts nothing when too much time has passed since:
    /// somebody else could look for the message before it is there.
    async fn post(&mut self, intended: Notice) -> Result<(), StoreError> {
        let draft = self.draft(&intended).await?;
        let now = self.clock.now();
        if !matches!(intended.state, NoticeState::Intended { at, .. } if between(at, now) < FRESH) {
            return Ok(());
        }
        let ask = Ask { task: &self.task, notice: &intended, draft: &draft };
        match self.approver.request(&ask).await {
            Ok(message) => {
                self.done.posted += 1;
                self.prove(&intended, message).await
            }
            // Whether it was posted is found out once it has settled.
            Err(error) if error.failure.is_in_doubt() => {
                self.done.failures.push(error);
                Ok(())
            }
            Err(error) => self.failed(&intended, NoticeState::Wanted, error).await,
        }
    }

    async fn prove(&mut self, intended: &Notice, message: MessageRef) -> Result<(), StoreError> {
        let posted = self.write(intended, NoticeState::Posted { message: message.clone() }, None).await?;
        match posted.as_ref().and_then(|posted| posted.closed.as_ref().map(|closed| (posted, closed))) {
            Some((posted, closed)) => self.mark(posted, &message, closed).await,
            None => Ok(()),
        }
    }

    async fn mark(
        &mut self,
        posted: &Notice,
        message: &MessageRef,
        closed: &Closed,
    ) -> Result<(), StoreError> {
        let draft = self.draft(posted).await?;
        let ask = Ask { task: &self.task, notice: posted, draft: &draft };
        match self.approver.update(message, &ask, closed).await {
            Ok(()) => {
                self.done.marked += 1;
                let marked = NoticeState::Marked { message: message.clone() };
                self.write(posted, marked, None).await.map(drop)
            }
            Err(error) if between(closed.at, self.clock.now()) > NOTICE_GIVES_UP => {
                self.done.failures.push(error);
                self.write(posted, NoticeState::Dropped, None).await.map(drop)
            }
            Err(error) => self.failed(posted, posted.state.clone(), error).await,
        }
    }

    /// Writes `state` and when to try again.
    async fn failed(
        &mut self,
        notice: &Notice,
        state: NoticeState,
        error: ServiceError,
    ) -> Result<(), StoreError> {
        let delay = delay(error.failure);
        self.done.failures.push(error);
        self.write(notice, state, Some(after(self.clock.now(), delay))).await.map(drop)
    }

    /// Moves the notice from the state that `seen` has to `state`. `None` when somebody else has moved it or holds
    /// the task: their write counts.
    ///
    /// Other fields that were written in between stay as they are, above all a person's decision.
    async fn write(
        &mut self,
        seen: &Notice,
        state: NoticeState,
        not_before: Option<Timestamp>,
    ) -> Result<Option<Notice>, StoreError> {
        for _ in 0..TRIES {
            if self.task.control.status == TaskStatus::Processing {
                return Ok(None);
            }
            let now = self.clock.now();
            let known = self.task.doc.notices.iter_mut().find(|known| known.name == seen.name);
            let Some(notice) = known.filter(|known| known.state == seen.state) else { return Ok(None) };
            notice.state = state.clone();
            let written = notice.clone();
            self.task.set_due_for_notices(now, not_before);
            self.task.control.updated_at = now;
            match self.stores.tasks.save(&mut self.task).await? {
                Save::Done => return Ok(Some(written)),
                Save::Stale => match self.stores.tasks.get(&self.task.id).await? {
                    Some(task) => self.task = task,
                    None => return Ok(None),
                },
            }
        }
        Ok(None)
    }

    async fn draft(&self, notice: &Notice) -> Result<String, StoreError> {
        let part = PartKey::draft(&notice.draft_hash);
        let blob = self.stores.payloads.get(&self.task.id, &part).await?;
        let blob = blob.ok_or_else(|| StoreError::broken("read a draft", format!("{part} is missing")))?;
        blob.text().map_err(|error| StoreError::broken("read a draft", error))
    }
}

/// How long to leave the service alone.
fn delay(failure: ServiceFailure) -> Duration {
    match failure {
        ServiceFailure::Later { after } => after.unwrap_or(NOTICE_RETRY).max(NOTICE_RETRY),
        ServiceFailure::Throttled { after } => after.max(NOTICE_RETRY),
        ServiceFailure::InDoubt | ServiceFailure::ServerError => SETTLING,
        // A setting is wrong; somebody may mend it.
        ServiceFailure::Refused
        | ServiceFailure::AccountRefused
        | ServiceFailure::PlaceRefused
        | ServiceFailure::NotFound
        | ServiceFailure::Closed => NOTICE_REFUSED_RETRY,
    }
}
