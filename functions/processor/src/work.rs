//! The work on a claimed task: read its event, sort it, run the automation of its intent.

use std::any::Any;
use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use domain::{
    Classification, Event, MAX_ATTEMPTS, PartKey, ServiceFailure, StoreError, Task, TaskError, ThreadState,
    Timestamp,
};
use futures::FutureExt;
use webhook::{CommentPolicy, IgnoreReason, Parsed, Provider, Received, Sender};

use crate::fallback::Memory;
use crate::process::worn_out;
use crate::run::{OUTSIDE_CALL, Run};
use crate::triage::{self, Ticket};
use crate::{Context, Finished, Interrupt, Processor, callback, fallback, supersede, thread};

/// A task after the work on it.
pub(crate) struct Worked {
    pub(crate) task: Task,
    pub(crate) outcome: Result<Finished, Interrupt>,
    /// What later tasks may want to know of it, once it has ended well.
    pub(crate) memory: Option<Memory>,
}

/// Works on `task` and gives it back with what came out. Panics do not get past here.
pub(crate) async fn run(
    processor: &Arc<Processor>,
    task: Task,
    deadline: Timestamp,
    mut ticket: Ticket,
) -> Worked {
    match triage::group(processor, &task) {
        Some(group) => ticket.expect(group),
        None => ticket = Ticket::alone(),
    }
    let event = match prepare(processor, &task).await {
        Ok(event) => event,
        Err(interrupt) => return Worked { task, outcome: Err(interrupt), memory: None },
    };
    let run = Arc::new(Run::new(Arc::clone(processor), task, event, deadline));
    let outcome = match callback::ended(&run).await {
        Ok(Some(ended)) => ended.outcome(),
        Ok(None) => {
            let outcome = AssertUnwindSafe(sort_and_dispatch(&run, ticket)).catch_unwind().await;
            outcome.unwrap_or_else(|panic| Err(panicked("processing", None, panic.as_ref())))
        }
        Err(interrupt) => Err(interrupt),
    };
    let outcome = callback::deliver(&run, outcome).boxed().await;
    let memory = match &outcome {
        Ok(finished) => fallback::memory(&run, finished).await,
        Err(_) => None,
    };
    // A cloned context that an automation has leaked may still hold the run: the task is copied.
    let task = run.task.lock().await.clone();
    Worked { task, outcome, memory }
}

/// Everything that can end a task before any money is spent on it.
async fn prepare(processor: &Arc<Processor>, task: &Task) -> Result<Event, Interrupt> {
    if task.control.attempts > MAX_ATTEMPTS {
        return Err(Interrupt::fail(worn_out(task)));
    }
    if processor.clock.now() >= task.gives_up_at() {
        let message = format!("unfinished for {} days", domain::MAX_OPEN_DAYS);
        return Err(Interrupt::fail(TaskError::new("processing", "too_old", message)));
    }
    let event = read_event(processor, task).await?;
    if let Some(reason) = unwanted(processor, task, &event).await? {
        return Err(Interrupt::Ignore(reason));
    }
    match supersede::by_newer(processor, task, &event).await {
        Some(newer) => Err(Interrupt::Ignore(format!("superseded by {newer}"))),
        None => Ok(event),
    }
}

pub(crate) async fn read_event(processor: &Arc<Processor>, task: &Task) -> Result<Event, Interrupt> {
    let fail = |kind: &str, message: String| Interrupt::fail(TaskError::new("read the event", kind, message));
    let sender = sender(processor, task).ok_or_else(|| {
        fail(
            "unknown_source",
            format!("[sources.{}] is no longer in agent.toml; restore it and retry", task.doc.source),
        )
    })?;
    let blob = processor.stores.payloads.get(&task.id, &PartKey::payload()).await?;
    let blob =
        blob.ok_or_else(|| fail(domain::PAYLOAD_MISSING, "the stored payload is missing".to_owned()))?;
    let body = blob.unpack().map_err(|error| StoreError::broken("read the payload", error))?;
    let received = Received {
        content_type: &task.doc.content_type,
        event_hint: task.doc.event_hint.as_deref(),
        body: &body,
    };
    match sender.parse(&received) {
        Ok(Parsed::Event(event)) => Ok(*event),
        Ok(Parsed::Ping | Parsed::Challenge(_)) => Err(Interrupt::Ignore("it is a ping".to_owned())),
        Ok(Parsed::Interaction(_)) => Err(Interrupt::Ignore("it is a decision, no event".to_owned())),
        Ok(Parsed::Other(name)) => {
            Err(Interrupt::Ignore(format!("events of the kind {name} have no automation")))
        }
        Err(error) => Err(fail("unreadable_event", error.to_string())),
    }
}

/// Who sent the task's event; tasks of `POST /tasks` have no source in agent.toml.
fn sender<'p>(processor: &'p Processor, task: &Task) -> Option<Cow<'p, Sender>> {
    if task.doc.source == Provider::Api.name() {
        return Some(Cow::Owned(Sender::of(Provider::Api)));
    }
    processor.config.sources.get(&task.doc.source).map(|source| Cow::Borrowed(&source.sender))
}

