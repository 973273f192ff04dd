//! The work on a claimed task: read its event, sort it, run the automation of its intent.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Classification, Event, MAX_ATTEMPTS, PAYLOAD_MISSING, PartKey, SPAM, StoreError, Task, TaskError,
    Timestamp, after, superseded_by,
};
use futures::FutureExt;
use settings::SourceSettings;
use webhook::IgnoreReason;

use crate::after_end::callback;
use crate::automation::shown;
use crate::reply::fallback::{self, Memory};
use crate::reply::thread::still_open;
use crate::reply::{approval, publish};
use crate::resources::Resources;
use crate::task::claimed_task::ClaimedTask;
use crate::task::dispatch::{dispatch, panicked};
use crate::task::event::{read_event, unwanted};
use crate::task::first::First;
use crate::task::hold::Hold;
use crate::task::interrupt::UNUSABLE;
use crate::task::last_look::before_end;
use crate::task::refusals::Refusal;
use crate::task::{supersede, tries};
use crate::triage::answer::unclassified;
use crate::triage::ask::{ask, group};
use crate::triage::batcher::Member;
use crate::{Finished, Interrupt, Processor, Registry};

/// Tasks that wait for a service which refuses us come back within this time, and not all at once.
const PROBE_SPREAD: Duration = Duration::from_secs(30);

/// A task after the work on it.
pub(crate) struct Worked {
    pub(crate) task: Task,
    pub(crate) outcome: Result<Finished, Interrupt>,
    /// What later tasks may want to know of it, once it has ended well.
    pub(crate) memory: Option<Memory>,
    /// What a second agent may want to work on too.
    pub(crate) first: Option<First>,
    /// Whether the receiver of its result knows how it ended, if it has one and the task ends.
    pub(crate) is_told: bool,
}

impl Worked {
    /// A task that came to `outcome` before the work on it began, or in place of it.
    pub(crate) fn untold(task: Task, outcome: Result<Finished, Interrupt>) -> Self {
        Self { task, outcome, memory: None, first: None, is_told: false }
    }
}

/// Works on `task` and gives it back with what came out. Panics do not get past here.
pub(crate) async fn work(
    processor: &Processor,
    mut task: Task,
    hold: &Hold<'_>,
    deadline: Timestamp,
    mut member: Member,
) -> Worked {
    let resources = &processor.resources;
    match group(resources, &task) {
        Some(group) => member.expect(group),
        None => member = Member::alone(),
    }
    match no_more_tries(resources, &task).await {
        Ok(None) => {}
        Ok(Some(error)) => return give_up(processor, task, hold, Interrupt::fail(error), deadline).await,
        Err(problem) => return Worked::untold(task, Err(problem.into())),
    }
    let event = match prepare(resources, &task).await {
        Ok(event) => event,
        Err(interrupt) if task.has_open_intent() => {
            return give_up(processor, task, hold, interrupt, deadline).await;
        }
        Err(interrupt) => return Worked::untold(task, Err(interrupt)),
    };
    task.doc.shadow = resources.settings.is_shadow(&task.doc.source) && is_untouched(&task);
    // It has come: if all further tries crash, that is what the task ends with.
    task.doc.error = task.doc.error.take().filter(|error| error.kind != PAYLOAD_MISSING);
    let claimed = Arc::new(ClaimedTask::new(Arc::clone(resources), task, event, deadline));
    let (outcome, is_told) =
        hold.during(&claimed, come_to_an_end(&processor.registry, &claimed, member)).boxed().await;
    claimed.count_spent().await;
    let memory = match &outcome {
        Ok(finished) => fallback::memory(&claimed, finished).await,
        Err(_) => None,
    };
    // A cloned context that an automation has leaked may still hold the task: it is copied.
    let task = claimed.task.lock().await.clone();
    let first = processor.second.as_ref().and_then(|_| First::of(&claimed, &outcome));
    Worked { task, outcome, memory, first, is_told }
}

