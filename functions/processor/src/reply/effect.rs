//! The effect ledger: every outside effect happens once, whatever crashes in between.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Audience, Content, Effect, EffectState, Mark, Proof, SETTLING, SETTLING_AFTER_ERROR, ServiceError,
    ServiceFailure, TaskError, TaskOutput, Timestamp, after, between, in_doubt,
};

use crate::automation::bulkhead::with_host_permit;
use crate::queue::ack::deferral_backoff;
use crate::reply::approval::ask_person;
use crate::reply::place::check_audience;
use crate::reply::shadow;
use crate::resources::OUTSIDE_CALL;
use crate::task::claimed_task::ClaimedTask;
use crate::task::interrupt::Deferred;
use crate::task::lease;
use crate::{Finished, Interrupt};

/// An effect begins only with so much of the lease left: the call's own time-out, the write of the
/// proof, and plenty for clocks that differ. Nobody else can have claimed the task before it is over.
const LEASE_NEEDED: Duration = Duration::from_secs(30);

/// An intent is acted on before it is older: the act and its answer are over well before it has settled.
const FRESH: Duration = SETTLING.checked_sub(OUTSIDE_CALL.saturating_mul(3)).unwrap();

/// Services stamp with their own clocks; the search for a proof begins so much before the intent.
const CLOCK_SKEW: Duration = Duration::from_secs(600);

/// The kind of the error when nobody knows whether an effect has happened.
pub(crate) const IN_DOUBT: &str = "in_doubt";

/// Something that is done to the world outside, once: what [`crate::Context::once`] takes.
///
/// [`Action::perform`] is called at most once without a proof, a person's word or [`Found::Repeatable`] in between, is
/// abandoned after 10 s, and must not repeat anything itself.
#[async_trait]
pub trait Action: Send + Sync {
    /// The host whose cap on calls it counts against, the search for a proof as well; `None` for none.
    fn host(&self) -> Option<String>;

    /// Does it, so that `mark` can be found again.
    ///
    /// # Errors
    /// [`ServiceFailure::InDoubt`] when it may have happened.
    async fn perform(&self, mark: &Mark) -> Result<Proof, ServiceError>;

    /// Whether an earlier try, not before `since`, has done it. Only what nobody else could have written
    /// is a proof.
    ///
    /// # Errors
    /// [`ServiceError`]. [`ServiceFailure::InDoubt`] is [`Found::Unknown`].
    async fn find(&self, mark: &Mark, since: Timestamp) -> Result<Found, ServiceError>;

    /// Who comes to see it. Of an event that fewer people may see, it is not done.
    fn audience(&self) -> Audience {
        Audience::Public
    }

    /// Whether to do it again is no second time: it carries a key by which the service knows it. After an answer that
    /// says that the service failed, it is looked for, and done again, sooner then; listings of others may lag.
    fn is_idempotent(&self) -> bool {
        false
    }
}

/// What the service knows of an earlier try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It was done.
    Done(Proof),
    /// It certainly was not.
    NotDone,
    /// The service cannot tell: a person must.
    Unknown,
    /// It cannot tell either, and the very same may be done again: a second time is the first one, or does no harm. That
    /// is no proof that nothing was done.
    Repeatable,
}

/// Does `action`, once for this task and `name`, whatever crashes in between. What it is about is what this run
/// has let through the gate for `name`; an earlier try that happened stands, whatever it was about.
/// A task in shadow ends in its place.
pub(crate) async fn once(claimed: &ClaimedTask, name: &str, action: &dyn Action) -> Result<Proof, Interrupt> {
    attempt(claimed, name, action, shadow::instead_of(claimed, name)).await
}

/// Likewise, in shadow too: for what only tells its receiver how a task has ended.
pub(crate) async fn once_in_any_mode(
    claimed: &ClaimedTask,
    name: &str,
    action: &dyn Action,
) -> Result<Proof, Interrupt> {
    attempt(claimed, name, action, async { Ok(()) }).await
}

