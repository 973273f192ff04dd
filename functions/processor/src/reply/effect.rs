//! The effect ledger: every outside effect happens once, whatever crashes in between.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Effect, EffectState, Mark, Proof, SETTLING, ServiceError, ServiceFailure, TaskError, Timestamp, after,
    between,
};

use crate::Interrupt;
use crate::automation::bulkhead::with_host_permit;
use crate::reply::approval::ask_person;
use crate::resources::OUTSIDE_CALL;
use crate::task::claimed_task::ClaimedTask;
use crate::task::interrupt::Deferred;

/// An effect begins only with so much of the lease left: the call's own time-out, the write of the
/// proof, and plenty for clocks that differ. Nobody else can have claimed the task before it is over.
const LEASE_NEEDED: Duration = Duration::from_secs(30);

/// Services stamp with their own clocks; the search for a proof begins so much before the intent.
const CLOCK_SKEW: Duration = Duration::from_secs(600);

/// Something that is done to the world outside, once: what [`crate::Context::once`] takes.
///
/// [`Action::perform`] is called at most once without a proof or a person's word in between, is abandoned
/// after 10 s, and must not repeat anything itself.
#[async_trait]
pub trait Action: Send + Sync {
    /// The host whose cap on calls it counts against; `None` for none.
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
    /// [`ServiceError`], never in doubt.
    async fn find(&self, mark: &Mark, since: Timestamp) -> Result<Found, ServiceError>;
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
}

/// Does `action`, once for this task and `name`, whatever crashes in between.
pub(crate) async fn once(claimed: &ClaimedTask, name: &str, action: &dyn Action) -> Result<Proof, Interrupt> {
    let mark = Mark { task_id: claimed.id.clone(), effect: name.to_owned() };
    let entry = Entry { claimed, name, mark };
    let known = claimed.task.lock().await.effect(name).cloned();
    match known.map(|effect| effect.state) {
        Some(EffectState::Done { proof, .. }) => return Ok(proof),
        Some(EffectState::Intended { at, .. }) => {
            if let Some(proof) = entry.resolve(action, at).await? {
                return Ok(proof);
            }
        }
        None => {}
    }
    match action.host() {
        // The permit is taken before the intent is written: waiting for it must not age the intent.
        Some(host) => with_host_permit(claimed, &host, LEASE_NEEDED, entry.perform(action)).await?,
        None => entry.perform(action).await,
    }
}

/// The ledger's entry of one effect.
struct Entry<'a> {
    claimed: &'a ClaimedTask,
    name: &'a str,
    mark: Mark,
}

impl Entry<'_> {
    async fn perform(&self, action: &dyn Action) -> Result<Proof, Interrupt> {
        self.intend().await?;
        match tokio::time::timeout(OUTSIDE_CALL, action.perform(&self.mark)).await {
            Ok(Ok(proof)) => Ok(self.prove(proof).await),
            Ok(Err(error)) => Err(self.failed(&error).await),
            Err(_) => Err(self.in_doubt("no answer came in time")),
        }
    }

    /// What became of an intent without proof: its proof, if the service has one; `None` if the
    /// effect certainly did not happen.
    async fn resolve(&self, action: &dyn Action, intended: Timestamp) -> Result<Option<Proof>, Interrupt> {
        let now = self.claimed.now();
        if between(intended, now) < SETTLING {
            let why = format!("an earlier try to {} may still be on its way", self.name);
            return Err(Interrupt::defer(why, Some(after(intended, SETTLING))));
        }
        let since = intended.checked_sub(CLOCK_SKEW).unwrap_or(intended);
        match tokio::time::timeout(OUTSIDE_CALL, action.find(&self.mark, since)).await {
            Ok(Ok(Found::Done(proof))) => Ok(Some(self.prove(proof).await)),
            Ok(Ok(Found::NotDone)) => Ok(None),
            Ok(Ok(Found::Unknown)) => self.ask_whether(intended).await.map(|()| None),
            Ok(Err(error)) => Err(Interrupt::from_service(self.name, &error, self.claimed.now())),
            Err(_) => Err(Interrupt::defer("the search for an earlier try took too long", None)),
        }
    }

    /// Asks a person about an effect of which there is no proof; returns once they have said that it is to
    /// be done again. The question is about this very try: the next one in doubt is a question of its own.
    async fn ask_whether(&self, intended: Timestamp) -> Result<(), Interrupt> {
        let name = self.name;
        let text = format!(
            "Whether `{name}` has happened is not known: the answer to the try of {intended} was lost. \
             Look whether it did.\n\n\
             Approve if it did not: it is done again. Reject if it did, or is not wanted any more: the task \
             ends."
        );
        let because = format!("whether `{name}` has happened is not known");
        let question = format!("in doubt: {name} {}", intended.as_millisecond());
        ask_person(self.claimed, &question, &text, &because).await.map(drop)
    }

    /// Writes that the effect is about to happen. Nothing may happen before this write is safe.
    async fn intend(&self) -> Result<(), Interrupt> {
        let claimed = self.claimed;
        let too_late = || Interrupt::defer("too little time left to publish", Some(claimed.now()));
        if claimed.lease_left() < LEASE_NEEDED {
            return Err(too_late());
        }
        let state = EffectState::Intended { at: claimed.now(), fence: claimed.fence };
        claimed
            .update(|task| {
                task.set_effect(Effect { name: self.name.to_owned(), state });
                task.note(claimed.now(), &format!("about to {}", self.name));
            })
            .await?;
        // The write itself may have been slow.
        if claimed.lease_left() < LEASE_NEEDED - OUTSIDE_CALL {
            self.retract().await;
            return Err(too_late());
        }
        Ok(())
    }

    /// Notes the proof; it is written with the task's next write, the last one of this claim at the
    /// latest. A crash before that is a crash before the proof: the service is asked.
    async fn prove(&self, proof: Proof) -> Proof {
        let state = EffectState::Done { at: self.claimed.now(), proof: proof.clone() };
        self.claimed.task.lock().await.set_effect(Effect { name: self.name.to_owned(), state });
        proof
    }

    async fn failed(&self, error: &ServiceError) -> Interrupt {
        match error.failure {
            ServiceFailure::InDoubt => self.in_doubt(&error.message),
            ServiceFailure::Later { .. }
            | ServiceFailure::Throttled { .. }
            | ServiceFailure::Refused
            | ServiceFailure::Closed => {
                self.retract().await;
                Interrupt::from_service(self.name, error, self.claimed.now())
            }
        }
    }

    /// Takes an intent back whose effect certainly did not happen.
    async fn retract(&self) {
        self.claimed.task.lock().await.doc.effects.retain(|effect| effect.name != self.name);
    }

    /// The intent stays; the next try resolves it once it has settled.
    fn in_doubt(&self, what: &str) -> Interrupt {
        let error =
            TaskError::new(self.name, "in_doubt", format!("whether it happened is not known: {what}"));
        Interrupt::Defer(Box::new(Deferred {
            why: error.message.clone(),
            not_before: Some(after(self.claimed.now(), SETTLING)),
            is_slot: false,
            counted: true,
            error: Some(error),
        }))
    }
}