/// What comes of the work, and whether the receiver of the result knows it.
async fn come_to_an_end(
    registry: &Arc<Registry>,
    claimed: &Arc<ClaimedTask>,
    member: Member,
) -> (Result<Finished, Interrupt>, bool) {
    let outcome = match callback::ended(claimed).await {
        Ok(Some(ended)) => ended.outcome(),
        Ok(None) => {
            let outcome = AssertUnwindSafe(automate(registry, claimed, member)).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|panic| Err(panicked("processing", None, panic.as_ref())));
            before_end(registry, claimed, outcome).await
        }
        Err(interrupt) => Err(interrupt),
    };
    callback::deliver(claimed, outcome).boxed().await
}

/// Whether nothing outside was changed, or may have been changed, for `task` before its source was put in shadow.
fn is_untouched(task: &Task) -> bool {
    task.doc.effects.iter().all(|effect| callback::is_callback(&effect.name))
}

/// Why the work on `task` stops.
async fn no_more_tries(resources: &Resources, task: &Task) -> Result<Option<TaskError>, StoreError> {
    if let Some(damage) = task.damage() {
        return Ok(Some(damage));
    }
    if task.control.attempts > MAX_ATTEMPTS {
        return Ok(Some(tries::exhausted(task, last_error(resources, task).await?)));
    }
    let is_too_old = (resources.clock.now() >= task.gives_up_at()).then(|| {
        let message = format!("the task was not finished within {} days", domain::MAX_OPEN_DAYS);
        TaskError::new("processing", "too_old", message)
    });
    Ok(is_too_old)
}

/// The last error that was written; not that the body was missing, if that has come since: what came after it is to blame.
async fn last_error<'t>(resources: &Resources, task: &'t Task) -> Result<Option<&'t TaskError>, StoreError> {
    let error = task.doc.error.as_ref();
    if error.is_none_or(|error| error.kind != PAYLOAD_MISSING) {
        return Ok(error);
    }
    let body = resources.stores.payloads.get(&task.id, &PartKey::payload()).await?;
    Ok(error.filter(|_| body.is_none()))
}

/// Ends `task` as `interrupt` says. An end that happened but was not written takes precedence: a result that its
/// receiver may know, or an effect that did happen. The event is read for the latter alone: what kills the processor may
/// be the event. It says where to look; while its store does not answer, the end waits.
async fn give_up(
    processor: &Processor,
    task: Task,
    hold: &Hold<'_>,
    interrupt: Interrupt,
    deadline: Timestamp,
) -> Worked {
    let resources = &processor.resources;
    let looks = task.has_open_intent() && task.control.attempts <= 2 * MAX_ATTEMPTS;
    let event = if looks { Some(read_event(resources, &task).await) } else { None };
    let event = match event.transpose() {
        Err(outage @ Interrupt::Store(_)) => return Worked::untold(task, Err(outage)),
        event => event.ok().flatten(),
    };
    let doc = &task.doc;
    let event = event.unwrap_or_else(|| Event::new(&doc.event, &doc.tenant, &doc.thread, &doc.actor));
    let claimed = Arc::new(ClaimedTask::new(Arc::clone(resources), task, event, deadline));
    let outcome = match callback::ended(&claimed).await {
        Ok(Some(ended)) => ended.outcome(),
        Ok(None) if looks => {
            hold.during(&claimed, before_end(&processor.registry, &claimed, Err(interrupt))).await
        }
        Ok(None) => Err(interrupt),
        Err(interrupt) => Err(interrupt),
    };
    let task = claimed.task.lock().await.clone();
    Worked::untold(task, outcome)
}

