//! [`decide`]: the one way in which a person settles a parked draft; and [`retry`].

use std::time::Duration;

use crate::{
    Blob, Closed, Correction, Decision, DraftOrigin, DraftRef, Envelope, IllegalMove, Label, Lane, Origin,
    Outcome, PartKey, Save, StoreError, Stores, Task, TaskId, TaskStatus, Timestamp, UNWRITTEN, WORDS_BYTES,
    after, clip, correct, prove_decision, short_sha256,
};

/// How long after its expiry a draft can still be decided: a decision sent at the last moment takes a while to
/// arrive. Nobody may expire a draft before this has passed.
pub const DECISION_GRACE: Duration = Duration::from_secs(300);

/// [`crate::TaskError::kind`] of a task whose raw body was never stored, since the request that made
/// it died half-way. Its sender was never told `202`; when it sends again, the body is there and the
/// task gets a new life.
pub const PAYLOAD_MISSING: &str = "no_payload";

/// What a person says about a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionInput {
    /// Publish it, edited if there is a text.
    Approve {
        /// The edited text.
        text: Option<String>,
        /// The intent that would have been right: a [`Label`] beside the decision. What is published is the draft that
        /// was seen, all the same.
        intent: Option<String>,
    },
    /// Do not publish it.
    Reject {
        /// Why.
        reason: Option<String>,
    },
}

impl DecisionInput {
    /// Whether it would publish that nobody has written the answer.
    fn publishes_nothing_written(&self, draft: &DraftRef) -> bool {
        match self {
            Self::Approve { text: Some(text), .. } => {
                text.contains(UNWRITTEN) || (draft.is_unwritten() && text.trim().is_empty())
            }
            Self::Approve { text: None, .. } => draft.is_unwritten(),
            Self::Reject { .. } => false,
        }
    }
}

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decider<'a> {
    /// The name that the decision is recorded under.
    pub name: &'a str,
    /// Unique to the request that the decision came in. It distinguishes two equal decisions of the same
    /// millisecond.
    pub request: &'a str,
    /// When it was received. This time decides whether it came before the expiry.
    pub at: Timestamp,
    /// Where it came from.
    pub from: &'a Origin,
}

impl Decider<'_> {
    /// Whether it is the very person who requested `task`: whose own words it is about, or who has created it. An
    /// account of Slack is compared by its id, and with the console's people by the name that people know: a name
    /// that two people share costs one of them a decision, and nobody gains one.
    fn requested(&self, task: &Task) -> bool {
        match self.from {
            Origin::Slack { user, .. } => {
                let known = self.name.split_once(" (").map_or(self.name, |(known, _)| known);
                task.doc.actor == *user || task.is_requested_by(known)
            }
            _ => task.is_requested_by(self.name),
        }
    }
}

/// The name under which an expiry is recorded.
const NOBODY: &str = "afterhook";
/// Bytes of a note that the timeline tells.
const TOLD_BYTES: usize = 200;

/// Times that a decision is tried again because somebody else wrote the task in between. Such a write (a message
/// about the draft was posted, the sweeper moved its next look) is no decision, and must not turn one away.
const TRIES: usize = 8;

/// A decision that has been made durable.
#[derive(Debug)]
pub struct Decided {
    /// The task after it.
    pub task: Task,
    /// Whether the message that resumes the task, or announces its end, is on its lane. If not, the sweeper sends
    /// it within minutes: the decision itself is stored.
    pub enqueued: Result<(), crate::QueueError>,
    /// What was said of its intent along with the decision.
    pub correction: Option<Correction>,
}