/// Does `action` if no earlier try did, and `permitted` comes out well.
async fn attempt(
    claimed: &ClaimedTask,
    name: &str,
    action: &dyn Action,
    permitted: impl Future<Output = Result<(), Interrupt>>,
) -> Result<Proof, Interrupt> {
    let mut entry = Entry::of(claimed, name).await;
    if let Some(earlier) = entry.outcome(action).await? {
        earlier.say_if_other(claimed, name).await;
        return Ok(earlier.proof);
    }
    let allowed = match claimed.may_begin().and_then(|()| check_audience(claimed, action.audience())) {
        Ok(()) => permitted.await,
        ending => ending,
    };
    if let Err(interrupt) = allowed {
        entry.take_back().await;
        return Err(interrupt);
    }
    if !entry.is_same().await {
        entry.ask_whether(&in_doubt(name)).await?;
    }
    // The permit is taken before the intent is written: waiting for it must not age the intent.
    with_host_permit(claimed, action.host().as_deref(), FRESH + OUTSIDE_CALL, entry.perform(action)).await?
}

/// What became of an earlier try of `name`: that is found out before anything is decided about another text.
/// `None` if there was none, if it certainly did not happen (its entry is gone then), or if it may be done again.
pub(crate) async fn earlier(
    claimed: &ClaimedTask,
    name: &str,
    action: &dyn Action,
) -> Result<Option<Earlier>, Interrupt> {
    let mut entry = Entry::of(claimed, name).await;
    let outcome = entry.outcome(action).await?;
    if outcome.is_none() {
        entry.take_back().await;
    }
    Ok(outcome)
}

/// An earlier try that happened.
pub(crate) struct Earlier {
    /// What it was about.
    content: Option<Content>,
    proof: Proof,
}

impl Earlier {
    /// How a task ends whose effect `name` has happened already.
    pub(crate) async fn finished(self, claimed: &ClaimedTask, name: &str) -> Finished {
        self.say_if_other(claimed, name).await;
        let output = match self.content {
            Some(content) => TaskOutput::Draft(content.hash),
            None => TaskOutput::Text(format!("`{name}` had happened: {}", self.proof.id)),
        };
        Finished { success: true, output, output_url: self.proof.url }
    }

    /// The timeline names the draft that went out, if it is not the one that was written or approved last.
    async fn say_if_other(&self, claimed: &ClaimedTask, name: &str) {
        let Some(content) = &self.content else { return };
        let released = claimed.released(name).await;
        if content.round == claimed.round && released.is_none_or(|released| released == *content) {
            return;
        }
        let Content { hash, round } = content;
        let note =
            format!("`{name}` had happened with draft {hash} of round {round}; no other draft goes out");
        claimed.task.lock().await.note(claimed.now(), &note);
    }
}

/// The ledger's entry of one effect.
struct Entry<'a> {
    claimed: &'a ClaimedTask,
    name: &'a str,
    mark: Mark,
    /// As it was found; `None` once it is certain that nothing came of it.
    known: Option<Effect>,
}

impl<'a> Entry<'a> {
    async fn of(claimed: &'a ClaimedTask, name: &'a str) -> Self {
        let mark = Mark { task_id: claimed.id.clone(), effect: name.to_owned() };
        let known = claimed.task.lock().await.effect(name).cloned();
        Self { claimed, name, mark, known }
    }

    /// What became of the try that was found. `None` leaves it open whether it happened only where it may be done again.
    async fn outcome(&mut self, action: &dyn Action) -> Result<Option<Earlier>, Interrupt> {
        let Some(Effect { content, state, .. }) = self.known.clone() else { return Ok(None) };
        let proof = match state {
            EffectState::Done { proof, .. } => proof,
            EffectState::Intended { at, fence, settles_at } => {
                self.check_settled(action, at, fence, settles_at).await?;
                match self.resolve(action, at).await? {
                    Found::Done(proof) => self.prove(content.clone(), proof).await,
                    Found::NotDone => {
                        self.known = None;
                        return Ok(None);
                    }
                    Found::Unknown => {
                        self.ask_whether(&in_doubt(self.name)).await?;
                        return Ok(None);
                    }
                    Found::Repeatable => return Ok(None),
                }
            }
        };
        Ok(Some(Earlier { content, proof }))
    }

    /// Whether the try that may be done again, if there is one, was about the very text that is let through now.
    async fn is_same(&self) -> bool {
        let Some(known) = &self.known else { return true };
        let now = self.claimed.released(self.name).await;
        known.content.as_ref().map(|content| &content.hash) == now.as_ref().map(|content| &content.hash)
    }

