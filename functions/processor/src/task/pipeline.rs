//! The way of one message, step by step: claim its task, lock the thread, work, settle, follow up.

use std::sync::Arc;
use std::time::Duration;

use domain::{Delivery, Task, Timestamp, between, claim_owner};
use futures::FutureExt;
use tokio::sync::SemaphorePermit;
use tracing::{Instrument, error_span};

use crate::Processor;
use crate::after_end::notices;
use crate::queue::ack::Ack;
use crate::reply::fallback;
use crate::task::alone;
use crate::task::claim::claim;
use crate::task::first::First;
use crate::task::give_back::give_back;
use crate::task::hold::{Hold, hide};
use crate::task::settle::settle;
use crate::task::silent_claims::must_run_alone;
use crate::task::work::{Worked, work};
use crate::triage::batcher::Member;

/// Less time than this is not enough to begin the work on a task whose processor died.
pub(crate) const WORK_NEEDED: Duration = Duration::from_secs(30);

/// What became of a message.
pub(crate) enum Processed {
    /// The message is settled. What a second agent works on too, if there is something and that agent.
    Done(Ack, Option<First>),
    /// Its task runs alone, once the others of the batch are done and it is its turn. A former processor of it died, after
    /// so many attempts that are its own.
    SetAside {
        /// Attempts of the task that ended without a word while it ran alone.
        attempts: u32,
    },
}

/// Who else is in work with a message.
pub(crate) enum Company<'p> {
    /// Others of its batch.
    Batch,
    /// Nobody.
    Nobody,
    /// None of its batch, but maybe others of its process.
    Process,
    /// No task whose processor died: it is this one's turn.
    Turn(SemaphorePermit<'p>),
}

/// Works on the task that `delivery` names, and returns before `deadline`. By `member` it may ask the triage
/// model together with others. A task whose processor died is set aside until its turn.
///
/// Everything that goes wrong within one task stays within it.
pub(crate) async fn process(
    processor: &Arc<Processor>,
    delivery: &Delivery,
    deadline: Timestamp,
    member: Member,
    company: Company<'_>,
) -> Processed {
    let task = match claim(processor, delivery, deadline).await {
        Ok(task) => task,
        Err(ack) => return Processed::Done(ack, None),
    };
    let_settle(processor, &task, deadline).await;
    let mut turn = None;
    if must_run_alone(&task) {
        if let Some(not_before) = alone::put_off_until(processor, &task) {
            return alone::put_off(processor, task, not_before, delivery.receive_count).await;
        }
        let is_alone = matches!(company, Company::Nobody);
        turn = match company {
            Company::Batch | Company::Nobody => None,
            Company::Process => processor.alone.try_acquire().ok(),
            Company::Turn(turn) => Some(turn),
        };
        if !is_alone && turn.is_none() {
            hide(&processor.resources, delivery, &task.id, between(processor.clock().now(), deadline)).await;
            return alone::set_aside(processor, task).await;
        }
    }
    let (ack, first) = run(processor, task, delivery, deadline, member).await;
    drop(turn);
    Processed::Done(ack, first)
}

/// Waits until it can be looked for what a run of `task` has begun that never said how it ended: for a minute at most, of
/// the minute and a half that the claim lasts, and beside all others, since what follows may be done one by one. Without
/// the time for that, the work on it is put off.
async fn let_settle(processor: &Processor, task: &Task, deadline: Timestamp) {
    let clock = processor.clock();
    let left = processor.resources.sightings.unsettled(task, clock);
    if !left.is_zero() && between(clock.now(), deadline) >= left + WORK_NEEDED {
        tokio::time::sleep(left).await;
    }
}

/// Works on a claimed task.
async fn run(
    processor: &Arc<Processor>,
    mut task: Task,
    delivery: &Delivery,
    deadline: Timestamp,
    member: Member,
) -> (Ack, Option<First>) {
    let resources = &processor.resources;
    let (id, owner, started) = (task.id.clone(), claim_owner(task.control.fence), resources.clock.now());
    if let Some(wait) = queue_wait(&task, delivery, started) {
        let lane = delivery.receipt.lane.unwrap_or_else(|| task.doc.priority.lane());
        resources.metrics.claimed(lane, wait);
    }
    alone::take_back(&mut task, started);
    task.note(started, "claimed");
    let (hold, mut worked) = match Hold::take(resources, &task, delivery, deadline).await {
        Ok(hold) => match alone::begin(processor, &mut task).await {
            Ok(()) => {
                let span = error_span!("task", task_id = %task.id, source = task.doc.source);
                let worked = work(processor, task, &hold, deadline, member).boxed().instrument(span).await;
                (Some(hold), give_back(resources, worked).await)
            }
            Err(interrupt) => (Some(hold), Worked::untold(task, Err(interrupt))),
        },
        Err(interrupt) => (None, Worked::untold(task, Err(interrupt))),
    };
    let (memory, first) = (worked.memory.take(), worked.first.take());
    let ack = settle(processor, worked, started, delivery).await;
    if let Some(hold) = hold {
        hold.release().await;
    }
    if let (Some(memory), Ack::Delete) = (memory, ack) {
        fallback::keep(resources, memory).await;
    }
    notices::deliver(processor, &id, &owner).await;
    let is_for_two = ack == Ack::Delete && processor.second.is_some();
    (ack, first.filter(|_| is_for_two))
}

/// How long a task waited although it could have been worked on: since its message was sent, or since the model could
/// be asked. `None` for a message that came back for another reason (its thread was busy, its processor died): that
/// wait was not the queue's.
fn queue_wait(task: &Task, delivery: &Delivery, now: Timestamp) -> Option<Duration> {
    let since_slot = task.doc.slot.map(|slot| between(slot, now)).filter(|wait| *wait < delivery.age);
    since_slot.or_else(|| (delivery.receive_count == 1).then_some(delivery.age))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::contract::new_task;
    use domain::{Receipt, TaskId, after};

    #[test]
    fn wait_of_the_queue_begins_when_the_task_could_be_worked_on() {
        let start = Timestamp::UNIX_EPOCH;
        let mut task = Task::received(TaskId::derive("github", b"1"), new_task("github"), start, start);
        let delivery = |receive_count, age| Delivery {
            message_id: "m".to_owned(),
            receipt: Receipt { lane: None, handle: "h".to_owned() },
            body: String::new(),
            receive_count,
            age: Duration::from_secs(age),
        };
        let now = after(start, Duration::from_secs(100));
        assert_eq!(queue_wait(&task, &delivery(1, 7), now), Some(Duration::from_secs(7)));
        assert_eq!(queue_wait(&task, &delivery(2, 90), now), None, "its thread was busy");
        task.doc.slot = Some(after(start, Duration::from_secs(97)));
        assert_eq!(queue_wait(&task, &delivery(2, 90), now), Some(Duration::from_secs(3)));
        task.doc.slot = Some(start);
        assert_eq!(
            queue_wait(&task, &delivery(1, 7), now),
            Some(Duration::from_secs(7)),
            "a slot of long ago"
        );
    }
}