/// Everything that can end a task before any money is spent on it.
async fn prepare(resources: &Resources, task: &Task) -> Result<Event, Interrupt> {
    let event = read_event(resources, task).await?;
    if let Some(refusal) = refusal(resources, task, &event) {
        let until = after(refusal.until, resources.jitter.spread(PROBE_SPREAD));
        return Err(Interrupt::defer(refusal.why, Some(until)));
    }
    if let Some(reason) = unwanted(resources, task, &event).await? {
        return Err(Interrupt::Ignore(reason));
    }
    // Whatever triage made of it, nobody could answer: it must not cost a question first.
    if let Some(why) = resources.lacks_place(&task.doc.source, &event) {
        let source = resources.settings.sources.get(&task.doc.source);
        return Err(match source.is_some_and(SourceSettings::has_threads) {
            true => nowhere(&why),
            // A mistake in agent.toml, to be seen.
            false => Interrupt::fail(TaskError::new("publish", "no_target", why)),
        });
    }
    match supersede::by_newer(resources, task, &event).await {
        Some(newer) => Err(Interrupt::Ignore(superseded_by(&newer))),
        None => Ok(event),
    }
}

/// Nobody could answer it, and nobody asked for that.
fn nowhere(why: &str) -> Interrupt {
    Interrupt::Ignore(format!("{}: {why}", IgnoreReason::NoThread.as_str()))
}

/// What the service of the event's thread would answer. A task whose reply may be there already asks it all the same.
fn refusal(resources: &Resources, task: &Task, event: &Event) -> Option<Refusal> {
    let service = event.target.as_ref().filter(|_| !task.has_open_intent())?.service();
    resources.refusals.of(service, &task.doc.tenant, resources.clock.now())
}

/// Sorts the task and runs its automation. If no model can be had, a fallback answer takes its place.
pub(crate) async fn automate(
    registry: &Arc<Registry>,
    claimed: &Arc<ClaimedTask>,
    member: Member,
) -> Result<Finished, Interrupt> {
    if fallback::is_approved(claimed).await {
        // Its automation would ask the model again, which nobody waits for any more.
        return publish::reply(claimed, String::new(), None).await;
    }
    approval::keep_answer(claimed).await?;
    let outcome = match classify(registry, claimed, member).await {
        Ok(classification) => dispatch(registry, claimed, classification).await,
        Err(interrupt) => Err(interrupt),
    };
    match outcome {
        Err(Interrupt::ModelUnavailable(deferred)) => Err(fallback::instead(claimed, *deferred).await),
        Err(Interrupt::Fail(error)) if error.kind == UNUSABLE => {
            Err(fallback::in_place_of(claimed, error).await)
        }
        other => other,
    }
}

/// The saved classification, or a new one: a retry never pays for it twice.
async fn classify(
    registry: &Arc<Registry>,
    claimed: &ClaimedTask,
    member: Member,
) -> Result<Classification, Interrupt> {
    if let Some(known) = claimed.task.lock().await.doc.classification.clone() {
        return Ok(known);
    }
    let source = claimed.task.lock().await.doc.source.clone();
    // Nothing to choose from: agent.toml has decided what handles it.
    if claimed.resources.intents_for(&source, &claimed.event).is_empty() {
        return Ok(Classification { confidence: 1.0, ..unclassified() });
    }
    if claimed.resources.can_only_be_answered(&source, &claimed.event) {
        still_open(claimed, false).await?;
    }
    shown::look(claimed).await?;
    let classification = match ask(registry, claimed, member).await? {
        Some(answer) if answer.spam => return Err(Interrupt::Ignore(SPAM.to_owned())),
        Some(answer) => answer.classification(),
        None => unclassified(),
    };
    if let Some(why) = claimed.resources.lacks_place_for(&source, &claimed.event, &classification.intent) {
        return Err(nowhere(&why));
    }
    let mut note = format!("sorted as {} ({:.2})", classification.intent, classification.confidence);
    let (saved, intent) = (classification.clone(), claimed.resources.intent(&classification.intent));
    let priority = intent.and_then(|intent| intent.priority);
    claimed
        .update(|task| {
            task.doc.classification = Some(saved);
            // The invocation's own deadline stays: it is of the lane that the message came by.
            task.doc.priority = priority.unwrap_or(task.doc.priority);
            if task.is_simulated() {
                note.push_str(" by the stand-in");
            }
            task.note(claimed.now(), &note);
        })
        .await?;
    Ok(classification)
}
