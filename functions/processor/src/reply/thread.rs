//! Whether the thread can still be answered, by the service's own word: what the event says of it may be
//! hours old.
//!
//! The service is asked once per claim, at the same time as for the history if an answer is about to be
//! written: nobody waits for it, and no answer is paid for that can go nowhere. A claim that publishes what
//! an earlier one has written, or what a person has approved since, asks again.

use std::sync::atomic::Ordering;

use domain::{Event, ThreadState};

use crate::Interrupt;
use crate::task::claimed_task::ClaimedTask;
use crate::task::event::{LOCKED, unwanted};

/// Ends the task as `ignored` if its thread takes no more comments, or if the thread is closed and the event
/// is not one that is answered in a closed thread. What a person has `approved` is withheld for a lock
/// alone.
pub(crate) async fn still_open(claimed: &ClaimedTask, approved: bool) -> Result<(), Interrupt> {
    let Some(target) = claimed.event.target.as_ref() else { return Ok(()) };
    if claimed.seen_open.load(Ordering::Relaxed) {
        return Ok(());
    }
    let resources = &claimed.resources;
    let state = resources.services.of(target).state(target);
    match resources.look_up("look at the thread", state).await? {
        ThreadState::Locked => return Err(Interrupt::thread_closed(LOCKED)),
        ThreadState::Closed if !approved => wanted_though_closed(claimed).await?,
        ThreadState::Closed | ThreadState::Open => {}
    }
    claimed.seen_open.store(true, Ordering::Relaxed);
    Ok(())
}

/// Applies the filter once more, as if the event itself had said that the thread is closed.
async fn wanted_though_closed(claimed: &ClaimedTask) -> Result<(), Interrupt> {
    let event = Event { thread_state: ThreadState::Closed, ..claimed.event.clone() };
    let task = claimed.task.lock().await.clone();
    match unwanted(&claimed.resources, &task, &event).await? {
        Some(reason) => Err(Interrupt::Ignore(reason)),
        None => Ok(()),
    }
}