/// Why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// There is no such task.
    #[error("there is no task {0}")]
    Unknown(TaskId),
    /// The task cannot be decided or retried in its status. Perhaps somebody else was first.
    #[error("task {id} is {status}: {hint}")]
    Conflict {
        /// Which task.
        id: TaskId,
        /// Where it stands.
        status: TaskStatus,
        /// What can be done instead.
        hint: &'static str,
    },
    /// The draft is no longer the one that the person saw.
    #[error("the draft of task {id} has changed: read it again (its hash is now {current})")]
    StaleDraft {
        /// Which task.
        id: TaskId,
        /// Hash of the present draft.
        current: String,
    },
    /// Nobody decided in time. An outcome of its own, never a rejection.
    #[error("the draft of task {id} expired at {expired_at}: retry the task to get a new one")]
    Expired {
        /// Which task.
        id: TaskId,
        /// When its time was over.
        expired_at: Timestamp,
    },
    /// Who requested the task wants to decide about it.
    #[error("task {id} was requested by {by}, who cannot decide about it: somebody else has to")]
    OwnTask {
        /// Which task.
        id: TaskId,
        /// Who requested it.
        by: String,
    },
    /// The edited text is empty.
    #[error("the edited text is empty: reject the draft instead, or leave `text` out to publish it as it is")]
    EmptyText,
    /// There is no draft yet that could be published: [`UNWRITTEN`].
    #[error(
        "task {0} has no answer yet, only a note that a person has to write it: approve it with a text of your own (without \
             the words of the note), reject it, or retry the task"
    )]
    Unwritten(TaskId),
    /// The store failed. Either nothing was decided, or the store's answer was lost. Asking again is safe.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Records `input` on the draft with `seen_hash`, in one conditional write, and sends the task on its way. The first
/// decision wins; every later one is a [`DecideError::Conflict`]. Every effect of a requested task takes two people:
/// whoever requested it does not decide about it.
///
/// # Errors
/// [`DecideError`].
pub async fn decide(
    stores: &Stores,
    id: &TaskId,
    input: DecisionInput,
    seen_hash: &str,
    decider: Decider<'_>,
) -> Result<Decided, DecideError> {
    for _ in 0..TRIES {
        let mut task = parked(stores, id, decider.at).await?;
        if decider.requested(&task) {
            return Err(DecideError::OwnTask { id: task.id, by: task.doc.actor });
        }
        let draft = task.doc.draft.clone().filter(|draft| draft.hash == seen_hash).ok_or_else(|| {
            let current = task.doc.draft.as_ref().map_or_else(String::new, |draft| draft.hash.clone());
            DecideError::StaleDraft { id: id.clone(), current }
        })?;
        if input.publishes_nothing_written(&draft) {
            return Err(DecideError::Unwritten(task.id));
        }
        // Before the decision, as whatever belongs to it. One that then comes too late leaves the label: it is true.
        let correction = match &input {
            DecisionInput::Approve { intent: Some(intent), .. } => {
                Some(correct(stores, &task, Label::Intent(intent), decider).await?)
            }
            _ => None,
        };
        let decision = decision_for(stores, &mut task, &input, &draft, decider).await?;
        // Before the decision: one without its proof counts for nothing. A click in Slack is proven by the processor.
        if let Some(hash) = decision.publish_hash.as_deref().filter(|_| decider.from.is_console()) {
            prove_decision(&*stores.state, &task, hash, decider.name, decider.at).await?;
        }
        if let Some(decided) = record(stores, task, decision, decider).await? {
            return Ok(Decided { correction, ..decided });
        }
    }
    Err(outrun(stores, id).await)
}

/// The decision that `input` stands for. An edited text is stored and becomes the draft of `task`.
async fn decision_for(
    stores: &Stores,
    task: &mut Task,
    input: &DecisionInput,
    draft: &DraftRef,
    decider: Decider<'_>,
) -> Result<Decision, DecideError> {
    if let DecisionInput::Approve { text: Some(text), .. } = input {
        if text.trim().is_empty() {
            return Err(DecideError::EmptyText);
        }
        task.doc.draft = Some(store_edit(stores, task, text, draft).await?);
    }
    let (outcome, publish_hash, reason) = input.recorded(&draft.hash);
    Ok(Decision {
        outcome,
        by: decider.name.to_owned(),
        from: Some(decider.from.clone()),
        at: decider.at,
        draft_hash: draft.hash.clone(),
        publish_hash,
        reason,
    })
}

