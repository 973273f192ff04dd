//! Identical calls of one tenant share one answer: the first goes out, the others get what it gets.
//!
//! Only success is shared. A failure sends every follower on its own way at once, side by side: what failed for one
//! (its deadline, its place in the queue) need not fail for the next, and waiting for each other's failures would add
//! them up. A leader that is dropped (panic, cancellation, time-out) hands over to the follower that has waited
//! longest. Nothing here waits for a call that is not under way already.
//!
//! The call is a lock: its leader holds it until the answer is written into it. A call can be dropped
//! anywhere, and time is the runtime's.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{Deferral, Media, ModelAnswer, ModelCall, ModelError, ModelFailure, OutputFormat, Turn};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout_at};

use crate::fleet::lock;
use crate::signal::{Signal, Signals};

/// How long after its completion an answer is still given to identical calls.
const WINDOW: Duration = Duration::from_millis(100);

/// Calls that can be followed at once, finished ones within the window included. More than that go
/// out unshared: memory stays bounded whatever comes.
const MAX_FLIGHTS: usize = 256;

/// What two calls must have in common to share an answer: a hash over everything that shapes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// The key of `call` to these `models`, in their order. The tenant is part of it, so nobody ever sees what another
    /// tenant was told; and the lane, so that nobody waits for what is served later. The check behind a schema is taken
    /// to follow from the schema.
    /// `None`, which cannot be, would leave the call unshared.
    pub(crate) fn of(call: &ModelCall, models: &[&str]) -> Option<Self> {
        let turns: Vec<_> = call.turns.iter().map(said).collect();
        let output = match &call.output {
            OutputFormat::Text => ("text", &Value::Null),
            OutputFormat::Json { schema, .. } => ("json", schema),
        };
        // As JSON, no two different lists of fields are one sequence of bytes.
        let who = (&call.tenant, call.role, call.priority.lane());
        let fields = (who, models, &call.system, &call.documents, turns, output);
        Some(Self(Sha256::digest(serde_json::to_vec(&fields).ok()?).into()))
    }
}

/// `turn` with the digests of its media: they can be large.
fn said(turn: &Turn) -> impl Serialize {
    let digest = |media: &Media| -> [u8; 32] { Sha256::digest(&media.data).into() };
    let media: Vec<_> = turn.media.iter().map(|media| (&media.mime_type, digest(media))).collect();
    (turn.speaker, &turn.text, media)
}

/// The calls of this environment that can be followed.
#[derive(Debug)]
pub(crate) struct Coalescer<T> {
    flights: Mutex<HashMap<Key, Flight<T>>>,
}

/// A call that several wait for, locked while somebody makes it.
type Flight<T> = Arc<tokio::sync::Mutex<Stage<T>>>;

#[derive(Debug)]
enum Stage<T> {
    /// There is no answer yet: whoever has the lock makes the call.
    Open,
    /// The answer, and until when newcomers get it.
    Answered(T, Instant),
    /// The call failed: everybody who waited makes their own.
    Failed,
}

/// What became of a call.
#[derive(Debug, PartialEq)]
pub(crate) enum Joined<T, E> {
    /// It was made.
    Own(Result<T, E>),
    /// It was not made: this is the answer to an identical one.
    Shared(T),
    /// It was not made: an identical one had no answer at this one's deadline.
    TooLate,
}

impl<T> Default for Coalescer<T> {
    fn default() -> Self {
        Self { flights: Mutex::default() }
    }
}

impl<T: Clone> Coalescer<T> {
    /// The answer to an identical call that is under way, or was answered within the last 100 ms;
    /// else that of `own`, which others may follow. `deadline` bounds the waiting for another's
    /// answer; `own` keeps its deadline itself and is not polled unless it is needed.
    pub(crate) async fn join<F, E>(&self, key: Key, deadline: Instant, own: F) -> Joined<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let Some(flight) = self.flight(key) else { return Joined::Own(own.await) };
        let Ok(mut stage) = timeout_at(deadline, flight.lock()).await else { return Joined::TooLate };
        match &*stage {
            Stage::Answered(answer, _) => return Joined::Shared(answer.clone()),
            Stage::Failed => {
                drop(stage);
                return Joined::Own(own.await);
            }
            Stage::Open => {}
        }
        let outcome = own.await;
        *stage = match &outcome {
            Ok(answer) => Stage::Answered(answer.clone(), Instant::now() + WINDOW),
            Err(_) => {
                self.close(key, &flight);
                Stage::Failed
            }
        };
        Joined::Own(outcome)
    }

    /// The call with this `key` that can be followed, or a new one; `None` if there are too many.
    fn flight(&self, key: Key) -> Option<Flight<T>> {
        let now = Instant::now();
        let mut flights = lock(&self.flights);
        flights.retain(|_, flight| can_be_followed(flight, now));
        if flights.len() >= MAX_FLIGHTS && !flights.contains_key(&key) {
            return None;
        }
        let open = || Arc::new(tokio::sync::Mutex::new(Stage::Open));
        Some(Arc::clone(flights.entry(key).or_insert_with(open)))
    }

    /// Newcomers do not join `flight` any more.
    fn close(&self, key: Key, flight: &Flight<T>) {
        let mut flights = lock(&self.flights);
        if flights.get(&key).is_some_and(|known| Arc::ptr_eq(known, flight)) {
            flights.remove(&key);
        }
    }
}

fn can_be_followed<T>(flight: &Flight<T>, now: Instant) -> bool {
    match flight.try_lock().as_deref() {
        Ok(Stage::Answered(_, until)) => now < *until,
        Ok(Stage::Failed) => false,
        // Its leader is gone; who else holds it is about to take the lock.
        Ok(Stage::Open) => Arc::strong_count(flight) > 1,
        Err(_) => true,
    }
}

impl Coalescer<ModelAnswer> {
    /// Makes `call` to these `models` by `own`, unless an identical one is under way. A shared answer
    /// comes with what was said, and without its price: it is paid once.
    pub(crate) async fn generate<F>(
        &self,
        call: &ModelCall,
        models: &[&str],
        remaining: Duration,
        signals: &Signals,
        own: F,
    ) -> Result<ModelAnswer, ModelError>
    where
        F: Future<Output = Result<ModelAnswer, ModelError>>,
    {
        let Some(key) = Key::of(call, models) else { return own.await };
        match self.join(key, Instant::now() + remaining, own).await {
            Joined::Own(outcome) => outcome,
            Joined::Shared(answer) => {
                signals.send(Signal::Coalesced);
                tracing::debug!(task_id = %call.task_id, step = %call.step, "an identical call has answered this one");
                Ok(for_follower(answer, &call.step))
            }
            Joined::TooLate => Err(ModelError {
                step: call.step.clone(),
                failure: ModelFailure::Defer { why: Deferral::OutOfTime, not_before: None },
                message: "an identical call that was under way had no answer in time".to_owned(),
                usage: Vec::new(),
                exchanges: Vec::new(),
            }),
        }
    }
}

/// `answer` under the follower's own name for the step, without its price.
fn for_follower(mut answer: ModelAnswer, step: &str) -> ModelAnswer {
    answer.usage.clear();
    answer.exchanges.iter_mut().for_each(|exchange| step.clone_into(&mut exchange.step));
    answer
}

#[cfg(test)]
mod tests;