/// The loop guard once more: ingest has no GitHub credentials and may not know our login.
pub(crate) async fn unwanted(
    processor: &Arc<Processor>,
    task: &Task,
    event: &Event,
) -> Result<Option<String>, Interrupt> {
    let (Some(target), Some(source)) = (&event.target, processor.config.sources.get(&task.doc.source)) else {
        return Ok(None);
    };
    let mut filter = source.filter.clone();
    if filter.login.is_none() {
        let login = async { processor.services.of(target)?.login().await };
        filter.login = match tokio::time::timeout(OUTSIDE_CALL, login).await {
            Ok(Ok(login)) => Some(login),
            // Only a comment cannot be judged without it.
            Ok(Err(error)) if error.failure == ServiceFailure::Refused && event.comment_id.is_none() => None,
            Ok(Err(mut error)) => {
                if error.failure == ServiceFailure::Refused {
                    error.message.push_str("; set `login` in agent.toml, in the section of this source");
                }
                return Err(Interrupt::from_service("login", &error, processor.clock.now()));
            }
            Err(_) => return Err(Interrupt::defer("the agent's own login did not come in time", None)),
        };
    }
    // What was taken when it came in is not refused for a filter that changed since; the exceptions
    // are those that ingest could not judge.
    filter.events = None;
    if source.filter.comments != CommentPolicy::Mention {
        filter.comments = CommentPolicy::Thread;
    }
    // Which of two twins is taken was decided by the events of the source.
    let event = Event { twin: None, ..event.clone() };
    Ok(filter.ignores(&event).map(|reason| told(reason, event.thread_state)))
}

fn told(reason: IgnoreReason, state: ThreadState) -> String {
    let word = reason.as_str();
    match (reason, state) {
        (IgnoreReason::ThreadClosed, ThreadState::Locked) => format!("{word}: {}", thread::LOCKED),
        (IgnoreReason::ThreadClosed, _) => format!("{word}: {}", thread::SETTLED),
        _ => word.to_owned(),
    }
}

async fn sort_and_dispatch(run: &Arc<Run>, ticket: Ticket) -> Result<Finished, Interrupt> {
    if fallback::is_approved(run).await {
        // Its automation would ask the model again, which nobody waits for any more.
        return Context(Arc::clone(run)).reply(String::new()).await;
    }
    run.keep_answer().await?;
    let outcome = match classify(run, ticket).await {
        Ok(classification) => dispatch(run, classification).await,
        Err(interrupt) => Err(interrupt),
    };
    match outcome {
        Err(Interrupt::Shut(deferred)) => Err(fallback::instead(run, *deferred).await),
        other => other,
    }
}

/// The saved classification, or a new one: a retry never pays for it twice.
async fn classify(run: &Arc<Run>, ticket: Ticket) -> Result<Classification, Interrupt> {
    if let Some(known) = run.task.lock().await.doc.classification.clone() {
        return Ok(known);
    }
    let classification = match triage::ask(run, ticket).await? {
        Some(verdict) if verdict.spam => return Err(Interrupt::Ignore("spam".to_owned())),
        Some(verdict) => verdict.classification(),
        None => triage::unclassified(),
    };
    let note = format!("sorted as {} ({:.2})", classification.intent, classification.confidence);
    let saved = classification.clone();
    run.update(|task| {
        task.doc.classification = Some(saved);
        task.note(run.now(), &note);
    })
    .await?;
    Ok(classification)
}

/// Runs the automation of the intent; the default one when the intent is unknown. A panic fails this
/// task alone.
async fn dispatch(run: &Arc<Run>, classification: Classification) -> Result<Finished, Interrupt> {
    let config = &run.processor.config;
    let intent = config.intents.iter().find(|intent| intent.name == classification.intent);
    let name = intent.map_or(&config.agent.default_automation, |intent| &intent.automation);
    let automation = run.processor.registry.get(name).ok_or_else(|| {
        let message = format!("there is no automation `{name}`; name another in agent.toml and retry");
        Interrupt::fail(TaskError::new("dispatch", "unknown_automation", message))
    })?;
    let work = automation.run(Context(Arc::clone(run)), classification.parameters);
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Err(panicked(name, Some(name), panic.as_ref()))).map_err(|interrupt| {
        match interrupt {
            Interrupt::Fail(mut error) => {
                error.automation.get_or_insert_with(|| name.clone());
                Interrupt::Fail(error)
            }
            other => other,
        }
    })
}

fn panicked(step: &str, automation: Option<&str>, panic: &(dyn Any + Send)) -> Interrupt {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let mut error =
        TaskError::new(step, "panic", format!("panicked: {}", text.unwrap_or("without a message")));
    error.automation = automation.map(str::to_owned);
    Interrupt::fail(error)
}
