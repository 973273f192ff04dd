//! Whether the thread can still be answered, by the service's own word: what the event says of it may be
//! hours old.
//!
//! Asked once a run, and beside the history where an answer is about to be written, so that nobody waits
//! for it and no answer is paid for that can go nowhere. A run that publishes what an earlier one has
//! written, or a person has approved since, asks again.

use std::sync::atomic::Ordering;

use domain::{Event, ThreadState};

use crate::run::{OUTSIDE_CALL, Run};
use crate::{Interrupt, work};

/// What a locked thread ends a task with.
pub(crate) const LOCKED: &str = "it takes no more comments";
/// What a thread that is over ends a task with.
pub(crate) const SETTLED: &str = "it is settled, and the comment is not meant for the agent";

impl Run {
    /// Ends the task as `ignored` when its thread takes no more comments, or when it is settled and the
    /// event is none that is answered in a settled thread. What a person has `approved` is withheld for
    /// a lock alone.
    pub(crate) async fn still_open(&self, approved: bool) -> Result<(), Interrupt> {
        let Some(target) = self.event.target.as_ref() else { return Ok(()) };
        if self.seen_open.load(Ordering::Relaxed) {
            return Ok(());
        }
        let state = async { self.processor.services.of(target)?.state(target).await };
        let state = match tokio::time::timeout(OUTSIDE_CALL, state).await {
            Ok(Ok(state)) => state,
            Ok(Err(error)) => return Err(Interrupt::from_service("look at the thread", &error, self.now())),
            Err(_) => return Err(Interrupt::defer("the thread's state did not come in time", None)),
        };
        match state {
            ThreadState::Locked => return Err(Interrupt::thread_closed(LOCKED)),
            ThreadState::Closed if !approved => self.wanted_though_closed().await?,
            ThreadState::Closed | ThreadState::Open => {}
        }
        self.seen_open.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The filter once more, as if the event had said so itself.
    async fn wanted_though_closed(&self) -> Result<(), Interrupt> {
        let event = Event { thread_state: ThreadState::Closed, ..self.event.clone() };
        let task = self.task.lock().await.clone();
        match work::unwanted(&self.processor, &task, &event).await? {
            Some(reason) => Err(Interrupt::Ignore(reason)),
            None => Ok(()),
        }
    }
}
