//! Whether the thread can still be answered, by the service's own word: what the event says of it may be
//! hours old.
//!
//! The service is asked once per claim: before triage is paid for, if nothing but an answer in the thread can come of the
//! event; else, if an answer is about to be written, at the same time as for the history. A claim that publishes what an
//! earlier one has written, or what a person has approved since, asks again.

use std::sync::atomic::Ordering;

use domain::{Audience, Event, Publisher, ServiceError, Target, ThreadState};

use crate::Interrupt;
use crate::reply::place::check_audience;
use crate::task::claimed_task::ClaimedTask;
use crate::task::event::{LOCKED, unwanted};

/// Ends the task as `ignored` if its thread takes no more comments, if its comment has become a note among the staff
/// that nobody wants answered, or if the thread is closed and the event is not one that is answered in a closed
/// thread. A draft that a person has `approved` is withheld only if the thread is locked.
pub(crate) async fn still_open(claimed: &ClaimedTask, approved: bool) -> Result<(), Interrupt> {
    let Some(target) = claimed.event.target.as_ref() else { return Ok(()) };
    if claimed.seen_open.load(Ordering::Relaxed) {
        return Ok(());
    }
    let resources = &claimed.resources;
    let look = async {
        let service = resources.services.of(target)?;
        let (state, audience) =
            futures::join!(service.state(target), audience(service, target, &claimed.event));
        Ok((state?, audience?))
    };
    let (state, audience) = resources.look_up("look at the thread", look).await?;
    if claimed.event.audience.is_wider_than(audience) {
        wanted_though(claimed, |event| event.audience = audience).await?;
    }
    let _first = claimed.seen_audience.set(audience);
    match state {
        ThreadState::Locked => return Err(Interrupt::thread_closed(LOCKED)),
        ThreadState::Closed if !approved => {
            wanted_though(claimed, |event| event.thread_state = ThreadState::Closed).await?;
        }
        ThreadState::Closed | ThreadState::Open => {}
    }
    claimed.seen_open.store(true, Ordering::Relaxed);
    Ok(())
}

/// Ends the task as `ignored` if what is seen by `seen_by` would be seen by more people than what caused it, by the
/// service's own word, which is asked once.
pub(crate) async fn seen_by(claimed: &ClaimedTask, seen_by: Audience) -> Result<(), Interrupt> {
    let is_open_question = claimed.event.comment_id.is_some() && claimed.seen_audience.get().is_none();
    if let Some(target) = claimed.event.target.as_ref().filter(|_| is_open_question) {
        let look = async { audience(claimed.resources.services.of(target)?, target, &claimed.event).await };
        let audience = claimed.resources.look_up("look who sees the thread", look).await?;
        let _first = claimed.seen_audience.set(audience);
    }
    check_audience(claimed, seen_by)
}

/// Who can see the comment of `event`, as of now.
async fn audience(service: &dyn Publisher, target: &Target, event: &Event) -> Result<Audience, ServiceError> {
    let (Some(notes), Some(comment)) = (service.internal_notes(), &event.comment_id) else {
        return Ok(event.audience);
    };
    Ok(notes.audience(target, comment).await?.unwrap_or(event.audience))
}

/// Applies the filter once more, as if the event itself had said what is true by now.
async fn wanted_though(claimed: &ClaimedTask, now: impl FnOnce(&mut Event)) -> Result<(), Interrupt> {
    let mut event = claimed.event.clone();
    now(&mut event);
    let task = claimed.task.lock().await.clone();
    match unwanted(&claimed.resources, &task, &event).await? {
        Some(reason) => Err(Interrupt::Ignore(reason)),
        None => Ok(()),
    }
}