impl DecisionInput {
    /// What a decision holds of it: the outcome, the hash of what is published, and the reason.
    fn recorded(&self, seen_hash: &str) -> (Outcome, Option<String>, Option<String>) {
        match self {
            Self::Approve { text, .. } => {
                let publish_hash = text.as_deref().map_or_else(|| seen_hash.to_owned(), short_sha256);
                let is_same = publish_hash == seen_hash;
                (if is_same { Outcome::Approved } else { Outcome::Edited }, Some(publish_hash), None)
            }
            Self::Reject { reason } => {
                let reason = reason.as_deref().map(|reason| clip(reason, WORDS_BYTES).to_owned());
                (Outcome::Rejected, None, reason)
            }
        }
    }
}

impl Decision {
    /// Whether it is what `by` says with `input` about the draft with `seen_hash`: all that a decision holds of it is
    /// the same. One that differs in a word is another one, and was not taken.
    #[must_use]
    pub fn is(&self, input: &DecisionInput, seen_hash: &str, by: &str) -> bool {
        let (outcome, publish_hash, reason) = input.recorded(seen_hash);
        self.by == by
            && self.draft_hash == seen_hash
            && (self.outcome, &self.publish_hash, &self.reason) == (outcome, &publish_hash, &reason)
    }
}

/// Ends a parked task that nobody decided about in time: an outcome of its own. The caller writes it,
/// bound to the revision that it has read, and not before the expiry and [`DECISION_GRACE`] have passed.
///
/// # Errors
/// [`IllegalMove`] when the task is not parked; it is unchanged then.
pub fn expire(task: &mut Task, now: Timestamp) -> Result<(), IllegalMove> {
    task.control.status.check_move(TaskStatus::Expired)?;
    let decision = Decision {
        outcome: Outcome::Expired,
        by: NOBODY.to_owned(),
        from: Some(Origin::Sweeper),
        at: now,
        draft_hash: task.doc.draft.as_ref().map(|draft| draft.hash.clone()).unwrap_or_default(),
        publish_hash: None,
        reason: None,
    };
    task.close_notices(&Closed::by_decision(&decision));
    task.doc.decision = Some(decision);
    task.record_follow_up(now);
    task.transition(TaskStatus::Expired, now, "nobody decided in time")
}

/// Sends an ended task around again, asks for a new draft of a parked one, or sets one going that got lost
/// ([`Task::is_lost`]) on its way to an end.
///
/// A lost task goes on where it stopped. Of the others, a `note` starts a new round, and so does every retry of a
/// rejected or parked task: saved steps and the old draft are not used again. The effect ledger stays valid: nothing
/// is published twice.
///
/// # Errors
/// [`DecideError`].
pub async fn retry(
    stores: &Stores,
    id: &TaskId,
    note: Option<String>,
    decider: Decider<'_>,
) -> Result<Decided, DecideError> {
    for _ in 0..TRIES {
        let mut task = stores.tasks.get(id).await?.ok_or_else(|| DecideError::Unknown(id.clone()))?;
        check_retry(&task, decider.at)?;
        let retried = if task.is_lost(decider.at) {
            set_going(stores, task, note.as_deref(), decider).await?
        } else {
            renew(&mut task, note.as_deref(), decider)?;
            let said =
                note.as_deref().map(|note| format!(": {}", clip(note, TOLD_BYTES))).unwrap_or_default();
            resume(stores, task, decider, &format!("retried by {}{said}", decider.name)).await?
        };
        if let Some(decided) = retried {
            return Ok(decided);
        }
    }
    Err(outrun(stores, id).await)
}

/// Sends a task around again that gave way to `newer`, which will answer nobody. One that did not, or that has gone on since,
/// stays as it is. It is due at once: a sweep sends its message, since no processor sends to the lanes that it is called by.
///
/// # Errors
/// [`DecideError`].
pub async fn give_back(
    stores: &Stores,
    id: &TaskId,
    newer: &TaskId,
    decider: Decider<'_>,
) -> Result<(), DecideError> {
    for _ in 0..TRIES {
        let Some(mut task) =
            stores.tasks.get(id).await?.filter(|task| task.gave_way_to() == Some(newer.clone()))
        else {
            return Ok(());
        };
        check_retry(&task, decider.at)?;
        renew(&mut task, None, decider)?;
        set_off(&mut task, decider, &format!("sent around again: {newer} answers nobody"))?;
        if save(stores, &mut task, decider).await? == Save::Done {
            return Ok(());
        }
    }
    Err(outrun(stores, id).await)
}