    async fn perform(&mut self, action: &dyn Action) -> Result<Proof, Interrupt> {
        let content = self.claimed.released(self.name).await;
        let act_by = self.intend(content.clone()).await?;
        let clock = &self.claimed.resources.clock;
        let act = outbound::acting_until(clock, act_by, action.perform(&self.mark));
        match tokio::time::timeout(OUTSIDE_CALL, act).await {
            Ok(Ok(proof)) => Ok(self.prove(content, proof).await),
            Ok(Err(error)) => Err(self.failed(action, &error).await),
            Err(_) => Err(self.in_doubt("no answer came in time", SETTLING).await),
        }
    }

    /// What the service knows of an intent without proof.
    async fn resolve(&self, action: &dyn Action, intended: Timestamp) -> Result<Found, Interrupt> {
        let since = intended.checked_sub(CLOCK_SKEW).unwrap_or(intended);
        let search = tokio::time::timeout(OUTSIDE_CALL, action.find(&self.mark, since));
        match with_host_permit(self.claimed, action.host().as_deref(), OUTSIDE_CALL, search).await? {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) if error.failure == ServiceFailure::InDoubt => Ok(Found::Unknown),
            Ok(Err(error)) => Err(self.unresolved(&error)),
            Err(_) => Err(Interrupt::retry(self.doubt("the search for an earlier try took too long"))),
        }
    }

    /// Refuses to go on while the try that was found may still be on its way, or not be listed yet. Of a run that never
    /// said how it ended, that is waited for before the work begins (`pipeline.rs`).
    async fn check_settled(
        &self,
        action: &dyn Action,
        intended: Timestamp,
        fence: u64,
        settles_at: Option<Timestamp>,
    ) -> Result<(), Interrupt> {
        let claimed = self.claimed;
        let (clock, sightings) = (&claimed.resources.clock, &claimed.resources.sightings);
        let is_claimed = claimed.task.lock().await.control.lease.is_some();
        let is_ours = fence == claimed.fence || clock.apart().is_zero();
        // A repetition that is known as one does no harm. Without a claim (a follow-up) it is most often the try of somebody
        // who is at it right now.
        let is_harmless = settles_at.is_some() && action.is_idempotent();
        let by_its_clock = settles_at.unwrap_or(after(intended, SETTLING));
        let at = if is_ours || is_harmless || !is_claimed {
            by_its_clock
        } else {
            after(clock.now(), sightings.left(&claimed.id, intended, by_its_clock, clock))
        };
        if clock.now() >= at {
            return Ok(());
        }
        let why = format!("an earlier try to {} may still be on its way", self.name);
        let deferred = Deferred { not_before: Some(at), lengthens: false, ..Deferred::orderly(why) };
        Err(Interrupt::Defer(Box::new(deferred)))
    }

    /// Asks a person about the try that was found, of which there is no proof; returns once they have said that it did not
    /// happen. The question is about this very try: the next one in doubt is a question of its own. `because` is for
    /// their eyes alone, so that other words of the service make no other question.
    async fn ask_whether(&mut self, because: &str) -> Result<(), Interrupt> {
        let Some(EffectState::Intended { at, .. }) = self.known.as_ref().map(|known| &known.state) else {
            return Ok(());
        };
        let name = self.name;
        let text = format!(
            "Whether `{name}` has happened is not known: the answer to the try of {at} was lost. \
             Look whether it did.\n\n\
             Approve if it did not: it is done again. Reject if it did, or is not wanted any more: the task \
             ends."
        );
        let question = format!("in doubt: {name} {}", at.as_millisecond());
        ask_person(self.claimed, &question, &text, because).await?;
        self.known = None;
        Ok(())
    }

    /// The service does not say what became of the try. If it is down for searches as well, that is no fault of
    /// the task; what can never be resolved counts as an attempt.
    fn unresolved(&self, error: &ServiceError) -> Interrupt {
        match error.failure {
            ServiceFailure::Refused | ServiceFailure::InDoubt | ServiceFailure::ServerError => {
                Interrupt::retry(self.doubt(&error.to_string()))
            }
            ServiceFailure::Later { .. }
            | ServiceFailure::Throttled { .. }
            | ServiceFailure::AccountRefused
            | ServiceFailure::PlaceRefused
            | ServiceFailure::NotFound
            | ServiceFailure::Closed => Interrupt::from_service(self.name, error, self.claimed.now()),
        }
    }

    /// Writes that the effect is about to happen, and returns until when it may begin to. Nothing may happen before this
    /// write is safe.
    async fn intend(&self, content: Option<Content>) -> Result<Timestamp, Interrupt> {
        let claimed = self.claimed;
        let too_late = || Interrupt::defer("too little time left to publish", Some(claimed.now()));
        if claimed.lease_left() < LEASE_NEEDED {
            return Err(too_late());
        }
        let intended = claimed.now();
        let state = EffectState::Intended { at: intended, fence: claimed.fence, settles_at: None };
        let written = claimed
            .update(|task| {
                task.set_effect(Effect { name: self.name.to_owned(), content, state });
                task.note(claimed.now(), &format!("about to {}", self.name));
                // A whole lease: the next renewal may fail. Whoever stands still for longer sends nothing more.
                lease::extend(task, lease::until(claimed.now(), claimed.deadline));
            })
            .await;
        if let Err(interrupt) = written {
            // Nothing was sent, and nothing will be. If the write was made all the same, the next one, of the whole task,
            // takes the intent out of the store.
            self.take_back().await;
            return Err(interrupt);
        }
        // The write may have been slow, or this process stood still behind it. Whoever finds an intent that has
        // settled looks for its proof and acts; a lease is no bar to that, if clocks differ.
        let now = claimed.now();
        let is_old = between(intended, now) > FRESH;
        if is_old || claimed.lease_left() < LEASE_NEEDED - OUTSIDE_CALL {
            self.take_back().await;
            return Err(too_late());
        }
        // It may stand still from here on as well: the requests look at the clock themselves.
        Ok(after(now, OUTSIDE_CALL))
    }

    /// Notes the proof; it is written with the task's next write, the last one of this claim at the
    /// latest. A crash before that is a crash before the proof: the service is asked.
    async fn prove(&self, content: Option<Content>, proof: Proof) -> Proof {
        let state = EffectState::Done { at: self.claimed.now(), proof: proof.clone() };
        let effect = Effect { name: self.name.to_owned(), content, state };
        self.claimed.task.lock().await.set_effect(effect);
        proof
    }

    async fn failed(&mut self, action: &dyn Action, error: &ServiceError) -> Interrupt {
        match error.failure {
            ServiceFailure::ServerError if action.is_idempotent() => {
                self.in_doubt(&error.message, SETTLING_AFTER_ERROR).await
            }
            ServiceFailure::InDoubt | ServiceFailure::ServerError => {
                self.in_doubt(&error.message, SETTLING).await
            }
            ServiceFailure::Refused | ServiceFailure::Closed => {
                // That a repetition is refused may be because the first try happened.
                let because = format!("its repetition was refused: {error}; {}", in_doubt(self.name));
                let asked = self.ask_whether(&because).await;
                self.take_back().await;
                asked.err().unwrap_or_else(|| Interrupt::from_service(self.name, error, self.claimed.now()))
            }
            ServiceFailure::Later { .. }
            | ServiceFailure::Throttled { .. }
            | ServiceFailure::AccountRefused
            | ServiceFailure::PlaceRefused
            | ServiceFailure::NotFound => {
                self.take_back().await;
                Interrupt::from_service(self.name, error, self.claimed.now())
            }
        }
    }

    /// Takes an intent back whose effect certainly did not happen. The try that was found, if it may have happened, stands
    /// as it did.
    async fn take_back(&self) {
        let effects = &mut self.claimed.task.lock().await.doc.effects;
        effects.retain(|effect| effect.name != self.name);
        effects.extend(self.known.clone());
    }

    /// The intent stays; the next try resolves it once it has settled, after `settling`. It costs no attempt: if it
    /// turns out that nothing happened, the service was at fault, and each further try waits longer.
    async fn in_doubt(&self, what: &str, settling: Duration) -> Interrupt {
        let error = self.doubt(what);
        let now = self.claimed.now();
        let mut task = self.claimed.task.lock().await;
        let entry = task.doc.effects.iter_mut().find(|effect| effect.name == self.name);
        if let Some(EffectState::Intended { at, settles_at, .. }) = entry.map(|entry| &mut entry.state) {
            *settles_at = Some(after(now, settling));
            self.claimed.resources.sightings.see(&self.claimed.id, *at);
        }
        let wait = settling.max(deferral_backoff(task.doc.deferrals));
        Interrupt::Defer(Box::new(Deferred {
            not_before: Some(after(now, wait)),
            error: Some(error.clone()),
            ..Deferred::orderly(error.message)
        }))
    }

    fn doubt(&self, what: &str) -> TaskError {
        TaskError::new(self.name, IN_DOUBT, format!("whether it happened is not known: {what}"))
    }
}
