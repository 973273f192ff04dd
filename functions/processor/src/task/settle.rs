//! The last write of a claim: one exhaustive match from what came out to the task's next status and the
//! message's [`Ack`].

use std::time::Duration;

use domain::{
    API_SOURCE, Delivery, Save, Task, TaskError, TaskOutput, TaskResult, TaskStatus, Timestamp, WORDS_BYTES,
    after, between, clip,
};
use tracing::{error, warn};

use crate::observe;
use crate::queue::ack::{Ack, deferral_backoff, retry_backoff, store_failed, wait};
use crate::task::interrupt::{Deferred, RefusedBy};
use crate::task::own_write::{self, catch_up};
use crate::task::tries;
use crate::task::work::Worked;
use crate::{Finished, Interrupt, Processor};

/// How soon a message comes back for what follows an end.
const AT_ONCE: Duration = Duration::ZERO;

/// What the last write makes of the task.
struct LastWrite {
    status: TaskStatus,
    note: String,
    ack: Ack,
}

/// Writes what came out into the task and says what becomes of the message.
pub(crate) async fn settle(
    processor: &Processor,
    Worked { mut task, outcome, is_told, .. }: Worked,
    started: Timestamp,
    delivery: &Delivery,
) -> Ack {
    let now = processor.clock().now();
    let is_put_off = is_put_off(&outcome);
    task.doc.worked_ms += between(started, now).as_secs_f64() * 1_000.0;
    let last_write = match outcome {
        Ok(finished) => complete(&mut task, finished),
        Err(Interrupt::Shadow(finished)) => complete(&mut task, *finished),
        Err(Interrupt::Defer(deferred)) => defer(processor, &mut task, *deferred, now, delivery),
        Err(Interrupt::ModelUnavailable(deferred)) => {
            task.doc.model_down_since.get_or_insert(now);
            defer(processor, &mut task, *deferred, now, delivery)
        }
        Err(Interrupt::Park) => park(processor, &mut task, now),
        Err(Interrupt::Fail(error)) => fail(&mut task, *error),
        Err(Interrupt::Ignore(reason)) => end(TaskStatus::Ignored, reason),
        Err(Interrupt::Lost) => {
            warn!(task_id = %task.id, fence = task.control.fence, "the lease was lost; a successor has the task");
            return Ack::Retry(None);
        }
        Err(Interrupt::Store(problem)) => {
            warn!(task_id = %task.id, %problem, "a store does not answer; the task is tried again");
            observe::store_failed(&processor.resources.metrics, &problem);
            if let Err(problem) = catch_up(&processor.resources, &mut task).await {
                warn!(task_id = %task.id, %problem, "what is stored of the task cannot be read");
            }
            defer(processor, &mut task, Deferred::orderly(problem.to_string()), now, delivery)
        }
    };
    task.doc.settled_fence = task.control.fence;
    task.doc.runs_alone &= is_put_off;
    let last_write = if is_told { last_write } else { with_follow_up(&mut task, last_write, now) };
    write(processor, task, last_write, now, delivery).await
}

/// Whether the run was put off in good order: it may have come to an end before whatever kills its processor.
fn is_put_off(outcome: &Result<Finished, Interrupt>) -> bool {
    match outcome {
        Err(Interrupt::Defer(deferred) | Interrupt::ModelUnavailable(deferred)) => !deferred.counted,
        Err(Interrupt::Store(_)) => true,
        _ => false,
    }
}

/// An API task's end has a follow-up if its receiver has not been told. This claim counts the end; the message
/// comes back for the rest.
fn with_follow_up(task: &mut Task, last_write: LastWrite, now: Timestamp) -> LastWrite {
    if !last_write.status.is_end() || task.doc.source != API_SOURCE {
        return last_write;
    }
    task.record_follow_up(now);
    if let Some(follow_up) = &mut task.doc.follow_up {
        follow_up.counted = true;
    }
    LastWrite { ack: Ack::Retry(Some(AT_ONCE)), ..last_write }
}

