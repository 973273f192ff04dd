//! Identical calls of one tenant share one answer: the first goes out, the others get what it gets.
//!
//! Only success is shared. A failure sends every follower on its own way at once, side by side: what
//! failed for one (its deadline, its place in the queue) need not fail for the next, and waiting for
//! each other's failures would add them up. A leader that is dropped (panic, cancellation, time-out)
//! hands over to one of its followers. Nothing here waits for a call that is not under way already.
//!
//! Time is the runtime's, and no lock is held while anybody waits, so a call can be dropped anywhere.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Deferral, Media, ModelAnswer, ModelCall, ModelError, ModelFailure, ModelRole, OutputFormat};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

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
    /// The key of `call` to these `models`, in their order. The tenant is part of it, so nobody ever
    /// sees what another tenant was told. The check behind a schema is taken to follow from the schema.
    pub(crate) fn of(call: &ModelCall, models: &[&str]) -> Self {
        let mut hash = Fields(Sha256::new());
        hash.text(&call.tenant);
        hash.text(match call.role {
            ModelRole::Triage => "triage",
            ModelRole::Answer => "answer",
        });
        hash.list(models, |hash, model| hash.text(model));
        hash.text(&call.system);
        hash.list(&call.documents, |hash, document| {
            hash.text(&document.name);
            hash.text(&document.text);
        });
        hash.list(&call.turns, |hash, turn| {
            hash.text(match turn.speaker {
                domain::Speaker::User => "user",
                domain::Speaker::Model => "model",
            });
            hash.text(&turn.text);
            hash.list(&turn.media, Fields::media);
        });
        match &call.output {
            OutputFormat::Text => hash.text("text"),
            OutputFormat::Json { schema, .. } => {
                hash.text("json");
                hash.text(&schema.to_string());
            }
        }
        Self(hash.0.finalize().into())
    }
}

/// A hash over fields, each with its length in front: no two different lists of fields are one
/// sequence of bytes.
struct Fields(Sha256);

impl Fields {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn list<T>(&mut self, items: &[T], each: impl Fn(&mut Self, &T)) {
        self.0.update((items.len() as u64).to_le_bytes());
        items.iter().for_each(|item| each(self, item));
    }

    fn media(&mut self, media: &Media) {
        match media {
            Media::Inline { mime_type, data } => {
                self.text("inline");
                self.text(mime_type);
                self.bytes(data);
            }
            Media::Url { mime_type, url } => {
                self.text("url");
                self.text(mime_type);
                self.text(url);
            }
        }
    }
}

/// The calls of this environment that can be followed.
#[derive(Debug)]
pub(crate) struct Coalescer<T> {
    flights: Mutex<HashMap<Key, SingleFlight<T>>>,
}

/// A call that several wait for. The sender keeps the last stage, whoever listens.
type SingleFlight<T> = Arc<watch::Sender<Stage<T>>>;

#[derive(Debug)]
enum Stage<T> {
    /// Somebody makes the call.
    Led,
    /// Who made it is gone: the next one may.
    Vacant,
    /// The answer, and until when it is given away.
    Answered(T, Instant),
    /// It came to nothing: everybody for himself.
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

/// How a call begins.
enum Boarded<'a, T> {
    Leads(Lead<'a, T>),
    Follows(SingleFlight<T>, watch::Receiver<Stage<T>>),
    Answered(T),
    /// Too many are under way to be followed.
    Unshared,
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
        let (flight, mut stage) = match self.board(key) {
            Boarded::Leads(lead) => return Joined::Own(lead.fly(own).await),
            Boarded::Answered(answer) => return Joined::Shared(answer),
            Boarded::Unshared => return Joined::Own(own.await),
            Boarded::Follows(flight, stage) => (flight, stage),
        };
        loop {
            let landed = timeout_at(deadline, stage.wait_for(|stage| !matches!(stage, Stage::Led))).await;
            match landed.map(|stage| stage.map(|stage| stage.answer())) {
                Err(_) => return Joined::TooLate,
                Ok(Ok(Some(answer))) => return Joined::Shared(answer),
                Ok(Ok(None)) => {}
                // Cannot be while `flight` is held; the call is made as if nobody had been there.
                Ok(Err(_)) => return Joined::Own(own.await),
            }
            match self.take_over(key, &flight) {
                Some(Ok(lead)) => return Joined::Own(lead.fly(own).await),
                Some(Err(Failed)) => return Joined::Own(own.await),
                None => {}
            }
        }
    }