/// What no retry can mend.
fn check_retry(task: &Task, now: Timestamp) -> Result<(), DecideError> {
    if now >= task.retried_until() {
        return Err(conflict(
            task,
            "its raw body is about to expire; ask the sender to send the event again",
        ));
    }
    if task.doc.damaged.is_some() {
        return Err(conflict(task, "its record was damaged, and it cannot go on; see to it by hand"));
    }
    Ok(())
}

/// Brings a lost task back, as it is: its status, its attempts and its saved steps stay. `None` when somebody else wrote in
/// between.
async fn set_going(
    stores: &Stores,
    mut task: Task,
    note: Option<&str>,
    decider: Decider<'_>,
) -> Result<Option<Decided>, DecideError> {
    if note.is_some() {
        let hint = "it got lost before it ended, and goes on where it stopped: retry it without a note";
        return Err(conflict(&task, hint));
    }
    if task.control.status == TaskStatus::Waiting {
        task.control.not_before = Some(decider.at);
    }
    task.control.updated_at = decider.at;
    task.note(decider.at, &format!("set going again by {}: it had got lost", decider.name));
    send_on(stores, task, decider).await
}

/// Clears the fields that a new try must not find.
fn renew(task: &mut Task, note: Option<&str>, decider: Decider<'_>) -> Result<(), DecideError> {
    let fresh = match task.control.status {
        TaskStatus::AwaitingApproval | TaskStatus::Rejected => true,
        TaskStatus::Failed | TaskStatus::Expired | TaskStatus::Ignored => note.is_some(),
        TaskStatus::Completed => return Err(conflict(task, "its result is published; it cannot run again")),
        TaskStatus::Received | TaskStatus::Processing | TaskStatus::Waiting => {
            return Err(conflict(task, "it is still under way; wait until it has ended"));
        }
    };
    let (by, from) = (decider.name.to_owned(), Some(decider.from.clone()));
    task.close_notices(&Closed { outcome: None, by, from, at: decider.at });
    let doc = &mut task.doc;
    // Its new life has an end of its own to tell of.
    doc.follow_up = None;
    doc.reported = false;
    if fresh {
        doc.round += 1;
        doc.draft = None;
    }
    // Triage ran while no model was available: it runs again.
    if doc.model_down_since.take().is_some() && doc.stand_in.is_some() {
        doc.classification = doc.classification.take().filter(|known| known.confidence > 0.0);
    }
    doc.decision = None;
    doc.expires_at = None;
    doc.retry_note = note.map(|note| clip(note, WORDS_BYTES).to_owned());
    doc.error = None;
    doc.result = None;
    doc.deferrals = 0;
    // No two lives begin at the same moment: whoever asks may have stood still since they looked at the clock.
    doc.opened_at = decider.at.max(after(doc.opened_at, Duration::from_millis(1)));
    Ok(())
}

async fn parked(stores: &Stores, id: &TaskId, now: Timestamp) -> Result<Task, DecideError> {
    let task = stores.tasks.get(id).await?.ok_or_else(|| DecideError::Unknown(id.clone()))?;
    if task.control.status != TaskStatus::AwaitingApproval {
        return Err(conflict(&task, "only a task that awaits approval can be decided"));
    }
    match task.doc.expires_at {
        Some(expired_at) if after(expired_at, DECISION_GRACE) < now => {
            Err(DecideError::Expired { id: task.id, expired_at })
        }
        _ => Ok(task),
    }
}

fn conflict(task: &Task, hint: &'static str) -> DecideError {
    DecideError::Conflict { id: task.id.clone(), status: task.control.status, hint }
}