/// A write that fails is made once more: what was put off in good order would cost an attempt without it. If that fails, too,
/// the message comes back. The lease still runs: the next claim waits for its end.
async fn write(
    processor: &Processor,
    mut task: Task,
    last_write: LastWrite,
    now: Timestamp,
    delivery: &Delivery,
) -> Ack {
    let waits = (task.control.not_before, task.control.due_at);
    if let Err(illegal) = task.transition(last_write.status, now, &last_write.note) {
        error!(task_id = %task.id, %illegal, "the task cannot move to the status that its run ended with");
        return store_failed(delivery.receive_count);
    }
    if !last_write.status.is_end() {
        (task.control.not_before, task.control.due_at) = waits;
    }
    let mut saved = own_write::save(&processor.resources, &mut task).await;
    if let Err(problem) = &saved {
        warn!(task_id = %task.id, %problem, "the task could not be written; it is written once more");
        saved = own_write::save(&processor.resources, &mut task).await;
    }
    match saved {
        Ok(Save::Done) => {
            observe::settled(&processor.resources, &task, now).await;
            last_write.ack
        }
        Ok(Save::Stale) => {
            warn!(task_id = %task.id, "the lease was lost before the last write; a successor has the task");
            Ack::Retry(None)
        }
        Err(problem) => {
            warn!(task_id = %task.id, %problem, "the task could not be written; its message comes back");
            observe::store_failed(&processor.resources.metrics, &problem);
            store_failed(delivery.receive_count)
        }
    }
}

fn end(status: TaskStatus, note: String) -> LastWrite {
    LastWrite { status, note, ack: Ack::Delete }
}

fn complete(task: &mut Task, finished: Finished) -> LastWrite {
    let note = match &finished.output_url {
        Some(url) => format!("published {url}"),
        None if task.doc.shadow => "drafted in shadow; nothing was changed outside".to_owned(),
        None => "done".to_owned(),
    };
    task.doc.error = None;
    task.doc.result = Some(TaskResult {
        success: finished.success,
        output: bounded(finished.output),
        output_url: finished.output_url,
        execution_time_ms: task.doc.worked_ms,
    });
    end(TaskStatus::Completed, note)
}

/// A draft is found by its hash, whatever its length; a text rests within the task item.
fn bounded(output: TaskOutput) -> TaskOutput {
    match output {
        TaskOutput::Text(text) => TaskOutput::Text(clip(&text, WORDS_BYTES).to_owned()),
        draft @ TaskOutput::Draft(_) => draft,
    }
}

fn fail(task: &mut Task, error: TaskError) -> LastWrite {
    let note = error.message.clone();
    task.doc.error = Some(error);
    end(TaskStatus::Failed, note)
}

/// The draft and its expiry stand in the task already. A decision of a former round does not count. The same
/// write says that people are about to be asked: no draft is parked without a notice.
fn park(processor: &Processor, task: &mut Task, now: Timestamp) -> LastWrite {
    let because = task.doc.draft.as_ref().and_then(|draft| draft.parked_because.clone());
    task.doc.decision = None;
    task.doc.deferrals = 0;
    task.doc.wakes = 0;
    if processor.approver.is_some() {
        task.ask_people(now);
    }
    task.control.due_at = task.doc.expires_at.into_iter().chain(task.notices_due_at(now)).min();
    end(TaskStatus::AwaitingApproval, because.unwrap_or_else(|| "a person must decide".to_owned()))
}

/// Tells people that a service refuses our account, and spares other tasks their model calls for a while if they would
/// meet the same.
fn refused(processor: &Processor, task: &Task, by: RefusedBy, why: &str, now: Timestamp) {
    let RefusedBy { service, whole_tenant } = by;
    error!(task_id = %task.id, service, why, "a service refuses our account; its tasks wait until somebody mends that");
    processor.resources.metrics.not_ready(service);
    if whole_tenant {
        processor.resources.refusals.note(service, &task.doc.tenant, why, now);
    }
}

fn defer(
    processor: &Processor,
    task: &mut Task,
    deferred: Deferred,
    now: Timestamp,
    delivery: &Delivery,
) -> LastWrite {
    if deferred.is_last(task.control.attempts) {
        return fail(task, deferred.into_error());
    }
    if let Some(by) = deferred.refused_by {
        refused(processor, task, by, &deferred.why, now);
    }
    let backoff = if deferred.counted {
        tries::failed(task, deferred.error.as_ref().map_or("no_attempts_left", |error| &error.kind));
        retry_backoff(task.control.attempts)
    } else {
        task.control.attempts = task.control.attempts.saturating_sub(1);
        deferral_backoff(task.doc.deferrals)
    };
    task.doc.deferrals = task.doc.deferrals.saturating_add(u32::from(deferred.lengthens));
    // A run that asked no model keeps the slot that it had.
    if deferred.is_slot {
        task.doc.slot = deferred.not_before;
    }
    task.doc.wakes = 0;
    task.doc.error = deferred.error.or_else(|| task.doc.error.take());
    let not_before =
        deferred.not_before.unwrap_or_else(|| after(now, processor.resources.jitter.spread(backoff)));
    let (ack, due_at) = wait(now, not_before, delivery.receive_count);
    task.control.not_before = Some(not_before);
    task.control.due_at = Some(due_at);
    LastWrite { status: TaskStatus::Waiting, note: deferred.why, ack }
}
