//! The effect ledger: every outside effect happens once, whatever crashes in between.

use std::time::Duration;

use domain::{
    Effect, EffectState, Mark, Proof, ServiceError, ServiceFailure, Target, TaskError, Timestamp, after,
    between,
};

use crate::Interrupt;
use crate::run::{OUTSIDE_CALL, Run};

/// An effect begins only with so much of the lease left: the call's own time-out, the write of the
/// proof, and plenty for clocks that differ. Nobody else can have claimed the task before it is over.
const LEASE_NEEDED: Duration = Duration::from_secs(30);

/// An intent younger than this may still be on its way to the service: looking for its proof could
/// miss it.
const SETTLING: Duration = Duration::from_secs(60);

/// Services stamp with their own clocks; the search for a proof begins so much before the intent.
const CLOCK_SKEW: Duration = Duration::from_secs(600);

impl Run {
    /// Adds a comment to `target`, once for this task and `name`.
    pub(crate) async fn publish_once(
        &self,
        name: &str,
        target: &Target,
        text: &str,
    ) -> Result<Proof, Interrupt> {
        let known = self.task.lock().await.effect(name).cloned();
        match known.map(|effect| effect.state) {
            Some(EffectState::Done { proof, .. }) => return Ok(proof),
            Some(EffectState::Intended { at, .. }) => {
                if let Some(proof) = self.resolve(name, target, at).await? {
                    return Ok(proof);
                }
            }
            None => {}
        }
        self.intend(name).await?;
        match tokio::time::timeout(
            OUTSIDE_CALL,
            self.processor.services.of(target).publish(target, text, &self.mark(name)),
        )
        .await
        {
            Ok(Ok(proof)) => Ok(self.prove(name, proof).await),
            Ok(Err(error)) => Err(self.failed(name, &error).await),
            Err(_) => Err(self.in_doubt(name, "no answer came in time")),
        }
    }

    /// What became of an intent without proof: its proof, if the service has one; `None` if the
    /// effect certainly did not happen.
    async fn resolve(
        &self,
        name: &str,
        target: &Target,
        intended: Timestamp,
    ) -> Result<Option<Proof>, Interrupt> {
        if between(intended, self.now()) < SETTLING {
            let why = format!("an earlier try to {name} may still be on its way");
            return Err(Interrupt::defer(why, Some(after(intended, SETTLING))));
        }
        let since = intended.checked_sub(CLOCK_SKEW).unwrap_or(intended);
        let service = self.processor.services.of(target);
        let found = tokio::time::timeout(OUTSIDE_CALL, service.find(target, &self.mark(name), since)).await;
        match found {
            Ok(Ok(Some(proof))) => Ok(Some(self.prove(name, proof).await)),
            Ok(Ok(None)) => Ok(None),
            Ok(Err(error)) => Err(Interrupt::from_service(name, &error, self.now())),
            Err(_) => Err(Interrupt::defer("the search for an earlier try took too long", None)),
        }
    }

    /// Writes that the effect is about to happen. Nothing may happen before this write is safe.
    async fn intend(&self, name: &str) -> Result<(), Interrupt> {
        if self.lease_left() < LEASE_NEEDED {
            return Err(Interrupt::defer("too little time left to publish", Some(self.now())));
        }
        let state = EffectState::Intended { at: self.now(), fence: self.fence };
        self.update(|task| {
            task.set_effect(Effect { name: name.to_owned(), state });
            task.note(self.now(), &format!("about to {name}"));
        })
        .await?;
        // The write itself may have been slow.
        if self.lease_left() < LEASE_NEEDED - OUTSIDE_CALL {
            self.retract(name).await;
            return Err(Interrupt::defer("too little time left to publish", Some(self.now())));
        }
        Ok(())
    }

    /// Notes the proof; it is written with the task's next write, the last one of this run at the
    /// latest. A crash before that is a crash before the proof: the service is asked.
    async fn prove(&self, name: &str, proof: Proof) -> Proof {
        let state = EffectState::Done { at: self.now(), proof: proof.clone() };
        self.task.lock().await.set_effect(Effect { name: name.to_owned(), state });
        proof
    }

    async fn failed(&self, name: &str, error: &ServiceError) -> Interrupt {
        match error.failure {
            ServiceFailure::InDoubt => self.in_doubt(name, &error.message),
            ServiceFailure::Later { .. } | ServiceFailure::Throttled { .. } | ServiceFailure::Refused => {
                self.retract(name).await;
                Interrupt::from_service(name, error, self.now())
            }
        }
    }

    /// Takes an intent back whose effect certainly did not happen.
    async fn retract(&self, name: &str) {
        self.task.lock().await.doc.effects.retain(|effect| effect.name != name);
    }

    /// The intent stays; the next try resolves it once it has settled.
    fn in_doubt(&self, name: &str, what: &str) -> Interrupt {
        let error = TaskError::new(name, "in_doubt", format!("whether it happened is not known: {what}"));
        Interrupt::Defer(Box::new(crate::interrupt::Deferred {
            why: error.message.clone(),
            not_before: Some(after(self.now(), SETTLING)),
            is_slot: false,
            counted: true,
            error: Some(error),
        }))
    }

    fn mark(&self, name: &str) -> Mark {
        Mark { task_id: self.id.clone(), effect: name.to_owned() }
    }
}