    fn board(&self, key: Key) -> Boarded<'_, T> {
        let now = Instant::now();
        let mut flights = self.lock();
        flights.retain(|_, flight| flight.borrow().is_worth_keeping(now, flight.receiver_count()));
        if let Some(flight) = flights.get(&key) {
            if let Some(answer) = flight.borrow().answer() {
                return Boarded::Answered(answer);
            }
            if let Some(Ok(lead)) = self.take_over(key, flight) {
                return Boarded::Leads(lead);
            }
            return Boarded::Follows(Arc::clone(flight), flight.subscribe());
        }
        if flights.len() >= MAX_FLIGHTS {
            return Boarded::Unshared;
        }
        let flight = Arc::new(watch::Sender::new(Stage::Led));
        flights.insert(key, Arc::clone(&flight));
        Boarded::Leads(Lead { coalescer: self, key, flight, landed: false })
    }

    /// The lead of a flight that has nobody to lead it; `None` if it has.
    fn take_over(&self, key: Key, flight: &SingleFlight<T>) -> Option<Result<Lead<'_, T>, Failed>> {
        let mut failed = false;
        let taken = flight.send_if_modified(|stage| {
            failed = matches!(stage, Stage::Failed);
            let vacant = matches!(stage, Stage::Vacant);
            if vacant {
                *stage = Stage::Led;
            }
            vacant
        });
        if failed {
            return Some(Err(Failed));
        }
        taken.then(|| Ok(Lead { coalescer: self, key, flight: Arc::clone(flight), landed: false }))
    }
}

/// The leader's call came to nothing.
struct Failed;

impl<T> Coalescer<T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, SingleFlight<T>>> {
        // Nothing that can panic half-way happens under the lock.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody joins `flight` any more.
    fn close(&self, key: Key, flight: &SingleFlight<T>) {
        let mut flights = self.lock();
        if flights.get(&key).is_some_and(|known| Arc::ptr_eq(known, flight)) {
            flights.remove(&key);
        }
    }
}

impl<T> Stage<T> {
    fn answer(&self) -> Option<T>
    where
        T: Clone,
    {
        match self {
            Self::Answered(answer, _) => Some(answer.clone()),
            Self::Led | Self::Vacant | Self::Failed => None,
        }
    }

    fn is_worth_keeping(&self, now: Instant, followers: usize) -> bool {
        match self {
            Self::Led => true,
            Self::Vacant => followers > 0,
            Self::Answered(_, until) => now < *until,
            Self::Failed => false,
        }
    }
}

/// The one that makes the call. Dropped before it has landed, it leaves its place to the next.
struct Lead<'a, T> {
    coalescer: &'a Coalescer<T>,
    key: Key,
    flight: SingleFlight<T>,
    landed: bool,
}

impl<T: Clone> Lead<'_, T> {
    async fn fly<E>(mut self, own: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let outcome = own.await;
        match &outcome {
            Ok(answer) => {
                self.flight.send_replace(Stage::Answered(answer.clone(), Instant::now() + WINDOW));
            }
            Err(_) => {
                self.coalescer.close(self.key, &self.flight);
                self.flight.send_replace(Stage::Failed);
            }
        }
        self.landed = true;
        outcome
    }
}

impl<T> Drop for Lead<'_, T> {
    fn drop(&mut self) {
        if self.landed {
            return;
        }
        if self.flight.receiver_count() == 0 {
            self.coalescer.close(self.key, &self.flight);
        }
        self.flight.send_replace(Stage::Vacant);
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
        match self.join(Key::of(call, models), Instant::now() + remaining, own).await {
            Joined::Own(outcome) => outcome,
            Joined::Shared(answer) => {
                signals.send(Signal::Coalesced);
                tracing::debug!(task_id = %call.task_id, step = %call.step, "answered by an identical call");
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
#[path = "coalesce_tests.rs"]
mod tests;