/// The edited text rests under its own hash before the decision names it, so a crash in between
/// leaves an unused part and no dangling decision.
async fn store_edit(
    stores: &Stores,
    task: &Task,
    text: &str,
    seen: &DraftRef,
) -> Result<DraftRef, DecideError> {
    let hash = short_sha256(text);
    if hash == seen.hash {
        return Ok(seen.clone());
    }
    let blob = Blob::pack(text.as_bytes()).map_err(|error| StoreError::broken("edit a draft", error))?;
    stores.payloads.put_new(&task.id, &PartKey::draft(&hash), &blob, task.parts_forgotten_at()).await?;
    Ok(DraftRef { hash, from: DraftOrigin::Person, parked_because: seen.parked_because.clone() })
}

/// `None` when somebody else wrote in between.
async fn record(
    stores: &Stores,
    mut task: Task,
    decision: Decision,
    decider: Decider<'_>,
) -> Result<Option<Decided>, DecideError> {
    let rejected = decision.outcome == Outcome::Rejected;
    let note = match decision.outcome {
        Outcome::Approved => format!("approved by {}", decision.by),
        Outcome::Edited => format!("edited and approved by {}", decision.by),
        Outcome::Rejected | Outcome::Expired => format!("rejected by {}", decision.by),
    };
    task.close_notices(&Closed::by_decision(&decision));
    task.doc.decision = Some(decision);
    task.doc.expires_at = None;
    if !rejected {
        return resume(stores, task, decider, &note).await;
    }
    let from = task.control.status;
    task.record_follow_up(decider.at);
    if task.transition(TaskStatus::Rejected, decider.at, &note).is_err() {
        return Err(DecideError::Conflict { id: task.id, status: from, hint: "it cannot be rejected" });
    }
    if save(stores, &mut task, decider).await? == Save::Stale {
        return Ok(None);
    }
    // The task has ended. A processor, which works on the lanes, counts it, tells those who wait for it, and
    // changes its message.
    let enqueued = send(stores, &task).await;
    Ok(Some(Decided { task, enqueued, correction: None }))
}

/// `waiting`, and on its way. `None` when somebody else wrote in between.
async fn resume(
    stores: &Stores,
    mut task: Task,
    decider: Decider<'_>,
    note: &str,
) -> Result<Option<Decided>, DecideError> {
    set_off(&mut task, decider, note)?;
    send_on(stores, task, decider).await
}

/// `waiting`, and due at once.
fn set_off(task: &mut Task, decider: Decider<'_>, note: &str) -> Result<(), DecideError> {
    if task.transition(TaskStatus::Waiting, decider.at, note).is_err() {
        return Err(conflict(task, "it cannot be resumed"));
    }
    // A new stretch of its life: earlier tries no longer count.
    task.control.attempts = 0;
    task.doc.failed_tries.clear();
    task.control.not_before = Some(decider.at);
    task.control.due_at = Some(decider.at);
    Ok(())
}

/// Due at once, and a message on the express lane: a person is waiting for it. `None` when somebody else wrote in between.
async fn send_on(
    stores: &Stores,
    mut task: Task,
    decider: Decider<'_>,
) -> Result<Option<Decided>, DecideError> {
    task.control.due_at = Some(decider.at);
    if save(stores, &mut task, decider).await? == Save::Stale {
        return Ok(None);
    }
    let enqueued = send(stores, &task).await;
    Ok(Some(Decided { task, enqueued, correction: None }))
}

async fn send(stores: &Stores, task: &Task) -> Result<(), crate::QueueError> {
    let envelope =
        Envelope { task_id: task.id.clone(), lane: Lane::Express, tenant: task.doc.tenant.clone() };
    stores.queue.send(&envelope).await
}

async fn save(stores: &Stores, task: &mut Task, decider: Decider<'_>) -> Result<Save, StoreError> {
    task.doc.written_in = Some(decider.request.to_owned());
    stores.tasks.save(task).await
}

/// The error of a decision that lost to other writers every time.
async fn outrun(stores: &Stores, id: &TaskId) -> DecideError {
    match stores.tasks.get(id).await {
        Ok(Some(task)) => conflict(&task, "somebody else keeps changing it; try again"),
        Ok(None) => DecideError::Unknown(id.clone()),
        Err(error) => error.into(),
    }
}
